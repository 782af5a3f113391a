"""What every act does to a row: lock it, take back what is pending, have the planner look, record it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from crm.commitments.models import OWNER_KEPT, Commitment
from crm.commitments.refusals import ClosedAlready, SettledElsewhere
from crm.commitments.telling import notices
from crm.core.actor import Actor
from crm.dossiers.actions import record
from crm.poc.recipients import Recipient

State = Commitment.State


def locked(commitment: Commitment, *, closed_as: str = "") -> Commitment:
    """Lock and return the row as it stands now. Within a transaction.

    :raises ClosedAlready: it is closed otherwise than `closed_as`.
    """
    rows = Commitment.objects.select_related("dossier", "poc").select_for_update(no_key=True, of=("self",))
    c = rows.get(pk=commitment.pk)
    if c.is_closed and c.state != closed_as:
        raise ClosedAlready
    return c


def act(c: Commitment, state: str, at: datetime) -> None:
    """Take back what is pending, and have the planner look at once."""
    notices.supersede_all([c], state)
    acted(c, state, at)


def acted(c: Commitment, state: str, at: datetime) -> None:
    """Invalidate what is pending, and have the planner look at once."""
    c.state = state
    c.generation += 1
    c.acted_at = c.next_action_at = at
    c.hold_until = None
    c.plan_errors, c.quarantined_at = 0, None


def begin_anew(c: Commitment, anchor_at: datetime) -> None:
    """Go back to the first step, counted from another moment."""
    c.anchor_at = anchor_at
    c.cursor = c.repeat_no = 0
    c.handed_off_at = c.used_up_at = c.escalated_to = c.escalated_at = None


def forget_waiting(c: Commitment) -> None:
    """It waits for nobody any more."""
    c.waiting_since = c.remaining_seconds = None


def refuse_owned(commitment: Commitment, as_owner: bool = False) -> None:
    """:raises SettledElsewhere: only the action that settles what it stands for does this."""
    if commitment.kind in OWNER_KEPT and not as_owner:
        raise SettledElsewhere.of(commitment.kind)


def others(people: Iterable[Recipient], by: Actor) -> list[Recipient]:
    """Leave out whoever acts: they know."""
    return [p for p in people if p.user_id is None or p.user_id != by.user_id]


def recorded(
    c: Commitment, kind: str, by: Actor, at: datetime, *, personal: Mapping[str, Any] | None = None, **facts: Any
) -> Commitment:
    """Save what was done as an event, and return the row."""
    facts = {"commitment": c.pk, "kind": c.kind, "due_at": c.due_at.isoformat()} | facts
    record(
        kind=kind, dossiers=[c.dossier], by=by, at=at, facts=facts, personal={"title": c.title} | dict(personal or {})
    )
    return c
