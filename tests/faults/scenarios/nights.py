"""A mail that is tried again when its reader wants no mails."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from crm.outbox.models import Message
from crm.poc.models import PointOfContact
from crm.poc.preferences import NoticePreference
from tests import clock
from tests.factories.commitments import change_ladder
from tests.factories.poc import PersonFactory
from tests.faults.registry import POSTGRES, SQLITE, scenario
from tests.faults.rig import Rig
from tests.faults.scenarios._inside import at, mailed, post_office, promise, record

BOTH = (POSTGRES, SQLITE)
SEVEN, TEN = time(7), time(22)
NIGHTS = {  # zone → the evenings that are tried: an ordinary one, the night the clocks go on, the night they go back
    "Europe/Lisbon": ("2026-03-10", "2026-03-28", "2026-10-24"),
    "America/New_York": ("2026-03-10", "2026-03-07", "2026-10-31"),
    "Australia/Lord_Howe": ("2026-03-10", "2026-10-03", "2026-04-04"),
    "Asia/Kolkata": ("2026-03-10",),
}
MINUTE = timedelta(minutes=1)


@scenario(23, "a retry falls into the night", quick=True, databases=BOTH, copies=1)
def held_for_the_night(rig: Rig) -> None:
    """Refused at 21:59, it is sent at 7:00 of its reader's clock, in odd nights too; urgent ones at once."""
    change_ladder("follow_up", {"kind": "reminder", "amount": 0, "slot": "poc"})
    change_ladder("resolution", {"kind": "reminder", "amount": 0, "slot": "poc", "urgent": True})
    nights = sorted((datetime.fromisoformat(day), zone) for zone, days in NIGHTS.items() for day in days)
    with post_office(rig):
        for n, (day, zone) in enumerate(nights if not rig.quick else nights[::3]):
            _one_night(rig, day, zone, n)


def _one_night(rig: Rig, day: datetime, zone: str, n: int) -> None:
    evening = day.replace(hour=21, minute=59, tzinfo=ZoneInfo(zone)).astimezone(UTC)
    morning = (day + timedelta(days=1)).replace(hour=7, tzinfo=ZoneInfo(zone)).astimezone(UTC)
    calm, hasty = (_reader(f"{name} {n}", zone) for name in ("calm", "hasty"))
    opened = clock.freeze(evening - timedelta(days=2))
    promise(record(calm, title=f"calm {n}"), f"calm {n}", opened=opened, due=evening)
    promise(record(hasty, title=f"hasty {n}"), f"hasty {n}", opened=opened, due=evening, kind="resolution")
    rig.sink.rules = {calm.email: "451", hasty.email: "451"}
    at(evening)
    rig.sink.rules = {}
    moment = evening + 2 * MINUTE  # past ten: both are tried again
    while moment < morning - MINUTE:
        at(moment)
        moment += timedelta(minutes=47)
    at(morning - MINUTE)
    night = mailed(rig)
    rig.demand(night.count(hasty.email) == 1, f"{zone}, {day:%d %b}: the urgent one reached {night.count(hasty.email)}")
    rig.demand(calm.email not in night, f"{zone}, {day:%d %b}: woken in the night")
    held = Message.objects.get(recipient=calm, channel="email")
    rig.demand(held.available_at == morning, f"{zone}, {day:%d %b}: held until {held.available_at}, not {morning}")
    rig.demand(held.n_attempts <= 1, f"{zone}, {day:%d %b}: the wait used {held.n_attempts} attempts")
    at(morning)
    arrived = mailed(rig)[len(night) :]
    rig.demand(arrived == [calm.email], f"{zone}, {day:%d %b}: {arrived} at seven")
    rig.tried(2)


def _reader(name: str, zone: str) -> PointOfContact:
    """Somebody who wants no mails from ten to seven, by the clock where they are."""
    poc = PersonFactory(name=name, zone=zone)
    NoticePreference.objects.create(poc=poc, quiet_from=TEN, quiet_until=SEVEN)
    return poc
