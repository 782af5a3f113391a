"""Working time: holidays and week-ends, the nights when clocks change, calendars that never close or never open."""

from __future__ import annotations

import time as machine
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise

from crm.commitments.models import Commitment, Kind
from crm.commitments.planning import recount
from crm.core.working_time import ALL_DAY, NeverOpens, WorkingTime, always
from crm.poc.hours import change_calendar, close_days, open_calendar
from tests import clock
from tests.core import walk
from tests.core.walk import LUNCH, NINE_TO_FIVE, WEEK, Walk
from tests.factories.commitments import change_ladder
from tests.factories.poc import CalendarFactory, PersonFactory
from tests.faults.registry import POSTGRES, SQLITE, scenario
from tests.faults.rig import Rig
from tests.faults.scenarios._inside import administrator, at, post_office, promise, record
from tests.faults.world import BY

BOTH = (POSTGRES, SQLITE)
MONDAY = datetime(2026, 3, 2, 8, tzinfo=UTC)
WORK = 8  # working hours, what each promise is due after
REMINDED = """
SELECT COUNT(DISTINCT commitment_id) FROM commitments_notification WHERE kind = 'reminder' AND state = 'planned'"""
QUICK_ENOUGH = 0.010  # seconds, for a calendar that never opens


@scenario(10, "holidays and week-ends lengthen, never shorten", quick=True, databases=BOTH)
def days_off(rig: Rig) -> None:
    """Promises over four weeks; days are closed after they were made, then opened again: each as the walk says."""
    clock.freeze(MONDAY)
    n = rig.size(2000, 60)
    change_ladder(Kind.FIRST_ANSWER, target_amount=WORK, target_unit="working_hours")
    calendar = open_calendar(name="Office", zone="Europe/Lisbon", week=WEEK, by=BY, at=MONDAY)
    dossier = record(PersonFactory(name="Ann", calendar=calendar), title="Atlantico")
    opened = [MONDAY + timedelta(minutes=rig.chance.randrange(26 * 1440)) for _ in range(n)]
    rows = [
        promise(dossier, f"answer {i}", opened=moment, due=None, kind=Kind.FIRST_ANSWER)
        for i, moment in enumerate(opened)
    ]
    dues: list[dict[int, datetime]] = []
    days: set[date] = set()
    for _ in range(rig.size(6, 2)):
        dues.append(_compare(rig, rows, opened, days))
        more = {(MONDAY + timedelta(days=rig.chance.randrange(28))).date(): "Holiday" for _ in range(2)}
        close_days(calendar=calendar, days=more, by=BY, at=MONDAY)
        days |= set(more)
        recount.recount()
    dues.append(_compare(rig, rows, opened, days))
    for earlier, later in pairwise(dues):
        shortened = sum(later[pk] < due for pk, due in earlier.items())
        rig.demand(not shortened, f"{shortened} of {n} became due earlier by a holiday")
    rig.demand(any(dues[-1][pk] > due for pk, due in dues[0].items()), "no due moment moved: nothing was tried")
    change_calendar(calendar=calendar, days={}, by=BY, at=MONDAY)
    recount.recount()
    rig.demand(_compare(rig, rows, opened, set()) == dues[0], "not as before when the days are open again")
    with post_office(rig):
        at(MONDAY)


def _compare(rig: Rig, rows: list[Commitment], opened: list[datetime], days: set[date]) -> dict[int, datetime]:
    """Return the due moments that stand in the table, each compared with the walk over every minute."""
    oracle = Walk(WorkingTime("Europe/Lisbon", WEEK, {day: [] for day in days}), MONDAY, days=70)
    stood = dict(Commitment.objects.values_list("pk", "due_at"))
    wrong = sum(stood[c.pk] != oracle.add(moment, WORK * 60) for c, moment in zip(rows, opened, strict=True))
    rig.tried(len(rows))
    rig.demand(not wrong, f"{wrong} of {len(rows)} due moments are not the walk's, with {len(days)} days closed")
    return stood


# --- The nights when clocks change -----------------------------------------------------------------------------------

HOUR = 3600
EVERY_DAY = dict.fromkeys(range(7), ALL_DAY)
HALF_PAST = dict.fromkeys(range(7), ((time(1, 30), time(3)),))
TABLE = [  # zone, hours, from, working seconds, until
    ("Europe/Lisbon", EVERY_DAY, "2026-03-29T00:00", 23 * HOUR, "2026-03-29T23:00"),  # that Sunday has 23 hours
    ("Europe/Lisbon", EVERY_DAY, "2026-10-24T23:00", 25 * HOUR, "2026-10-26T00:00"),  # and this one 25
    ("Europe/Lisbon", HALF_PAST, "2026-03-29T00:00", HOUR, "2026-03-29T02:00"),  # 1:30 is missing: from 2 to 3
    ("Europe/Lisbon", HALF_PAST, "2026-10-25T00:00", 90 * 60, "2026-10-25T02:00"),  # from the first 1:30
    ("America/New_York", {6: [(time(1, 30), time(2, 30))]}, "2026-11-01T00:00", 2 * HOUR, "2026-11-01T07:30"),
    ("America/New_York", {6: [(time(1), time(1, 30))]}, "2026-11-01T00:00", 90 * 60, "2026-11-01T06:30"),  # to the 2nd
    ("Australia/Lord_Howe", EVERY_DAY, "2026-10-03T13:30", int(23.5 * HOUR), "2026-10-04T13:00"),  # half an hour
    ("Pacific/Apia", {4: ALL_DAY}, "2011-12-28T00:00", HOUR, "2012-01-05T11:00"),  # a Friday that never was
    ("Asia/Kathmandu", WEEK, "2026-03-02T00:00", HOUR, "2026-03-02T04:15"),
]


@scenario(11, "the nights when clocks change", quick=True, databases=BOTH)
def clock_changes(rig: Rig) -> None:
    """A table of cases; every zone of the world around its own changes; any zone at any change against the walk."""
    for zone, hours, since, seconds, until in TABLE:
        ends = WorkingTime(zone, hours).add(_utc(since), seconds)
        rig.demand(ends == _utc(until), f"{zone}, {seconds} s from {since}: {ends:%Y-%m-%dT%H:%M}, not {until}")
    rig.tried(len(TABLE))
    zones = walk.zones()
    if rig.quick:
        zones = rig.chance.sample(zones, 12)
    for n, zone in enumerate(zones):
        rig.tried(_holds(rig, lambda zone=zone: walk.check(zone)))  # type: ignore[misc]
        rig.say(f"{n} of {len(zones)} zones")
    rig.tried(_holds(rig, lambda: walk.explore(rig.size(3000, 15))))


def _holds(rig: Rig, compare: Callable[[], int]) -> int:
    """Return how many cases were compared; a difference is said, and counts as one."""
    try:
        return compare()
    except AssertionError as error:
        rig.demand(False, f"not the walk's: {error}")
        return 1


def _utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


# --- Never open, never closed ----------------------------------------------------------------------------------------


@scenario(12, "calendars that never open, never close, or twice a day", quick=True, databases=BOTH)
def odd_calendars(rig: Rig) -> None:
    """What never opens is told in time, counted as it passes, and said to an administrator once; the rest adds up."""
    _pure(rig)
    clock.freeze(MONDAY)
    administrator()
    change_ladder(Kind.FIRST_ANSWER, target_amount=WORK, target_unit="working_hours")
    dossier = record(PersonFactory(name="Ann", calendar=CalendarFactory()), title="Atlantico")
    n = rig.size(200, 10)
    rows = [promise(dossier, f"answer {i}", opened=MONDAY, due=None, kind=Kind.FIRST_ANSWER) for i in range(n)]
    for c in rows:
        rig.demand(c.due_at == MONDAY + timedelta(hours=WORK), f"due at {c.due_at}: not as time passes")
    with post_office(rig):
        for hours in range(4 * 24):
            at(MONDAY + timedelta(hours=hours))
    told = rig.ask(REMINDED)
    rig.demand(told == n, f"{told} of {n} were told of")
    said = rig.ask("SELECT COUNT(*) FROM commitments_notification WHERE kind = 'never_opens' AND channel = 'inbox'")
    rig.demand(said == 1, f"administrators were told {said} times, not once")
    failed = rig.ask("SELECT COUNT(*) FROM commitments_commitment WHERE plan_errors > 0")
    rig.demand(failed == 0, f"{failed} could not be planned")
    rig.tried(n)


def _pure(rig: Rig) -> None:
    """The arithmetic alone: closed for ever within ten milliseconds, always open, two intervals a day."""
    closed = [WorkingTime("UTC", {}), WorkingTime("UTC", {}, {date(2026, 3, 3): []})]
    closed.append(WorkingTime("Europe/Lisbon", {0: [(time(9), time(9))]}))
    for working in closed:
        for ask in (lambda w=working: w.add(MONDAY, HOUR), lambda w=working: w.add_days(MONDAY, 2)):  # type: ignore[misc]
            seconds = min(_refused_after(rig, ask) for _ in range(3))
            rig.demand(seconds < QUICK_ENOUGH, f"a calendar that never opens took {1000 * seconds:.0f} ms")
    for minutes in (rig.chance.randrange(1, 20_000) for _ in range(rig.size(2000, 50))):
        since = MONDAY + timedelta(minutes=rig.chance.randrange(100_000))
        ends = always("Europe/Lisbon").add(since, minutes * 60)
        rig.demand(ends == since + timedelta(minutes=minutes), f"always open: {minutes} min from {since} end at {ends}")
        twice = WorkingTime("Europe/Lisbon", dict.fromkeys(range(5), LUNCH))
        ends = twice.add(since, minutes % 2000 * 60)
        rig.demand(twice.between(since, ends) == minutes % 2000 * 60, f"twice a day: {minutes % 2000} min from {since}")
        rig.tried(2)
    once = WorkingTime("UTC", dict.fromkeys(range(5), NINE_TO_FIVE))
    rig.demand(once.add(MONDAY, 9 * HOUR) == MONDAY + timedelta(days=1, hours=2), "nine hours are a day and one hour")


def _refused_after(rig: Rig, ask: Callable[[], object]) -> float:
    begun = machine.perf_counter()
    try:
        ask()
    except NeverOpens:
        return machine.perf_counter() - begun
    rig.demand(False, "what never opens was counted in")
    return 0.0
