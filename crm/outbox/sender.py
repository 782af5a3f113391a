"""The sender: claims what is ready, records its intent, hands it over, writes down what came of it.

No transaction is open while the network is waited for. A claim is a lease that ends by itself:
a dead sender's messages become due again. Between the committed intent and the written-down
answer a mail may or may not have been taken; only what ended there is ever sent twice, with
the same Message-ID.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Callable
from datetime import datetime, timedelta
from time import monotonic, sleep
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import F, Min

from crm.core import clock
from crm.outbox import kinds, letters, turns
from crm.outbox.models import DeliveryAttempt, Message
from crm.outbox.post import Ambiguous, Post, Reply, Unreachable

log = logging.getLogger(__name__)

COMPONENT = "sender"
CLAIM = 10  # messages leased at a time
BUDGET = 25  # seconds of one sweep; what is left is the next one's
BACK_OFF, LONGEST_BACK_OFF = 15, 1800  # seconds
NEVER_MAILED = ".invalid"  # RFC 2606: nobody can ever receive there
State, Outcome, Phase = Message.State, DeliveryAttempt.Outcome, DeliveryAttempt.Phase


def sweep() -> int:
    """Send until nothing is due, and return how many messages were taken up.

    Any number may run at once, and be killed. While the mail server cannot be reached nothing
    is claimed, and no attempt is used up.
    """
    with turns.turn(COMPONENT) as is_mine:
        if not is_mine:
            return 0
        oldest = Message.objects.due().aggregate(at=Min("available_at"))["at"]
        done = _send_all(until=monotonic() + BUDGET) if oldest else 0
        turns.beat(COMPONENT, oldest=oldest)
    return done


def _send_all(until: float) -> int:
    post, done = Post(), 0
    try:
        while monotonic() < until:
            post.open()
            claimed = claim()
            if not claimed:
                break
            for n, message in enumerate(claimed):
                if monotonic() > until:
                    _give_back(claimed[n:])
                    break
                deliver(message, post)
                done += 1
    except Unreachable as error:
        log.warning("The mail server cannot be reached: %s", error)
    finally:
        post.close()
    return done


@transaction.atomic
def claim() -> list[Message]:
    """Lease the most urgent ready messages to this sender, and return them."""
    at = clock.now()
    due = Message.objects.due().order_by("priority", "available_at", "id")
    claimed = list(due.select_for_update(skip_locked=True, no_key=True, of=("self",))[:CLAIM])
    token, until = uuid4(), at + timedelta(seconds=settings.MAIL_LEASE)
    for message in claimed:
        message.lease_token, message.available_at = token, until
    ids = [message.pk for message in claimed]
    Message.objects.filter(pk__in=ids).update(lease_token=token, available_at=until, n_claims=F("n_claims") + 1)
    return claimed


def deliver(message: Message, post: Post) -> None:
    """Take one claimed message as far as it goes now.

    :raises Unreachable: the mail server is gone; the message is ready again.
    """
    if message.address.lower().endswith(NEVER_MAILED):
        _end(message, State.DROPPED, "never_mailed")
        return
    if not letters.is_address(message.address):
        _end(message, State.DEAD, "bad_address")
        return
    try:
        reply = post.envelope(letters.sender(), message.address)
    except Unreachable:
        _give_back([message])
        raise
    if not reply.is_yes:
        _refused(message, reply)
        return
    intent = _prepare(message)
    if intent is not None:
        _hand_over(message, *intent, post)


def _prepare(message: Message) -> tuple[DeliveryAttempt, bytes] | None:
    """Record the intent and write the letter. What cannot be written is put off and holds nobody up."""
    attempt = None
    try:
        attempt, said = intend(message)
        if attempt is None:
            return None
        return attempt, letters.to_bytes(message, kinds.of(message).compose(message, said))
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:  # nothing has left the house
        log.exception("Cannot write message %s", message.pk)
        reply = Reply(0, repr(error))
        _keep_trying(lambda: _write_down(message, attempt, Outcome.FAILED, reply))
        return None


@transaction.atomic
def intend(message: Message) -> tuple[DeliveryAttempt | None, Any]:
    """Check that it may still be said, and write down the attempt; without one, nothing is to be sent.

    The kind locks what the message is about before the message itself is locked. From the commit
    on, a mail of this attempt may exist.
    """
    said = kinds.of(message).may_send(message)
    held = _held(message)
    if held is None:
        return None, None
    at = clock.now()
    _settle_lost_attempts(held, at)
    if held.state == State.READY and held.expires_at <= at:
        _finish(held, State.DEAD, "too_old", at)
    if held.state == State.READY and said is None:
        _finish(held, State.DROPPED, "superseded", at)
    if held.state != State.READY:
        return None, None
    held.n_attempts += 1
    held.available_at = at + timedelta(seconds=settings.MAIL_LEASE)
    held.save(update_fields=["n_attempts", "n_ambiguous", "available_at"])
    return DeliveryAttempt.objects.create(message=held, n=held.n_attempts, phase=Phase.DATA, intent_at=at), said


def _hand_over(message: Message, attempt: DeliveryAttempt, content: bytes, post: Post) -> None:
    """Send it, then write down what came of it."""
    try:
        reply = post.data(content)
    except Unreachable as error:
        reply = Reply(0, str(error))
        _keep_trying(lambda: _write_down(message, attempt, Outcome.FAILED, reply))
        raise
    except Ambiguous as error:
        reply = Reply(0, str(error))
        outcome = Outcome.AMBIGUOUS
    else:
        outcome = Outcome.ACCEPTED if reply.is_yes else Outcome.REFUSED if reply.is_for_good else Outcome.DEFERRED
    _keep_trying(lambda: _write_down(message, attempt, outcome, reply))


@transaction.atomic
def _write_down(message: Message, attempt: DeliveryAttempt | None, outcome: str, reply: Reply) -> None:
    """Close the attempt, and the message with it where that is the end; only while the lease is ours."""
    held = _held(message)
    at = clock.now()
    if attempt is not None:
        open_or_given_up = DeliveryAttempt.objects.filter(pk=attempt.pk, outcome__in=[Outcome.OPEN, Outcome.AMBIGUOUS])
        open_or_given_up.update(outcome=outcome, code=reply.code or None, reply=reply.text[:500], ended_at=at)
    if held is None:
        return
    held.reply = f"{reply.code or ''} {reply.text}".strip()[:500]
    if outcome == Outcome.ACCEPTED:
        _finish(held, State.SENT, "", at)
    elif outcome == Outcome.REFUSED:
        _finish(held, State.DEAD, "refused", at)
    else:
        if outcome == Outcome.AMBIGUOUS:
            _count_ambiguous(held, at)
        _later(held, at)


@transaction.atomic
def _refused(message: Message, reply: Reply) -> None:
    """Write down a refusal before any content: certainly not delivered."""
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
    held.reply = f"{reply.code} {reply.text}"[:500]
    if reply.is_for_good:
        _finish(held, State.DEAD, "refused", at)
    else:
        _later(held, at)


def _settle_lost_attempts(held: Message, at: datetime) -> None:
    """Close the attempts whose sender died: what they sent, if anything, nobody knows."""
    lost = DeliveryAttempt.objects.filter(message=held, outcome=Outcome.OPEN)
    if lost.update(outcome=Outcome.AMBIGUOUS, reply="the sender died", ended_at=at):
        _count_ambiguous(held, at)


def _count_ambiguous(held: Message, at: datetime) -> None:
    """Allow one more copy, or give up: it may be there already."""
    held.n_ambiguous += 1
    if held.n_ambiguous > held.max_ambiguous:
        _finish(held, State.UNCERTAIN, "ambiguous", at)


def _later(held: Message, at: datetime) -> None:
    """Make it ready again after a while, by chance up to twice as long each time; unless that is too late."""
    if held.state != State.READY:
        return
    if held.expires_at <= at:
        _finish(held, State.DEAD, "too_old", at)
        return
    longest = min(LONGEST_BACK_OFF, BACK_OFF * 2 ** min(held.n_attempts, 10))
    held.available_at = at + timedelta(seconds=random.uniform(1, longest))
    held.lease_token = None
    held.save()


def _finish(held: Message, state: str, reason: str, at: datetime) -> None:
    """End a locked message, and let its kind take leave of it."""
    held.state, held.reason, held.ended_at, held.lease_token = state, reason, at, None
    held.save()
    kinds.of(held).ended(held, at)


@transaction.atomic
def _end(message: Message, state: str, reason: str) -> None:
    held = _held(message)
    if held is not None:
        _finish(held, state, reason, clock.now())


@transaction.atomic
def _give_back(messages: list[Message]) -> None:
    """Make claimed messages ready at once: nothing was tried."""
    ours = Message.objects.filter(pk__in=[m.pk for m in messages], lease_token=messages[0].lease_token)
    ours.filter(state=State.READY).update(available_at=clock.now(), lease_token=None)


def _held(message: Message) -> Message | None:
    """Lock and return the message while the lease is ours, else None."""
    rows = Message.objects.select_for_update(no_key=True).filter(state=State.READY, lease_token=message.lease_token)
    return rows.filter(pk=message.pk).first()


def _keep_trying(write: Callable[[], None]) -> None:
    """Write down what the mail server said, on fresh connections while the lease lasts."""
    until = monotonic() + settings.MAIL_LEASE
    while True:
        try:
            write()
        except (OperationalError, InterfaceError):
            if monotonic() > until:
                raise
            connection.close()
            sleep(0.5)
        else:
            return
