"""Quiet hours: when somebody wants no mails, and until when what comes then is held."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, time
from functools import lru_cache

from crm.core.working_time import WorkingTime
from crm.outbox.models import Message
from crm.poc.preferences import NoticePreference
from crm.poc.recipients import reach


def held_until(messages: Collection[Message], at: datetime) -> dict[int, datetime]:
    """Return until when those of these messages are held whose recipients want quiet at `at`.

    What would be too old by then goes at once: better at night than never. One query, two where
    somebody keeps quiet hours.
    """
    ids = {m.recipient_id for m in messages if not m.is_urgent}
    hours = NoticePreference.objects.filter(poc__one_of=list(ids), quiet_from__isnull=False)
    quiet = {row.poc_id: (row.quiet_from, row.quiet_until) for row in hours}
    if not quiet:
        return {}
    zones = {pk: person.zone for pk, person in reach(quiet).items()}
    ends = {pk: ends_at(at, zones[pk], since, until) for pk, (since, until) in quiet.items() if since and until}
    return {
        m.pk: end
        for m in messages
        if not m.is_urgent and (end := ends.get(m.recipient_id)) is not None and end < m.expires_at
    }


def ends_at(at: datetime, zone: str, quiet_from: time, quiet_until: time) -> datetime | None:
    """Return when the quiet hours that hold `at` end, or None outside them.

    They may run over midnight. On the nights when the clocks change they are like working hours:
    an end that is missing moves to the first valid moment, one that comes twice is the second.
    """
    return _hours(zone, quiet_from, quiet_until).closes_at(at)


@lru_cache(maxsize=1024)
def _hours(zone: str, quiet_from: time, quiet_until: time) -> WorkingTime:
    midnight = time(0)
    over_night = quiet_until < quiet_from
    daily = ((midnight, quiet_until), (quiet_from, midnight)) if over_night else ((quiet_from, quiet_until),)
    return WorkingTime(zone=zone, hours={day: [i for i in daily if i != (midnight, midnight)] for day in range(7)})
