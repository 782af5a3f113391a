"""The escalation steps of one thing owed, as they will come if nobody acts."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from crm.commitments import ladder
from crm.commitments.models import Commitment, Step
from crm.commitments.planning import facts
from crm.poc.models import PointOfContact


@dataclass(frozen=True, slots=True)
class Coming:
    """One step: who would be told, as what, and not before when. `is_done`: it was taken already."""

    poc: PointOfContact
    slot: str
    at: datetime
    is_done: bool = False

    @property
    def label(self) -> Any:
        """What they are asked as; "" where the name says it, or it is whoever owes it."""
        plain = self.slot in (ladder.POC, ladder.HOUSE) or ":" in self.slot
        return "" if plain else Step.Slot(self.slot).label


def steps_of(commitment: Commitment, *, at: datetime) -> list[Coming]:
    """Return the steps of an open promise in their order; those for whom nobody is left are left out.

    An escalation is counted from the step before it, as if that reached its reader at once. The
    planner alone decides; this is what it is going to do if nothing changes.
    """
    return steps_of_many([commitment], at=at)[commitment.pk]


def steps_of_many(
    commitments: Sequence[Commitment], *, at: datetime, memory: facts.Memory | None = None
) -> dict[int, list[Coming]]:
    """Return the steps of each, as `steps_of`; a constant number of queries, less what `memory` holds already."""
    if not commitments:
        return {}
    known = facts.ground(commitments, at, memory)
    slots = {c.pk: known.slot_pocs(c) for c in commitments}
    told = {pk for each in slots.values() for pk in each.values() if pk is not None}
    pocs = PointOfContact.objects.in_bulk(told)
    return {c.pk: _steps(c, known, slots[c.pk], pocs) for c in commitments}


def _steps(
    commitment: Commitment, known: facts.Facts, slots: Mapping[str, int | None], pocs: Mapping[Any, PointOfContact]
) -> list[Coming]:
    calendar = known.calendar(commitment)
    coming: list[Coming] = []
    before = commitment.anchor_at
    for number, step in enumerate(known.ladders[commitment.policy_version_id].steps):
        if number == commitment.cursor:  # what was told was told after the last act, however long it had been due
            before = max(before, commitment.handed_off_at or commitment.acted_at)
        anchor = before if step.anchor == ladder.HAND_OFF else commitment.anchor_at
        moment = ladder.shift(anchor, step.amount, step.unit, calendar)
        if number == commitment.cursor and step.anchor == ladder.HAND_OFF and commitment.next_action_at is not None:
            moment = max(moment, commitment.next_action_at)  # nobody is told before the planner looks again
        before = max(before, moment)
        told = {c.poc.pk for c in coming} if step.kind == ladder.ESCALATION else set()
        slot = _reached(step.slot, slots, told)
        if slot is not None:
            coming.append(Coming(pocs[slots[slot]], slot, moment, is_done=number < commitment.cursor))
    return coming


def _reached(slot: str, slots: Mapping[str, int | None], told: Collection[int]) -> str | None:
    """Return the slot that is told: the one asked for, or the next one up with somebody who was not told yet."""
    upward = ladder.CLIMB[ladder.CLIMB.index(slot) :] if slot in ladder.CLIMB else (slot,)
    return next((s for s in upward if slots.get(s) is not None and slots[s] not in told), None)
