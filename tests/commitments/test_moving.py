"""Hundreds of things given away at once keep the laws that one keeps."""

import pytest

from crm.commitments.actions import keep, open_commitments
from crm.commitments.models import Commitment, Kind, Notification
from crm.commitments.moving import move_many
from crm.commitments.opening import Promise
from crm.commitments.refusals import AnswersNoMore, SettledElsewhere
from crm.commitments.telling import packing
from crm.core.actor import Actor
from crm.dossiers.models import Event
from crm.outbox.models import Message
from crm.poc.models import Grant
from tests.commitments.conftest import MONDAY, WEDNESDAY, moment
from tests.factories import AT
from tests.factories.dossiers import topic
from tests.factories.poc import PersonFactory


def promises(house, n: int, **values) -> list[Commitment]:
    """Open `n` things on Monday, due on Wednesday, given to Ann by name."""
    values = {
        "dossier": house.record, "topic": topic(), "kind": Kind.FOLLOW_UP, "due_at": WEDNESDAY, "zone": "UTC",
        "poc": house.ann,
    } | values  # fmt: skip
    return open_commitments([Promise(title=f"Call {i}", **values) for i in range(n)], by=house.by, at=MONDAY)


def to_ben(house, commitments, text="Tue 11:00", **values) -> list[Commitment]:
    return move_many(commitments=commitments, to=house.ben, **{"by": house.by, "at": house.at(text)} | values)


@pytest.mark.parametrize("n", [1, 100])  # SQLite inserts at most 999 values at once
def test_moving_costs_the_same_for_one_as_for_a_hundred(house, django_assert_num_queries, n):
    given = promises(house, n)
    house.at("Wed 11:00")
    with django_assert_num_queries(15):
        # the savepoint and its end (2), the rows locked, notices taken back, who answers (2), whom that reaches,
        # the ladder (2), notices, grants, the rows, events (3: event, timeline, names)
        moved = move_many(commitments=given, to=house.ben, by=house.by, at=moment("Wed 11:00"))
    assert len(moved) == n
    assert Commitment.objects.filter(poc=house.ben, generation=2, next_action_at=moment("Wed 11:00")).count() == n


def test_what_was_pending_for_the_old_one_is_taken_back(house, told):
    given = promises(house, 3)
    house.sweep_at("Tue 10:00")
    assert told() == [("reminder", "Ann")] * 3
    to_ben(house, given)
    assert told() == [("reassigned", "Ben")] * 3
    assert Notification.objects.filter(recipient=house.ann, channel="email", state="superseded").count() == 3


def test_many_things_reach_the_new_one_as_one_mail(house):
    to_ben(house, promises(house, 12))
    packing.pack()
    assert list(Message.objects.filter(channel="email").values_list("kind", "recipient__name")) == [("digest", "Ben")]


def test_the_steps_begin_anew_from_the_due_moment(house, told):
    to_ben(house, promises(house, 2))
    house.sweep_at("Wed 10:00")
    assert told(kind="reminder") == [("reminder", "Ben")] * 2


def test_what_is_due_already_is_told_once_and_escalates_from_that(house, told):
    given = promises(house, 2)
    to_ben(house, given, "Wed 11:00")
    house.sweep_at("Wed 11:00")
    assert told() == [("reassigned", "Ben")] * 2
    Message.objects.filter(state="ready").update(state="sent", ended_at=moment("Wed 11:00"))
    house.sweep_at("Wed 15:00")
    assert told(kind="escalation") == [("escalation", "Dora")] * 2


def test_each_can_be_taken_back_alone_afterwards(house, told):
    first, _second = to_ben(house, promises(house, 2))
    keep(commitment=first, by=house.by, at=house.at("Tue 12:00"))
    assert told() == [("reassigned", "Ben")]


def test_whoever_takes_them_over_is_not_told(house, told):
    to_ben(house, promises(house, 2), by=Actor(house.ben.user))
    assert told("inbox") == []


def test_whoever_gets_them_may_open_the_record(house):
    [moved] = to_ben(house, promises(house, 1))
    assert Grant.objects.filter(poc=house.ben, home=house.record, cause=moved.grant_cause, ended_at=None).exists()


def test_given_to_whoever_answers_they_float_and_that_one_is_told(house, told):
    given = promises(house, 2, poc=house.ben)
    move_many(commitments=given, to=None, by=house.by, at=house.at("Tue 11:00"))
    assert set(Commitment.objects.values_list("poc", flat=True)) == {None}
    assert told() == [("reassigned", "Ann")] * 2


def test_what_is_settled_or_theirs_already_is_left_alone(house, told):
    kept, theirs, open_one = promises(house, 3)
    keep(commitment=kept, by=house.by, at=moment("Mon 12:00"))
    to_ben(house, [theirs], "Mon 13:00")
    assert [c.pk for c in to_ben(house, [kept, theirs, open_one])] == [open_one.pk]
    assert Commitment.objects.get(pk=theirs.pk).generation == 2
    assert to_ben(house, [kept, theirs, open_one]) == []


def test_each_is_recorded_with_its_reason(house):
    to_ben(house, promises(house, 2), reason="Ann leaves")
    events = Event.objects.filter(kind=Event.Kind.REASSIGNED)
    assert {e.home for e in events} == {house.record}
    assert {(e.personal.values["was"], e.personal.values["poc"], e.personal.values["reason"]) for e in events} == {
        ("Ann", "Ben", "Ann leaves")
    }


def test_nobody_is_given_anything_who_answers_no_more(house):
    given = promises(house, 2)
    with pytest.raises(AnswersNoMore):
        move_many(commitments=given, to=PersonFactory(deactivated_at=AT), by=house.by, at=AT)
    assert Commitment.objects.filter(poc=house.ann).count() == 2


def test_a_handover_to_accept_moves_only_with_its_owner(house):
    given = promises(house, 1, kind=Kind.HANDOVER)
    with pytest.raises(SettledElsewhere):
        to_ben(house, given)
    assert len(to_ben(house, given, as_owner=True)) == 1


def test_nothing_to_move_asks_nothing(house, django_assert_num_queries):
    with django_assert_num_queries(2):  # the savepoint and its end
        assert move_many(commitments=[], to=house.ben, by=house.by, at=MONDAY) == []


def test_five_hundred_move_in_one_act(house, told):
    assert len(to_ben(house, promises(house, 500))) == 500
    assert Commitment.objects.filter(poc=house.ben, generation=2).count() == 500
    assert len(told()) == 500
