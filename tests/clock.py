"""Move the product's one clock, by replacing its definition in the database: running workers see it at once.

In a `db` test the change is rolled back with the rest. In a `database` test it goes with the database.
"""

from datetime import UTC, datetime

from django.db import connection, transaction

POSTGRES = "CREATE OR REPLACE FUNCTION crm_now() RETURNS timestamptz LANGUAGE sql STABLE AS $$SELECT {}$$"
SQLITE = "CREATE VIEW crm_clock AS SELECT {} AS now"


def freeze(moment: datetime) -> datetime:
    """Let it be `moment` (aware) until the clock is moved again, and return it."""
    text = moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
    _define(postgres=f"'{text}+00'::timestamptz", sqlite=f"'{text}'")
    return moment


def shift(seconds: float) -> None:
    """Let the clock run, `seconds` ahead of the machine's (behind it, when negative)."""
    _define(
        postgres=f"now() + interval '{seconds:.3f} seconds'",
        sqlite=f"strftime('%Y-%m-%d %H:%M:%f', 'now', '{seconds:+.3f} seconds')",
    )


def release() -> None:
    """Let the clock run with the machine's again."""
    shift(0)


def _define(*, postgres: str, sqlite: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("DROP VIEW crm_clock")
            cursor.execute(SQLITE.format(sqlite))
        else:
            cursor.execute(POSTGRES.format(postgres))
