"""The engine under fault: its processes on a database, a broker, a mail server; a clock that can run faster; the story.

A scenario gets a rig, makes promises, lets things happen, and has everything come to rest. What came of it is not
for the scenario to say: the referee judges by the story that the rig writes down.
"""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from django.db import Error, connection

from crm.commitments import actions, waiting
from crm.commitments.auditing import auditor
from crm.commitments.models import Commitment, Finding, Kind, Notification
from crm.core.clock import now
from crm.core.refusals import Refused
from crm.outbox.models import DeliveryAttempt, Heartbeat, Message
from crm.poc.models import PointOfContact
from tests import clock
from tests.factories import LONG_AGO
from tests.faults import world
from tests.faults.ledger import query
from tests.faults.referee import Verdict
from tests.faults.story import POC, REMINDER, Act, Away, Batch, Step, Story, Turn
from tests.services.postgres import Postgres
from tests.services.processes import Process, Processes, descendants, wait_until
from tests.services.sink import Sink
from tests.services.valkey import Valkey

T = TypeVar("T")
AT_DUE = Step(REMINDER, POC)
FULL = {"BELL_EVERY": "5", "MAIL_LEASE": "30", "EMAIL_TIMEOUT": "5", "GUARD_AFTER": "60"}  # seconds
QUICK = {"BELL_EVERY": "1", "MAIL_LEASE": "3", "EMAIL_TIMEOUT": "2", "GUARD_AFTER": "3"}
ACTS: Mapping[str, Callable[..., Commitment]] = {
    "acknowledge": actions.acknowledge,
    "snooze": actions.snooze,
    "wait": waiting.wait,
    "resume": waiting.resume,
    "redue": lambda *, until, **how: actions.redue(due_at=until, **how),
    "reassign": actions.reassign,
    "keep": actions.keep,
    "cancel": actions.cancel,
    "reopen": actions.reopen,
}
AUDITED_WITHIN = 120  # seconds
PATIENCE = {True: 240, False: 1800}  # seconds, quick or not: of a busy machine; nothing is measured by it


class Rig:
    """What a scenario works with. `server` is the PostgreSQL server, where it is ours to crash."""

    def __init__(
        self,
        processes: Processes,
        sink: Sink,
        valkey: Valkey,
        *,
        folder: Path,
        seed: int = 1,
        database_url: str,
        quick: bool = False,
        scale: float = 1,
        server: Postgres | None = None,
        say: Callable[[str], None] = lambda text: None,
    ) -> None:
        self.processes, self.sink, self.valkey, self.server = processes, sink, valkey, server
        self.folder, self.seed, self.quick, self.scale, self.say = folder, seed, quick, scale, say
        self.database_url = database_url
        self.chance = random.Random(seed)
        self.story = Story()
        self.kills = 0
        self.runs = 1
        self.n_tried = 0
        self.broken: list[str] = []
        self.workers: list[Process] = []
        self.checks: list[tuple[str, Callable[[Verdict], bool]]] = []
        self.is_sqlite = connection.vendor == "sqlite"
        processes.env |= (QUICK if quick else FULL) | {
            "REDIS_URL": valkey.url,
            "EMAIL_URL": sink.url,
            "LOG_LEVEL": "WARNING",
        }
        self.run_clock(1)

    def size(self, full: int, quick: int) -> int:
        """How many of something: at full size (times the scale that was asked for), and in the small run."""
        return quick if self.quick else max(quick, round(full * self.scale))

    def seconds(self, full: int, quick: int) -> int:
        """How long, how fast, how often: what no scale changes."""
        return quick if self.quick else full

    def ask(self, sql: str) -> int:
        """Return the one number that plain SQL counts."""
        return int(query(self.database_url, sql)[0][0] or 0)

    def check(self, sentence: str, holds: Callable[[Verdict], bool]) -> None:
        """Have one thing more hold of what the referee will find."""
        self.checks.append((sentence, holds))

    def demand(self, holds: object, sentence: str) -> None:
        """Have one thing more hold now; `sentence` is said where it does not."""
        if not holds:
            self.broken.append(sentence)

    def tried(self, n: int) -> None:
        """Count cases that the scenario judges itself."""
        self.n_tried += n

    # --- Promises and acts -------------------------------------------------------------------------------------------

    def ladder(self, *steps: Step, kind: str = Kind.FOLLOW_UP, ack: int = 0, ask: int = 0) -> None:
        """Let what is promised from now on come under these steps; without, under one reminder at the due moment.

        `ack` and `ask` are minutes, as in a Batch: needed where anything is acknowledged or waits. A scenario that
        changes its steps on the way takes another kind for what comes after.
        """
        self._steps: Sequence[Step] = steps or (AT_DUE,)
        self._kind, self._ack, self._ask = kind, ack, ask
        world.set_ladder(self._steps, kind=kind, **world.plain_terms(ack, ask) if ack and ask else {})

    def promise(
        self,
        n: int,
        *,
        over: float = 0,
        first: float = 0,
        each: int = 2,
        name: str = "",
        copies: int = 2,
        people: Sequence[world.Person] = (),
    ) -> Batch:
        """Open `n` promises, `each` for each of so many people, due from `first` seconds on over `over` seconds."""
        if not hasattr(self, "_steps"):
            self.ladder()
        name = name or f"b{len(self.story.batches)}"
        self.say(f"opening {n} promises")
        staff = people or world.people(max(1, n // each), name)
        made = world.promises(
            staff, n, name, first=timedelta(seconds=first), over=timedelta(seconds=over), kind=self._kind
        )
        batch = Batch(name, self._steps, made, copies=copies, ack=self._ack, ask=self._ask)
        self.story.batches.append(batch)
        self.story.leads |= world.leads(staff)
        return batch

    def reassign(self, batch: Batch, title: str, to: PointOfContact | None) -> Commitment | None:
        """Give a promise to somebody else, and write down what had left for earlier generations by then."""
        return self.act(batch, "reassign", title, to=to.email if to else "", poc=to)

    def keep(self, batch: Batch, title: str) -> Commitment | None:
        return self.act(batch, "keep", title)

    def act(
        self, batch: Batch, kind: str, title: str, *, to: str = "", until: datetime | None = None, **how: Any
    ) -> Commitment | None:
        """Do one thing to a promise, and write it down; None: it changed nothing, or is refused as it stands.

        `how` goes to the act. The kinds are those of ACTS, by which the referee knows them.
        """
        return perform(batch, kind, title, to=to, until=until, **how)

    def away(self, *absences: Away) -> None:
        """Have people be away, from moments still to come; the front desk is told where nobody is left."""
        self.story.desk = self.story.desk or world.desk()
        world.away(absences)
        self.story.away += absences

    # --- Processes ---------------------------------------------------------------------------------------------------

    def start(self, *, workers: int = 2, beats: int = 1, processes: int = 2, **env: str) -> list[Process]:
        """Start so many workers and beats, and return the workers. On SQLite there is one engine process."""
        if self.is_sqlite:
            workers, processes = min(workers, 1), 1
        started = [self.processes.worker(processes=processes, **env) for _ in range(workers)]
        for _ in range(beats):
            self.processes.beat(**env)
        self.workers += started
        return started

    def guard(self, **env: str) -> Process:
        return self.processes.manage("engine_guard", **env)

    def sweep_once(self, **env: str) -> Process:
        """Start a process that plans and sends once; with FAILPOINT it dies on the way."""
        Heartbeat.objects.filter(component__in=["planner", "sender"]).update(last_ok_at=LONG_AGO)
        return self.processes.manage("engine_guard", "--once", GUARD_AFTER="1", **env)

    def stop(self) -> None:
        """Have no process of the engine left."""
        self.processes.end_all()
        self.workers.clear()

    def kill(self, process: Process) -> None:
        process.kill()
        self.kills += 1

    def kill_at_random(self, kills: int, *, gap: tuple[float, float] = (0.02, 0.3)) -> None:
        """Kill pool processes in the middle of whatever they do; now and then a whole worker, and start another."""
        done = 0
        while done < kills:
            time.sleep(self.chance.uniform(*gap))
            done += self.kill_one(whole=done % 25 == 24)
            self.say(f"{done} of {kills} killed, {len(self.sink.mails)} mails")

    def kill_one(self, *, whole: bool = False) -> bool:
        """Kill one pool process, or a whole worker and start another; False when there was none to kill."""
        worker = self.chance.choice(self.workers)
        if whole or not worker.is_running():  # Celery gives up when its first children are killed
            worker.kill()
            self.workers.remove(worker)
            self.start(workers=1, beats=0, processes=2)
        else:
            alive = descendants(worker.pid)
            if not alive:  # it is about to start others
                return False
            with suppress(ProcessLookupError):
                os.kill(self.chance.choice(alive), signal.SIGKILL)
        self.kills += 1
        return True

    # --- Time --------------------------------------------------------------------------------------------------------

    def run_clock(self, rate: float, *, ahead: timedelta = timedelta()) -> None:
        """Let the product's clock run `rate` times as fast from now on, first set `ahead`."""
        since = now() + ahead if ahead else None
        real, shown = clock.lapse(rate, since=since)
        self.story.turns.append(Turn(real.timestamp(), shown, rate))

    def wait(self, seconds: float, saying: str = "waiting") -> None:
        """Let so many seconds of the machine's clock go by."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self.say(f"{saying}: {left:.0f} s, {len(self.sink.mails)} mails")
            time.sleep(min(1, left))

    def wait_until(self, moment: datetime) -> None:
        """Wait until the product's clock shows `moment`."""
        shown = self.story.shown(time.time())
        time.sleep(max(0, (moment - shown).total_seconds() / self.story.turns[-1].rate))

    def rest(self) -> None:
        """Wait until there is nothing to do for now."""
        wait_until(self.is_quiet, seconds=PATIENCE[self.quick], every=0.2)

    def settle(self) -> None:
        """Wait until every promise fell due and nothing is left to do: to look at, to pack, to send, now or later."""
        last = max((promise.due for batch in self.story.batches for promise in batch.promises), default=None)
        while last is not None and (left := (last - patiently(now)).total_seconds()) >= 0:
            self.wait(min(1, left / self.story.turns[-1].rate + 0.01), "until all is due")
        self.rest()

    def is_quiet(self) -> bool:
        """In the order in which things move on, so that nothing slips by between two questions."""
        try:
            due = Commitment.objects.due_for_a_look().count()
            unpacked = Notification.objects.unpacked().count()
            ready = Message.objects.filter(state=Message.State.READY).count()
        except Error:
            connection.close()
            return False
        self.say(f"{due} to look at, {unpacked} to pack, {ready} to send, {len(self.sink.mails)} mails")
        return not (due or unpacked or ready)

    def finish(self) -> None:
        """Have everything come to rest, for the auditor too; end all processes and write the story down."""
        self.settle()
        self.audit()
        self.story.until = patiently(now)
        self.processes.end_all()
        self.story.write(self.folder / "story.json")

    def audit(self) -> None:
        """Have the auditor look at everything, again while it finds anything; what stands in the end is a fault.

        Where no process of the engine runs, nobody would send its alarms: the scenario has it look itself.
        """
        if not any(process.is_running() for process in self.processes.started):
            return
        until = time.monotonic() + AUDITED_WITHIN
        while True:
            auditor.sweep(whole=True)
            n = Finding.objects.standing().count()
            self.say(f"{n} findings of the auditor")
            if not n or time.monotonic() > until:
                break
            time.sleep(2)
        self.rest()  # its alarms are mails too


def perform(
    batch: Batch, kind: str, title: str, *, to: str = "", until: datetime | None = None, **how: Any
) -> Commitment | None:
    """Do one thing to a promise, as `Rig.act` does."""
    c = patiently(lambda: world.commitment(title))
    at = patiently(now)
    how |= {"until": until} if until else {}
    try:
        changed = patiently(lambda: ACTS[kind](commitment=c, by=world.BY, at=at, **how))  # acts may be repeated
    except Refused:
        return None
    if changed.acted_at != at:
        return None
    over, attempts = patiently(lambda: (now(), attempts_of(c.pk)))
    batch.acts.append(Act(kind, title, at, over, changed.generation, attempts, to, until))
    return changed


def attempts_of(commitment_id: int) -> int:
    """Count the attempts, of any generation, to send what tells of a promise alone."""
    told = Notification.objects.filter(commitment=commitment_id, channel="email", message__kind="notice")
    return DeliveryAttempt.objects.filter(message__in=told.values("message"), phase="data").count()


def patiently(act: Callable[[], T], *, seconds: float = 60) -> T:
    """Do it, again while the database is away or ends a transaction for another's sake."""
    until = time.monotonic() + seconds
    while True:
        try:
            return act()
        except Error:
            if time.monotonic() > until:
                raise
            connection.close()
            time.sleep(0.2)
