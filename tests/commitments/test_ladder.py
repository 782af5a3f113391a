"""The corner rules of the escalation steps, as tables. Nine to five, Monday to Friday, UTC."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm.commitments.ladder import (
    CHECK_BACK,
    Ladder,
    Look,
    Position,
    Step,
    climb,
    look,
    look_at_waiting,
    named,
    shift,
)
from crm.core.working_time import WorkingTime

WEEK = WorkingTime("UTC", {key: [(time(9), time(17))] for key in range(5)})
STEPS = (
    Step(0, "reminder", -1, "working_days", "poc"),
    Step(1, "reminder", 0, "working_hours", "poc"),
    Step(2, "escalation", 4, "working_hours", "backup", anchor="hand_off"),
    Step(3, "escalation", 1, "working_days", "lead", anchor="hand_off"),
)
LADDER = Ladder(STEPS, ack_amount=1, ack_unit="working_days")
ANN, BEN, LEA, UMA, DESK = 1, 2, 3, 4, 9
EVERYBODY = {"poc": [ANN], "backup": [BEN], "lead": [LEA], "leads_lead": [UMA], "house": [DESK]}


def at(text: str) -> datetime:
    """A moment of the week from Monday 2 March 2026: "Tue 10:00"; a "+" after the day is the week after."""
    day, clock = text.split()
    n = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun").index(day[:3]) + 7 * day.count("+")
    return datetime.combine(date(2026, 3, 2) + timedelta(days=n), time.fromisoformat(clock), UTC)


DUE = at("Wed 10:00")
OPENED = at("Mon 09:30")
START = Position(anchor_at=DUE, quiet_until=OPENED, acted_at=OPENED)


def see(now: str, position: Position = START, *, ladder: Ladder = LADDER, slots=EVERYBODY, told=None) -> Look:
    return look(ladder=ladder, position=position, now=at(now), calendar=WEEK, slots=EVERYBODY | slots, told=told or {})


def planned(seen: Look) -> list[tuple[int, str, int | None]]:
    return [(n.step.ordinal, n.reached, n.recipient) for n in seen.notices if n.state == "planned"]


def untold(seen: Look) -> list[tuple[int, str, str]]:
    return [(n.step.ordinal, n.reached, n.reason) for n in seen.notices if n.state != "planned"]


# --- reminders ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("now", "told", "next_at"),
    [
        ("Mon 09:30", [], "Tue 10:00"),
        ("Tue 09:59", [], "Tue 10:00"),
        ("Tue 10:00", [(0, "poc", ANN)], "Wed 10:00"),
        ("Tue 12:00", [(0, "poc", ANN)], "Wed 10:00"),
    ],
)
def test_the_first_reminder_comes_a_working_day_before(now, told, next_at):
    seen = see(now)
    assert planned(seen) == told
    assert seen.next_at == at(next_at)


def test_the_second_reminder_comes_at_the_due_moment_and_escalation_waits_for_its_hand_off():
    seen = see("Wed 10:00", START._replace(cursor=1, is_pending=True))
    assert planned(seen) == [(1, "poc", ANN)]
    assert seen.position.cursor == 2
    assert seen.position.is_pending
    assert seen.next_at == at("Wed 14:00")  # the soonest the backup can be told


def test_a_reminder_from_before_the_opening_is_skipped_and_recorded():
    seen = see("Tue 16:00", START._replace(quiet_until=at("Tue 16:00"), acted_at=at("Tue 16:00")))
    assert planned(seen) == []
    assert untold(seen) == [(0, "poc", "too_late")]
    assert seen.next_at == DUE


def test_the_step_at_the_due_moment_is_never_skipped():
    opened_late = START._replace(quiet_until=at("Thu 09:00"), acted_at=at("Thu 09:00"))
    seen = see("Thu 09:00", opened_late)
    assert planned(seen) == [(1, "poc", ANN)]
    assert untold(seen) == [(0, "poc", "too_late")]


def test_reminders_missed_together_become_one_notice():
    seen = see("Fri 09:00")
    assert planned(seen) == [(1, "poc", ANN)]
    assert untold(seen) == [(0, "poc", "one_notice")]


def test_reminders_missed_for_different_people_are_one_each():
    steps = (STEPS[0], replace(STEPS[1], slot="lead"))
    assert planned(see("Fri 09:00", ladder=replace(LADDER, steps=steps))) == [(0, "poc", ANN), (1, "lead", LEA)]


# --- escalations ----------------------------------------------------------------------------------------------------

AFTER_DUE = START._replace(cursor=2, handed_off_at=at("Wed 10:01"))


def test_the_backup_is_told_four_working_hours_after_the_hand_off():
    assert see("Wed 14:00", AFTER_DUE).next_at == at("Wed 14:01")
    seen = see("Wed 14:01", AFTER_DUE)
    assert planned(seen) == [(2, "backup", BEN)]
    assert seen.next_at == at("Thu 14:01")


def test_the_lead_is_told_a_working_day_after_the_backup():
    seen = see("Thu 14:01", START._replace(cursor=3, handed_off_at=at("Wed 14:01")))
    assert planned(seen) == [(3, "lead", LEA)]
    assert seen.is_used_up
    assert seen.next_at == at("Fri 14:01")


def test_nobody_is_escalated_who_was_not_asked():
    waiting = START._replace(cursor=2, is_pending=True)
    seen = see("Mon+ 12:00", waiting)
    assert seen.notices == []
    assert seen.next_at == at("Mon+ 16:00")  # the soonest, if it were handed off at once


def test_what_is_held_for_a_digest_is_not_looked_after_before_it_can_have_been_read():
    held = START._replace(cursor=2, is_pending=True, held_until=at("Thu 08:00"))
    assert see("Wed 10:00", held).next_at == at("Thu 13:00")
    at_once = replace(LADDER, steps=(*STEPS[:2], replace(STEPS[2], amount=0)))
    assert see("Thu 12:00", held, ladder=at_once).next_at == at("Thu 12:00") + CHECK_BACK


def test_an_escalation_does_not_wait_for_a_reminder_that_came_too_late_to_be_sent():
    steps = (STEPS[0], replace(STEPS[2], anchor="due"))
    opened = at("Tue 17:00")
    late = START._replace(cursor=1, quiet_until=opened, acted_at=opened)
    assert planned(see("Wed 14:00", late, ladder=replace(LADDER, steps=steps))) == [(2, "backup", BEN)]


def test_after_an_outage_one_step_runs_and_the_next_counts_from_it():
    seen = see("Mon+ 12:00")
    assert planned(seen) == [(1, "poc", ANN)]
    assert seen.next_at == at("Mon+ 16:00")


def test_an_escalation_counted_from_the_due_moment_waits_as_long_after_a_late_hand_off():
    steps = (STEPS[1], Step(2, "escalation", 4, "working_hours", "backup", anchor="due"))
    ladder = replace(LADDER, steps=steps)
    on_time = START._replace(cursor=1, handed_off_at=DUE)
    late = START._replace(cursor=1, handed_off_at=at("Thu 09:00"))
    assert see("Wed 12:00", on_time, ladder=ladder).next_at == at("Wed 14:00")
    assert see("Thu 09:00", late, ladder=ladder).next_at == at("Thu 13:00")


def test_an_escalation_over_the_weekend_waits_for_monday():
    friday = START._replace(anchor_at=at("Fri 15:00"), cursor=2, handed_off_at=at("Fri 15:00"))
    assert see("Fri 15:01", friday).next_at == at("Mon+ 11:00")


def test_a_used_up_ladder_looks_again_each_working_day():
    seen = see("Fri 12:00", START._replace(cursor=4, handed_off_at=at("Thu 12:00")))
    assert seen.notices == []
    assert seen.is_used_up
    assert seen.next_at == at("Mon+ 12:00")


# --- climbing -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("slots", "told", "reached", "recorded"),
    [
        ({}, {1: {ANN}}, [(2, "backup", BEN)], []),
        ({"backup": []}, {1: {ANN}}, [(2, "lead", LEA)], [(2, "backup", "empty")]),
        ({"backup": [ANN]}, {1: {ANN}}, [(2, "lead", LEA)], [(2, "backup", "told_already")]),
        (
            {"backup": [ANN], "lead": [ANN], "leads_lead": []},
            {1: {ANN}},
            [(2, "house", DESK)],
            [(2, "backup", "told_already"), (2, "lead", "told_already"), (2, "leads_lead", "empty")],
        ),
        ({"backup": [ANN, BEN]}, {1: {ANN}}, [(2, "backup", BEN)], []),  # a team: whoever is new in it
    ],
)
def test_an_empty_or_told_slot_climbs_at_once(slots, told, reached, recorded):
    seen = see("Wed 14:01", AFTER_DUE, slots=slots, told=told)
    assert planned(seen) == reached
    assert untold(seen) == recorded


def test_a_step_that_reaches_nobody_new_counts_as_handed_off():
    alone = {"backup": [ANN], "lead": [ANN], "leads_lead": [], "house": [ANN]}
    seen = see("Wed 14:01", AFTER_DUE, slots=alone, told={1: {ANN}})
    assert planned(seen) == []
    assert not seen.position.is_pending
    assert seen.next_at == at("Thu 14:01")


def test_nobody_at_all_is_an_alarm():
    empty = {key: [] for key in EVERYBODY}
    assert untold(see("Wed 14:01", AFTER_DUE, slots=empty))[-1] == (2, "", "nobody")


def test_the_poc_is_reminded_twice_although_told():
    seen = see("Wed 10:00", START._replace(cursor=1), told={0: {ANN}})
    assert planned(seen) == [(1, "poc", ANN)]


def test_one_person_in_all_slots_is_told_once_and_the_front_desk_last():
    """The whole way up, look by look, each hand-off at once."""
    alone = {"backup": [ANN], "lead": [ANN], "leads_lead": [ANN]}
    told: dict[int, set[int]] = {}
    reached, position, now = [], START, at("Tue 10:00")
    for _ in range(8):
        seen = look(ladder=LADDER, position=position, now=now, calendar=WEEK, slots=EVERYBODY | alone, told=told)
        for notice in seen.notices:
            if notice.state == "planned":
                reached.append((notice.step.ordinal, notice.recipient))
                told.setdefault(notice.step.ordinal, set()).add(notice.recipient)
        position, now = seen.position._replace(is_pending=False), seen.next_at
    assert reached == [(0, ANN), (1, ANN), (2, DESK)]


@pytest.mark.parametrize(
    ("slot", "slots"),
    [
        ("poc", ["poc", "backup", "lead", "leads_lead", "house"]),
        ("lead", ["lead", "leads_lead", "house"]),
        ("house", ["house"]),
        (named(7), ["poc:7", "lead", "leads_lead", "house"]),
    ],
)
def test_slots_are_climbed_in_order(slot, slots):
    assert list(climb(slot)) == slots


# --- acts -----------------------------------------------------------------------------------------------------------


def acknowledged(cursor: int, when: str) -> Position:
    handed_off_at = at(when) if cursor else None
    return START._replace(
        cursor=cursor, quiet_until=at(when), acted_at=at(when), is_acknowledged=True, handed_off_at=handed_off_at
    )


def test_an_acknowledgement_holds_the_next_step_off_for_its_time_out():
    position = acknowledged(2, "Wed 11:00")
    seen = see("Wed 11:00", position)
    assert seen.notices == []
    assert not seen.is_awake
    assert seen.next_at == at("Thu 11:00")
    forgotten = see("Thu 11:00", position)
    assert planned(forgotten) == [(2, "backup", BEN)]
    assert forgotten.is_awake


def test_an_acknowledgement_never_makes_a_step_come_earlier():
    early = acknowledged(1, "Mon 10:00")._replace(cursor=2)
    ladder = replace(LADDER, steps=(*STEPS[:2], replace(STEPS[2], anchor="due", amount=4)))
    assert see("Mon 10:00", early, ladder=ladder).next_at == at("Tue 10:00")  # its time-out, when it wakes
    assert planned(see("Tue 10:00", early, ladder=ladder)) == []
    assert planned(see("Wed 14:00", early, ladder=ladder)) == [(2, "backup", BEN)]


def test_an_acknowledged_reminder_waits_and_an_earlier_one_is_skipped():
    seen = see("Tue 12:00", acknowledged(0, "Tue 12:00"))
    assert untold(seen) == [(0, "poc", "too_late")]
    assert seen.next_at == at("Wed 12:00")  # the due moment lies before the end of the time-out


def test_a_snooze_is_quiet_until_its_end_and_begins_anew_there():
    until = at("Fri 11:00")
    snoozed = START._replace(anchor_at=until, quiet_until=until, acted_at=at("Wed 12:00"), hold_until=until)
    seen = see("Wed 12:00", snoozed)
    assert untold(seen) == [(0, "poc", "too_late")]
    assert seen.next_at == until
    awake = see("Fri 11:00", snoozed._replace(cursor=1))
    assert planned(awake) == [(1, "poc", ANN)]
    assert awake.is_awake


def test_a_snooze_that_ends_before_the_due_moment_wakes_without_a_notice():
    until = at("Tue 15:00")
    snoozed = START._replace(quiet_until=until, acted_at=at("Mon 12:00"), hold_until=until)
    assert see("Mon 12:00", snoozed).next_at == until
    awake = see("Tue 15:00", snoozed._replace(cursor=1))
    assert awake.is_awake
    assert awake.notices == []
    assert awake.next_at == DUE


def test_a_step_repeats_after_each_hand_off_and_then_goes_on():
    steps = (replace(STEPS[1], max_repeats=1, repeat_amount=2), *STEPS[2:])
    ladder = replace(LADDER, steps=steps)
    first = see("Wed 10:00", ladder=ladder)
    assert (first.position.cursor, first.position.repeat_no) == (0, 1)
    assert first.next_at == at("Wed 12:00")
    handed_off = first.position._replace(handed_off_at=at("Wed 10:05"), is_pending=False)
    second = see("Wed 12:05", handed_off, ladder=ladder)
    assert planned(second) == [(1, "poc", ANN)]
    assert (second.position.cursor, second.position.repeat_no) == (1, 0)


# --- waiting for the customer ---------------------------------------------------------------------------------------


def test_whoever_has_it_is_asked_whether_it_still_waits_again_and_again():
    position, now, asked = START, at("Mon 10:00"), []
    for _ in range(3):
        seen = look_at_waiting(
            ladder=LADDER, position=position, moment=now, now=now, calendar=WEEK, slots={"poc": [ANN]}
        )
        asked += [(n.step.kind, n.repeat_no, n.recipient, n.planned_for) for n in seen.notices]
        assert seen.next_at == shift(now, LADDER.wait_amount, LADDER.wait_unit, WEEK)
        position, now = seen.position, seen.next_at
    assert [(kind, n, who) for kind, n, who, _ in asked] == [("still_waiting", n, ANN) for n in range(3)]
    assert position.cursor == START.cursor


def test_where_nobody_has_it_the_next_one_up_is_asked():
    seen = look_at_waiting(
        ladder=LADDER, position=START, moment=DUE, now=DUE, calendar=WEEK, slots={"lead": [LEA], "house": [DESK]}
    )
    assert [(n.reached, n.recipient) for n in seen.notices if n.state == "planned"] == [("lead", LEA)]


# --- always ---------------------------------------------------------------------------------------------------------

POSITIONS = st.builds(
    START._replace,
    cursor=st.integers(0, 4),
    handed_off_at=st.none() | st.integers(0, 9000).map(lambda m: OPENED + timedelta(minutes=m)),
    is_pending=st.booleans(),
    is_acknowledged=st.booleans(),
    acted_at=st.integers(0, 9000).map(lambda m: OPENED + timedelta(minutes=m)),
)
PEOPLE = st.lists(st.sampled_from([ANN, BEN, LEA, UMA, DESK]), max_size=2, unique=True)


@settings(max_examples=300, derandomize=True, deadline=None, database=None)
@given(POSITIONS, st.integers(0, 20_000), st.fixed_dictionaries(dict.fromkeys(EVERYBODY, PEOPLE)))
def test_every_look_goes_forward_and_tells_nobody_twice(position, minutes, slots):
    now = OPENED + timedelta(minutes=minutes)
    told = {1: {ANN}} if position.cursor > 1 else {}
    seen = look(ladder=LADDER, position=position, now=now, calendar=WEEK, slots=slots, told=told)
    assert seen.next_at > now
    assert seen.position.cursor >= position.cursor
    reached = planned(seen)
    assert len({recipient for _, _, recipient in reached}) == len(reached)
    assert not {recipient for step, _, recipient in reached if step > 1} & told.get(1, set())
    escalations = {step for step, *_ in reached if step > 1}
    assert len(escalations) <= 1  # the next one waits for this one's hand-off
