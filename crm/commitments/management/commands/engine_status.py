"""How reminders and mails are doing, for the shell and for a watching program: one line each, and an exit code."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from typing import Any

from django.core.management.base import BaseCommand
from django.db import InterfaceError, OperationalError

from crm.desk.engine import LATE, MAIL_LATE, Backlog, Level, Snapshot, snapshot

WORDS = {Level.WELL: "ok", Level.LOOK: "warn", Level.DOWN: "bad"}


class Command(BaseCommand):
    help = (
        "Say how reminders and mails are doing. Ends with 0 when all is well, 1 when something is late or wants to be "
        "looked at (a silent auditor or guard too), 2 when nobody plans or sends, or the database cannot be reached."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="say it as one JSON object")

    def handle(self, *args: Any, json: bool = False, **options: Any) -> None:
        try:
            state = snapshot()
        except (OperationalError, InterfaceError) as error:
            self._say_down(str(error).strip().splitlines()[0], as_json=json)
            sys.exit(Level.DOWN)
        self.stdout.write(as_json(state) if json else "\n".join(lines(state)))
        sys.exit(state.level)

    def _say_down(self, why: str, *, as_json: bool) -> None:
        says = f"The database cannot be reached: {why}"
        self.stdout.write(json.dumps({"level": Level.DOWN, "problems": [says]}) if as_json else f"bad   {says}")


def lines(state: Snapshot) -> Iterator[str]:
    """Return one line for each thing that is watched, the whole first."""
    yield _line(state.level, "; ".join(str(p.says) for p in state.problems) or "All is well.")
    for part in state.parts:
        silent = Level.DOWN if part.component in ("planner", "sender") else Level.LOOK
        heard = "never heard" if part.seconds is None else f"{part.seconds} s ago"
        yield _line(silent if part.is_silent else Level.WELL, f"{part.component}: {heard}")
    yield _line(Level(state.is_by_guard), f"set going by the {'guard' if state.is_by_guard else 'scheduler'}")
    yield _backlog(state, "reminders to work out", state.looks, LATE.total_seconds())
    yield _backlog(state, "notices to put into mails", state.notices, LATE.total_seconds())
    yield _backlog(state, "mails to send", state.mails, MAIL_LATE.total_seconds())
    server = "breaks off" if state.breaks_off else "away" if state.paused_until else "answers"
    why = f": {state.paused_because}" if state.paused_because else ""
    yield _line(Level(state.paused_until is not None), f"mail server: {server}{why}")
    yield _line(Level.WELL, f"mails: {sum(state.minutes)} in the last hour, {_lateness(state)}")
    failed = " ".join(f"{n} {name}" for name, n in sorted(state.n_undelivered.items())) or "none"
    yield _line(Level.WELL, f"mails that failed in the last 30 days: {failed}")
    yield _line(Level(state.n_quarantined > 0), f"set aside after errors: {state.n_quarantined}")
    yield _line(Level.WELL, f"everybody told, nobody acted: {state.n_used_up}")
    yield _line(Level(state.n_findings > 0), f"findings of the auditor: {state.n_findings}")


def as_json(state: Snapshot) -> str:
    """Return all numbers as one JSON object; moments in UTC, ages in seconds."""
    backlogs = {"looks": state.looks, "notices": state.notices, "mails": state.mails}
    return json.dumps(
        {
            "at": state.at.isoformat(),
            "level": state.level,
            "problems": [str(problem.says) for problem in state.problems],
            "heartbeats": {part.component: part.seconds for part in state.parts},
            "silent": [part.component for part in state.parts if part.is_silent],
            "rung_by": "guard" if state.is_by_guard else "bell",
            "due": {name: backlog.n for name, backlog in backlogs.items()},
            "oldest_due_seconds": {name: round(state.age(backlog), 1) for name, backlog in backlogs.items()},
            "lateness_seconds": {"p50": state.seconds_late(0.5), "p99": state.seconds_late(0.99)},
            "mails_last_hour": sum(state.minutes),
            "breaker_open": state.paused_until is not None,
            "breaks_off": state.breaks_off,
            "undelivered": state.n_undelivered,
            "quarantined": state.n_quarantined,
            "used_up": state.n_used_up,
            "findings": state.n_findings,
        }
    )


def _line(level: Level, says: str) -> str:
    return f"{WORDS[level]:<5} {says}"


def _backlog(state: Snapshot, what: str, backlog: Backlog, late: float) -> str:
    age = state.age(backlog)
    since = f", the first for {age:.0f} s" if backlog.n else ""
    return _line(Level(age > late), f"{what}: {backlog.n}{'+' if backlog.is_more else ''}{since}")


def _lateness(state: Snapshot) -> str:
    half, most = state.seconds_late(0.5), state.seconds_late(0.99)
    return "none of them late" if half is None else f"half within {half:.0f} s, 99 of 100 within {most:.0f} s"
