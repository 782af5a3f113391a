"""An act against the sender, at the same moment: whoever comes first is believed, and nothing falls between."""

import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.conf import settings
from django.db import connection

from crm.commitments import actions
from crm.commitments.models import Commitment, Kind, Notification
from crm.commitments.planning import planner
from crm.core.actor import Actor
from crm.core.clock import now
from crm.outbox import sender
from crm.outbox.models import DeliveryAttempt, Message
from tests.factories.commitments import change_ladder
from tests.factories.dossiers import DossierFactory, topic
from tests.factories.poc import PersonFactory
from tests.services.processes import wait_until

PROMISES = 25
BY = Actor.system()


@contextmanager
def sending(sink, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Plan and send in a thread, one mail at a time, until the block ends; then once more."""
    monkeypatch.setattr(settings, "EMAIL_HOST", "127.0.0.1")
    monkeypatch.setattr(settings, "EMAIL_PORT", sink.port)
    monkeypatch.setattr(sender, "CLAIM", 1)
    stop = threading.Event()

    def sweep() -> None:
        while not stop.wait(0.01):
            planner.sweep()
            sender.sweep()
        connection.close()

    thread = threading.Thread(target=sweep)
    thread.start()
    try:
        yield
    finally:
        time.sleep(0.5)
        stop.set()
        thread.join()
    planner.sweep()
    sender.sweep()


def due_now(title: str, poc=None) -> Commitment:
    at = now()
    return actions.open_commitment(
        dossier=DossierFactory(), topic=topic(), kind=Kind.FOLLOW_UP, title=title, poc=poc, due_at=at, zone="UTC",
        by=BY, at=at,
    )  # fmt: skip


def wait_until_it_is_on_its_way(commitment: Commitment, chance: random.Random) -> None:
    """Return about when the sender takes it up, a little before or after."""
    wait_until(lambda: Message.objects.filter(notifications__commitment=commitment).exists(), every=0.002)
    time.sleep(chance.choice([0, chance.uniform(0, 0.05), 0.3]))


def attempts(commitment: Commitment, poc) -> int:
    told = Notification.objects.filter(commitment=commitment, recipient=poc, channel="email")
    return DeliveryAttempt.objects.filter(message__in=told.values("message")).count()


def test_after_a_reassignment_nothing_goes_to_the_old_one(database, sink, monkeypatch):
    change_ladder(Kind.FOLLOW_UP, {"kind": "reminder", "slot": "poc"})
    chance = random.Random(3)
    left = []
    with sending(sink, monkeypatch):
        for n in range(PROMISES):
            old, new = PersonFactory(), PersonFactory()
            commitment = due_now(f"Call {n:02}", old)
            wait_until_it_is_on_its_way(commitment, chance)
            actions.reassign(commitment=commitment, poc=new, by=BY, at=now())
            left.append((commitment, old, new, attempts(commitment, old)))
    assert 0 < sum(before for *_, before in left) < PROMISES  # both came first now and then
    for commitment, old, new, before in left:
        assert attempts(commitment, old) == before, commitment
        assert attempts(commitment, new) == 1, commitment
        assert len(sink.to(new.email)) == 1
        assert len(sink.to(old.email)) == before


def test_what_is_done_is_never_sent_afterwards_and_what_is_not_is_sent(database, sink, monkeypatch):
    change_ladder(Kind.FOLLOW_UP, {"kind": "reminder", "slot": "poc"})
    chance = random.Random(5)
    kept = []
    with sending(sink, monkeypatch):
        for n in range(PROMISES):
            person, other = PersonFactory(), PersonFactory()
            commitment = due_now(f"Call {n:02}", person)
            due_now(f"Other {n:02}", other)
            wait_until_it_is_on_its_way(commitment, chance)
            actions.keep(commitment=commitment, by=BY, at=now())
            kept.append((commitment, person, other, attempts(commitment, person)))
    for commitment, person, other, before in kept:
        assert attempts(commitment, person) == before == len(sink.to(person.email)), commitment
        assert len(sink.to(other.email)) == 1


def test_parallel_repeats_of_one_act_are_one_act(database):
    commitment = due_now("Call", PersonFactory())
    at = now()

    def act() -> None:
        actions.acknowledge(commitment=commitment, by=BY, at=at)
        connection.close()

    threads = [threading.Thread(target=act) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    commitment.refresh_from_db()
    assert commitment.generation == 2
