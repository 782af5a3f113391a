"""When each thing owed has to be looked at again at the latest, and when it is due: worked out in other code.

A bound, not the moment itself: it knows neither who was told nor when that reached them, and so allows each step the
whole of its wait from now on. What is later than that, no rule of the ladder explains.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.db import connection

from crm.commitments.auditing.check import MOST, Found, Scope, ask, part
from crm.core.working_time import NeverOpens, WorkingTime
from crm.poc.calendars import by_id

SLACK = timedelta(minutes=5)
FAR = timedelta(days=4)  # beyond its anchor and from now: looked at however long the table is
UNKNOWN = timedelta(days=35)  # where the calendar is not known, on top of seven times the working time
SECONDS = {"minutes": 60, "hours": 3600, "working_minutes": 60, "working_hours": 3600, "working_days": 8 * 3600}
HOURS = ("minutes", "hours")

_COLUMNS = """
SELECT c.id, c.state, c.cursor, c.repeat_no, c.policy_version_id, c.anchor_at, c.acted_at, c.hold_until,
  c.next_action_at, c.calendar_id, c.calendar_version, c.due_at, c.due_on, c.due_time, c.zone
FROM commitments_commitment c
WHERE c.closed_at IS NULL AND c.quarantined_at IS NULL AND c.next_action_at IS NOT NULL AND c.plan_errors = 0 AND """

_OF_PART = f"{_COLUMNS} {part('c', and_newest=False)}"
_FAR_OFF = f"{_COLUMNS} c.next_action_at > c.anchor_at AND c.next_action_at > %(far)s ORDER BY c.next_action_at DESC"

_STEPS = """
SELECT s.version_id, s.kind, s.amount, s.unit, s.repeat_amount, s.repeat_unit
FROM commitments_step s ORDER BY s.version_id, s.ordinal"""

_VERSIONS = "SELECT v.id, v.ack_amount, v.ack_unit, v.wait_amount, v.wait_unit FROM commitments_policyversion v"


class Owed(NamedTuple):
    """What stands in the row."""

    pk: int
    state: str
    cursor: int
    repeat_no: int
    version_id: int
    anchor_at: datetime
    acted_at: datetime
    hold_until: datetime | None
    next_action_at: datetime
    calendar_id: int | None
    calendar_version: int | None
    due_at: datetime
    due_on: date
    due_time: time
    zone: str


class Terms(NamedTuple):
    """The waits of one version: after an acknowledgement, for the customer, and of each step."""

    ack: tuple[int, str]
    wait: tuple[int, str]
    steps: Sequence[tuple[str, int, str, int, str]]


def too_far(scope: Scope) -> list[Found]:
    """Return what will be looked at too late: of this part of the table, and of whatever is put off by days."""
    rows = {row.pk: row for row in [*_rows(_FAR_OFF, scope, most=MOST), *_rows(_OF_PART, scope)]}
    ahead = [row for row in rows.values() if row.next_action_at > scope.at]
    terms = _terms() if ahead else {}
    calendars = by_id({row.calendar_id for row in ahead if row.calendar_id is not None})
    found = []
    for row in ahead:
        known = calendars.get(row.calendar_id or 0)
        is_known = known is not None and known.version == row.calendar_version
        latest = _latest(row, terms[row.version_id], known.working if known and is_known else None, scope.at)
        if row.next_action_at > latest + SLACK:
            found.append(Found(f"c:{row.pk}", row.next_action_at.isoformat(timespec="minutes")))
    return found


def off(scope: Scope) -> list[Found]:
    """Return what is due at another moment than its day and time in its zone; a time that a clock skips is no error."""
    found = []
    for row in _rows(_OF_PART, scope):
        local = datetime.combine(row.due_on, row.due_time)
        try:
            zone = ZoneInfo(row.zone)
        except ZoneInfoNotFoundError:  # known when it was promised, and no more
            found.append(Found(f"c:{row.pk}", row.zone))
            continue
        if row.due_at.astimezone(zone).replace(tzinfo=None, fold=0) == local:
            continue
        there = local.replace(tzinfo=zone).astimezone(UTC)
        is_skipped = there.astimezone(zone).replace(tzinfo=None, fold=0) != local
        if not (is_skipped and abs(row.due_at - there) <= timedelta(hours=3)):
            found.append(Found(f"c:{row.pk}", row.due_at.isoformat(timespec="minutes")))
    return found


def _latest(row: Owed, terms: Terms, calendar: WorkingTime | None, at: datetime) -> datetime:
    """Return the latest moment at which the row may be looked at next."""
    if row.state == "snoozed" and row.hold_until is not None:
        return max(row.hold_until, at)
    if row.state == "waiting":
        return _shift(max(row.acted_at, at), *terms.wait, calendar)
    if row.state == "acknowledged":
        return max(_shift(row.acted_at, *terms.ack, calendar), row.anchor_at, at)
    if row.cursor >= len(terms.steps):
        return _shift(max(row.anchor_at, at), 1, "working_days", calendar)
    kind, amount, unit, again_amount, again_unit = terms.steps[row.cursor]
    since = max(row.anchor_at, at)
    if row.repeat_no:
        return _shift(since, again_amount, again_unit, calendar)
    if kind == "reminder":
        return max(_shift(row.anchor_at, amount, unit, calendar), at)
    if row.cursor:
        _kind, before, before_unit, *_again = terms.steps[row.cursor - 1]
        since = _shift(since, abs(before), before_unit, calendar)
    return _shift(since, abs(amount), unit, calendar)


def _shift(at: datetime, amount: int, unit: str, calendar: WorkingTime | None) -> datetime:
    if unit in HOURS or amount == 0:
        return at + timedelta(seconds=amount * SECONDS.get(unit, 0))
    if calendar is None:
        return at + (7 * timedelta(seconds=amount * SECONDS[unit]) + UNKNOWN if amount > 0 else timedelta(0))
    try:
        if unit == "working_days":
            return calendar.add_days(at, amount)
        return calendar.add(at, amount * SECONDS[unit])
    except NeverOpens:
        return at + timedelta(seconds=amount * SECONDS[unit] * (3 if unit == "working_days" else 1))


def _rows(text: str, scope: Scope, *, most: int = 1_000_000) -> list[Owed]:
    """Return rows; `most` of a whole sweep are all. (A small one lets the order choose the index.)"""
    rows = ask(text, scope.values() | {"far": scope.at + FAR, "most": most})
    return [Owed(*row) for row in rows] if connection.vendor != "sqlite" else [Owed(*map(_read, row)) for row in rows]


def _read(value: Any) -> Any:
    """SQLite keeps moments in UTC, without saying so."""
    return value.replace(tzinfo=UTC) if isinstance(value, datetime) else value


def _terms() -> Mapping[int, Terms]:
    steps: dict[int, list[tuple[str, int, str, int, str]]] = defaultdict(list)
    for version_id, *step in ask(_STEPS, {"most": 100_000}):
        steps[version_id].append(tuple(step))
    versions = ask(_VERSIONS, {"most": 100_000})
    return {pk: Terms((ack, unit), (wait, wait_unit), steps[pk]) for pk, ack, unit, wait, wait_unit in versions}
