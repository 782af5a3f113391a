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

    :raises SettlesElsewhere: something of it is closed or lies elsewhere.
    """
    outcome = interaction.outcome
    done: dict[str, Any] = {"kept": [], "again": [], "retried": []}
    for commitment in settles:
        if commitment.home_id != interaction.home_id or commitment.is_closed:
            raise SettlesElsewhere
        if commitment.kind == Kind.RESOLUTION and outcome and not outcome.is_final:
            continue
        was = (commitment.pk, commitment.due_at.isoformat())
        if outcome and outcome.asks_retry:
            done["retried"].append(was)
            retry(commitment=commitment, by=by, at=at)
        elif commitment.kind != Kind.NEXT_UPDATE or are_all_reached(commitment, interaction):
            kept = commitments.keep(commitment=commitment, by=by, at=at)
            if kept.is_closed:
                done["kept"].append(commitment.pk)
            else:
                done["again"].append(was)
    return done


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
