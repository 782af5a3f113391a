"""What recurs: the next time is later than now, at the same local time, on the day that was meant."""

from datetime import UTC, datetime, timedelta

import pytest

from crm.commitments import actions, recurring, waiting
from crm.commitments.models import Commitment
from crm.commitments.refusals import MovedOn
from crm.dossiers.models import Event
from tests.commitments.conftest import WEDNESDAY, moment
from tests.factories.users import actor


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


SERIES = [
    # first, every, unit, after → next
    ("2026-03-04 10:00", 1, "days", "2026-03-04 10:00", "2026-03-05 10:00"),
    ("2026-03-04 10:00", 1, "days", "2026-03-05 09:59", "2026-03-05 10:00"),
    ("2026-03-04 10:00", 3, "days", "2026-03-09 11:00", "2026-03-10 10:00"),
    ("2026-03-04 10:00", 2, "weeks", "2026-03-04 10:00", "2026-03-18 10:00"),
    ("2026-03-04 10:00", 2, "weeks", "2026-12-24 00:00", "2027-01-06 10:00"),  # late: nothing piles up
    ("2026-01-31 10:00", 1, "months", "2026-01-31 10:00", "2026-02-28 10:00"),
    ("2026-01-31 10:00", 1, "months", "2026-02-28 10:00", "2026-03-31 10:00"),  # and comes back
    ("2026-01-31 10:00", 1, "months", "2026-03-31 10:00", "2026-04-30 10:00"),
    ("2027-12-31 10:00", 2, "months", "2027-12-31 10:00", "2028-02-29 10:00"),  # a leap year
    ("2026-11-30 10:00", 3, "months", "2026-11-30 10:00", "2027-02-28 10:00"),
    ("2026-01-15 10:00", 12, "months", "2030-01-15 10:00", "2031-01-15 10:00"),
]  # fmt: skip


@pytest.mark.parametrize(("first", "every", "unit", "after", "then"), SERIES)
def test_the_next_moment_of_a_series(first, every, unit, after, then):
    found = recurring.next_due(first=at(first), zone="UTC", every=every, unit=unit, after=at(after))
    assert found == at(then)


@pytest.mark.parametrize(("after", "then"), [
    ("2026-03-23 08:00", "2026-03-30 07:00"),  # the clocks went forward on the 29th
    ("2026-10-19 07:00", "2026-10-26 08:00"),  # and back on the 25th
])  # fmt: skip
def test_the_local_time_stays_whatever_the_clocks_do(after, then):
    found = recurring.next_due(
        first=at("2026-03-02 08:00"), zone="Europe/Lisbon", every=1, unit="weeks", after=at(after)
    )
    assert found == at(then)


def test_a_series_long_past_is_found_at_once():
    found = recurring.next_due(
        first=at("1999-01-31 10:00"), zone="UTC", every=1, unit="days", after=at("2026-03-04 10:00")
    )
    assert found == at("2026-03-05 10:00")


def recurring_promise(house, every=2, unit="weeks", **values) -> Commitment:
    promise = actions.Promise(
        dossier=house.record, topic=house.promise().topic, kind="follow_up", title="Call Ms Lima",
        zone="UTC", recur_every=every, recur_unit=unit, **({"due_at": WEDNESDAY} | values),
    )  # fmt: skip
    return actions.open_commitments([promise], by=house.by, at=moment("Mon 09:30"))[0]


def done(house, c, text="Wed 09:00", **values):
    return actions.keep(commitment=c, by=house.by, at=house.at(text), **values)


def test_done_it_is_owed_for_the_next_time(house):
    c = done(house, recurring_promise(house))
    assert (c.state, c.due_at, c.closed_at) == ("open", WEDNESDAY + timedelta(days=14), None)
    assert (c.generation, c.cursor, c.next_action_at) == (2, 0, moment("Wed 09:00"))


def test_the_event_says_when_again(house):
    done(house, recurring_promise(house))
    facts = Event.objects.get(kind=Event.Kind.KEPT).facts
    assert (facts["was"], facts["again"]) == (WEDNESDAY.isoformat(), (WEDNESDAY + timedelta(days=14)).isoformat())


def test_done_early_the_same_one_does_not_come_again(house):
    assert done(house, recurring_promise(house, 1, "days"), "Tue 09:00").due_at == moment("Thu 10:00")


def test_done_late_nothing_piles_up(house):
    assert done(house, recurring_promise(house, 1, "days"), "Fri 12:00").due_at == moment("Sat 10:00")


def test_saying_done_twice_is_one_act(house):
    c = recurring_promise(house, 1, "days")
    done(house, c)
    assert done(house, c, "Wed 09:01").generation == 2
    assert Event.objects.filter(kind=Event.Kind.KEPT).count() == 1
    assert done(house, c, "Wed 09:03").generation == 3  # another day's


def test_the_turn_that_was_meant_is_done_and_no_other(house):
    c = recurring_promise(house, 1, "weeks")
    done(house, c, due_at=WEDNESDAY)
    assert done(house, c, "Wed 09:01", due_at=WEDNESDAY).generation == 2  # the same act again
    with pytest.raises(MovedOn):
        done(house, c, "Wed 09:10", due_at=WEDNESDAY)
    assert done(house, c, "Wed 09:11", due_at=WEDNESDAY + timedelta(days=7)).generation == 3
    assert done(house, c, "Wed 09:12", due_at=WEDNESDAY + timedelta(days=14)).generation == 4  # meant, however soon


def test_what_is_owed_once_is_done_wherever_it_was_moved(house):
    c = actions.redue(commitment=house.promise(), due_at=moment("Thu 11:00"), by=house.by, at=moment("Tue 09:00"))
    assert done(house, c, due_at=WEDNESDAY).state == "kept"


def test_how_often_may_change_with_the_moment(house):
    c = recurring_promise(house, 2, "weeks")
    again = {"commitment": c, "due_at": WEDNESDAY, "recurs": (3, "months"), "by": house.by, "at": moment("Tue 09:00")}
    c = actions.redue(**again)
    assert (c.recurs, c.recur_from, c.generation) == ({"every": 3, "unit": "months"}, WEDNESDAY, 2)
    assert actions.redue(**again).generation == 2


def test_done_and_no_more_ends_it(house):
    c = done(house, recurring_promise(house), for_good=True)
    assert (c.state, c.next_action_at) == ("kept", None)


def test_cancelling_ends_it(house):
    c = actions.cancel(commitment=recurring_promise(house), by=house.by, at=house.at("Tue 09:00"))
    assert c.state == "cancelled"


def test_reminders_begin_anew_for_the_next_time(house, told):
    c = recurring_promise(house, 1, "weeks")
    house.sweep_at("Tue 10:00")
    done(house, c)
    house.sweep_at("Tue+ 10:00")
    assert told(generation=2) == [("reminder", "Ann")]


def test_another_due_moment_moves_the_series(house):
    c = actions.redue(
        commitment=recurring_promise(house, 1, "weeks"), due_at=moment("Thu 11:00"), by=house.by, at=moment("Tue 09:00")
    )
    assert done(house, c, "Thu 10:00").due_at == moment("Thu+ 11:00")


def test_another_moment_this_once_leaves_the_series(house):
    c = actions.redue(
        commitment=recurring_promise(house, 1, "weeks"), due_at=moment("Thu 11:00"), this_once=True, by=house.by,
        at=moment("Tue 09:00"),
    )  # fmt: skip
    assert done(house, c, "Thu 10:00").due_at == moment("Wed+ 10:00")


def test_what_waited_is_done_and_waits_no_more(house):
    c = waiting.wait(commitment=recurring_promise(house), by=house.by, at=house.at("Tue 09:00"))
    c = done(house, c)
    assert (c.state, c.waiting_since) == ("open", None)


def test_who_was_told_may_still_open_it(house):
    c = recurring_promise(house, poc=house.ben)
    house.sweep_at("Tue 10:00")
    done(house, c)
    assert house.ben.grants.filter(ended_at=None).exists()


def test_whoever_asked_is_told_that_it_begins_anew(house, monkeypatch):
    seen: list[int] = []
    monkeypatch.setattr(recurring, "_begun_anew", [])
    recurring.when_begun_anew(lambda c: seen.append(c.pk))
    c = recurring_promise(house)
    actions.keep(commitment=c, by=actor(), at=moment("Wed 09:00"))
    assert seen == [c.pk]
