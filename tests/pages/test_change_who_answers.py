"""Changing who answers, from any record."""

from datetime import timedelta

import pytest
from django.test import Client

from crm.poc.models import Assignment
from tests.factories import AT
from tests.factories.accounts import AccountFactory
from tests.factories.dossiers import topic
from tests.factories.poc import AssignmentFactory, PersonFactory
from tests.factories.users import UserFactory

pytestmark = pytest.mark.django_db


def values(whom, **others):
    return {"topic": topic().pk, "rank": "0", "poc": whom.pk, "reason": ""} | others


def test_the_first_one_needs_no_reason(as_manager: Client, manager):
    account, joao = AccountFactory(), PersonFactory(name="João Pereira")
    answer = as_manager.post(f"/d/{account.pk}/who/", values(joao), follow=True)
    held = Assignment.objects.get()
    assert (held.poc, held.decided_by, held.starts_at) == (joao, manager, AT)
    assert "João Pereira answers about general" in answer.content.decode()


def test_somebody_is_replaced_only_with_a_reason(as_manager: Client):
    account = AccountFactory()
    before = AssignmentFactory(dossier=account.dossier)
    joao = PersonFactory()
    answer = as_manager.post(f"/d/{account.pk}/who/", values(joao))
    assert answer.status_code == 422
    assert "reason" in answer.context["form"].errors
    assert as_manager.post(f"/d/{account.pk}/who/", values(joao, reason="Moves to Berlin")).status_code == 302
    before.refresh_from_db()
    assert before.ends_at == AT


def test_a_successor_can_be_planned(as_manager: Client):
    account, joao = AccountFactory(), PersonFactory()
    as_manager.post(f"/d/{account.pk}/who/", values(joao, starts_at="2026-03-09T09:00"))
    assert Assignment.objects.get().starts_at == AT + timedelta(days=4, hours=21)


@pytest.mark.parametrize(
    ("field", "value"),
    [("topic", "x"), ("topic", ""), ("poc", ""), ("poc", "999999"), ("rank", "7"), ("rank", "x"), ("starts_at", "soon"),
     ("reason", "x" * 501)],
)  # fmt: skip
def test_bad_input_is_said_beside_its_field_and_nothing_changes(as_manager: Client, field, value):
    account = AccountFactory()
    answer = as_manager.post(f"/d/{account.pk}/who/", values(PersonFactory(), **{field: value}))
    assert answer.status_code == 422
    assert field in answer.context["form"].errors
    assert not Assignment.objects.exists()


def test_the_same_one_again_is_refused(as_manager: Client):
    account, joao = AccountFactory(), PersonFactory()
    as_manager.post(f"/d/{account.pk}/who/", values(joao))
    assert "poc" in as_manager.post(f"/d/{account.pk}/who/", values(joao)).context["form"].errors


def test_a_link_says_for_what(as_manager: Client):
    account = AccountFactory()
    form = as_manager.get(f"/d/{account.pk}/who/?topic=billing&rank=1").context["form"]
    assert (form["topic"].value(), form["rank"].value()) == (topic("billing").pk, "1")
    for made_up in ("topic=x&rank=9", "topic=%00", "rank=%00"):
        assert as_manager.get(f"/d/{account.pk}/who/?{made_up}").status_code == 200


def test_nobody_from_now_on_needs_a_reason_and_that_it_is_meant(as_manager: Client):
    held = AssignmentFactory(dossier=AccountFactory().dossier)
    address = f"/d/{held.dossier_id}/who/{held.pk}/end/"
    answer = as_manager.post(address)
    assert answer.status_code == 422
    assert f'id="end-{held.pk}-error"' in answer.content.decode()
    unmeant = as_manager.post(address, {"reason": "Left"})
    assert "Nobody would be named here any more." in unmeant.content.decode()
    for _time in range(2):
        assert as_manager.post(address, {"reason": "Left", "leave_open": "on"}).status_code == 302
    held.refresh_from_db()
    assert held.ends_at == AT


def test_a_backup_goes_without_a_word_more(as_manager: Client):
    held = AssignmentFactory(dossier=AccountFactory().dossier, rank=1)
    assert as_manager.post(f"/d/{held.dossier_id}/who/{held.pk}/end/", {"reason": "Left"}).status_code == 302


def test_an_assignment_is_ended_on_its_own_record_alone(as_manager: Client):
    held, other = AssignmentFactory(), AccountFactory()
    assert as_manager.post(f"/d/{other.pk}/who/{held.pk}/end/", {"reason": "x"}).status_code == 404


def test_who_may_not_change_it_is_refused(client: Client):
    client.force_login(UserFactory(role="sales_rep"))
    account = AccountFactory()
    assert client.get(f"/d/{account.pk}/who/").status_code == 403
    assert "/who/" not in client.get(f"/accounts/{account.pk}/").content.decode().replace('"/who/"', "")


@pytest.mark.parametrize("n", [1, 12])
def test_the_page_costs_the_same_however_many_are_named(as_manager: Client, django_assert_num_queries, n):
    account = AccountFactory()
    for rank in range(n):
        AssignmentFactory(dossier=account.dossier, rank=rank)
    # session, reader · record, topic asked about, topics (twice: Django asks whether the first is blank), POCs, who is
    # named
    with django_assert_num_queries(8):
        as_manager.get(f"/d/{account.pk}/who/")
