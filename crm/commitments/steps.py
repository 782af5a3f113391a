"""The escalation steps of one thing owed, as they will come if nobody acts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from crm.commitments import facts, ladder
from crm.commitments.models import Commitment
from crm.poc.models import PointOfContact


@dataclass(frozen=True, slots=True)
class Coming:
    """One step: who would be told, and not before when. `is_done`: it was taken already."""

    poc: PointOfContact
    slot: str
    at: datetime
    is_done: bool = False


def steps_of(commitment: Commitment, *, at: datetime) -> list[Coming]:
    """Return the steps of an open promise in their order; those for whom nobody is there are left out.

    An escalation is counted from the step before it, as if that reached its reader at once. The
    planner alone decides; this is what it is going to do if nothing changes.
    """
    known = facts.load([commitment], at)
    slots = known.slot_pocs(commitment)
    calendar = known.calendars[known.answer(commitment).poc_id]
    pocs = PointOfContact.objects.in_bulk([pk for pk in slots.values() if pk is not None])
    coming: list[Coming] = []
    before = commitment.anchor_at
    for number, step in enumerate(known.ladders[commitment.policy_version_id].steps):
        anchor = before if step.anchor == ladder.HAND_OFF else commitment.anchor_at
        moment = ladder.shift(anchor, step.amount, step.unit, calendar)
        before = max(before, moment)
        poc_id = slots.get(step.slot)
        if poc_id is not None and poc_id not in {c.poc.pk for c in coming if step.kind == ladder.ESCALATION}:
            coming.append(Coming(pocs[poc_id], step.slot, moment, is_done=number < commitment.cursor))
    return coming
