"""When somebody is told, and who: one look at one thing that is owed. Pure; no Django.

A ladder is a sequence of steps. A look runs every step whose moment has come, and says when to
look again. Its rules:

- A reminder whose moment lies before the opening or the last act, or within a snooze, is
  skipped; the step at the due moment never is.
- An escalation is counted from the hand-off of the step before it. Until that is handed off it
  waits, so an outage of ours never reports somebody who was never asked.
- A slot with nobody in it, or only with people told at a lower step, climbs at once to the next
  slot up: backup, lead, the lead's lead, front desk. A step that ends with nobody counts as handed off.
- Reminders missed for one recipient become one notice; the earlier ones are coalesced into it.
- After an acknowledgement the next step runs when its time-out is over.
- A used-up ladder tells nobody more and looks again each working day.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from crm.core.working_time import NeverOpens, WorkingTime

REMINDER, ESCALATION = "reminder", "escalation"
DUE, HAND_OFF = "due", "hand_off"
PLANNED, COALESCED, SKIPPED = "planned", "coalesced", "skipped"
POC, BACKUP, LEAD, LEADS_LEAD, HOUSE = CLIMB = ("poc", "backup", "lead", "leads_lead", "house")
WORKING_DAYS = "working_days"
WORKING_SECONDS = "working_seconds"
SECONDS = {"minutes": 60, "hours": 3600, "working_seconds": 1, "working_minutes": 60, "working_hours": 3600}
ELAPSED = ("minutes", "hours")
DAYS_ENOUGH = 20  # open ones, of a calendar that no weekday opens
CHECK_BACK = timedelta(minutes=1)  # while the mail of the step before has not been handed off

# Why a step, or one slot of it, told nobody.
TOO_LATE, EMPTY, TOLD_ALREADY, NOBODY, ONE_NOTICE = "too_late", "empty", "told_already", "nobody", "one_notice"


@dataclass(frozen=True, slots=True)
class Step:
    """One step: when (an amount before or after its anchor), whom (a slot), how often."""

    ordinal: int
    kind: str
    amount: int
    unit: str
    slot: str
    anchor: str = DUE
    repeat_amount: int = 0
    repeat_unit: str = "working_hours"
    max_repeats: int = 0
    by_email: bool = True
    urgent: bool = False

    @property
    def may_be_skipped(self) -> bool:
        return self.kind == REMINDER and self.amount != 0


# No step of any ladder: what is asked now and then of whoever has something that waits for the customer.
STILL_WAITING = Step(ordinal=-1, kind="still_waiting", amount=0, unit=WORKING_DAYS, slot=POC)


@dataclass(frozen=True, slots=True)
class Ladder:
    """The steps of one policy, how long an acknowledgement holds them off, and when waiting is asked about.

    `calendar_id` is the calendar they count in; None: that of whoever answers.
    """

    steps: Sequence[Step]
    ack_amount: int
    ack_unit: str
    wait_amount: int = 5
    wait_unit: str = WORKING_DAYS
    calendar_id: int | None = None


class Position(NamedTuple):
    """How far one commitment is on its ladder.

    `handed_off_at` is when the step before `cursor` reached somebody, None when nothing was
    told yet; `is_pending` is true while what was told is still on its way, which it is until
    `held_until` at least where it waits for a digest. `hold_until` ends a snooze; `is_acknowledged`
    holds off by the ladder's own time-out.
    """

    anchor_at: datetime
    quiet_until: datetime  # the opening or the last act, or the end of a snooze
    acted_at: datetime
    cursor: int = 0
    repeat_no: int = 0
    handed_off_at: datetime | None = None
    is_pending: bool = False
    held_until: datetime | None = None
    is_acknowledged: bool = False
    hold_until: datetime | None = None


class Notice(NamedTuple):
    """One recipient of one step (or, skipped, one slot that told nobody). `slot` was asked, `reached` answered."""

    step: Step
    repeat_no: int
    planned_for: datetime
    slot: str
    reached: str
    recipient: int | None = None
    state: str = PLANNED
    reason: str = ""


@dataclass(slots=True)
class Look:
    """What one look decided."""

    position: Position
    next_at: datetime
    notices: list[Notice] = field(default_factory=list)
    is_awake: bool = True  # neither snoozed nor acknowledged any more
    is_used_up: bool = False


def shift(at: datetime, amount: int, unit: str, calendar: WorkingTime) -> datetime:
    """Move `at` by an amount of elapsed or working time; by elapsed time where the calendar never opens."""
    if amount == 0:
        return at
    if unit in ELAPSED:
        return at + timedelta(seconds=amount * SECONDS[unit])
    if unit != WORKING_DAYS:
        return _work(at, amount * SECONDS[unit], calendar)
    try:
        return calendar.add_days(at, amount)
    except NeverOpens:
        return at + timedelta(days=amount)


def _work(at: datetime, seconds: int, calendar: WorkingTime) -> datetime:
    try:
        return calendar.add(at, seconds)
    except NeverOpens:
        return at + timedelta(seconds=seconds)


def opens(calendar: WorkingTime, now: datetime) -> bool:
    """Say whether steps can count in this calendar: it opens every week, or on days enough to come."""
    if any(calendar.hours.values()):
        return True
    try:
        calendar.add_days(now, DAYS_ENOUGH)
    except NeverOpens:
        return False
    return True


def named(poc_id: int) -> str:
    """Return the slot of somebody named by a step."""
    return f"poc:{poc_id}"


def climb(slot: str) -> Sequence[str]:
    """Return the slots to try in turn; a named one (`poc:<id>`) goes on with the lead."""
    return CLIMB[CLIMB.index(slot) :] if slot in CLIMB else (slot, LEAD, LEADS_LEAD, HOUSE)


def look(
    *,
    ladder: Ladder,
    position: Position,
    now: datetime,
    calendar: WorkingTime,
    slots: Mapping[str, Sequence[int]],
    told: Mapping[int, set[int]],
) -> Look:
    """Run every step that is due at `now`, and say when to look again (always later than `now`).

    `slots` gives who can be told in each slot; `told` who was told already since the last act,
    per step. Nothing is changed: the new position is in the result.
    """
    if position.is_acknowledged:
        hold_until = shift(position.acted_at, ladder.ack_amount, ladder.ack_unit, calendar)
        position = position._replace(hold_until=hold_until)
    told = {step: set(people) for step, people in told.items()}
    notices: list[Notice] = []
    next_at: datetime | None = None
    while position.cursor < len(ladder.steps):
        step = ladder.steps[position.cursor]
        own = _own_moment(step, position, calendar)
        if step.may_be_skipped and position.repeat_no == 0 and own < position.quiet_until:
            notices.append(_skip(step, position, own, step.slot, TOO_LATE))
            position = position._replace(cursor=position.cursor + 1)
            continue
        moment = _moment(step, own, ladder, position, calendar)
        if moment is None or moment > now:
            next_at = moment or _look_again(step, own, ladder, position, now, calendar)
            break
        people = _run(step, position, moment, slots, told)
        notices += people
        position = _advance(step, position, now, reached=any(n.state == PLANNED for n in people))
    return _result(position, next_at, notices, now, calendar, is_used_up=position.cursor >= len(ladder.steps))


def look_at_waiting(
    *, ladder: Ladder, position: Position, moment: datetime, now: datetime, calendar: WorkingTime,
    slots: Mapping[str, Sequence[int]],
) -> Look:  # fmt: skip
    """Ask whoever has it whether it still waits for the customer, and say when to ask again."""
    asked = _run(STILL_WAITING, position, moment, slots, {})
    next_at = shift(now, ladder.wait_amount, ladder.wait_unit, calendar)
    return Look(position._replace(repeat_no=position.repeat_no + 1), max(next_at, now + CHECK_BACK), asked)


def _own_moment(step: Step, position: Position, calendar: WorkingTime) -> datetime:
    """Return when a step falls that counts from the due moment; of another nothing is known yet."""
    if step.kind == ESCALATION and step.anchor == HAND_OFF:
        return position.anchor_at
    return shift(position.anchor_at, step.amount, step.unit, calendar)


def _moment(step: Step, own: datetime, ladder: Ladder, position: Position, calendar: WorkingTime) -> datetime | None:
    """Return when `step` runs; None while the hand-off it counts from has not happened."""
    if position.is_acknowledged and position.hold_until:
        return max(own, position.hold_until)
    if step.kind == REMINDER and position.repeat_no == 0:
        return own
    if position.is_pending:
        return None
    since = position.handed_off_at or max(position.anchor_at, position.quiet_until)
    if position.repeat_no:
        return shift(since, step.repeat_amount, step.repeat_unit, calendar)
    if step.anchor == HAND_OFF:
        return shift(since, step.amount, step.unit, calendar)
    return max(own, _gate(step, own, ladder, position, since, calendar))


def _gate(
    step: Step, own: datetime, ladder: Ladder, position: Position, since: datetime, calendar: WorkingTime
) -> datetime:
    """Return when the step before was handed off long enough ago for one that counts from the due moment."""
    before = ladder.steps[position.cursor - 1] if position.cursor else None
    if before is None or before.anchor != DUE:
        return since
    earlier = shift(position.anchor_at, before.amount, before.unit, calendar)
    if before.may_be_skipped and earlier < position.quiet_until:
        return since  # nobody was told by it, and whoever acted knows
    if step.unit in ELAPSED:
        return since + (own - earlier)
    return _work(since, calendar.between(earlier, own), calendar)


def _look_again(
    step: Step, own: datetime, ladder: Ladder, position: Position, now: datetime, calendar: WorkingTime
) -> datetime:
    """Return when to look whether a pending hand-off has happened: not before the step could run if it did now."""
    handed_off_at = max(now, position.held_until or now)
    if_now = position._replace(is_pending=False, handed_off_at=handed_off_at)
    soonest = _moment(step, own, ladder, if_now, calendar)
    return max(soonest or now, now + CHECK_BACK)


def _run(
    step: Step, position: Position, moment: datetime, slots: Mapping[str, Sequence[int]], told: dict[int, set[int]]
) -> list[Notice]:
    """Tell whoever is in the slot, climbing while there is nobody new in it."""
    escalates = step.kind == ESCALATION
    below = (people for ordinal, people in told.items() if escalates and ordinal < step.ordinal)
    before = {person for people in below for person in people}
    notices: list[Notice] = []
    for slot in climb(step.slot):
        people = slots.get(slot, ())
        fresh = [p for p in people if p not in before] if before else people
        if fresh:
            told.setdefault(step.ordinal, set()).update(fresh)
            tell = [Notice(step, position.repeat_no, moment, step.slot, slot, recipient=p) for p in fresh]
            return notices + tell
        notices.append(_skip(step, position, moment, slot, TOLD_ALREADY if people else EMPTY))
    nobody_at_all = all(n.reason == EMPTY for n in notices)
    return [*notices, _skip(step, position, moment, "", NOBODY)] if nobody_at_all else notices


def _skip(step: Step, position: Position, moment: datetime, slot: str, reason: str) -> Notice:
    return Notice(step, position.repeat_no, moment, step.slot, slot, state=SKIPPED, reason=reason)


def _advance(step: Step, position: Position, now: datetime, *, reached: bool) -> Position:
    """Return the position after `step` ran; whoever was reached has yet to be handed the notice."""
    repeats = reached and position.repeat_no < step.max_repeats
    return position._replace(
        cursor=position.cursor if repeats else position.cursor + 1,
        repeat_no=position.repeat_no + 1 if repeats else 0,
        handed_off_at=now,
        is_pending=reached,
        is_acknowledged=False,
        hold_until=None,
    )


def _result(
    position: Position,
    next_at: datetime | None,
    notices: list[Notice],
    now: datetime,
    calendar: WorkingTime,
    *,
    is_used_up: bool,
) -> Look:
    soonest = next_at or shift(now, 1, WORKING_DAYS, calendar)
    holds = False
    if position.hold_until is not None and position.hold_until > now:
        holds, soonest = True, min(soonest, position.hold_until)
    elif position.hold_until is not None or position.is_acknowledged:
        position = position._replace(hold_until=None, is_acknowledged=False)
    soonest = max(soonest, now + timedelta(seconds=1))
    told = notices if len(notices) < 2 else list(_coalesced(notices))
    return Look(position, soonest, told, is_awake=not holds, is_used_up=is_used_up)


def _coalesced(notices: Sequence[Notice]) -> Iterator[Notice]:
    """Leave one reminder per recipient: the last of those that are told at once."""
    last = {n.recipient: n for n in notices if n.step.kind == REMINDER and n.state == PLANNED}
    for notice in notices:
        if notice.state == PLANNED and notice.step.kind == REMINDER and last[notice.recipient] is not notice:
            yield notice._replace(state=COALESCED, reason=ONE_NOTICE)
        else:
            yield notice
