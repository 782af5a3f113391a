"""Give many records a tier in one act."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.db import transaction

from crm.core.actor import Actor
from crm.dossiers.actions import BATCH, Happening, record_many
from crm.dossiers.models import Dossier, Event, Tier


@transaction.atomic
def set_tier(*, dossiers: Collection[Dossier], tier: Tier | None, by: Actor, at: datetime) -> list[Dossier]:
    """Give records a tier (None: none), and return those whose tier it was not; constant queries.

    Each change is an event of its own, as if it had been made on the record.
    """
    ids = sorted(dossier.pk for dossier in dossiers)
    rows = Dossier.objects.select_for_update(of=("self",), no_key=True).select_related("tier")
    locked = list(rows.filter(pk__one_of=ids).order_by("pk"))
    changed = [dossier for dossier in locked if dossier.tier_id != (tier.pk if tier else None)]
    happenings = [
        Happening(Event.Kind.CHANGED, [dossier], at, {"changes": {"tier": [_name(dossier.tier), _name(tier)]}})
        for dossier in changed
    ]
    for dossier in changed:
        dossier.tier = tier
    Dossier.objects.bulk_update(changed, ["tier"], batch_size=BATCH)
    record_many(happenings, by=by, at=at)
    return changed


def _name(tier: Tier | None) -> str:
    return tier.name if tier else ""
