"""Who did last what a thing owed stands at: took it on, put it off, has it wait, settled it; as it is written down."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from crm.commitments.models import Commitment
from crm.dossiers.models import Event, EventDossier
from crm.dossiers.sentences import who

State = Commitment.State


@dataclass(frozen=True, slots=True)
class LastAct:
    """What brought it to its state; `name` is "" where the product itself did, `reason` where none was given."""

    name: str
    at: datetime
    reason: str
    actor_id: int | None
    was_cancelled: bool


def last_act(commitment: Commitment) -> LastAct | None:
    """Return what was done to it last; None: nothing was since it was promised. One query."""
    at = commitment.closed_at or commitment.waiting_since or commitment.acted_at
    rows = EventDossier.objects.filter(
        dossier=commitment.dossier_id, happened_at=at, event__facts__commitment=commitment.pk
    )
    done = rows.exclude(event__kind=Event.Kind.OWED).select_related("event__actor", "event__personal")
    row = done.order_by("-pk").first()
    if row is None:
        return None
    event = row.event
    personal = event.personal.values if hasattr(event, "personal") else {}
    return LastAct(
        name=who(event, personal), at=at, reason=str(personal.get("reason") or ""), actor_id=event.actor_id,
        was_cancelled=event.kind == Event.Kind.CANCELLED,
    )  # fmt: skip
