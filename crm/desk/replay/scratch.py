"""A database that is made for one replay and dropped after it, and the clock that is moved there.

Nothing else gets its clock moved: `Clock` refuses a database in which there is anything.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.db import DEFAULT_DB_ALIAS, connection, connections, transaction
from django.db.utils import load_backend
from django.utils.translation import gettext_lazy as _

from crm.core.refusals import Refused
from crm.dossiers.models import Dossier
from crm.poc import calendars
from crm.poc.models import PointOfContact
from crm.users.models import User
from interactions.models import TouchPoint

SQLITE, POSTGRES = "sqlite", "postgresql"
KINDS = (SQLITE, POSTGRES)
ON_SQLITE = {
    "ENGINE": "django.db.backends.sqlite3",
    "OPTIONS": {
        "transaction_mode": "IMMEDIATE",
        # It is dropped in any case: nothing of it has to outlive a power loss.
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF; PRAGMA temp_store=MEMORY;",
    },
}
NO_WAITING = " -c synchronous_commit=off"  # the same on PostgreSQL
SETTING = "liaison.replay_now"  # where PostgreSQL keeps the simulated moment: of this connection alone


class NoServer(Refused):
    code = "no_server"
    default_message = _("DATABASE_URL names no PostgreSQL server to make a database on.")


class NotEmpty(Refused):
    code = "not_empty"
    default_message = _("The clock is moved in an empty database alone, and there is something in this one.")


@contextmanager
def database(kind: str) -> Iterator[None]:
    """Let the product's one connection lead to a new, migrated database; it is dropped at the end, whatever happens.

    `kind` is `sqlite` (a file) or `postgresql` (on the server of DATABASE_URL).

    :raises NoServer: PostgreSQL is asked for, and DATABASE_URL is a file.
    """
    here: Any = connections[DEFAULT_DB_ALIAS]
    if kind == POSTGRES and here.vendor != POSTGRES:
        raise NoServer
    with _new_on_postgres(here) if kind == POSTGRES else _new_file(here) as settings:
        there = load_backend(settings["ENGINE"]).DatabaseWrapper(settings, DEFAULT_DB_ALIAS)
        connections[DEFAULT_DB_ALIAS] = there
        _forget()
        try:
            call_command("migrate", verbosity=0, interactive=False, skip_checks=True)
            yield
        finally:
            there.close()
            connections[DEFAULT_DB_ALIAS] = here
            _forget()


@contextmanager
def _new_file(here: Any) -> Iterator[dict[str, Any]]:
    with tempfile.TemporaryDirectory(prefix="liaison-replay-") as folder:
        common = {name: here.settings_dict[name] for name in ("ATOMIC_REQUESTS", "AUTOCOMMIT", "TIME_ZONE", "TEST")}
        empty = dict.fromkeys(("USER", "PASSWORD", "HOST", "PORT"), "")
        plain = {"CONN_MAX_AGE": 0, "CONN_HEALTH_CHECKS": False}
        yield {**common, **empty, **plain, **ON_SQLITE, "NAME": str(Path(folder) / "replay.sqlite3")}


@contextmanager
def _new_on_postgres(here: Any) -> Iterator[dict[str, Any]]:
    name = f"liaison_replay_{os.getpid()}"
    options = {**here.settings_dict["OPTIONS"]}
    options.pop("pool", None)
    options["options"] = options.get("options", "") + NO_WAITING
    with here._nodb_cursor() as cursor:  # as Django itself makes its test databases
        cursor.execute(f'CREATE DATABASE "{name}"')
    try:
        yield {**here.settings_dict, "NAME": name, "OPTIONS": options}
    finally:
        with here._nodb_cursor() as cursor:
            cursor.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def _forget() -> None:
    """Forget what this process keeps of a database's rows: the next one has others under the same ids."""
    calendars._load.cache_clear()
    ContentType.objects.clear_cache()


class Clock:
    """The clock of an empty database, moved by whoever holds this.

    :raises NotEmpty: there is something in the database.
    """

    def __init__(self, start: datetime) -> None:
        doors = TouchPoint.objects.values("pk")
        people = PointOfContact.objects.filter(is_house=False)
        if any(rows.exists() for rows in (User.objects.all(), people, Dossier.objects.exclude(pk__in=doors))):
            raise NotEmpty
        self.at = start
        self._define()
        self.move(start)

    def move(self, moment: datetime) -> None:
        """Let it be `moment` until it is moved again; it never goes back."""
        self.at = max(self.at, moment)
        written = self.at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
        with connection.cursor() as cursor:
            if connection.vendor == SQLITE:
                cursor.execute("UPDATE replay_clock SET now = %s", [written])
            else:
                cursor.execute("SELECT set_config(%s, %s, false)", [SETTING, f"{written}+00"])

    def _define(self) -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            if connection.vendor == SQLITE:
                cursor.execute("CREATE TABLE replay_clock AS SELECT '' AS now")
                cursor.execute("DROP VIEW crm_clock")
                cursor.execute("CREATE VIEW crm_clock AS SELECT now FROM replay_clock")
            else:
                cursor.execute(
                    "CREATE OR REPLACE FUNCTION crm_now() RETURNS timestamptz LANGUAGE sql STABLE "
                    f"AS $$SELECT current_setting('{SETTING}')::timestamptz$$"
                )
