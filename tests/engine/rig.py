"""The engine as it runs: workers, beats and guards as processes, a mail server, a clock that a test moves."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection

from crm.commitments.models import Commitment, Notification
from crm.core.clock import now
from crm.outbox.models import Heartbeat, Message
from tests import clock
from tests.services.processes import Process, Processes, wait_until
from tests.services.sink import Sink

BELL = 1  # seconds between two rings
PATIENCE = 120  # seconds: of a busy machine; nothing here is measured by it
LEASE = 2  # seconds until a dead sender's mails are taken up


class Rig:
    """Processes of the engine on one database, all posting to one sink."""

    def __init__(self, processes: Processes, sink: Sink, redis_url: str) -> None:
        self.processes, self.sink = processes, sink
        processes.env |= {
            "REDIS_URL": redis_url,
            "EMAIL_URL": sink.url,
            "EMAIL_TIMEOUT": "5",
            "BELL_EVERY": str(BELL),
            "MAIL_LEASE": str(LEASE),
            "GUARD_AFTER": "3",
            "LOG_LEVEL": "WARNING",
        }
        connection.close()

    def start(self, *, workers: int = 1, beats: int = 1, processes: int = 1) -> list[Process]:
        """Start so many workers and beats, and return the workers."""
        started = [self.processes.worker(processes=processes) for _ in range(workers)]
        for _ in range(beats):
            self.processes.beat()
        return started

    def guard(self) -> Process:
        return self.processes.manage("engine_guard")

    def move_to(self, moment: datetime, *, seconds: float = PATIENCE) -> None:
        """Let it be `moment`, and wait until the engine has done all that is due then."""
        clock.freeze(moment)
        self.settle(seconds=seconds)

    def settle(self, *, seconds: float = PATIENCE) -> None:
        """Wait for a whole sweep of planner and sender after which nothing is left to do."""
        swept = Heartbeat.objects.filter(component__in=["planner", "sender"])
        for _ in range(2):  # a sweep may have been half over; the second one began after this
            Heartbeat.objects.all().delete()
            wait_until(lambda: swept.count() == 2, seconds=seconds)
        wait_until(self.is_quiet, seconds=seconds)

    def is_quiet(self) -> bool:
        return not (
            Commitment.objects.due_for_a_look().exists()
            or Notification.objects.unpacked().exists()
            or Message.objects.filter(state="ready", available_at__lte=now()).exists()
            or Message.objects.filter(state="ready").exclude(lease_token=None).exists()  # on its way right now
        )

    def subjects(self, address: str | None = None) -> Counter[tuple[str, str]]:
        """Count the mails that arrived: (recipient, subject)."""
        mails = [mail for mail in self.sink.mails if address in (None, mail.recipient)]
        return Counter((mail.recipient, str(mail.message["Subject"])) for mail in mails)

    def copies(self) -> Counter[str]:
        """Count the copies of each mail, by its Message-ID."""
        return Counter(mail.message_id for mail in self.sink.mails)

    def outputs(self) -> str:
        """What all processes said, for the message of a failing test."""
        return "\n".join(process.output() for process in self.processes.started)


def moment(text: str) -> datetime:
    """A moment of the week from Monday 2 March 2026: "Tue 10:00" (a "+" after the day: a week later)."""
    day, hour = text.split()
    n = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun").index(day[:3]) + 7 * day.count("+")
    hours, minutes = hour.split(":")
    return datetime(2026, 3, 2, int(hours), int(minutes), tzinfo=UTC) + timedelta(days=n)


def end_is_clean(rig: Rig, **values: Any) -> None:
    """Assert what holds after any fault: nothing waits, and no mail has more copies than is promised."""
    assert rig.is_quiet(), rig.outputs()
    copies = rig.copies()
    assert max(copies.values(), default=0) <= 2, copies.most_common(3)
    ids_by_mail: dict[tuple[str, str], set[str]] = {}
    for mail in rig.sink.mails:
        ids_by_mail.setdefault((mail.recipient, str(mail.message["Subject"])), set()).add(mail.message_id)
    assert all(len(ids) == 1 for ids in ids_by_mail.values()), "one notice under two Message-IDs"
