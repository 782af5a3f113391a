"""What the mail server's log and the tables say, read for the referee: plain SQL and JSON, nothing of the product."""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg

NOTICES = """
    SELECT c.title, n.generation, n.step, n.kind, n.state, n.reason, n.slot, n.repeat, n.created_at, p.email, n.channel,
           m.msgid, m.kind, m.state, m.ended_at, m.n_ambiguous, m.max_ambiguous,
           (SELECT COUNT(*) FROM outbox_deliveryattempt a WHERE a.message_id = m.id AND a.phase = 'data'),
           (SELECT MIN(a.intent_at) FROM outbox_deliveryattempt a WHERE a.message_id = m.id AND a.phase = 'data'),
           (SELECT MAX(a.intent_at) FROM outbox_deliveryattempt a WHERE a.message_id = m.id AND a.phase = 'data')
    FROM commitments_notification n
    JOIN commitments_commitment c ON c.id = n.commitment_id
    LEFT JOIN poc_pointofcontact p ON p.id = n.recipient_id
    LEFT JOIN outbox_message m ON m.id = n.message_id
    WHERE n.kind IN ('reminder', 'escalation', 'reassigned', 'resumed', 'still_waiting')
    ORDER BY n.id
"""
PROMISES = "SELECT title, state, generation, due_at, next_action_at FROM commitments_commitment"
MESSAGES = "SELECT msgid FROM outbox_message WHERE channel = 'email'"
ATTEMPTS = """
    SELECT m.msgid, a.intent_at FROM outbox_deliveryattempt a JOIN outbox_message m ON m.id = a.message_id
    WHERE a.phase = 'data'
"""
FINDINGS = "SELECT code, subject, detail FROM commitments_finding WHERE ended_at IS NULL ORDER BY found_at"
GIVEN, RESUMED, ASKED = -1, -2, -3  # stand for the step of a notice that tells of an act, or asks about waiting
BY_KIND = {"reassigned": GIVEN, "resumed": RESUMED, "still_waiting": ASKED}


@dataclass(frozen=True)
class Mail:
    """One line of the mail server's log: a mail that came to the end of its data, for one recipient.

    `said` are the titles of promises in it, where they were noted down.
    """

    msgid: str
    recipient: str
    digest: str
    at: float
    accepted: bool = True
    said: Sequence[str] | None = None

    @classmethod
    def read(cls, path: Path) -> list[Mail]:
        lines = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
        return [cls(**line | {"msgid": line.pop("message_id").strip("<>").partition("@")[0]}) for line in lines]


@dataclass(frozen=True)
class Notice:
    """One row that tells somebody something of a promise, with what became of its message."""

    generation: int
    step: int
    kind: str
    state: str
    reason: str
    slot: str
    repeat: int
    decided_at: datetime
    address: str
    channel: str
    msgid: str
    is_alone: bool  # in its message
    message_state: str
    ended_at: datetime | None
    n_ambiguous: int
    max_ambiguous: int
    attempts: int
    intent_at: datetime | None
    last_intent_at: datetime | None


@dataclass(frozen=True)
class Owed:
    """How a promise stands."""

    state: str
    generation: int
    due: datetime
    next_look: datetime | None


@dataclass
class Ledger:
    """What stands in the tables: notices and promises by title, mails and attempts by id, what the auditor found."""

    owed: dict[str, Owed] = field(default_factory=dict)
    notices: dict[str, list[Notice]] = field(default_factory=lambda: defaultdict(list))
    attempts: dict[str, list[datetime]] = field(default_factory=lambda: defaultdict(list))
    msgids: set[str] = field(default_factory=set)
    findings: list[str] = field(default_factory=list)

    @classmethod
    def read(cls, database_url: str) -> Ledger:
        ledger = cls()
        for title, *values in query(database_url, NOTICES):
            ledger.notices[title].append(_notice(values))
        for title, state, generation, due, next_look in query(database_url, PROMISES):
            ledger.owed[title] = Owed(state, generation, _moment(due), moment(next_look))
        for msgid, intent_at in query(database_url, ATTEMPTS):
            ledger.attempts[str(UUID(str(msgid)))].append(_moment(intent_at))
        ledger.msgids = {str(UUID(str(row[0]))) for row in query(database_url, MESSAGES)}
        ledger.findings = [f"{code} {subject}: {detail}" for code, subject, detail in query(database_url, FINDINGS)]
        return ledger


def query(database_url: str, sql: str) -> Sequence[tuple[Any, ...]]:
    """Return the rows of one plain statement, on a connection of its own."""
    if database_url.startswith("sqlite"):
        with closing(sqlite3.connect(database_url.removeprefix("sqlite:///"), timeout=60)) as connection:
            return connection.execute(sql).fetchall()
    with closing(psycopg.connect(database_url)) as connection:
        return connection.execute(sql).fetchall()  # type: ignore[call-overload]


def moment(value: Any) -> datetime | None:
    """Return a moment as either database gives it."""
    found = datetime.fromisoformat(value) if isinstance(value, str) else value
    return found.replace(tzinfo=UTC) if found is not None and found.tzinfo is None else found


def _moment(value: Any) -> datetime:
    found = moment(value)
    assert found is not None
    return found


def _notice(values: Sequence[Any]) -> Notice:
    generation, step, kind, state, reason, slot, repeat, decided_at, address, channel, *of_message = values
    msgid, message_kind, message_state, ended_at, ambiguous, most, attempts, intent_at, last = of_message
    return Notice(
        generation=generation,
        step=BY_KIND.get(kind, step),
        kind=kind,
        state=state,
        reason=reason,
        slot=slot,
        repeat=repeat,
        decided_at=_moment(decided_at),
        address=address or "",
        channel=channel,
        msgid=str(UUID(str(msgid))) if msgid else "",
        is_alone=message_kind == "notice",
        message_state=message_state or "",
        ended_at=moment(ended_at),
        n_ambiguous=ambiguous or 0,
        max_ambiguous=most or 0,
        attempts=attempts,
        intent_at=moment(intent_at),
        last_intent_at=moment(last),
    )
