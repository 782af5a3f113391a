"""The sender: claims what is ready, records its intent, hands it over, writes down what came of it.

No transaction is open while the network is waited for. A claim is a lease that ends by itself:
a dead sender's messages become due again. Between the committed intent and the written-down
answer a mail may or may not have been taken; only what ended there is ever sent twice, with
the same Message-ID.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import timedelta
from time import monotonic
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import UUIDField

from crm.core import clock, failpoints
from crm.outbox import addresses, breaker, kinds, letters, outcomes, quiet, turns
from crm.outbox.models import DeliveryAttempt, Message
from crm.outbox.outcomes import Outcome, State
from crm.outbox.post import Ambiguous, Interrupted, Post, Reply, Unreachable

log = logging.getLogger(__name__)

COMPONENT = breaker.COMPONENT
CLAIM = 10  # messages leased at a time
BUDGET = 25  # seconds of one sweep; what is left is the next one's
MAX_INTERRUPTIONS = 100  # in a row; then it is not the messages, although the server greets every one of them
MOST_URGENT = ("priority", "available_at", "id")
TO_RISK = ("n_ambiguous", "-priority", "available_at", "id")


def sweep() -> int:
    """Send until nothing is due, and return how many messages were taken up.

    Any number may run at once, and be killed. While the mail server cannot be reached nothing
    is claimed, and no attempt is used up.
    """
    with turns.turn(COMPONENT) as is_mine:
        if not is_mine:
            return 0
        done = _Sweep(until=monotonic() + BUDGET).run()
        turns.beat(COMPONENT)
    return done


class _Sweep:
    """One conversation with the mail server, and what is sent in it."""

    def __init__(self, until: float) -> None:
        self.post = Post()
        self.until = until
        self.n_done = self.n_accepted = self.n_interrupted = 0

    def run(self) -> int:
        is_due = Message.objects.due().exists()
        try:
            if self._may_talk() and is_due:
                self._send_all()
        except Unreachable as error:
            log.warning("The mail server cannot be reached, or does not want us: %s", error)
            breaker.open_(str(error))
        finally:
            self.post.close()
        return self.n_done

    def _may_talk(self) -> bool:
        """Say whether the mail server is believed to be there; half a minute after it was not, look."""
        if not breaker.is_open():
            return True
        if breaker.breaks_off():
            is_back = Message.objects.due().exists() and breaker.may_probe() and self._risk_one()
        else:
            is_back = self.n_accepted > 0 or self._answers()
        if is_back:
            breaker.close()
        return is_back

    def _answers(self) -> bool:
        """Look whether the server is there, where that is ours to do.

        :raises Unreachable: it is not.
        """
        if not breaker.may_probe():
            return False
        self.post.probe(letters.sender())
        return True

    def _risk_one(self) -> bool:
        """Hand over one mail, and say whether the server answered to its end.

        :raises Unreachable: it did not.
        """
        while monotonic() < self.until and breaker.breaks_off():  # what is held or refused before shows nothing
            claimed = claim(to_risk=True)
            if not claimed:
                return False
            self._send(claimed)
        return not breaker.breaks_off()

    def _send_all(self) -> None:
        while monotonic() < self.until and self._may_talk():
            self.n_accepted = 0
            self.post.open()
            claimed = claim()
            if not claimed:
                break
            self._send(claimed)

    def _send(self, claimed: Sequence[Message]) -> None:
        at = clock.now()
        held_until = quiet.held_until(claimed, at)
        marked, untried = addresses.refused(claimed, at)
        prepared = _prepared([m for m in claimed if m.pk not in held_until and m.pk not in untried])
        for n, message in enumerate(claimed):
            if monotonic() > self.until:
                outcomes.give_back(claimed[n:])
                break
            self.n_done += 1
            try:
                if message.pk in held_until:
                    outcomes.hold(message, held_until[message.pk])
                elif message.pk in untried:
                    outcomes.end(message, State.DEAD, outcomes.ADDRESS_REFUSED)
                else:
                    self._deliver(message, prepared, is_marked=message.pk in marked)
            except Unreachable:
                outcomes.give_back(claimed[n:])
                raise

    def _deliver(self, message: Message, prepared: Mapping[str, Any], *, is_marked: bool) -> None:
        """Take one claimed message as far as it goes now.

        What broke off at one recipient is put off. Whether the server is there the next one shows: it is greeted anew.

        :raises Unreachable: the mail server is gone; the message is still in our hands.
        """
        try:
            outcome = deliver(message, self.post, prepared.get(message.kind))
        except Interrupted as error:
            outcomes.put_off(message, str(error))
            self.n_interrupted += 1
            if self.n_interrupted >= MAX_INTERRUPTIONS:
                raise Unreachable(str(error)) from error
            return
        self.n_interrupted = 0
        if outcome == Outcome.AMBIGUOUS and breaker.breaks_off():
            raise Unreachable("it breaks off at the end of the mails")
        if outcome == Outcome.ACCEPTED:
            self.n_accepted += 1
            if is_marked:
                addresses.clear(message)


def claim(*, to_risk: bool = False) -> list[Message]:
    """Lease the most urgent ready messages to this sender, and return them.

    `to_risk`: only the one that has been risked least often and of these the least urgent.
    """
    claimed = _claim(1, TO_RISK) if to_risk else _claim(CLAIM, MOST_URGENT)
    failpoints.reach("sender.claimed")
    return claimed


@transaction.atomic
def _claim(most: int, order: Sequence[str]) -> list[Message]:
    """One statement; on SQLite two, in a transaction that has the database for itself."""
    until = clock.now() + timedelta(seconds=settings.MAIL_LEASE)
    values = [connection.ops.adapt_datetimefield_value(until), UUIDField().get_db_prep_value(uuid4(), connection)]
    if connection.vendor == "sqlite":
        ids = list(Message.objects.due().order_by(*order).values_list("pk", flat=True)[:most])
        marks = ", ".join(["%s"] * len(ids))
        claimed = {m.pk: m for m in Message.objects.raw(_CLAIM_ON_SQLITE.format(marks), [*values, *ids])} if ids else {}
        return [claimed[pk] for pk in ids]
    columns = ", ".join(f"{name.lstrip('-')} DESC" if name.startswith("-") else name for name in order)
    rows: Any = Message.objects.raw(_CLAIM_ON_POSTGRES.format(columns), [most, *values])
    return sorted(rows, key=lambda m: (m.priority, m.was_due_at, m.pk))


_CLAIM_ON_POSTGRES = """
WITH due AS MATERIALIZED (
  SELECT id, available_at FROM outbox_message WHERE state = 'ready' AND available_at <= crm_now()
  ORDER BY {} LIMIT %s FOR NO KEY UPDATE SKIP LOCKED)
UPDATE outbox_message AS m SET available_at = %s, lease_token = %s, n_claims = m.n_claims + 1
FROM due WHERE m.id = due.id RETURNING m.*, due.available_at AS was_due_at"""
_CLAIM_ON_SQLITE = """
UPDATE outbox_message SET available_at = %s, lease_token = %s, n_claims = n_claims + 1
WHERE id IN ({}) RETURNING *"""


def _prepared(messages: Sequence[Message]) -> dict[str, Any]:
    """Read at once what the letters of each kind need. Where that fails each is on its own, so that one is found."""
    by_kind: dict[str, list[Message]] = {}
    for message in messages:
        by_kind.setdefault(message.kind, []).append(message)
    found = {}
    for name, group in by_kind.items():
        kind = kinds.find(group[0])
        try:
            found[name] = kind.prepare(group) if kind is not None else None
        except (OperationalError, InterfaceError):
            raise
        except Exception:
            log.exception("Cannot prepare %s messages of kind %s", len(group), name)
    return found


def deliver(message: Message, post: Post, prepared: Any = None) -> str:
    """Take one claimed message as far as it goes now, and return the attempt's outcome; empty: there was none.

    :raises Unreachable: the mail server is gone, or does not want us.
    :raises Interrupted: the conversation broke off, and nothing was sent.
    """
    if not letters.can_be_anybodys(message.address):
        outcomes.end(message, State.DROPPED, outcomes.NEVER_MAILED)
        return ""
    if not letters.is_address(message.address):
        outcomes.end(message, State.DEAD, outcomes.BAD_ADDRESS)
        return ""
    reply = post.envelope(letters.sender(), message.address)
    if not reply.is_yes:
        outcomes.refused(message, reply)
        return Outcome.REFUSED if reply.is_for_good else Outcome.DEFERRED
    failpoints.reach("sender.rcpt")
    until = monotonic() + settings.MAIL_LEASE  # at the earliest: the intent renews the lease
    intent = _write(message, prepared, until)
    return _hand_over(message, *intent, post, until) if intent is not None else ""


def _write(message: Message, prepared: Any, until: float) -> tuple[DeliveryAttempt, bytes] | None:
    """Record the intent and write the letter. What cannot be written is put off and holds nobody up."""
    attempt = None
    try:
        attempt, said = outcomes.intend(message)
        if attempt is None:
            return None
        failpoints.reach("sender.intent")
        return attempt, letters.to_bytes(message, kinds.of(message).compose(message, said, prepared))
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:  # nothing has left the house
        log.exception("Cannot write message %s", message.pk)
        outcomes.write_down(message, attempt, Outcome.FAILED, Reply(0, repr(error)), until=until)
        return None


def _hand_over(message: Message, attempt: DeliveryAttempt, content: bytes, post: Post, until: float) -> str:
    """Send it, then write down what came of it."""
    try:
        reply = post.data(content, until - settings.MAIL_LEASE / 4)  # the rest is for writing it down
    except Interrupted as error:
        outcomes.write_down(message, attempt, Outcome.FAILED, Reply(0, str(error)), until=until)
        raise
    except Ambiguous as error:
        outcomes.write_down(message, attempt, Outcome.AMBIGUOUS, Reply(0, str(error)), until=until)
        return Outcome.AMBIGUOUS
    if reply.is_yes:
        failpoints.reach("sender.accepted")
        outcome = Outcome.ACCEPTED
    else:
        outcome = Outcome.REFUSED if reply.is_for_good else Outcome.DEFERRED
    outcomes.write_down(message, attempt, outcome, reply, until=until)
    return outcome
