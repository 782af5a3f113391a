"""A database of its own with a house, its people and hundreds of thousands of things owed; dropped at the end.

Everything is loaded by statements over sets: a million rows take a minute or so.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django.core.management import call_command
from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.db.utils import load_backend
from django.utils.translation import gettext_lazy as _

from crm import env
from crm.core.refusals import Refused
from crm.desk.benchmark.firm import PEOPLE, TEAMS

ACCOUNTS_EACH = 50  # things owed on one account
CHUNK = 50_000  # rows of one statement
FIRST = 1000  # the first id of what is loaded; what the migrations ship lies below
PREFIX = "liaison_benchmark_"
LOCK_SPACE = 0x42454E43  # keeps the locks of these databases apart from anybody else's

HOUSE = f"""
    INSERT INTO poc_pointofcontact (id, kind, name, name_key, email, phone, languages, zone, delivery, is_house, source,
        external_id, refused_address)
    SELECT {FIRST + PEOPLE} + n, 'team', 'Team ' || n, 'team ' || n, '', '', '', '', 'all', false, '', '', ''
    FROM generate_series(0, {TEAMS - 1}) n;
    INSERT INTO poc_pointofcontact (id, kind, name, name_key, email, phone, languages, zone, delivery, is_house, source,
        external_id, refused_address, home_team_id)
    SELECT {FIRST} + n, 'person', 'Person ' || n, 'person ' || n, 'person' || n || '@benchmark.example', '', '', '',
        'all', false, '', '', '', {FIRST + PEOPLE} + n %% {TEAMS}
    FROM generate_series(0, {PEOPLE - 1}) n;
    UPDATE poc_pointofcontact SET lead_id = id - {PEOPLE} WHERE kind = 'team' AND NOT is_house;
    INSERT INTO dossiers_dossier (id, kind, title, title_key, home_id)
    SELECT {FIRST} + n, 'account', 'Account ' || n, 'account ' || n, {FIRST} + n
    FROM generate_series(0, %(accounts)s - 1) n;
    INSERT INTO poc_assignment (rank, starts_at, reason, dossier_id, topic_id, poc_id)
    SELECT rank, crm_now() - interval '1 year', '', {FIRST} + n, topic.id, {FIRST} + (n + 7 * rank) %% {PEOPLE}
    FROM generate_series(0, %(accounts)s - 1) n, (VALUES (0), (1)) ranks (rank), dossiers_topic topic
    WHERE topic.code = 'general';
"""
OWED = f"""
    INSERT INTO commitments_commitment (id, kind, title, priority, state, due_on, due_time, zone, due_at, opened_at,
        generation, cursor, repeat_no, anchor_at, acted_at, next_action_at, plan_errors, dossier_id, home_id, topic_id,
        policy_version_id, paused_seconds, recur_unit)
    SELECT {FIRST} + n, 'follow_up', 'Call back, number ' || n, 'normal', 'open', due::date, due::time, 'UTC', due,
        due - interval '40 days', 1, 1, 0, due, due - interval '40 days', due, 0, {FIRST} + n %% %(accounts)s,
        {FIRST} + n %% %(accounts)s, topic.id, version.id, 0, ''
    FROM (
        SELECT n, date_trunc('day', crm_now()) + interval '30 days 10 hours' + n %% 300 * interval '1 day' AS due
        FROM generate_series(%(first)s, %(last)s - 1) n
    ) numbered, dossiers_topic topic, commitments_policyversion version
        JOIN commitments_policy policy ON policy.id = version.policy_id
    WHERE topic.code = 'general' AND policy.kind = 'follow_up'
"""
# Every so many-th falls due: at once, or one after the other over some seconds.
FALL_DUE = f"""
    UPDATE commitments_commitment SET generation = generation + 1, cursor = 1, handed_off_at = NULL,
        due_at = moment, anchor_at = moment, next_action_at = moment
    FROM (
        SELECT id, crm_now() - interval '1 second' + (id - {FIRST}) * %(seconds)s / %(open)s * interval '1 second'
            AS moment
        FROM commitments_commitment WHERE (id - {FIRST}) %% %(every)s = %(offset)s
    ) picked
    WHERE commitments_commitment.id = picked.id
"""
IS_DUE = "next_action_at <= crm_now() AND quarantined_at IS NULL"
# As much as the planner does about a reminder, without any of its thinking: who is told is computed from the id.
CLAIM_AND_TELL = f"""
    WITH due AS (
        SELECT id, dossier_id, home_id, generation, due_at FROM commitments_commitment
        WHERE {IS_DUE}
        ORDER BY next_action_at, id LIMIT 500 FOR NO KEY UPDATE SKIP LOCKED
    ), advanced AS (
        UPDATE commitments_commitment SET cursor = cursor + 1, next_action_at = crm_now() + interval '1 day'
        FROM due WHERE commitments_commitment.id = due.id
    ), granted AS (
        INSERT INTO poc_grant (poc_id, home_id, cause)
        SELECT {FIRST} + dossier_id %% {PEOPLE}, home_id, 'c:' || id FROM due ON CONFLICT DO NOTHING
    )
    INSERT INTO commitments_notification (idem_key, kind, commitment_id, dossier_id, generation, step, repeat, slot,
        recipient_id, channel, priority, planned_for, created_at, tell_at, state, reason, facts)
    SELECT 'c:' || id || ':g' || generation || ':s1:r0:poc:' || channel, 'reminder', id, dossier_id, generation, 1, 0,
        'poc', {FIRST} + dossier_id %% {PEOPLE}, channel, 3, due_at, crm_now(), crm_now(), 'planned', '',
        '{{"why": "poc", "answers": 1}}'
    FROM due, (VALUES ('inbox'), ('email')) channels (channel)
    ON CONFLICT (idem_key) DO NOTHING
"""


# A lock that goes with the process, wherever it runs: who holds it lives.
LIVES = "SELECT pg_advisory_lock(%s, hashtext(%s))"
UNUSED = """
    SELECT datname FROM pg_database d WHERE starts_with(datname, %s)
      AND NOT EXISTS (SELECT 1 FROM pg_stat_activity a WHERE a.datname = d.datname)
"""


class NoServer(Refused):
    code = "no_server"
    default_message = _("The engine is measured on PostgreSQL: let DATABASE_URL name a server to make a database on.")


@dataclass
class Backlog:
    """One database with so many things owed. What is done `within` it happens there."""

    n_open: int
    name: str
    there: Any

    @property
    def url(self) -> str:
        """Return what goes into DATABASE_URL for a process of ours."""
        return urlsplit(env.DATABASE_URL)._replace(path=f"/{self.name}").geturl()

    @contextmanager
    def within(self) -> Iterator[None]:
        here = connections[DEFAULT_DB_ALIAS]
        connections[DEFAULT_DB_ALIAS] = self.there
        try:
            yield
        finally:
            connections[DEFAULT_DB_ALIAS] = here

    def load(self) -> Iterator[int]:
        """Fill it, and say after each statement how many things are owed by now."""
        accounts = max(1, self.n_open // ACCOUNTS_EACH)
        with self.within(), connection.cursor() as cursor:
            cursor.execute(HOUSE, {"accounts": accounts})
            for first in range(0, self.n_open, CHUNK):
                last = min(first + CHUNK, self.n_open)
                cursor.execute(OWED, {"accounts": accounts, "first": first, "last": last})
                yield last
            cursor.execute("VACUUM ANALYZE")

    def let_fall_due(self, n: int, *, turn: int, seconds: float = 0) -> int:
        """Let about `n` of them, others in each turn, fall due: at once, or over some seconds. Return how many."""
        every = max(1, self.n_open // n)
        with self.within(), connection.cursor() as cursor:
            cursor.execute(FALL_DUE, {"every": every, "offset": turn % every, "seconds": seconds, "open": self.n_open})
            return int(cursor.rowcount)

    def forget(self) -> None:
        """Take back every notice, message and grant."""
        with self.within(), connection.cursor() as cursor:
            cursor.execute(
                "TRUNCATE commitments_notification, outbox_message, outbox_deliveryattempt, poc_grant "
                "RESTART IDENTITY CASCADE"
            )


@contextmanager
def backlog(n_open: int, like: Backlog | None = None) -> Iterator[Backlog]:
    """Make a database for so many things owed on the server of DATABASE_URL, and drop it, whatever happens.

    A copy of `like`, which must be empty as yet, is made sooner than tables are. What a run that was killed left
    there is dropped first.

    :raises NoServer: DATABASE_URL names none.
    """
    here: Any = connections[DEFAULT_DB_ALIAS]
    if here.vendor != "postgresql":
        raise NoServer
    name = f"{PREFIX}{os.getpid()}_{n_open}"
    options = {key: value for key, value in here.settings_dict["OPTIONS"].items() if key != "pool"}
    settings = {**here.settings_dict, "NAME": name, "OPTIONS": options}
    there = load_backend(settings["ENGINE"]).DatabaseWrapper(settings, DEFAULT_DB_ALIAS)
    if like is not None:
        like.there.close()  # a database somebody is connected to is not copied
    with here._nodb_cursor() as cursor:  # as Django itself makes its test databases
        cursor.execute(LIVES, [LOCK_SPACE, name])
        _drop_left_over(cursor)
        cursor.execute(f'CREATE DATABASE "{name}"' + (f' TEMPLATE "{like.name}"' if like else ""))
        try:
            made = Backlog(n_open, name, there)
            with made.within():
                if like is None:
                    call_command("migrate", verbosity=0, interactive=False, skip_checks=True)
            yield made
        finally:
            there.close()
            cursor.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def _drop_left_over(cursor: Any) -> None:
    """Drop the databases of runs that were killed: nobody holds their lock, and nobody is connected to them."""
    cursor.execute(UNUSED, [PREFIX])
    for (name,) in cursor.fetchall():
        cursor.execute(LIVES.replace("pg_", "pg_try_"), [LOCK_SPACE, name])
        if cursor.fetchone()[0]:
            cursor.execute(f'DROP DATABASE IF EXISTS "{name}"')
            cursor.execute("SELECT pg_advisory_unlock(%s, hashtext(%s))", [LOCK_SPACE, name])
