"""The breaker: while the mail server cannot be reached, or does not want us, nothing is claimed.

It stands in the database, so that all senders and the guard share it. Open, it lets one of them
look every half minute whether the server is there again; the first success closes it.
"""

from __future__ import annotations

from datetime import timedelta

from crm.core import clock
from crm.core.clock import Now
from crm.outbox.models import Heartbeat

COMPONENT = "sender"
PROBE_EVERY = timedelta(seconds=30)


def is_open() -> bool:
    return Heartbeat.objects.filter(component=COMPONENT, paused_until__isnull=False).exists()


def may_probe() -> bool:
    """Say whether it is ours to look whether the server is there again; then nobody else does for a while."""
    due = Heartbeat.objects.filter(component=COMPONENT, paused_until__lte=Now())
    return bool(due.update(paused_until=clock.now() + PROBE_EVERY))


def open_() -> None:
    """Let nobody try before the next look."""
    at = clock.now()
    until = at + PROBE_EVERY
    if not Heartbeat.objects.filter(component=COMPONENT).update(paused_until=until):
        first = Heartbeat(component=COMPONENT, last_ok_at=at, paused_until=until)
        Heartbeat.objects.bulk_create([first], ignore_conflicts=True)


def close() -> None:
    Heartbeat.objects.filter(component=COMPONENT, paused_until__isnull=False).update(paused_until=None)
