"""What cannot be planned: backed off, set aside after some failures, and let back in by an administrator."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from crm.commitments.models import Commitment
from crm.commitments.telling import notices
from crm.core import clock
from crm.core.actor import Actor
from crm.dossiers.actions import record
from crm.dossiers.models import Event

MAX_ERRORS = 5  # then a row is set aside, and the administrators are told


@transaction.atomic
def back_off(pk: int) -> None:
    """Look at a row that cannot be planned later, each time twice as late; in the end set it aside and tell."""
    row = Commitment.objects.select_for_update(no_key=True).get(pk=pk)
    if row.is_closed:
        return
    at = clock.now()
    row.plan_errors += 1
    row.next_action_at = at + timedelta(minutes=2**row.plan_errors)
    if row.plan_errors >= MAX_ERRORS:
        row.quarantined_at = at
        key = f"q:c{row.pk}:g{row.generation}:quarantined:{at.timestamp():.0f}"  # again, where it was let back in
        notices.alarm(idem_key=key, kind="set_aside", facts={"title": row.title}, about=row, at=at)
    row.save(update_fields=["plan_errors", "next_action_at", "quarantined_at"])


@transaction.atomic
def release(*, commitment: Commitment, by: Actor, at: datetime) -> Commitment:
    """Plan it again: what was wrong is mended. Fails it once more, it is backed off and set aside as before.

    Not set aside: nothing happens.
    """
    c = Commitment.objects.select_related("dossier").select_for_update(no_key=True, of=("self",)).get(pk=commitment.pk)
    if c.quarantined_at is None:
        return c
    was, c.quarantined_at, c.plan_errors, c.next_action_at = c.quarantined_at, None, 0, at
    c.save(update_fields=["plan_errors", "next_action_at", "quarantined_at"])
    record(
        kind=Event.Kind.RELEASED, dossiers=[c.dossier], by=by, at=at,
        facts={"commitment": c.pk, "kind": c.kind, "due_at": c.due_at.isoformat(), "was": was.isoformat()},
        personal={"title": c.title},
    )  # fmt: skip
    return c
