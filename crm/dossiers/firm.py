"""The house itself: its name, country, zone and language."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.db import transaction

from crm.core.actor import Actor
from crm.core.refusals import UnknownZone
from crm.dossiers.actions import NameRequired, change_fields, record
from crm.dossiers.models import Event, Firm


@transaction.atomic
def set_up(*, name: str, country: str, zone: str, language: str, by: Actor, at: datetime) -> Firm:
    """Say who the house is, the first time and whenever that changes. Records old → new of what differs.

    :raises NameRequired: `name` is blank.
    :raises UnknownZone: `zone` is no zone.
    """
    name = " ".join(name.split())
    if not name:
        raise NameRequired
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise UnknownZone from None
    firm = Firm.objects.select_for_update(no_key=True).get(pk=Firm.ONLY)
    changes = change_fields(firm, {"name": name, "country": country, "zone": zone, "language": language})
    firm.set_up_at = firm.set_up_at or at
    firm.save()
    if changes:
        record(kind=Event.Kind.CHANGED, dossiers=[], by=by, at=at, facts={"kind": "firm", "changes": changes})
    return firm
