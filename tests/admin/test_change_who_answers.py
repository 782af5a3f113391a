"""Change who answers, for one record or a selection, through the same action as the pages."""

import pytest
from django.urls import reverse

from accounts.models import Account
from crm.commitments.models import Notification
from crm.core.actor import Source
from crm.dossiers.models import Event
from crm.poc.models import Assignment
from crm.users import roles
from crm.users.models import RoleScope
from tests.factories import AT
from tests.factories.accounts import AccountFactory
from tests.factories.dossiers import tier, topic
from tests.factories.poc import AbsenceFactory, AssignmentFactory, MembershipFactory, PersonFactory, TeamFactory
from tests.factories.users import UserFactory, narrow

from .conftest import signed_in

pytestmark = pytest.mark.django_db

LIST = reverse("admin:accounts_account_changelist")


def who(pk):
    return reverse("admin:accounts_account_who", args=[pk])


def asked(records, **values):
    """What the page of a selection sends."""
    return {
        "action": "change_poc", "_selected_action": [r.pk for r in records], "apply": "1", "topic": topic().pk,
        "rank": "0", "reason": "New region",
    } | values  # fmt: skip


def names(response):
    return [row.name for row in response.context["cl"].result_list]


# --- One record


def test_one_record_changes_hands_from_its_page(as_manager, manager):
    held, bo = AssignmentFactory(dossier=AccountFactory().dossier), PersonFactory(name="Bo")
    page = as_manager.get(who(held.dossier_id))
    assert held.poc.name in page.content.decode()
    sent = {"apply": "1", "topic": topic().pk, "rank": "0", "poc": bo.pk, "reason": "Moves"}
    response = as_manager.post(who(held.dossier_id), sent, follow=True)
    assert "Bo answers about general for 1 record" in response.content.decode()
    made = Assignment.objects.at(AT).get()
    assert (made.poc, made.reason, made.decided_by) == (bo, "Moves", manager)
    assert Event.objects.get(kind=Event.Kind.ASSIGNED).source == Source.ADMIN


@pytest.mark.parametrize(
    ("values", "error"),
    [
        ({"reason": ""}, "Say why: somebody is replaced."),
        ({"poc": ""}, "This field is required."),
        ({"poc": "999999"}, "Select a valid choice"),
        ({"topic": "x"}, "Select a valid choice"),
        ({"rank": "7"}, "Select a valid choice"),
        ({"starts_at": "2020-01-01T00:00"}, "What was is kept as it was"),
        ({"starts_at": "soon"}, "Enter a valid date/time."),
    ],
)
def test_what_is_refused_is_said_in_the_form_and_nothing_is_written(as_manager, values, error):
    held = AssignmentFactory(dossier=AccountFactory().dossier)
    sent = {"apply": "1", "topic": topic().pk, "rank": "0", "poc": PersonFactory().pk, "reason": "Moves"} | values
    response = as_manager.post(who(held.dossier_id), sent)
    assert response.status_code == 422
    assert error in response.content.decode()
    assert Assignment.objects.count() == 1


# --- A selection


@pytest.mark.parametrize("many", [2, 60])
def test_a_selection_changes_hands_in_the_same_number_of_queries(as_manager, django_assert_num_queries, many):
    bo = PersonFactory(signs_in=True)
    records = [AssignmentFactory(dossier=AccountFactory().dossier).dossier for _n in range(many)]
    with django_assert_num_queries(43, exact=False) as captured:
        as_manager.post(LIST, asked(records, poc=bo.pk))
    assert Assignment.objects.at(AT).held_by([bo.pk]).count() == many
    assert not [q for q in captured.captured_queries if "COUNT(" in q["sql"]]


def test_two_hundred_records_change_hands_with_one_reason(as_manager):
    bo, records = PersonFactory(), [a.dossier for a in AccountFactory.create_batch(200)]
    response = as_manager.post(LIST, asked(records, poc=bo.pk), follow=True)
    assert "for 200 records" in response.content.decode()
    assert Assignment.objects.filter(poc=bo, reason="New region").count() == 200
    assert Notification.objects.filter(recipient=bo, channel="inbox").count() == 200


def test_the_page_asks_first_and_shows_who_answers_now(as_manager):
    held = AssignmentFactory(dossier=AccountFactory(name="Rio").dossier)
    response = as_manager.post(LIST, {"action": "change_poc", "_selected_action": [held.dossier_id]})
    text = response.content.decode()
    assert response.status_code == 200
    assert "Rio" in text
    assert held.poc.name in text
    assert Assignment.objects.count() == 1


def test_whoever_answers_already_keeps_what_they_have(as_manager):
    held = AssignmentFactory(dossier=AccountFactory().dossier)
    response = as_manager.post(LIST, asked([held.dossier], poc=held.poc_id), follow=True)
    assert "Nothing has changed" in response.content.decode()
    assert Assignment.objects.count() == 1


def test_nothing_chosen_is_said(as_manager):
    AccountFactory()
    response = as_manager.post(LIST, {"action": "change_poc"}, follow=True)
    assert response.status_code == 200
    assert not Assignment.objects.exists()


def test_what_one_may_not_see_is_not_changed():
    narrow(roles.ACCOUNT_MANAGER, RoleScope.Sees.OWN)
    me = PersonFactory(user=UserFactory(account_manager=True))
    mine, theirs = AccountFactory(), AccountFactory()
    AssignmentFactory(dossier=mine.dossier, poc=me)
    client = signed_in(me.user)
    assert names(client.get(LIST)) == [mine.name]
    assert client.get(who(theirs.pk)).status_code == 404
    client.post(LIST, asked([theirs.dossier], poc=me.pk))
    assert not Assignment.objects.filter(dossier=theirs.dossier).exists()


def test_whoever_may_not_assign_is_not_offered_it(manager):
    manager.groups.get().permissions.remove(*manager.groups.get().permissions.filter(codename="add_assignment"))
    account, client = AccountFactory(), signed_in(manager)
    assert "change_poc" not in client.get(LIST).content.decode()
    assert client.get(who(account.pk)).status_code == 403


# --- Filters


def test_the_gaps_are_the_records_for_which_nobody_is_named(as_manager):
    AssignmentFactory(dossier=AccountFactory().dossier)
    gap = AccountFactory()
    AssignmentFactory(dossier=gap.dossier, rank=1)
    assert names(as_manager.get(LIST, {"answers": "nobody"})) == [gap.name]


def test_mine_and_my_teams(as_manager, manager):
    mate = PersonFactory()
    MembershipFactory(team=(team := TeamFactory(members=[mate])), member=manager.poc)
    mine, theirs, ours = (
        AssignmentFactory(dossier=AccountFactory().dossier, poc=poc).dossier.title for poc in (manager.poc, mate, team)
    )
    AssignmentFactory(dossier=AccountFactory().dossier)
    assert names(as_manager.get(LIST, {"answers": "mine"})) == [mine]
    assert set(names(as_manager.get(LIST, {"answers": "team"}))) == {mine, theirs, ours}


def test_tier_kind_and_archived(as_manager):
    plain = AccountFactory(name="A")
    best = AccountFactory(name="B", tier=tier("a"), kind=Account.Kind.CUSTOMER)
    gone = AccountFactory(name="C", archived_at=AT)
    assert names(as_manager.get(LIST)) == [plain.name, best.name]
    assert names(as_manager.get(LIST, {"tier": "a"})) == [best.name]
    assert names(as_manager.get(LIST, {"kind__exact": "customer"})) == [best.name]
    assert names(as_manager.get(LIST, {"archived": "yes"})) == [gone.name]
    assert len(names(as_manager.get(LIST, {"archived": "all"}))) == 3


@pytest.mark.parametrize("query", [{"answers": "x"}, {"tier": "x"}, {"archived": "x"}, {"o": "99"}, {"nonsense": "1"}])
def test_a_filter_that_was_made_up_breaks_nothing(as_manager, query):
    assert as_manager.get(LIST, query, follow=True).status_code == 200


def test_the_gap_is_said_in_the_list_and_the_stand_in_with_the_reason(as_manager):
    away = AbsenceFactory(cover=PersonFactory(name="Cy"))
    AssignmentFactory(dossier=AccountFactory().dossier, poc=away.poc)
    AccountFactory()
    text = as_manager.get(LIST).content.decode()
    assert "Cy" in text
    assert 'class="gap"' in text
