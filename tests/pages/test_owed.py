"""Acting on what is owed, from a row or its own page, with htmx and without."""

from datetime import timedelta

import pytest
from django.test import Client

from accounts import keeping_in_touch
from crm.commitments.models import Commitment
from crm.commitments.planning import planner
from crm.users.models import RoleScope
from interactions.models import FollowUp
from tests.factories import AT
from tests.factories.accounts import AccountFactory
from tests.factories.contacts import ContactFactory
from tests.factories.dossiers import tier
from tests.factories.interactions import InteractionFactory
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
        ("wait", {"reason": "They send the contract"}, State.WAITING),
        ("cancel", {"reason": "They went elsewhere"}, State.CANCELLED),
        ("cancel", {}, State.CANCELLED),
    ],
)
def test_an_act_is_done_and_one_comes_back(as_rep: Client, owed, act, values, state):
    back = f"/accounts/{owed.dossier_id}/?show=talks"
    answer = as_rep.post(f"/owed/{owed.pk}/{act}/", values | {"next": back})
    owed.refresh_from_db()
    assert (owed.state, answer["Location"]) == (state, back)


@pytest.mark.parametrize("act", ["done", "on-it", "snooze", "wait", "resume", "cancel"])
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
    html = client.get(f"/owed/{owed.pk}/").content.decode()
    assert "I am on it" not in html and "Why this moment" in html and "If nobody acts" in html


def test_whoever_may_only_read_is_offered_no_key_and_no_log(client: Client, owed):
    reader = UserFactory(role="read_only")
    owed.poc = PersonFactory(user=reader)
    owed.save()
    client.force_login(reader)
    html = client.get("/").content.decode()
    assert owed.title in html
    assert "keys-line" not in html and "tab-log" not in html


def test_the_page_has_one_exact_cost(as_rep: Client, django_assert_num_queries, owed):
    # session, reader · it · who answers: places, POCs, topics · whom to give it · what comes if nobody acts: the steps
    # of its policy, who answers, whose hours: ten · who was told · with whom it is, and what was said last: three
    with django_assert_num_queries(7 + 10 + 1 + 3):
        assert as_rep.get(f"/owed/{owed.pk}/").status_code == 200


def test_what_waits_says_since_when_and_goes_on(as_rep: Client, owed):
    as_rep.post(f"/owed/{owed.pk}/wait/", {"next": f"/owed/{owed.pk}/"})
    html = as_rep.get(f"/owed/{owed.pk}/").content.decode()
    assert "its time stands still" in html
    assert "Quiet until then" not in html
    answer = as_rep.post(f"/owed/{owed.pk}/resume/", {"next": f"/owed/{owed.pk}/"}, follow=True)
    assert "It goes on, due" in answer.content.decode()
    owed.refresh_from_db()
    assert owed.state == State.OPEN


def test_what_waits_says_for_what_and_when_somebody_is_asked_again(as_rep: Client, owed):
    where = f"/accounts/{owed.dossier_id}/"
    as_rep.post(f"/owed/{owed.pk}/wait/", {"reason": "They send the contract"})
    html = as_rep.get(f"/owed/{owed.pk}/").content.decode()
    name = owed.dossier.assignments.get().poc.name
    assert "For: They send the contract" in html
    assert f"If they are not, {name} is asked" in html and "whether it still waits." in html
    row = as_rep.get(where).content.decode()
    assert "for: They send the contract" in row and "asked again" in row
    Commitment.objects.update(next_action_at=AT - timedelta(hours=1))
    html = as_rep.get(f"/owed/{owed.pk}/").content.decode()
    assert f"{name} is being asked whether it still waits." in html
    assert "asked again" not in as_rep.get(where).content.decode()


def test_what_waits_for_nothing_in_particular_says_no_reason(as_rep: Client, owed):
    as_rep.post(f"/owed/{owed.pk}/wait/")
    html = as_rep.get(f"/owed/{owed.pk}/").content.decode()
    assert "For: " not in html and "whether it still waits." in html


@pytest.mark.parametrize(
    ("act", "values", "said"),
    [
        ("on-it", {}, "took it on"),
        ("snooze", {"until": "tomorrow"}, "put it off"),
        ("done", {}, "Done by"),
        ("cancel", {"reason": "They went elsewhere"}, "Cancelled by"),
    ],
)
def test_who_did_last_what_it_stands_at_is_said(as_rep: Client, rep, owed, act, values, said):
    as_rep.post(f"/owed/{owed.pk}/{act}/", values)
    html = as_rep.get(f"/owed/{owed.pk}/").content.decode()
    assert said in html and rep.name in html
    assert values.get("reason", "") in html


def test_with_whom_it_is_and_what_was_said_last_stands_beside_it(as_rep: Client, owed):
    lima = ContactFactory(name="Beatriz Lima", account=owed.dossier.account, phones=["+351 21 555 0123"])
    FollowUp.objects.update(contact=lima)
    InteractionFactory(contact=lima, account=owed.dossier.account, note="The boiler leaks again.")
    html = as_rep.get(f"/owed/{owed.pk}/").content.decode()
    assert f'<a href="/d/{lima.pk}/">Beatriz Lima</a>' in html
    assert 'href="tel:+351' in html
    assert "The boiler leaks again." in html
    assert f"contact={lima.pk}&amp;settles={owed.pk}" in html


def test_a_call_logged_from_there_settles_it(as_rep: Client, owed):
    Commitment.objects.update(due_at=AT + timedelta(days=30))  # later than what is ticked by itself
    ticked = f'id="settles-{owed.pk}" name="settles" value="{owed.pk}" checked'
    assert ticked not in as_rep.get(f"/log/?record={owed.dossier_id}").content.decode()
    assert ticked in as_rep.get(f"/log/?record={owed.dossier_id}&settles={owed.pk}").content.decode()


def test_what_recurs_says_how_often_and_is_owed_again(as_rep: Client, owed):
    Commitment.objects.update(recur_every=2, recur_unit="weeks", recur_from=owed.due_at)
    html = as_rep.get(f"/owed/{owed.pk}/").content.decode()
    assert "Every 2 weeks" in html
    assert "Done, and no more" in html
    answer = as_rep.post(f"/owed/{owed.pk}/done/", follow=True)
    assert "Owed again" in answer.content.decode()
    owed.refresh_from_db()
    assert (owed.state, owed.due_at) == (State.OPEN, Commitment.objects.get().recur_from + timedelta(days=14))


@pytest.fixture
def fortnightly(owed):
    Commitment.objects.update(recur_every=2, recur_unit="weeks", recur_from=owed.due_at)
    owed.refresh_from_db()
    return owed


@pytest.mark.parametrize("values", [{}, {"for_good": "on"}])
def test_a_page_left_open_does_not_skip_a_turn(as_rep: Client, fortnightly, clock, values):
    """A colleague has done it since; "Done" on a page that shows the time before means that one."""
    shown = {"due": fortnightly.due_at.isoformat()}
    for page in (f"/owed/{fortnightly.pk}/", f"/d/{fortnightly.dossier_id}/"):
        html = as_rep.get(page, follow=True).content.decode()
        assert f'name="due" value="{shown["due"]}"' in html
    as_rep.post(f"/owed/{fortnightly.pk}/done/", shown)
    turn = fortnightly.due_at + timedelta(days=14)
    clock.freeze(AT + timedelta(minutes=10))
    answer = as_rep.post(f"/owed/{fortnightly.pk}/done/", shown | values, follow=True)
    assert "It was done or moved meanwhile" in answer.content.decode()
    fortnightly.refresh_from_db()
    assert (fortnightly.state, fortnightly.due_at) == (State.OPEN, turn)
    as_rep.post(f"/owed/{fortnightly.pk}/done/", {"due": turn.isoformat()})
    fortnightly.refresh_from_db()
    assert fortnightly.due_at == turn + timedelta(days=14)


def test_what_recurs_is_ended_by_being_done_for_good(as_rep: Client, owed):
    Commitment.objects.update(recur_every=2, recur_unit="weeks", recur_from=owed.due_at)
    as_rep.post(f"/owed/{owed.pk}/done/", {"for_good": "on"})
    owed.refresh_from_db()
    assert owed.state == State.KEPT


def test_the_page_says_what_comes_if_nobody_acts_and_who_was_told(as_rep: Client, owed, clock):
    clock.freeze(owed.due_at)
    planner.sweep()
    html = as_rep.get(f"/owed/{owed.pk}/").content.decode()
    assert "If nobody acts" in html
    assert "Told so far" in html
    assert f"Reminder: {owed.dossier.assignments.get().poc.name}" in html


def test_a_touch_is_logged_and_not_done(as_rep: Client):
    account = AccountFactory(tier=tier("a"), last_touch_at=AT)
    keeping_in_touch.reconcile()
    touch = Commitment.objects.get(dossier=account.pk)
    html = as_rep.get(f"/owed/{touch.pk}/").content.decode()
    assert "Keep in touch with" in html
    assert f"/owed/{touch.pk}/done/" not in html
    answer = as_rep.post(f"/owed/{touch.pk}/done/", follow=True)
    assert "Only a conversation keeps in touch" in answer.content.decode()
