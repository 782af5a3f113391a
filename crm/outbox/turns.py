"""Taking turns: a try-lock that thins out bells, and the heartbeat the guard listens to.

Nothing depends on the lock: rows are safe by their own locks and leases. It only keeps ten
bells from doing the work of one.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection

from crm.core.clock import Now, now
from crm.outbox.models import Heartbeat

LOCK_SPACE = 0x4C494149  # keeps our advisory locks apart from anybody else's
SEATS = {"planner": 1, "sender": 4, "auditor": 1}  # how many sweeps of a component run at a time


@contextmanager
def turn(component: str) -> Iterator[bool]:
    """Yield whether a seat was free. On SQLite there is one engine process: always.

    The lock is the connection's, so it goes with the process that held it. Whoever holds it without
    getting through anything hangs, and is waited for no longer than the guard waits.
    """
    if connection.vendor == "sqlite":
        yield True
        return
    seat = next((key for key in _seats(component) if _ask("pg_try_advisory_lock", key)), None)
    try:
        yield seat is not None or is_silent(component, after=timedelta(seconds=settings.GUARD_AFTER))
    finally:
        if seat is not None and connection.is_usable():
            _ask("pg_advisory_unlock", seat)


def beat(component: str) -> None:
    """Write down that `component` got through its work just now."""
    if not Heartbeat.objects.filter(component=component).update(last_ok_at=Now()):
        Heartbeat.objects.update_or_create(component=component, defaults={"last_ok_at": now()})


def last_beat(component: str) -> datetime | None:
    """Return when `component` last got through its work; None: never."""
    return Heartbeat.objects.filter(component=component).values_list("last_ok_at", flat=True).first()


def is_silent(component: str, *, after: timedelta) -> bool:
    """Say whether `component` has not got through its work for `after`, or never did."""
    last = Heartbeat.objects.filter(component=component).values_list("last_ok_at", Now()).first()
    return last is None or _ago(*last) > after


def _ago(last_ok_at: datetime, at: datetime) -> timedelta:
    return abs(at - last_ok_at)  # a clock that was set back must not keep the guard asleep


def _seats(component: str) -> range:
    first = sorted(SEATS).index(component) * 100
    return range(first, first + SEATS[component])


def _ask(function: str, key: int) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {function}(%s, %s)", [LOCK_SPACE, key])
        return bool(cursor.fetchone()[0])
