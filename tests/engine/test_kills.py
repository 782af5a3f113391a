"""Workers killed with -9 at random, a hundred times: nothing lost, at most two copies, one Message-ID."""

import os
import random
import signal
import time
from contextlib import suppress
from datetime import timedelta

import pytest

from crm.commitments.actions import Promise, open_commitments
from crm.commitments.models import Commitment, Kind, Notification
from crm.core.actor import Actor
from crm.core.clock import now
from crm.dossiers.models import Dossier
from crm.outbox.models import Message
from tests.engine.rig import PATIENCE, Rig, end_is_clean
from tests.factories.commitments import change_ladder
from tests.factories.dossiers import DossierFactory, topic
from tests.factories.poc import PersonFactory
from tests.services.databases import KIND
from tests.services.processes import Process, descendants, wait_until

pytestmark = pytest.mark.process
KILLS = 100
PROMISES = 400
EACH = 2  # promises per person: too few for a digest


def promise(n: int, over: timedelta) -> list[Commitment]:
    """Open so many promises, falling due one after the other over some time, two for each of so many people."""
    people = PersonFactory.create_batch(n // EACH)
    record: Dossier = DossierFactory()
    at = now()
    promises = [
        Promise(
            dossier=record, topic=topic(), kind=Kind.FOLLOW_UP, title=f"Call {i:04}", poc=people[i // EACH],
            due_at=at + over * i / n, zone="UTC",
        )
        for i in range(n)
    ]  # fmt: skip
    return open_commitments(promises, by=Actor.system(), at=at)


def kill_at_random(workers: list[Process], *, kills: int, rig: Rig) -> None:
    """Kill pool processes in the middle of whatever they do; now and then a whole worker, and start another."""
    chance = random.Random(7)
    while kills:
        time.sleep(chance.uniform(0.02, 0.3))
        worker = chance.choice(workers)
        if kills % 25 == 0 or not worker.is_running():  # Celery gives up when its first children are killed
            worker.kill()
            workers[workers.index(worker)] = rig.start(beats=0, processes=2)[0]
        else:
            alive = descendants(worker.pid)
            if not alive:  # it is about to start others
                continue
            with suppress(ProcessLookupError):
                os.kill(chance.choice(alive), signal.SIGKILL)
        kills -= 1


def test_nothing_is_lost_and_no_mail_has_more_than_two_copies(database, rig: Rig):
    change_ladder(Kind.FOLLOW_UP, {"kind": "reminder", "slot": "poc"})
    workers = rig.start(workers=2 if KIND == "postgres" else 1, processes=2)
    promised = promise(PROMISES, over=timedelta(seconds=18))
    kill_at_random(workers, kills=KILLS, rig=rig)
    wait_until(lambda: not Message.objects.filter(state="ready").exists() and rig.is_quiet(), seconds=PATIENCE)
    rig.settle()

    assert Notification.objects.planned().filter(channel="email").count() == len(promised)
    arrived = {str(mail.message["Subject"]).rpartition(": ")[2] for mail in rig.sink.mails}
    listed = Message.objects.undelivered().filter(notifications__channel="email")
    perhaps = set(listed.values_list("notifications__commitment__title", flat=True))
    lost = {c.title for c in promised} - arrived - perhaps
    assert lost == set(), rig.outputs()
    assert len({c.title for c in promised} - arrived) <= 2  # twice killed between intent and end: listed, not lost
    assert not Message.objects.filter(state__in=["dead", "dropped"]).exists()
    end_is_clean(rig)
