"""Acting on what is owed, from a row or its own page, with htmx and without."""

from datetime import timedelta

import pytest
from django.test import Client

from crm.commitments.models import Commitment
from crm.users.models import RoleScope
from tests.factories import AT
from tests.factories.accounts import AccountFactory
from tests.factories.poc import AssignmentFactory, PersonFactory
from tests.factories.users import UserFactory, narrow
from tests.pages.test_accounts import promise

pytestmark = pytest.mark.django_db
State = Commitment.State


@pytest.fixture
def owed() -> Commitment:
    account = AccountFactory()
    AssignmentFactory(dossier=account.dossier)
    return promise(account)


@pytest.mark.parametrize(
    ("act", "values", "state"),
    [
        ("done", {}, State.KEPT),
        ("on-it", {}, State.ACKNOWLEDGED),
        ("snooze", {"until": "tomorrow"}, State.SNOOZED),
        ("cancel", {"reason": "They went elsewhere"}, State.CANCELLED),
        ("cancel", {}, State.CANCELLED),
    ],
)
def test_an_act_is_done_and_one_comes_back(as_rep: Client, owed, act, values, state):
    back = f"/accounts/{owed.dossier_id}/?show=talks"
    answer = as_rep.post(f"/owed/{owed.pk}/{act}/", values | {"next": back})
    owed.refresh_from_db()
    assert (owed.state, answer["Location"]) == (state, back)


@pytest.mark.parametrize("act", ["done", "on-it", "snooze", "cancel"])
def test_a_second_press_does_no_harm(as_rep: Client, owed, act):
    for _time in range(2):
        assert as_rep.post(f"/owed/{owed.pk}/{act}/", {"until": "tomorrow"}).status_code == 302


def test_an_act_on_something_settled_says_so(as_rep: Client, owed):
    as_rep.post(f"/owed/{owed.pk}/done/")
    answer = as_rep.post(f"/owed/{owed.pk}/cancel/", follow=True)
    assert "It is settled already" in answer.content.decode()


def test_htmx_gets_the_row_as_it_is_now_and_the_message(as_rep: Client, owed):
    answer = as_rep.post(f"/owed/{owed.pk}/done/", {"shown": owed.dossier_id}, headers={"HX-Request": "true"})
    html = answer.content.decode()
    assert f'id="owed-{owed.pk}"' in html
    assert 'id="messages"' in html
    assert "Done" in html
    assert "<html" not in html


@pytest.mark.parametrize("until", ["", "whenever", "in 99 years", "yesterday", "x" * 100, "2020-01-01", "+999w"])
def test_a_moment_that_cannot_be_is_said_beside_the_field(as_rep: Client, owed, until):
    answer = as_rep.post(f"/owed/{owed.pk}/snooze/", {"until": until})
    assert answer.status_code == 422
    assert "until" in answer.context["snooze_form"].errors
    owed.refresh_from_db()
    assert owed.state == State.OPEN


def test_it_is_given_to_somebody_else_by_name(as_rep: Client, owed):
    other = PersonFactory(name="Inês Carvalho")
    as_rep.post(f"/owed/{owed.pk}/reassign/", {"poc": other.pk})
    owed.refresh_from_db()
    assert owed.poc == other


@pytest.mark.parametrize("poc", ["", "x", "999999", "99999999999999999999999999"])
def test_nobody_cannot_be_given_anything(as_rep: Client, owed, poc):
    answer = as_rep.post(f"/owed/{owed.pk}/reassign/", {"poc": poc})
    assert answer.status_code == 422
    assert "poc" in answer.context["reassign_form"].errors


def test_who_no_longer_answers_is_not_offered(as_rep: Client, owed):
    gone = PersonFactory(deactivated_at=AT - timedelta(days=1))
    assert "poc" in as_rep.post(f"/owed/{owed.pk}/reassign/", {"poc": gone.pk}).context["reassign_form"].errors


@pytest.mark.parametrize("next_", ["https://evil.example/", "//evil.example", "javascript:alert(1)", ""])
def test_one_is_never_sent_to_another_house(as_rep: Client, owed, next_):
    answer = as_rep.post(f"/owed/{owed.pk}/done/", {"next": next_})
    assert answer["Location"] == f"/d/{owed.dossier_id}/"


def test_what_lies_outside_ones_view_is_not_there(as_manager: Client, owed):
    narrow("account_manager", RoleScope.Sees.OWN)
    assert as_manager.get(f"/owed/{owed.pk}/").status_code == 404
    for act in ("done", "on-it", "snooze", "reassign", "cancel"):
        assert as_manager.post(f"/owed/{owed.pk}/{act}/").status_code == 404


def test_a_change_needs_a_post_and_the_right_to(as_rep: Client, client: Client, owed):
    assert as_rep.get(f"/owed/{owed.pk}/done/").status_code == 405
    client.force_login(UserFactory(role="read_only"))
    assert client.post(f"/owed/{owed.pk}/done/").status_code == 403
    assert "I am on it" not in client.get(f"/owed/{owed.pk}/").content.decode()


def test_the_page_has_one_exact_cost(as_rep: Client, django_assert_num_queries, owed):
    # session, reader · it · who answers: places, POCs, topics · whom to give it
    with django_assert_num_queries(7):
        assert as_rep.get(f"/owed/{owed.pk}/").status_code == 200
