"""Open the doors people come to us through: the hotline, support@, the shop."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from crm.core.actor import Actor
from crm.dossiers.actions import change_fields, file, record, refile
from crm.dossiers.models import Channel, Dossier, Event
from crm.poc.models import WorkingCalendar
from interactions.models import TouchPoint


@transaction.atomic
def open_touch_point(
    *,
    name: str,
    channel: Channel,
    address: str = "",
    calendar: WorkingCalendar | None = None,
    by: Actor,
    at: datetime,
) -> TouchPoint:
    """Open a touch point with its dossier; who answers there is assigned like anywhere.

    :raises NameRequired: `name` is blank.
    """
    dossier = file(kind=Dossier.Kind.TOUCH_POINT, title=name)
    door = TouchPoint.objects.create(dossier=dossier, channel=channel, address=address.strip(), calendar=calendar)
    record(kind=Event.Kind.CREATED, dossiers=[dossier], by=by, at=at, facts={"kind": "touch_point"})
    return door


@transaction.atomic
def change_touch_point(
    *,
    touch_point: TouchPoint,
    name: str,
    channel: Channel,
    address: str = "",
    calendar: WorkingCalendar | None = None,
    by: Actor,
    at: datetime,
) -> TouchPoint:
    """Change a touch point; records old → new of what differs.

    :raises NameRequired: `name` is blank.
    """
    locked = TouchPoint.objects.select_for_update(of=("self",), no_key=True).get(pk=touch_point.pk)
    dossier = refile(dossier=locked.dossier, title=name, parent=None, tier=locked.dossier.tier, by=by, at=at)
    changes = change_fields(locked, {"channel": channel, "address": address.strip(), "calendar": calendar})
    if changes:
        locked.save(update_fields=list(changes))
        record(kind=Event.Kind.CHANGED, dossiers=[dossier], by=by, at=at, facts={"changes": changes})
    locked.dossier = dossier
    return locked
