"""What one person owes as a calendar that other programs subscribe to: iCalendar (RFC 5545, RFC 7986).

The one module that knows icalendar. The calendar lies with somebody else: it names neither
contacts nor attendees. What is settled, or no longer theirs, is left out: a subscriber
replaces the whole, so it goes from there too.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _

from crm.commitments import inbox
from crm.commitments.models import Commitment
from crm.core.text import printable
from crm.dossiers.models import Dossier, Firm
from crm.poc.models import ShareLink
from crm.poc.sharing import Field
from crm.poc.visibility import visible_homes
from crm.users.middleware import zone_named

if TYPE_CHECKING:
    from icalendar import Calendar, Event

    from crm.users.models import User

CONTENT_TYPE = "text/calendar; charset=utf-8"
AHEAD = timedelta(days=90)  # and everything overdue
LENGTH = timedelta(minutes=15)  # an entry without a length is drawn by nobody alike
END_OF_DAY = time(23, 59)  # due from then on: the whole day has it
ANEW = timedelta(hours=1)  # how often a subscriber should ask
ENDING = timedelta(days=14)  # before the link ends, the calendar says so


@dataclass(frozen=True, slots=True)
class Feed:
    """A calendar as it is sent: the same bytes as long as nothing in it changes."""

    content: bytes
    language: str
    changed_at: datetime  # of the newest thing in it; what went leaves no trace here

    @property
    def etag(self) -> str:
        return f'"{hashlib.sha256(self.content).hexdigest()[:32]}"'


def feed(link: ShareLink, *, at: datetime) -> Feed:
    """Return the calendar behind a link whose owner is loaded, in their language. Constant queries."""
    user: Any = link.poc.user  # type: ignore[union-attr]  # a feed is somebody's
    firm = Firm.objects.get()
    owed = promises(user, at=at)
    language = user.language or link.language
    with translation.override(language):
        content = _written(link, owed, firm=firm, zone=zone_named(user.time_zone or firm.zone), at=at)
    return Feed(content, language, changed_at=max([link.created_at, *(c.acted_at for c in owed)]))


def promises(user: User, *, at: datetime) -> list[Commitment]:
    """Return what `user` and their teams owe: overdue, and in the next 90 days; 500 at most, the soonest first.

    What is snoozed is among it: it is owed all the same. Each has its `owner` and its home loaded.
    """
    owed = inbox.read(inbox.pocs_of(user), at=at, before=at + AHEAD, also=["home"], resting=True).owed
    homes = visible_homes(user)
    if homes is None:
        return owed
    seen = set(homes)
    return [c for c in owed if c.home_id in seen]


def uid(path: str) -> str:
    """Return what makes an entry the same one whenever it is read: of this installation, and telling nothing."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, settings.PUBLIC_URL + path))


def _written(link: ShareLink, owed: Sequence[Commitment], *, firm: Firm, zone: ZoneInfo, at: datetime) -> bytes:
    calendar = _calendar(firm, zone)
    for commitment in owed:
        calendar.add_component(_promise(commitment, zone, with_names=Field.NAME in link.shown))
    if link.expires_at <= at + ENDING:
        calendar.add_component(_end_of(link, zone))
    if not calendar.subcomponents:
        calendar.add_component(_utc())
    return bytes(calendar.to_ical())


def _calendar(firm: Firm, zone: ZoneInfo) -> Calendar:
    from icalendar import Calendar, vText  # noqa: PLC0415  # slow to load

    name = vText(printable(_("Promises · %(firm)s") % {"firm": firm}))
    calendar = Calendar()
    calendar.add("version", "2.0")
    calendar.add("prodid", "-//Liaison//Liaison//EN")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", "PUBLISH")
    calendar.add("name", name)
    calendar.add("x-wr-calname", name)  # as most programs know it
    calendar.add("x-wr-timezone", zone.key)
    calendar.add("refresh-interval", ANEW, parameters={"VALUE": "DURATION"})
    calendar.add("x-published-ttl", "PT1H")  # the same, for Outlook
    return calendar


def _promise(commitment: Commitment, zone: ZoneInfo, *, with_names: bool) -> Event:
    """One thing owed. Every act raises its generation, so a later version is known to be later."""
    path = f"/owed/{commitment.pk}/"
    event = _event(path, changed_at=commitment.acted_at, sequence=commitment.generation - 1)
    local = commitment.due_at.astimezone(zone)
    if local.time() >= END_OF_DAY:
        _all_day(event, local.date())
    else:  # a moment in UTC is the same in every program, and needs no zone of theirs or ours
        event.add("dtstart", commitment.due_at.astimezone(UTC))
        event.add("dtend", commitment.due_at.astimezone(UTC) + LENGTH)
    event.add("summary", printable(str(commitment)) if with_names else _("Due at Liaison"))
    event.add("description", "\n".join([*(_said(commitment) if with_names else ()), settings.PUBLIC_URL + path]))
    return event


def _said(commitment: Commitment) -> list[str]:
    """The record, unless that is a person outside: then whom they belong to. And who answers."""
    dossier, home = commitment.dossier, commitment.home
    is_person = Dossier.Kind.CONTACT
    names = [record.title for record in (dossier, home) if record.kind != is_person][:1]
    owner = commitment.owner.name  # type: ignore[attr-defined]  # as read
    return [printable(line) for line in (*names, _("Who answers: %(name)s") % {"name": owner})]


def _end_of(link: ShareLink, zone: ZoneInfo) -> Event:
    """The calendar's own end, so that it does not fall silent unnoticed."""
    event = _event("/calendar/", changed_at=link.created_at, sequence=0)
    event["uid"] = uid(f"/calendar/#{link.pk}")
    _all_day(event, link.expires_at.astimezone(zone).date())
    event.add("summary", _("This calendar ends: make a new link"))
    event.add("description", f"{settings.PUBLIC_URL}/calendar/")
    return event


def _event(path: str, *, changed_at: datetime, sequence: int) -> Event:
    """What every entry has: it blocks nobody's time, and rings no bell of its own."""
    from icalendar import Event  # noqa: PLC0415  # slow to load

    event = Event()
    event.add("uid", uid(path))
    event.add("dtstamp", changed_at.astimezone(UTC))  # not the moment of asking: what is unchanged stays the same
    event.add("last-modified", changed_at.astimezone(UTC))
    event.add("sequence", sequence)
    event.add("status", "CONFIRMED")
    event.add("transp", "TRANSPARENT")
    event.add("x-microsoft-cdo-busystatus", "FREE")  # the same, for Outlook
    event.add("url", settings.PUBLIC_URL + path)
    return event


def _all_day(event: Event, day: date) -> None:
    event.add("dtstart", day)
    event.add("dtend", day + timedelta(days=1))


def _utc() -> Any:
    """The zone of every moment here. A calendar may not be empty (RFC 5545, 3.6), even when nothing is owed."""
    from icalendar import Timezone, TimezoneStandard  # noqa: PLC0415  # slow to load

    zone, always = Timezone(), TimezoneStandard()
    zone.add("tzid", "UTC")
    always.add("dtstart", datetime(1970, 1, 1))  # noqa: DTZ001  # RFC 5545, 3.6.5: a local time
    always.add("tzoffsetfrom", timedelta(0))
    always.add("tzoffsetto", timedelta(0))
    zone.add_component(always)
    return zone
