"""What a touch does to what was owed already: what recurs is owed again, what waited goes on; and taking it back."""

from datetime import timedelta
from functools import partial

import pytest

from crm.commitments import actions, waiting
from crm.commitments.models import Commitment, Kind
from crm.core.actor import Actor
from crm.dossiers.models import Event
from interactions import corrections
from interactions.actions import log
from interactions.follow_ups import NewFollowUp, plan
from interactions.models import FollowUp
from interactions.recurrence import Recurrence
from tests.factories import AT
from tests.factories.commitments import CommitmentFactory
from tests.factories.contacts import ContactFactory
from tests.factories.dossiers import purpose, topic
from tests.factories.projects import ProjectFactory
from tests.factories.users import UserFactory
from tests.together import together

LATER = AT + timedelta(minutes=5)


@pytest.fixture
def weekly(lima, by):
    new = NewFollowUp(due_at=AT + timedelta(hours=1), recurs=Recurrence(1, "weeks"))
    return plan(new=new, dossier=lima.dossier, topic=topic(), contact=lima, by=by, at=AT)


def test_what_recurs_is_owed_again_once_it_is_settled(lima, call, by, weekly):
    log(touch=call(contact=lima), settles=[weekly.commitment], by=by, at=LATER)
    owed = Commitment.objects.get(pk=weekly.pk)
    assert (owed.state, owed.due_at) == ("open", AT + timedelta(days=7, hours=1))


def test_attempts_are_counted_anew_for_the_next_time(lima, call, by, weekly):
    log(touch=call("no_answer", contact=lima), settles=[weekly.commitment], by=by, at=LATER)
    retried = Commitment.objects.get(pk=weekly.pk)
    assert FollowUp.objects.get(pk=weekly.pk).attempt == 2
    log(touch=call(contact=lima), settles=[retried], by=by, at=LATER)
    assert FollowUp.objects.get(pk=weekly.pk).attempt == 1
    again = Commitment.objects.get(pk=weekly.pk)
    assert again.due_at == AT + timedelta(days=7, hours=1)  # trying again had not moved the series


def test_undone_it_is_due_as_before(lima, call, by, weekly):
    logged = log(touch=call(contact=lima), settles=[weekly.commitment], by=by, at=LATER)
    corrections.undo(interaction=logged.interaction, by=by, at=LATER)
    owed = Commitment.objects.get(pk=weekly.pk)
    assert (owed.state, owed.due_at, owed.recur_from) == ("open", AT + timedelta(hours=1), AT + timedelta(hours=1))


def test_undone_what_waited_and_recurs_waits_again(lima, call, by, weekly):
    owed = waiting.wait(commitment=weekly.commitment, by=by, at=AT)
    logged = log(touch=call(contact=lima), settles=[owed], by=by, at=LATER)
    assert states(owed) == ["open"]
    corrections.undo(interaction=logged.interaction, by=by, at=LATER)
    again = Commitment.objects.get(pk=owed.pk)
    assert (again.state, again.waiting_since, again.due_at) == ("waiting", AT, owed.due_at)
    assert again.remaining_seconds == owed.remaining_seconds


def test_undone_what_waited_and_was_tried_again_waits_again(lima, call, by):
    owed = waiting_on(lima.dossier, by)
    logged = log(touch=call("no_answer", contact=lima), settles=[owed], by=by, at=LATER)
    assert states(owed) == ["open"]
    corrections.undo(interaction=logged.interaction, by=by, at=LATER)
    again = Commitment.objects.get(pk=owed.pk)
    assert (again.state, again.waiting_since, again.due_at) == ("waiting", AT, owed.due_at)


def read(*owed):
    """As a page that is a moment old has them."""
    return list(Commitment.objects.filter(pk__in=[c.pk for c in owed]).select_related("dossier"))


def test_undoing_a_second_touch_leaves_done_what_the_first_one_kept(lima, call, by):
    stale = read(CommitmentFactory(dossier=lima.dossier))
    log(touch=call(contact=lima), settles=read(*stale), by=by, at=AT)
    second = log(touch=call(contact=lima), settles=stale, by=by, at=AT)
    corrections.undo(interaction=second.interaction, by=by, at=LATER)
    assert states(*stale) == ["kept"]


@pytest.mark.parametrize("later", [timedelta(minutes=1), timedelta(minutes=9)])
def test_a_second_touch_neither_skips_a_turn_nor_takes_the_first_one_back(lima, call, by, weekly, later):
    stale = read(weekly.commitment)
    log(touch=call(contact=lima), settles=read(*stale), by=by, at=AT)
    second = log(touch=call(contact=lima), settles=stale, by=by, at=AT + later)
    due = AT + timedelta(days=7, hours=1)
    assert Commitment.objects.get(pk=weekly.pk).due_at == due
    corrections.undo(interaction=second.interaction, by=by, at=AT + later)
    assert Commitment.objects.get(pk=weekly.pk).due_at == due


@pytest.mark.parametrize("code", ["reached", "no_answer"])
def test_what_was_cancelled_meanwhile_does_not_keep_a_touch_from_being_logged(lima, call, by, code):
    stale = read(CommitmentFactory(dossier=lima.dossier))
    actions.cancel(commitment=stale[0], by=by, at=AT)
    log(touch=call(code, contact=lima), settles=stale, by=by, at=LATER)
    assert states(*stale) == ["cancelled"]


@pytest.mark.postgres
def test_two_who_settle_the_same_at_the_same_moment_do_not_wait_for_each_other(database, clock, call):
    clock.freeze(AT)
    contact = ContactFactory(at_account=True)
    people = [Actor(UserFactory(role="sales_rep")) for _n in range(2)]
    for _n in range(5):
        owed = read(*[CommitmentFactory(dossier=contact.dossier) for _m in range(2)])
        said = (owed, owed[::-1])
        together(*[
            partial(log, touch=call(contact=contact), settles=rows, by=by, at=AT)
            for rows, by in zip(said, people, strict=True)
        ])  # fmt: skip
        assert set(states(*owed)) == {"kept"}


def test_a_touch_may_promise_what_recurs(lima, call, by):
    follow_up = NewFollowUp(due_at=AT + timedelta(days=1), recurs=Recurrence(2, "weeks"))
    planned = log(touch=call(contact=lima), follow_up=follow_up, by=by, at=AT).follow_up.commitment
    assert (planned.recur_every, planned.recur_unit, planned.recur_from) == (2, "weeks", planned.due_at)


def waiting_on(dossier, by, **values):
    return waiting.wait(commitment=CommitmentFactory(dossier=dossier, **values), by=by, at=AT)


def states(*owed):
    return [Commitment.objects.get(pk=c.pk).state for c in owed]


def test_a_customer_who_answers_sets_off_what_waited_for_them(lima, call, by):
    owed = waiting_on(lima.dossier, by, kind=Kind.RESOLUTION)
    logged = log(touch=call(contact=lima, direction="in", purpose=purpose("feedback")), by=by, at=LATER)
    assert (states(owed), logged.resumed) == (["open"], [owed.pk])
    event = Event.objects.get(kind=Event.Kind.RESUMED)
    assert event.facts["interaction"] == logged.interaction.pk


def test_what_waits_at_their_account_goes_on_too_and_what_waits_for_others_does_not(lima, call, by):
    at_account = waiting_on(lima.account.dossier, by)
    other = ContactFactory(name="Rui", account=lima.account)
    for_other = waiting_on(other.dossier, by)
    project = waiting_on(ProjectFactory(account=lima.account).dossier, by)
    log(touch=call(contact=lima, direction="in", purpose=purpose("feedback")), by=by, at=LATER)
    assert states(at_account, for_other, project) == ["open", "waiting", "waiting"]


def test_what_waits_at_the_account_for_somebody_else_goes_on_waiting(lima, call, by):
    other = ContactFactory(name="Rui", account=lima.account)
    new = NewFollowUp(due_at=AT + timedelta(days=1))
    follow_up = plan(new=new, dossier=lima.account.dossier, topic=topic(), contact=other, by=by, at=AT)
    owed = waiting.wait(commitment=follow_up.commitment, by=by, at=AT)
    log(touch=call(contact=lima, direction="in", purpose=purpose("feedback")), by=by, at=LATER)
    assert states(owed) == ["waiting"]


@pytest.mark.parametrize("touch", [
    {"direction": "out"},
    {"direction": "in", "outcome_code": "missed"},  # does not count: nobody talked
], ids=["ours", "missed"])  # fmt: skip
def test_what_is_no_answer_sets_off_nothing(lima, call, by, touch):
    owed = waiting_on(lima.dossier, by)
    code = touch.get("outcome_code", "reached")
    said = purpose("feedback") if touch["direction"] == "in" else None
    log(touch=call(code, contact=lima, direction=touch["direction"], purpose=said), by=by, at=LATER)
    assert states(owed) == ["waiting"]


def test_a_stranger_who_turns_out_to_be_them_sets_it_off_once_that_is_known(lima, call, by):
    owed = waiting_on(lima.dossier, by)
    strange = log(touch=call(caller="+351 1", direction="in", purpose=purpose("feedback")), by=by, at=LATER)
    assert states(owed) == ["waiting"]
    corrections.put_to_record(interaction=strange.interaction, contact=lima, by=by, at=LATER)
    assert states(owed) == ["open"]


def test_undone_it_waits_again(lima, call, by):
    owed = waiting_on(lima.dossier, by)
    logged = log(touch=call(contact=lima, direction="in", purpose=purpose("feedback")), by=by, at=LATER)
    corrections.undo(interaction=logged.interaction, by=by, at=LATER)
    again = Commitment.objects.get(pk=owed.pk)
    assert (again.state, again.waiting_since, again.due_at) == ("waiting", AT, owed.due_at)


@pytest.mark.parametrize(("code", "priority"), [("complaint", "high"), ("problem", "normal")])
def test_what_is_told_at_once_is_high_where_nobody_says_otherwise(lima, call, by, code, priority):
    logged = log(touch=call(contact=lima, direction="in", purpose=purpose(code)), by=by, at=AT)
    assert (logged.answer.priority, logged.resolution.priority) == (priority, priority)


def test_how_pressing_it_is_may_be_said(lima, call, by):
    touch = call(contact=lima, direction="in", purpose=purpose("problem"), priority="urgent")
    assert log(touch=touch, by=by, at=AT).resolution.priority == "urgent"
