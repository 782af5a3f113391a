"""What becomes of things owed whose record is archived, merged or moved: settled or taken along, by the hundred."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

from django.db import transaction

from crm.commitments.acting import acted, refuse_owned
from crm.commitments.models import Commitment
from crm.commitments.telling import notices
from crm.core.actor import Actor
from crm.dossiers.actions import Happening, record_many
from crm.dossiers.models import Dossier, Event
from crm.outbox import bulk
from crm.poc.models import Grant

CLOSING = (
    "state",
    "generation",
    "acted_at",
    "next_action_at",
    "hold_until",
    "plan_errors",
    "quarantined_at",
    "closed_at",
)


@transaction.atomic
def cancel_many(
    *, commitments: Iterable[Commitment], reason: str, as_owner: bool = False, by: Actor, at: datetime
) -> list[Commitment]:
    """Say of many things that they are not owed any more; constant queries. Returns what was open.

    :raises SettledElsewhere: among them is a kind that only its owner's action settles.
    """
    rows = _locked(commitments)
    for c in rows:
        refuse_owned(c, as_owner)
    if not rows:
        return []
    notices.supersede_all(rows, Commitment.State.CANCELLED)
    for c in rows:
        acted(c, Commitment.State.CANCELLED, at)
        c.next_action_at, c.closed_at = None, at
    bulk.update(Commitment, CLOSING, [(c.pk, *(getattr(c, name) for name in CLOSING)) for c in rows])
    Grant.objects.filter(cause__one_of=[c.grant_cause for c in rows], ended_at=None).update(ended_at=at)
    record_many([_cancelled(c, reason.strip(), at) for c in rows], by=by, at=at)
    return rows


def _cancelled(c: Commitment, reason: str, at: datetime) -> Happening:
    facts = {"commitment": c.pk, "kind": c.kind, "due_at": c.due_at.isoformat()}
    personal = {"title": c.title} | ({"reason": reason} if reason else {})
    return Happening(Event.Kind.CANCELLED, [c.dossier], at, facts, personal)


@transaction.atomic
def put_many(*, commitments: Iterable[Commitment], to: Dossier, by: Actor, at: datetime) -> list[Commitment]:
    """Let many things be owed on another record, due as before; constant queries. Returns what was moved.

    Where they were, and where they are now, it is said. Whoever answers there is told at the
    next step; whoever was told already may open the new record too.
    """
    rows = [c for c in _locked(commitments) if c.dossier_id != to.pk]
    if not rows:
        return []
    happenings = [happening for c in rows for happening in _put(c, to, at)]
    Commitment.objects.filter(pk__one_of=[c.pk for c in rows]).update(dossier=to, home=to.home_id)
    move_grants(rows, to_home=to.home_id)
    record_many(happenings, by=by, at=at)
    return rows


def _put(c: Commitment, to: Dossier, at: datetime) -> list[Happening]:
    facts = {"commitment": c.pk, "changes": {"record": ["", ""]}, "from_record": c.dossier_id, "to_record": to.pk}
    personal = {"changes": {"record": [c.title, to.title]}}
    return [Happening(Event.Kind.CHANGED, [place], at, facts, personal) for place in (c.dossier, to)]


def follow(*, dossier_ids: Collection[int], home_id: int | None) -> None:
    """Let what is open on records be at home where they are at home now, and whoever was told may open it there.

    Called inside the action that moved them. Three queries.
    """
    rows = list(
        Commitment.objects.open().filter(dossier__one_of=list(dossier_ids)).exclude(home=home_id).order_by("pk")
    )
    if rows:
        Commitment.objects.filter(pk__one_of=[c.pk for c in rows]).update(home=home_id)
        move_grants(rows, to_home=home_id)


def move_grants(commitments: Iterable[Commitment], *, to_home: int | None) -> None:
    """Whoever was told about these things may open the home they are at now. One query."""
    causes = [c.grant_cause for c in commitments]
    Grant.objects.filter(cause__one_of=causes, ended_at=None).update(home=to_home)


def _locked(commitments: Iterable[Commitment]) -> list[Commitment]:
    """Lock what is open of these, ids ascending, with their records."""
    ids = sorted({c.pk for c in commitments})
    if not ids:
        return []
    rows = Commitment.objects.open().filter(pk__one_of=ids).select_related("dossier", "poc").order_by("pk")
    return list(rows.select_for_update(no_key=True, of=("self",)))
