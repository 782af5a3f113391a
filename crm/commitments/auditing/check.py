"""What a check is: a question to the database, and what can be done about its answers."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.conf import settings
from django.db import connection
from django.utils.functional import Promise as Lazy

from crm.commitments.findings import Finding

MOST = 2_000  # rows one check returns; what is more is found once these are mended
SIZE = 10_000  # ids of a part: of a million rows one in a hundred, looked through within two hours of a sweep a minute
NEWEST = 10_000  # ids at the upper end that are looked at each time
TABLES = {
    "c": "commitments_commitment",
    "n": "commitments_notification",
    "m": "outbox_message",
    "a": "outbox_deliveryattempt",
}

# What databases say differently.
DIALECTS: Mapping[str, Mapping[str, str]] = {
    "postgresql": {
        "msgid": "CAST(m.msgid AS text)",
        "tried_before": "CAST(n.facts ->> 'tried_before' AS integer)",
        **{f"again_{letter}": f"= ANY(%({letter}_again)s)" for letter in TABLES},
    },
    "sqlite": {
        "msgid": "substr(m.msgid, 1, 8) || '-' || substr(m.msgid, 9, 4) || '-' || substr(m.msgid, 13, 4) || '-' || "
        "substr(m.msgid, 17, 4) || '-' || substr(m.msgid, 21)",
        "tried_before": "json_extract(n.facts, '$.tried_before')",
        **{f"again_{letter}": f"IN (SELECT value FROM json_each(%({letter}_again)s))" for letter in TABLES},
    },
}


class Found(NamedTuple):
    """One thing that should not be: its key ("c:<id>", "m:<id>" …), and a value that says more."""

    subject: str
    detail: str


@dataclass(frozen=True, slots=True)
class Scope:
    """When a sweep looks, and which part of each long table, first and last id; what is short is looked at whole.

    `again` are the ids of what a check found before and still stands: they are looked at wherever they lie.
    """

    at: datetime
    parts: Mapping[str, tuple[int, int]]
    newest: Mapping[str, int]
    again: Mapping[str, Sequence[int]] = field(default_factory=dict)

    def values(self) -> dict[str, Any]:
        """Return the parameters every question may name: `at`, and <table>_first, _last, _newest, _again."""
        values: dict[str, Any] = {"at": self.at, "most": MOST}
        for letter, (first, last) in self.parts.items():
            values |= {f"{letter}_first": first, f"{letter}_last": last, f"{letter}_newest": self.newest[letter]}
            values[f"{letter}_again"] = list(self.again.get(letter, ()))
        return values


@dataclass(frozen=True, slots=True)
class Check:
    """One question. `repair` mends a finding under its row's lock, and says whether there was anything to mend.

    What `is_passing` may be over by itself: it is told when it is seen a second time. What `is_past` cannot be
    undone: it stands until somebody has seen it. What others tell already `is_told_already`.
    """

    code: str
    title: Lazy
    find: Callable[[Scope], list[Found]]
    repair: Callable[[Finding, datetime], bool] | None = None
    is_passing: bool = False
    is_past: bool = False
    is_told_already: bool = False


def scope(at: datetime, *, whole: bool = False) -> Scope:
    """Return the parts that are next in turn; each sweep has its own. `whole`: all there is."""
    parts, newest = {}, {}
    for letter, table in TABLES.items():
        low, high = _ends(table)
        n_parts = max(1, -(-(high - low + 1) // SIZE))
        first = low + SIZE * (int(at.timestamp()) // settings.AUDIT_EVERY % n_parts)
        parts[letter] = (low, high) if whole else (first, first + SIZE - 1)
        newest[letter] = high - NEWEST
    return Scope(at, parts, newest)


def sql(text: str, *, late: timedelta | None = None, **moments: timedelta) -> Callable[[Scope], list[Found]]:
    """Return a question in SQL. It selects key and detail; `<name>` gives it the parameter of the moment so far on."""

    def find(scope: Scope) -> list[Found]:
        values = scope.values() | {name: scope.at + span for name, span in moments.items()}
        if late is not None:
            values["late"] = scope.at - late
        return [Found(str(subject), str(detail or "")[:500]) for subject, detail in ask(text, values)]

    return find


def ask(text: str, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """Return the rows of a question, with at most `most` of them."""
    adapted = {name: _adapted(value) for name, value in values.items()}
    with connection.cursor() as cursor:
        cursor.execute(_in_dialect(text) + " LIMIT %(most)s", adapted)
        return list(cursor.fetchall())


def part(letter: str, *, and_newest: bool = True) -> str:
    """Return the condition that keeps to this sweep's part of a table, known in the question by its letter.

    What was found before is looked at in each sweep: what ends is seen to end, and what stays is seen again.
    """
    of_part = f"{letter}.id BETWEEN %({letter}_first)s AND %({letter}_last)s OR {letter}.id {{again_{letter}}}"
    return f"({of_part} OR {letter}.id > %({letter}_newest)s)" if and_newest else f"({of_part})"


def _adapted(value: Any) -> Any:
    if isinstance(value, datetime):
        return connection.ops.adapt_datetimefield_value(value)
    return json.dumps(value) if isinstance(value, list) and connection.vendor == "sqlite" else value


def _in_dialect(text: str) -> str:
    for name, words in DIALECTS[connection.vendor].items():
        text = text.replace(f"{{{name}}}", words)
    return text


def _ends(table: str) -> tuple[int, int]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT (SELECT min(id) FROM {table}), (SELECT max(id) FROM {table})")
        low, high = cursor.fetchone()
    return low or 0, high or 0
