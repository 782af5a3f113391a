"""Invented incidents of a help desk: their rows, a log of them, and the report of its replay."""

import gzip
from datetime import UTC, datetime

from django.db import connection

from crm.desk.replay.fit import fits
from crm.desk.replay.log import COLUMNS, read
from crm.desk.replay.report import Report
from crm.desk.replay.run import Plan, play
from crm.desk.replay.terms import terms_of

FIRST = {
    "incident_state": "New", "reassignment_count": "0", "reopen_count": "0", "sys_mod_count": "0", "made_sla": "true",
    "caller_id": "Caller 1", "opened_at": "7/3/2016 09:00", "sys_updated_at": "7/3/2016 09:00", "contact_type": "Phone",
    "location": "Location 1", "priority": "3 - Moderate", "assignment_group": "Group A", "assigned_to": "?",
    "resolved_at": "?", "closed_at": "?",
}  # fmt: skip


def at(text):
    """A moment of March 2016, as `7 09:00`: the 7th is a Monday."""
    day, clock_time = text.split()
    hour, minute = clock_time.split(":")
    return datetime(2016, 3, int(day), int(hour), int(minute), tzinfo=UTC)


def story(number, *changes, **first):
    """The rows of one incident: the first row, and what each later one changes (`at`: its moment in March 2016)."""
    row = FIRST | {"number": number} | first
    rows = [row]
    for change in changes:
        text = change.pop("at")
        day, clock_time = text.split()
        row = row | {"sys_updated_at": f"{day}/3/2016 {clock_time}", "sys_mod_count": str(len(rows))} | change
        rows.append(row)
    return rows


def quick(number, **first):
    """Opened on Monday, answered, solved and closed the same day."""
    return story(
        number,
        {"at": "7 10:00", "incident_state": "Active", "assigned_to": "Resolver 1"},
        {"at": "7 11:00", "incident_state": "Resolved"},
        {"at": "7 15:00", "incident_state": "Closed", "resolved_at": "7/3/2016 11:00", "closed_at": "7/3/2016 15:00"},
        **first,
    )


def later(rows, **change):
    """One more row of an incident, on the Tuesday or after."""
    return [*rows, FIRST | {"number": rows[0]["number"], "sys_updated_at": "8/3/2016 09:00"} | change]


def slow(number, **first):
    """Passed on to another group on Tuesday, and closed in the week after: its target was missed."""
    return story(
        number,
        {"at": "8 10:00", "incident_state": "Active", "assignment_group": "Group B", "reassignment_count": "1"},
        {"at": "15 10:00", "incident_state": "Resolved"},
        {"at": "16 10:00", "incident_state": "Closed", "made_sla": "false", "closed_at": "16/3/2016 10:00"},
        **first,
    )


def waiting(number, **first):
    """It waits for the customer from Tuesday to the Monday after, and is closed on the Tuesday: missed in the log."""
    return story(
        number,
        {"at": "7 10:00", "incident_state": "Awaiting User Info"},
        {"at": "15 10:00", "incident_state": "Active"},
        {"at": "15 11:00", "incident_state": "Resolved"},
        {"at": "15 12:00", "incident_state": "Closed", "made_sla": "false", "closed_at": "15/3/2016 12:00"},
        **first,
    )


def write(folder, *stories, extra=(), name="log.csv"):
    rows = [row for rows in stories for row in rows]
    text = [",".join(COLUMNS), *(",".join(row[name] for name in COLUMNS) for row in rows), *extra]
    data = ("\r\n".join(text) + "\r\n").encode()
    (folder / name).write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    return folder


def replayed(folder, *, end=None, **targets):
    """The report of a log, played in the test's own database."""
    return reported(folder, None, end=end, **targets)


def reported(folder, outcome, *, end=None, **targets):
    """The report of a log of which `outcome` came; None: it is played."""
    log = read(folder)
    tried = sorted(fits(log.incidents), key=lambda fit: fit.end != (end or fit.end))
    terms = terms_of(tried[0], **targets)
    found = outcome or play(Plan(log.incidents, tried[0].week, tried[0].end, terms), log.incidents)
    return Report(log, tried, tried[0].end, terms, found, connection.vendor, 1, 0.0)


def count(report, name):
    return next(c for c in report.counts if c.name == name)
