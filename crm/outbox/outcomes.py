"""What is written down of a message: the intent before its content leaves, and what came of it.

Every change is fenced by the lease: it is made while the message is ready and its token ours,
else not at all. One is not: what a mail server accepted is sent, whoever has the message by then.
The order of locks is everywhere what a message is about, then the message.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from time import monotonic, sleep
from typing import Any

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection, transaction

from crm.core import clock, failpoints
from crm.outbox import addresses, breaker, kinds
from crm.outbox.models import DeliveryAttempt, Message, MessageQuerySet
from crm.outbox.post import Reply

BACK_OFF, LONGEST_BACK_OFF = 15, 1800  # seconds
REFUSED, BAD_ADDRESS, ADDRESS_REFUSED = "refused", "bad_address", "address_refused"
TOO_OLD, AMBIGUOUS, SUPERSEDED, NEVER_MAILED = "too_old", "ambiguous", "superseded", "never_mailed"
State, Outcome, Phase = Message.State, DeliveryAttempt.Outcome, DeliveryAttempt.Phase


# --- Before the content leaves ---------------------------------------------------------------------------------------


class _NotOurs(Exception):
    """The lease is somebody else's: what was asked and done on the way must not stand."""


def intend(message: Message) -> tuple[DeliveryAttempt | None, Any]:
    """Check that it may still be said, and write down the attempt; without one, nothing is to be sent.

    The kind locks what the message is about before the message itself is locked. From the commit
    on, a mail of this attempt may exist.
    """
    try:
        return _intend(message)
    except _NotOurs:
        return None, None


@transaction.atomic
def _intend(message: Message) -> tuple[DeliveryAttempt | None, Any]:
    said = kinds.of(message).may_send(message)
    first = _first_attempt(message) if said is not None and not message.n_attempts else None
    if first is not None:
        message.n_attempts, message.first_tried_at = 1, first.intent_at
        return first, said
    at = clock.now()
    held = _checked(message, said, at)
    if held is None:
        return None, None
    held.n_attempts += 1
    held.available_at = at + timedelta(seconds=settings.MAIL_LEASE)
    held.save(update_fields=["n_attempts", "n_ambiguous", "available_at"])
    message.n_attempts = held.n_attempts
    return DeliveryAttempt.objects.create(message=message, n=message.n_attempts, phase=Phase.DATA, intent_at=at), said


def _first_attempt(message: Message) -> DeliveryAttempt | None:
    """Count and record the first attempt of what is not too old, in one statement; None: it must be looked at."""
    if connection.vendor == "sqlite":
        at = clock.now()
        until = at + timedelta(seconds=settings.MAIL_LEASE)
        first = _ours(message).filter(n_attempts=0, expires_at__gt=at)
        if not first.update(n_attempts=1, available_at=until):
            return None
        return DeliveryAttempt.objects.create(message=message, n=1, phase=Phase.DATA, intent_at=at)
    with connection.cursor() as cursor:
        cursor.execute(_FIRST_ATTEMPT, [settings.MAIL_LEASE, message.pk, message.lease_token, Phase.DATA])
        row = cursor.fetchone()
    return DeliveryAttempt(pk=row[0], message=message, n=1, phase=Phase.DATA, intent_at=row[1]) if row else None


_FIRST_ATTEMPT = """
WITH held AS (
  UPDATE outbox_message SET n_attempts = 1, available_at = crm_now() + make_interval(secs => %s)
  WHERE id = %s AND state = 'ready' AND lease_token = %s AND n_attempts = 0 AND expires_at > crm_now() RETURNING id)
INSERT INTO outbox_deliveryattempt (message_id, n, phase, outcome, reply, intent_at)
SELECT id, 1, %s, '', '', crm_now() FROM held RETURNING id, intent_at"""


def _checked(message: Message, said: Any, at: datetime) -> Message | None:
    """Lock the message, and return it if there is still something to be sent.

    :raises _NotOurs: its lease has ended.
    """
    held = _held(message)
    if held is None:
        raise _NotOurs
    _settle_lost_attempts(held, at)
    if held.state == State.READY and held.expires_at <= at:
        _finish(held, State.DEAD, TOO_OLD, at, holds=said is not None)
    if held.state == State.READY and said is None:
        _finish(held, State.DROPPED, SUPERSEDED, at)
    return held if held.state == State.READY else None


def _settle_lost_attempts(held: Message, at: datetime) -> None:
    """Close the attempts whose sender died: what they sent, if anything, nobody knows."""
    lost = DeliveryAttempt.objects.filter(message=held, outcome=Outcome.OPEN)
    if lost.update(outcome=Outcome.AMBIGUOUS, reply=breaker.SENDER_DIED, ended_at=at):
        _count_ambiguous(held, at)


@transaction.atomic
def refused(message: Message, reply: Reply) -> None:
    """Write down a refusal before any content: certainly not delivered."""
    holds = _holds(message)
    held = _held(message)
    if held is None:
        return
    at = clock.now()
    held.n_attempts += 1
    outcome = Outcome.REFUSED if reply.is_for_good else Outcome.DEFERRED
    DeliveryAttempt.objects.create(
        message=held, n=held.n_attempts, phase=Phase.ENVELOPE, outcome=outcome, code=reply.code, reply=reply.text,
        intent_at=at, ended_at=at,
    )  # fmt: skip
    held.reply = str(reply)
    if reply.blames_address:
        _mark(held, at)
    if reply.is_for_good:
        _finish(held, State.DEAD, REFUSED, at, holds=holds)
    else:
        _later(held, at, _back_off(held.n_attempts), holds=holds)


@transaction.atomic
def put_off(message: Message, reason: str) -> None:
    """Try it again soon, the later the oftener it was taken up, so that others get their turn. It costs no attempt."""
    holds = _holds(message)
    held = _held(message)
    if held is not None:
        held.reply = reason[:500]
        _later(held, clock.now(), _back_off(held.n_claims - 1), holds=holds)


@transaction.atomic
def hold(message: Message, until: datetime) -> None:
    """Give it back, to be sent at a later moment: nothing was tried."""
    _ours(message).update(available_at=until, lease_token=None)


@transaction.atomic
def give_back(messages: Sequence[Message]) -> None:
    """Make claimed messages ready at once: nothing was tried."""
    ours = Message.objects.filter(pk__in=[m.pk for m in messages], lease_token=messages[0].lease_token)
    ours.filter(state=State.READY).update(available_at=clock.now(), lease_token=None)


@transaction.atomic
def end(message: Message, state: str, reason: str) -> None:
    """End a message without having tried it."""
    holds = _holds(message)
    held = _held(message)
    if held is None:
        return
    at = clock.now()
    if reason == BAD_ADDRESS:
        held.reply = reason
        _mark(held, at)
    _finish(held, state, reason, at, holds=holds)


# --- After it left ---------------------------------------------------------------------------------------------------


def write_down(message: Message, attempt: DeliveryAttempt | None, outcome: str, reply: Reply, *, until: float) -> None:
    """Close the attempt, and the message with it where that is the end.

    Tried on fresh connections until the lease ends: `until`, of `monotonic`.
    """
    while True:
        try:
            _write_down(message, attempt, outcome, reply)
        except (OperationalError, InterfaceError):
            if monotonic() > until:
                raise
            connection.close()
            sleep(0.5)
        else:
            failpoints.reach("sender.acked")
            return


@transaction.atomic
def _write_down(message: Message, attempt: DeliveryAttempt | None, outcome: str, reply: Reply) -> None:
    if outcome == Outcome.ACCEPTED and attempt is not None:
        _sent(message, attempt, reply)
        return
    holds = _holds(message)
    at = clock.now()
    held = _held(message)
    if held is None and outcome == Outcome.AMBIGUOUS and _is_ready(message):
        return  # whoever has it by now finds the attempt without an end, and counts it
    if attempt is not None:
        _close(attempt, outcome, reply, at)
    if held is None:
        return
    held.reply = str(reply)
    if outcome == Outcome.REFUSED:
        if reply.names_address:
            _mark(held, at)
        _finish(held, State.DEAD, REFUSED, at, holds=holds)
        return
    if outcome == Outcome.AMBIGUOUS:
        _count_ambiguous(held, at)
    _later(held, at, _back_off(held.n_attempts), holds=holds)


def _close(attempt: DeliveryAttempt, outcome: str, reply: Reply, at: datetime) -> None:
    """Say how an attempt ended, which may have been given up meanwhile."""
    open_or_given_up = DeliveryAttempt.objects.filter(pk=attempt.pk, outcome__in=[Outcome.OPEN, Outcome.AMBIGUOUS])
    open_or_given_up.update(outcome=outcome, code=reply.code or None, reply=reply.text[:500], ended_at=at)


def _sent(message: Message, attempt: DeliveryAttempt, reply: Reply) -> None:
    """Close the attempt, and end what was accepted, whose lease it may be: in one statement, but on SQLite."""
    said = str(reply)
    if connection.vendor == "sqlite":
        at = clock.now()
        _close(attempt, Outcome.ACCEPTED, reply, at)
        ready = Message.objects.filter(pk=message.pk, state=State.READY)
        ended = [(at,)] * ready.update(state=State.SENT, reply=said, ended_at=at, lease_token=None)
    else:
        values = [Outcome.ACCEPTED, reply.code or None, reply.text[:500], attempt.pk, said, message.pk]
        with connection.cursor() as cursor:
            cursor.execute(_SENT, values)
            ended = cursor.fetchall()
    for (at,) in ended:  # none where it had ended already
        message.state, message.reply, message.ended_at = State.SENT, said, at
        kinds.of(message).ended(message, at)


_SENT = """
WITH closed AS (
  UPDATE outbox_deliveryattempt SET outcome = %s, code = %s, reply = %s, ended_at = crm_now()
  WHERE id = %s AND outcome IN ('', 'ambiguous'))
UPDATE outbox_message SET state = 'sent', reply = %s, ended_at = crm_now(), lease_token = NULL
WHERE id = %s AND state = 'ready' RETURNING ended_at"""


def _count_ambiguous(held: Message, at: datetime) -> None:
    """Allow one more copy, or give up: it may be there already."""
    held.n_ambiguous += 1
    if held.n_ambiguous > held.max_ambiguous:
        _finish(held, State.UNCERTAIN, AMBIGUOUS, at)


def _back_off(attempts: int) -> int:
    doubled: int = BACK_OFF * 2 ** min(attempts, 10)
    return min(LONGEST_BACK_OFF, doubled)


def _later(held: Message, at: datetime, longest: int, *, holds: bool) -> None:
    """Make it ready again after a while, by chance somewhere up to `longest` seconds; unless that is too late."""
    if held.state != State.READY:
        return
    if held.expires_at <= at:
        _finish(held, State.DEAD, TOO_OLD, at, holds=holds)
        return
    held.available_at = at + timedelta(seconds=random.uniform(1, longest))
    held.lease_token = None
    held.save()


def _finish(held: Message, state: str, reason: str, at: datetime, *, holds: bool = True) -> None:
    """End a locked message, and let its kind take leave of it. What nobody misses is not called dead."""
    if state == State.DEAD and not holds:
        state, reason = State.DROPPED, SUPERSEDED
    held.state, held.reason, held.ended_at, held.lease_token = State(state), reason, at, None
    held.save()
    kind = kinds.find(held)
    if kind is not None:
        kind.ended(held, at)


def _mark(held: Message, at: datetime) -> None:
    kind = kinds.find(held)
    if addresses.mark(held, at) and kind is not None:
        kind.address_refused(held, at)


def _holds(message: Message) -> bool:
    """Lock what the message is about, and say whether any of it is still to be said."""
    kind = kinds.find(message)
    return kind is None or kind.holds(message)


def _ours(message: Message) -> MessageQuerySet:
    """Narrow to the message while the lease is ours."""
    return Message.objects.filter(pk=message.pk, state=State.READY, lease_token=message.lease_token)


def _is_ready(message: Message) -> bool:
    """Say whether somebody else, whose lease it is by now, may still send it."""
    return Message.objects.filter(pk=message.pk, state=State.READY).exists()


def _held(message: Message) -> Message | None:
    """Lock and return the message while the lease is ours, else None."""
    return _ours(message).select_for_update(no_key=True).first()
