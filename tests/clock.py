"""Move the product's one clock, by replacing its definition in the database: running workers see it at once.

In a `db` test the change is rolled back with the rest. In a `database` test it goes with the database.
"""

from datetime import UTC, datetime

from django.db import connection, transaction

from crm.core.clock import now

POSTGRES = "CREATE OR REPLACE FUNCTION crm_now() RETURNS timestamptz LANGUAGE sql STABLE AS $$SELECT {}$$"
SQLITE = "CREATE VIEW crm_clock AS SELECT {} AS now"


def freeze(moment: datetime) -> datetime:
    """Let it be `moment` (aware) until the clock is moved again, and return it."""
    text = _text(moment)
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


def lapse(rate: float, *, since: datetime | None = None) -> tuple[datetime, datetime]:
    """Let the clock run `rate` times as fast, on from where it is (or from `since`).

    Returns the machine's moment and the clock's from which it runs so. Leases and time-outs that the database
    counts pass as fast as all else: give processes longer ones. With a rate of 0 it stands still.
    """
    shown = since or now()
    real = datetime.now(UTC)
    if not rate:
        return real, freeze(shown)
    _define(
        postgres=f"'{_text(shown)}+00'::timestamptz + (now() - '{_text(real)}+00'::timestamptz) * {rate:.6f}",
        sqlite="strftime('%Y-%m-%d %H:%M:%f', "
        f"julianday('{_text(shown)}') + (julianday('now') - julianday('{_text(real)}')) * {rate:.6f})",
    )
    return real, shown


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")


def _define(*, postgres: str, sqlite: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("DROP VIEW crm_clock")
            cursor.execute(SQLITE.format(sqlite))
        else:
            cursor.execute(POSTGRES.format(postgres))
