"""What a touch does to what was owed already: keeps it, has it tried again, lets what waited for the customer go on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from crm.commitments import actions as commitments
from crm.commitments import waiting
from crm.commitments.models import Commitment, CommitmentQuerySet, Kind
from crm.commitments.waiting import Paused
from crm.core.actor import Actor
from crm.core.refusals import Refused
from interactions.follow_ups import retry
from interactions.models import Interaction
from interactions.updates import are_all_reached


class SettlesElsewhere(Refused):
    field = "settles"
    code = "settles_elsewhere"
    default_message = _("What is settled must be open and belong to the same account.")


def settle(interaction: Interaction, settles: Sequence[Commitment], by: Actor, at: datetime) -> dict[str, Any]:
    """Keep what was owed, or try it again where nobody was reached; return what undoing it needs.

    What is to be solved is settled by an outcome after which nothing more is owed, by no other; a
    promised update once everybody it was promised to has been reached. What recurs is owed again.
    What somebody else has settled since it was read is left to them: undoing this gives back nothing of it.

    :raises SettlesElsewhere: something of it is closed or lies elsewhere.
    """
    done: dict[str, Any] = {"kept": [], "again": [], "retried": [], "waited": []}
    for commitment in _still_owed(interaction, settles):
        how = _settle_one(commitment, interaction, by, at)
        if how == "kept":
            done["kept"].append(commitment.pk)
        elif how:
            done[how].append((commitment.pk, commitment.due_at.isoformat()))
            if commitment.state == Commitment.State.WAITING:
                done["waited"].append(Paused.of(commitment).facts())
    return done


def _settle_one(commitment: Commitment, interaction: Interaction, by: Actor, at: datetime) -> str:
    """Return what became of a locked row, as undoing names it; empty: nothing."""
    outcome = interaction.outcome
    if commitment.kind == Kind.RESOLUTION and outcome and not outcome.is_final:
        return ""
    if outcome and outcome.asks_retry:
        retry(commitment=commitment, by=by, at=at)
        return "retried"
    if commitment.kind == Kind.NEXT_UPDATE and not are_all_reached(commitment, interaction):
        return ""
    kept = commitments.keep(commitment=commitment, by=by, at=at)
    if kept.generation == commitment.generation:
        return ""  # done a moment ago: this is the same act
    return "kept" if kept.is_closed else "again"


def _still_owed(interaction: Interaction, settles: Sequence[Commitment]) -> list[Commitment]:
    """Lock what is settled, in one order whatever was said first, and return what is owed as it was read.

    :raises SettlesElsewhere: as `settle`.
    """
    if any(c.home_id != interaction.home_id or c.is_closed for c in settles):
        raise SettlesElsewhere
    read = {c.pk: c for c in settles}
    if not read:
        return []
    rows = Commitment.objects.filter(pk__in=read).select_related("dossier").order_by("pk")
    locked = rows.select_for_update(no_key=True, of=("self",))
    return [c for c in locked if not c.is_closed and (not c.recur_every or c.due_at == read[c.pk].due_at)]


def let_go_on(interaction: Interaction, by: Actor, at: datetime) -> list[dict[str, Any]]:
    """Let what waited for this customer go on, where they were in touch; return what undoing it needs.

    One query where nothing waits, none for what did not come from them or does not count.
    """
    if interaction.direction != Interaction.Direction.INBOUND or not interaction.is_touch:
        return []
    resumed = []
    for commitment in waiting_for(interaction).order_by("pk"):
        resumed.append(Paused.of(commitment).facts())
        waiting.resume(commitment=commitment, interaction=interaction.pk, by=by, at=at)
    return resumed


def waiting_for(interaction: Interaction) -> CommitmentQuerySet:
    """Narrow to what waits for whoever was in touch: the contact, else the account or project it was about."""
    places = (interaction.project_id, interaction.contact_id, interaction.account_id)
    here = Q(dossier__in=[pk for pk in places if pk is not None] or [interaction.dossier_id])
    if interaction.contact_id is not None:
        theirs = Q(follow_up__contact=interaction.contact_id)
        here = here & (Q(follow_up=None) | Q(follow_up__contact=None) | theirs) | theirs
    owed = Commitment.objects.open().filter(here, home=interaction.home_id, state=Commitment.State.WAITING)
    return owed.select_related("dossier")
