"""What escalation steps would do: a walk down a ladder, as if every notice were handed off at once. Writes nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from crm.commitments.planning import ladder
from crm.commitments.policy.policy_checks import Terms
from crm.core.working_time import WorkingTime

MOST_LOOKS = 500  # a ladder of twenty steps, each repeated twenty times
Slots = Mapping[str, Sequence[int]]


@dataclass(frozen=True, slots=True)
class Fired:
    """One step that ran, or was skipped (`reason` says why): when, and who was reached in which slot."""

    step: ladder.Step
    repeat_no: int
    at: datetime
    reached: str
    recipient: int | None = None
    reason: str = ""


def ladder_of(terms: Terms) -> ladder.Ladder:
    """Return the ladder of terms as the pure function wants it."""
    steps = tuple(
        ladder.Step(
            ordinal=n, kind=step.kind, amount=step.amount, unit=step.unit, anchor=step.anchor,
            slot=ladder.named(step.poc.pk) if step.poc else step.slot, repeat_amount=step.repeat_amount,
            repeat_unit=step.repeat_unit, max_repeats=step.max_repeats, by_email=step.by_email, urgent=step.urgent,
        )
        for n, step in enumerate(terms.steps)
    )  # fmt: skip
    calendar_id = terms.calendar.pk if terms.calendar else None
    return ladder.Ladder(steps, terms.ack_amount, terms.ack_unit, terms.wait_amount, terms.wait_unit, calendar_id)


def walk(
    rungs: ladder.Ladder,
    *,
    opened_at: datetime,
    due_at: datetime,
    working: WorkingTime,
    slots_at: Callable[[datetime], Slots],
    until: datetime | None = None,
) -> list[Fired]:
    """Return what the steps would do to something opened and due at these moments, until it is settled.

    `slots_at` says who is in each slot at a moment.
    """
    position = ladder.Position(anchor_at=due_at, quiet_until=opened_at, acted_at=opened_at)
    told: dict[int, set[int]] = {}
    fired: list[Fired] = []
    now = opened_at
    for _look in range(MOST_LOOKS):
        if until is not None and now > until:
            break
        look = ladder.look(ladder=rungs, position=position, now=now, calendar=working, slots=slots_at(now), told=told)
        for notice in look.notices:
            fired.append(_fired(notice, now))
            if notice.recipient is not None:
                told.setdefault(notice.step.ordinal, set()).add(notice.recipient)
        if look.is_used_up:
            break
        position, now = look.position._replace(is_pending=False), look.next_at
    return fired


def everybody(rungs: ladder.Ladder) -> Slots:
    """Return slots with somebody else in each, so that every step reaches somebody."""
    slots = dict.fromkeys([*ladder.CLIMB, *(step.slot for step in rungs.steps)])
    return {slot: (n,) for n, slot in enumerate(slots)}


def _fired(notice: ladder.Notice, now: datetime) -> Fired:
    at = notice.planned_for if notice.reason == ladder.TOO_LATE else now
    return Fired(notice.step, notice.repeat_no, at, notice.reached, notice.recipient, notice.reason)
