"""Somebody breaks the tables by hand: the auditor finds it and mends what it can; everybody is told after all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import islice
from uuid import UUID

from django.db import connection

from crm.commitments.auditing import auditor
from crm.commitments.models import Commitment, Finding, Notification
from crm.commitments.planning import planner
from crm.core.clock import now
from crm.outbox.models import Message
from tests.faults.registry import POSTGRES, SQLITE, scenario
from tests.faults.rig import Rig
from tests.faults.scenarios._inside import quietly

BOTH = (POSTGRES, SQLITE)
EVERY = timedelta(seconds=60)  # how often the auditor asks
WANTED = {"lost": "mails deleted", "far_look": "next looks put off", "decided_twice": "things decided twice",
          "says_nothing": "mails doubled"}  # fmt: skip


@scenario(24, "the auditor: mails deleted, looks broken, one doubled", quick=True, databases=BOTH, copies=1)
def broken_tables(rig: Rig) -> None:
    """All is found within two minutes, and mended; then each promise is told of once, as if nothing had been."""
    n = rig.size(3000, 60)
    batch = rig.promise(n, copies=1)
    later = rig.promise(rig.size(300, 10), first=126, name="later", copies=1)
    planner.sweep()
    lost, twice, doubled = _choose(rig, rig.size(100, 4), rig.size(20, 2), rig.size(20, 2))
    harm = {
        "lost": _delete(lost),
        "far_look": _put_off([promise.title for promise in later.promises]),
        "decided_twice": _decide_twice(twice),
        "says_nothing": {f"m:{_copy(message).pk}" for message in doubled},
    }
    for _minute in range(2):
        rig.run_clock(1, ahead=EVERY)
        with quietly():
            auditor.sweep()
    for code, subjects in harm.items():
        found = set(Finding.objects.filter(code=code).values_list("subject", flat=True))
        missing = subjects - found
        rig.demand(not missing, f"{WANTED[code]}: {len(missing)} of {len(subjects)} not found within two minutes")
        unrepaired = Finding.objects.filter(code=code, subject__in=subjects, repaired_at=None).count()
        rig.demand(not unrepaired, f"{WANTED[code]}: {unrepaired} of {len(subjects)} not mended")
    rig.tried(sum(len(subjects) for subjects in harm.values()))
    rig.demand(len(batch.promises) == n, "not all were promised")
    rig.start()
    rig.settle()
    auditor.sweep()


@contextmanager
def _by_hand() -> Iterator[None]:
    """Let the database take what none of our own could write: no reference is checked."""
    with connection.cursor() as cursor:
        is_sqlite = connection.vendor == "sqlite"
        cursor.execute("PRAGMA foreign_keys = OFF" if is_sqlite else "SET session_replication_role = replica")
        try:
            yield
        finally:
            cursor.execute("PRAGMA foreign_keys = ON" if is_sqlite else "SET session_replication_role = origin")


def _choose(rig: Rig, *sizes: int) -> Iterator[list[Message]]:
    """Yield so many mails that are ready, each another."""
    ready = list(Message.objects.filter(state="ready", channel="email").order_by("pk"))
    chosen = iter(rig.chance.sample(ready, sum(sizes)))
    for size in sizes:
        yield list(islice(chosen, size))


def _delete(messages: list[Message]) -> set[str]:
    ids = [message.pk for message in messages]
    told = list(Notification.objects.filter(message__in=ids).values_list("pk", flat=True))
    with _by_hand(), connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM outbox_message WHERE id IN ({', '.join(map(str, ids))})")
    return {f"n:{pk}" for pk in told}


def _put_off(titles: list[str]) -> set[str]:
    rows = Commitment.objects.filter(title__in=titles)
    ids = set(rows.values_list("pk", flat=True))
    rows.update(next_action_at=now() + timedelta(days=3650))
    return {f"c:{pk}" for pk in ids}


def _decide_twice(messages: list[Message]) -> set[str]:
    """Copy a notice and its mail under another key."""
    subjects = set()
    for message in messages:
        notice = Notification.objects.get(message=message)
        _copy(message)
        notice.pk, notice.message, notice.idem_key = None, message, f"{notice.idem_key}:again"
        notice.save(force_insert=True)
        subjects.add(f"n:{notice.pk}")
    return subjects


def _copy(message: Message) -> Message:
    """Make `message` another row, as it is but for its id."""
    message.pk, message.msgid = None, UUID(int=message.msgid.int ^ 1)
    message.save(force_insert=True)
    return message
