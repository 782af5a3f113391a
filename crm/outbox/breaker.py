"""The breaker: while the mail server cannot be reached, does not want us, or breaks off, nothing is claimed.

It stands in the database, so that all senders and the guard share it. Open, it lets one of them
look every half minute whether the server is there again; the first success closes it.

A server that takes mails to their end and then breaks off is found by the attempts themselves: of
all senders, the last ones that got as far. There no envelope shows that it is well again, only a
mail; each costs that mail one of its copies, so one is risked at a time.
"""

from __future__ import annotations

from datetime import timedelta

from crm.core import clock
from crm.core.clock import Now
from crm.outbox.models import DeliveryAttempt, Heartbeat

COMPONENT = "sender"
PROBE_EVERY = timedelta(seconds=30)
# Mails in a row. One may be its content's fault, and two a connection's that two senders lost in the same moment (a
# server restarted). More would only cost more mails a copy: there is none to be had from a server that breaks off.
MAX_BROKEN_OFF = 3
LONGEST_REASON = 200
LOOKED_AT = 100  # newest attempts: many times what all senders have in hand at once
SENDER_DIED = "the sender died"  # why nobody knows how an attempt ended, where the mail server is not to blame
Outcome = DeliveryAttempt.Outcome


def is_open() -> bool:
    return Heartbeat.objects.filter(component=COMPONENT, paused_until__isnull=False).exists()


def may_probe() -> bool:
    """Say whether it is ours to look whether the server is there again; then nobody else does for a while."""
    due = Heartbeat.objects.filter(component=COMPONENT, paused_until__lte=Now())
    return bool(due.update(paused_until=clock.now() + PROBE_EVERY))


def open_(because: str = "") -> None:
    """Let nobody try before the next look."""
    at = clock.now()
    said = {"paused_until": at + PROBE_EVERY, "paused_because": because[:LONGEST_REASON]}
    if not Heartbeat.objects.filter(component=COMPONENT).update(**said):
        first = Heartbeat(component=COMPONENT, last_ok_at=at, **said)
        Heartbeat.objects.bulk_create([first], ignore_conflicts=True)


def close() -> None:
    Heartbeat.objects.filter(component=COMPONENT, paused_until__isnull=False).update(
        paused_until=None, paused_because=""
    )


def breaks_off() -> bool:
    """Say whether the last mails handed over, by whichever senders, broke off at their end: different ones in a row.

    An answer to a mail, whatever it was, shows that the server listens. One query, of the newest attempts.
    """
    newest = DeliveryAttempt.objects.order_by("-intent_at", "-pk").filter(phase=DeliveryAttempt.Phase.DATA)
    rows = newest.values_list("ended_at", "pk", "message_id", "outcome", "reply")[:LOOKED_AT]
    told = [row for row in rows if row[3] not in (Outcome.OPEN, Outcome.FAILED) and row[4] != SENDER_DIED]
    broken_off: set[int] = set()
    for _ended_at, _pk, message_id, outcome, _reply in sorted(told, reverse=True):
        if outcome != Outcome.AMBIGUOUS:
            return False
        broken_off.add(message_id)
        if len(broken_off) == MAX_BROKEN_OFF:
            return True
    return False
