"""The acts: what each takes back, what it begins anew, and that a repeated one does nothing."""

from datetime import datetime, timedelta

import pytest

from crm.commitments import actions
from crm.commitments.models import Commitment, Notification
from crm.commitments.refusals import AnswersNoMore, ClosedAlready, DueRequired, NotInThePast, OddMoment
from crm.core.actor import Actor, Source
from crm.core.refusals import UnknownZone
from crm.dossiers.models import Event
from crm.outbox.models import Message
from crm.poc.models import Grant, PointOfContact
from tests.commitments.conftest import WEDNESDAY, moment
from tests.factories import AT
from tests.factories.poc import AbsenceFactory, PersonFactory, TeamFactory


def to_ben(c: Commitment, by: Actor, at: datetime) -> Commitment:
    return actions.reassign(commitment=c, poc=PointOfContact.objects.get(name="Ben"), by=by, at=at)


ACTS = {
    "acknowledge": lambda c, by, at: actions.acknowledge(commitment=c, by=by, at=at),
    "snooze": lambda c, by, at: actions.snooze(commitment=c, until=WEDNESDAY + timedelta(days=2), by=by, at=at),
    "redue": lambda c, by, at: actions.redue(commitment=c, due_at=WEDNESDAY + timedelta(days=1), by=by, at=at),
    "reassign": to_ben,
    "keep": lambda c, by, at: actions.keep(commitment=c, by=by, at=at),
    "cancel": lambda c, by, at: actions.cancel(commitment=c, by=by, at=at),
}  # fmt: skip
act = pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)


@act
def test_an_act_takes_back_what_is_pending_and_bumps_the_generation(house, act):
    commitment = house.promise()
    at = house.sweep_at("Tue 10:00")
    after = act(commitment, house.by, at)
    assert after.generation == 2
    assert set(Notification.objects.filter(generation=1, channel="email").values_list("state", flat=True)) == {
        "superseded"
    }
    assert after.next_action_at == (None if after.is_closed else at)


@act
def test_a_repeated_act_does_nothing(house, act):
    commitment = house.promise()
    first = act(commitment, house.by, moment("Mon 12:00"))
    again = act(commitment, house.by, moment("Mon 12:01"))
    assert (again.generation, again.acted_at) == (first.generation, first.acted_at)
    assert Event.objects.exclude(kind=Event.Kind.OWED).count() == 1


@act
@pytest.mark.parametrize("end", [actions.keep, actions.cancel])
def test_nothing_can_be_done_about_what_is_settled(house, act, end):
    commitment = end(commitment=house.promise(), by=house.by, at=moment("Mon 12:00"))
    same = act in (ACTS["keep"] if end is actions.keep else ACTS["cancel"],)
    if same:
        assert act(commitment, house.by, moment("Mon 12:01")).generation == commitment.generation
        return
    with pytest.raises(ClosedAlready):
        act(commitment, house.by, moment("Mon 12:01"))


@act
def test_an_act_is_recorded_with_who_did_it(house, act):
    by = Actor(house.ann.user, Source.API)
    act(house.promise(), by, moment("Mon 12:00"))
    event = Event.objects.exclude(kind=Event.Kind.OWED).get()
    assert (event.actor, event.source, event.home) == (house.ann.user, "api", house.record)
    assert event.personal.values["title"] == "Call Ms Lima"


def test_what_was_told_is_not_taken_back(house):
    commitment = house.promise()
    house.sweep_at("Tue 10:00")
    Message.objects.filter(state="ready").update(state="sent", ended_at=AT)
    actions.keep(commitment=commitment, by=house.by, at=house.at("Tue 11:00"))
    assert set(Notification.objects.values_list("state", flat=True)) == {"planned"}


def test_keeping_ends_all_looks(house, told):
    commitment = house.promise()
    kept = actions.keep(commitment=commitment, by=house.by, at=moment("Mon 12:00"))
    assert (kept.state, kept.next_action_at, kept.closed_at) == ("kept", None, moment("Mon 12:00"))
    house.sweep_at("Fri 10:00")
    assert told() == []


def test_a_redue_moves_the_whole_ladder(house, told):
    commitment = house.promise()
    house.sweep_at("Tue 10:00")
    actions.redue(
        commitment=commitment,
        due_local=moment("Mon+ 09:00").replace(tzinfo=None),
        by=house.by,
        at=house.at("Tue 11:00"),
    )
    house.sweep_at("Fri 08:59")
    assert told() == []  # Friday's reminder is one working day before; Tuesday's was taken back
    house.sweep_at("Fri 09:00")
    assert told() == [("reminder", "Ann")]


def test_the_same_due_moment_changes_nothing(house):
    commitment = house.promise()
    assert actions.redue(commitment=commitment, due_at=WEDNESDAY, by=house.by, at=AT).generation == 1


@pytest.mark.parametrize(
    ("values", "refusal"),
    [
        ({}, DueRequired),
        ({"due_at": WEDNESDAY + timedelta(days=40_000)}, OddMoment),
        ({"due_at": WEDNESDAY + timedelta(days=1), "zone": "Mars/Olympus"}, UnknownZone),
    ],
)
def test_a_redue_refuses_what_is_no_moment(house, values, refusal):
    with pytest.raises(refusal):
        actions.redue(commitment=house.promise(), by=house.by, at=moment("Mon 12:00"), **values)


@pytest.mark.parametrize(
    ("until", "refusal"), [(moment("Mon 12:00"), NotInThePast), (WEDNESDAY + timedelta(days=40_000), OddMoment)]
)
def test_a_snooze_needs_a_moment_to_come(house, until, refusal):
    with pytest.raises(refusal) as refused:
        actions.snooze(commitment=house.promise(), until=until, by=house.by, at=moment("Mon 12:00"))
    assert refused.value.field == "until"


def test_a_reassignment_tells_the_new_one_at_once_and_reminds_them(house, told):
    commitment = house.promise()
    house.sweep_at("Tue 10:00")
    actions.reassign(commitment=commitment, poc=house.ben, by=house.by, at=house.at("Tue 11:00"))
    assert told() == [("reassigned", "Ben")]
    house.sweep_at("Wed 10:00")
    assert told() == [("reassigned", "Ben"), ("reminder", "Ben")]


def test_a_reassignment_of_what_is_due_is_one_combined_notice(house, told):
    commitment = house.promise()
    house.sweep_at("Wed 10:00")
    actions.reassign(commitment=commitment, poc=house.ben, by=house.by, at=house.at("Wed 11:00"))
    house.sweep_at("Wed 11:00")
    assert told() == [("reassigned", "Ben")]
    assert Notification.objects.filter(kind="reassigned", step=1).count() == 2  # mail and inbox
    Message.objects.filter(state="ready").update(state="sent", ended_at=moment("Wed 11:00"))
    house.sweep_at("Wed 15:00")
    assert told(kind="escalation") == [("escalation", "Dora")]  # Ben is his own backup here and has no lead


def test_whoever_takes_it_themselves_is_not_told(house, told):
    commitment = house.promise()
    actions.reassign(commitment=commitment, poc=house.ben, by=Actor(house.ben.user), at=house.at("Wed 11:00"))
    house.sweep_at("Wed 11:00")
    assert told() == []


def test_a_reassignment_to_somebody_away_tells_their_cover(house, told):
    cover = PersonFactory(name="Cora")
    AbsenceFactory(poc=house.ben, cover=cover, starts_at=moment("Mon 00:00"), ends_at=moment("Fri 00:00"))
    actions.reassign(commitment=house.promise(), poc=house.ben, by=house.by, at=house.at("Tue 11:00"))
    assert told() == [("reassigned", "Cora")]
    assert Grant.objects.filter(poc=cover, ended_at=None).exists()


def test_a_reassignment_to_whoever_answers_floats_again(house, told):
    commitment = house.promise(poc=house.ben)
    after = actions.reassign(commitment=commitment, poc=None, by=house.by, at=house.at("Tue 11:00"))
    assert after.poc is None
    assert told() == [("reassigned", "Ann")]


def test_nobody_is_given_anything_who_answers_no_more(house):
    gone = PersonFactory(deactivated_at=AT)
    with pytest.raises(AnswersNoMore):
        actions.reassign(commitment=house.promise(), poc=gone, by=house.by, at=AT)
    with pytest.raises(AnswersNoMore):
        house.promise(poc=gone)


def test_acts_see_what_stands_in_the_database_not_what_they_were_handed(house):
    stale = house.promise()
    actions.keep(commitment=stale, by=house.by, at=moment("Mon 12:00"))
    with pytest.raises(ClosedAlready):
        actions.snooze(commitment=stale, until=WEDNESDAY, by=house.by, at=moment("Mon 12:01"))
    assert Commitment.objects.get().state == "kept"


# --- telling --------------------------------------------------------------------------------------------------------


def notify(house, **values) -> None:
    values = {
        "idem_key": "e:1:logged", "kind": "logged", "recipient_poc_ids": [house.ann.pk], "dossier": house.record,
        "context": {"contact": "Ms Lima"}, "by": house.by, "at": moment("Mon 12:00"),
    } | values  # fmt: skip
    actions.notify(**values)


def test_one_thing_is_told_once(house, told):
    notify(house)
    notify(house)
    assert told() == [("logged", "Ann")]
    assert told("inbox") == [("logged", "Ann")]


def test_whoever_acts_is_not_told(house, told):
    notify(house, by=Actor(house.ann.user))
    assert told("inbox") == []


def test_only_the_channels_asked_for_are_used(house, told):
    notify(house, channels=("inbox",))
    assert told() == []
    assert told("inbox") == [("logged", "Ann")]


def test_a_team_is_told_through_its_members(house, told):
    team = TeamFactory(members=[house.ann, house.ben], delivery="all")
    notify(house, recipient_poc_ids=[team.pk, house.ann.pk])
    assert told() == [("logged", "Ann"), ("logged", "Ben")]


def test_whoever_is_told_about_a_record_may_open_it(house):
    notify(house)
    assert Grant.objects.filter(poc=house.ann, home=house.record, ended_at=None).count() == 1
