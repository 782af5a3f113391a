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
    SELECT c.title, n.generation, COALESCE(n.step, -1), n.kind, n.state, p.email, n.channel, m.msgid, m.state,
           m.ended_at, m.n_ambiguous, m.max_ambiguous,
           (SELECT COUNT(*) FROM outbox_deliveryattempt a WHERE a.message_id = m.id AND a.phase = 'data'),
           (SELECT MIN(a.intent_at) FROM outbox_deliveryattempt a WHERE a.message_id = m.id)
    FROM commitments_notification n
    JOIN commitments_commitment c ON c.id = n.commitment_id
    LEFT JOIN poc_pointofcontact p ON p.id = n.recipient_id
    LEFT JOIN outbox_message m ON m.id = n.message_id
    WHERE n.kind IN ('reminder', 'escalation', 'reassigned')
"""
MESSAGES = "SELECT msgid FROM outbox_message WHERE channel = 'email'"
FINDINGS = "SELECT code, subject, detail FROM commitments_finding WHERE ended_at IS NULL ORDER BY found_at"


@dataclass(frozen=True)
class Mail:
    """One line of the mail server's log: a mail that came to the end of its data, for one recipient."""

    msgid: str
    recipient: str
    digest: str
    at: float
    accepted: bool = True

    @classmethod
    def read(cls, path: Path) -> list[Mail]:
        lines = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
        return [cls(**line | {"msgid": line.pop("message_id").strip("<>").partition("@")[0]}) for line in lines]


@dataclass(frozen=True)
class Notice:
    """One row that tells somebody something of a promise, with what became of its message."""

    generation: int
    step: int  # -1: it tells of a reassignment
    kind: str
    state: str
    address: str
    channel: str
    msgid: str
    message_state: str
    ended_at: datetime | None
    n_ambiguous: int
    max_ambiguous: int
    attempts: int
    intent_at: datetime | None


@dataclass
class Ledger:
    """What stands in the tables: notices by their promise's title, the ids of all mails, what the auditor found."""

    notices: dict[str, list[Notice]] = field(default_factory=lambda: defaultdict(list))
    msgids: set[str] = field(default_factory=set)
    findings: list[str] = field(default_factory=list)

    @classmethod
    def read(cls, database_url: str) -> Ledger:
        ledger = cls()
        for title, *values in query(database_url, NOTICES):
            ledger.notices[title].append(_notice(values))
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


def _notice(values: Sequence[Any]) -> Notice:
    generation, step, kind, state, address, channel, msgid, message_state, ended_at, *counts, intent_at = values
    ambiguous, most, attempts = counts
    return Notice(
        generation=generation,
        step=-1 if kind == "reassigned" else step,
        kind=kind,
        state=state,
        address=address or "",
        channel=channel,
        msgid=str(UUID(str(msgid))) if msgid else "",
        message_state=message_state or "",
        ended_at=moment(ended_at),
        n_ambiguous=ambiguous or 0,
        max_ambiguous=most or 0,
        attempts=attempts,
        intent_at=moment(intent_at),
    )
