"""Read the event log of a help desk: a row for each change of each incident, with all that was known of it then.

A folder holds one file, `*.csv` or `*.csv.gz`, with at least `COLUMNS` (those of the "Incident management process
enriched event log", as ServiceNow exports it). Moments are written d/m/Y H:M without a zone, and taken as UTC;
`?` is not known. A row that cannot be used is left out, one that can is mended; each is counted by its reason.
"""

from __future__ import annotations

import csv
import gzip
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import IO

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.core.refusals import Refused

COLUMNS = (
    "number", "incident_state", "reassignment_count", "reopen_count", "made_sla", "caller_id",
    "opened_at", "sys_updated_at", "contact_type", "location", "priority", "assignment_group", "assigned_to",
    "resolved_at", "closed_at",
)  # fmt: skip
UNKNOWN = "?"
MOMENT = "%d/%m/%Y %H:%M"


class State(StrEnum):
    """How far an incident is, as far as it matters here."""

    NEW = "new"
    WORKED = "worked"  # by us, a supplier or another team of ours: the customer waits
    CUSTOMER = "customer"  # we wait for the customer
    SOLVED = "solved"
    CLOSED = "closed"


STATES = {
    "new": State.NEW,
    "active": State.WORKED,
    "awaiting vendor": State.WORKED,
    "awaiting problem": State.WORKED,
    "awaiting user info": State.CUSTOMER,
    "awaiting evidence": State.CUSTOMER,
    "resolved": State.SOLVED,
    "closed": State.CLOSED,
}
PRIORITIES = {"1": "urgent", "2": "high", "3": "normal", "4": "low"}  # by the digit in front
CHANNELS = {"phone": "phone", "ivr": "phone", "email": "email", "self service": "web_form"}
OTHER_CHANNEL = "other"


class NoLog(Refused):
    code = "no_log"
    default_message = gettext_lazy("There is no event log in this folder.")


@dataclass(frozen=True, slots=True)
class Change:
    """An incident as one row tells it. `state` None: as before; counts None: not known; `group` "": nobody's."""

    line: int
    at: datetime
    state: State | None
    group: str
    assignee: str
    priority: str
    made_sla: bool | None
    reassigned: int | None
    reopened: int | None


@dataclass(slots=True)
class Incident:
    """One incident, its changes in the order of time. Who called and where is what its first row says."""

    number: str
    opened_at: datetime
    caller: str
    location: str
    channel: str
    resolved_at: datetime | None
    closed_at: datetime | None
    changes: list[Change] = field(default_factory=list)

    @property
    def first(self) -> Change:
        return self.changes[0]

    @property
    def last(self) -> Change:
        return self.changes[-1]

    @property
    def priority(self) -> str:
        """The priority it ended with."""
        return self.last.priority

    @property
    def reassigned(self) -> int:
        return max((c.reassigned or 0 for c in self.changes), default=0)

    @property
    def reopened(self) -> int:
        return max((c.reopened or 0 for c in self.changes), default=0)

    def ended_at(self, end: State) -> datetime | None:
        """When it was closed, or solved, as its own columns say; where they do not, as its last such row does."""
        written = self.closed_at if end == State.CLOSED else self.resolved_at
        return written or next((c.at for c in reversed(self.changes) if c.state == end), None)


@dataclass(slots=True)
class Log:
    """What a file told: its incidents, how many rows it had, and which of them were left out or mended, and why."""

    path: Path
    incidents: list[Incident]
    rows: int
    lost: set[str]  # numbers of incidents of which no row can be used
    left_out: dict[str, list[int]]  # reason → lines
    mended: dict[str, list[int]]


@dataclass(slots=True)
class _Reading:
    incidents: dict[str, Incident] = field(default_factory=dict)
    rows: int = 0
    refused: set[str] = field(default_factory=set)
    left_out: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    mended: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))


class _Useless(Exception):
    """A row that says nothing; the message is the reason."""


def read(folder: Path, *, first: int | None = None) -> Log:
    """Read the log in `folder`; `first`: only the first so many incidents of the file.

    :raises NoLog: there is no such file, or it lacks a column.
    """
    path = _file_in(folder)
    reading = _Reading()
    with _opened(path) as file:
        for line, values in _rows(path, file, reading):
            _take(line, values, reading, first)
    for incident in reading.incidents.values():
        _order(incident, reading)
    lost = reading.refused - set(reading.incidents) - {"", UNKNOWN}
    return Log(path, list(reading.incidents.values()), reading.rows, lost, dict(reading.left_out), dict(reading.mended))


def _file_in(folder: Path) -> Path:
    found = sorted([*folder.glob("*.csv"), *folder.glob("*.csv.gz")]) if folder.is_dir() else []
    if not found:
        raise NoLog(_("There is no .csv or .csv.gz in %(folder)s.") % {"folder": folder})
    return found[0]


def _opened(path: Path) -> IO[str]:
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8-sig", errors="replace", newline="")
    return path.open(encoding="utf-8-sig", errors="replace", newline="")


def _rows(path: Path, file: IO[str], reading: _Reading) -> Iterator[tuple[int, Mapping[str, str]]]:
    """Yield the rows that have a value for each column, with their line."""
    lines = csv.reader(file)
    header = [name.strip() for name in next(lines, [])]
    lacking = [name for name in COLUMNS if name not in header]
    if lacking:
        raise NoLog(_("%(file)s lacks the columns %(names)s.") % {"file": path.name, "names": ", ".join(lacking)})
    while True:
        try:
            values = next(lines)
        except StopIteration:
            return
        except csv.Error:
            values = []
        reading.rows += 1
        if len(values) != len(header):
            reading.left_out[_("the line has too few or too many values")].append(lines.line_num)
            continue
        yield lines.line_num, {name: value.strip() for name, value in zip(header, values, strict=True)}


def _take(line: int, values: Mapping[str, str], reading: _Reading, first: int | None) -> None:
    number = values["number"]
    is_new = number not in reading.incidents
    if is_new and first is not None and len(reading.incidents) >= first:
        reading.rows -= 1  # of an incident that was not asked for
        return
    try:
        incident = reading.incidents.get(number) or _incident(values)
        change = _change(line, values, incident, reading.mended)
    except _Useless as reason:
        reading.left_out[str(reason)].append(line)
        reading.refused.add(number)
        return
    reading.incidents[number] = incident
    incident.changes.append(change)


def _incident(values: Mapping[str, str]) -> Incident:
    if values["number"] in ("", UNKNOWN):
        raise _Useless(_("no number of an incident"))
    opened_at = moment(values["opened_at"])
    if opened_at is None:
        raise _Useless(_("no moment at which it was opened"))
    return Incident(
        number=values["number"],
        opened_at=opened_at,
        caller=_known(values["caller_id"]),
        location=_known(values["location"]),
        channel=CHANNELS.get(values["contact_type"].lower(), OTHER_CHANNEL),
        resolved_at=moment(values["resolved_at"]),
        closed_at=moment(values["closed_at"]),
    )


def _change(line: int, values: Mapping[str, str], incident: Incident, mended: dict[str, list[int]]) -> Change:
    at = moment(values["sys_updated_at"])
    if at is None:
        raise _Useless(_("no moment at which it was changed"))
    if at < incident.opened_at:
        mended[_("changed before it was opened: taken as changed when it was opened")].append(line)
        at = incident.opened_at
    state = STATES.get(values["incident_state"].lower())
    if state is None:
        mended[_("a state that is none: it stays in the one before")].append(line)
    priority = PRIORITIES.get(values["priority"][:1])
    if priority is None:
        mended[_("a priority that is none: taken as normal")].append(line)
    reassigned, reopened = _count(values["reassignment_count"]), _count(values["reopen_count"])
    if reassigned is None or reopened is None:
        mended[_("a count that is none: taken from the rows beside it")].append(line)
    return Change(
        line=line,
        at=at,
        state=state,
        group=_known(values["assignment_group"]),
        assignee=_known(values["assigned_to"]),
        priority=priority or "normal",
        made_sla={"true": True, "false": False}.get(values["made_sla"].lower()),
        reassigned=reassigned,
        reopened=reopened,
    )


def _order(incident: Incident, reading: _Reading) -> None:
    """Keep the changes in the order of the file; none is earlier than the one before it."""
    latest = incident.opened_at
    for n, change in enumerate(incident.changes):
        if change.at < latest:
            reading.mended[_("earlier than the change before it: taken as changed with that")].append(change.line)
            incident.changes[n] = replace(change, at=latest)
        latest = max(latest, change.at)


@cache
def moment(written: str) -> datetime | None:
    """Return a moment as the log writes it, in UTC; None where it is none."""
    try:
        return datetime.strptime(written, MOMENT).replace(tzinfo=UTC)
    except ValueError:
        return None


def _known(value: str) -> str:
    return "" if value == UNKNOWN else value


def _count(value: str) -> int | None:
    return int(value) if value.isascii() and value.isdigit() else None
