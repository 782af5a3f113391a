"""The one clock: the database's.

What is due is decided in SQL through `Now()`; doors read the same clock with `of(request)` and
pass it down as `at=`. Nothing else in the product asks what time it is.
"""

from datetime import UTC, datetime

from django.db import connection
from django.db.models import DateTimeField, Expression
from django.http import HttpRequest

ON_POSTGRES = "crm_now()"
ON_SQLITE = "(SELECT now FROM crm_clock)"


class Now(Expression):
    """The database's present moment, inside a query; constant within a transaction on PostgreSQL."""

    output_field = DateTimeField()

    def as_sql(self, compiler, connection):  # type: ignore[no-untyped-def]  # Django's own signature
        return ON_POSTGRES, []

    def as_sqlite(self, compiler, connection):  # type: ignore[no-untyped-def]
        return ON_SQLITE, []


def now() -> datetime:
    """Return the database's present moment, in UTC. Costs one query."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {ON_SQLITE if connection.vendor == 'sqlite' else ON_POSTGRES}")
        found = cursor.fetchone()[0]
    value: datetime = datetime.fromisoformat(found) if isinstance(found, str) else found
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def of(request: HttpRequest) -> datetime:
    """Return the moment this request is about: read once, the same for everything it does."""
    if not hasattr(request, "_at"):
        request._at = now()  # type: ignore[attr-defined]
    return request._at  # type: ignore[attr-defined,no-any-return]


def remember(request: HttpRequest, moment: datetime) -> None:
    """Let `of(request)` return `moment`, which another query read from the database's clock."""
    request._at = moment  # type: ignore[attr-defined]
