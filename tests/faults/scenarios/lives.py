"""Everything at once: a storm of all acts on promises with a whole ladder, people who go away, an engine that dies.

It has no number of its own: scenario 18 ends with it.
"""

from __future__ import annotations

import re
import time
from collections import Counter
from datetime import timedelta

from crm.commitments.models import Commitment, Kind, Notification
from crm.core.clock import now
from crm.outbox.models import Message
from tests.faults import world
from tests.faults.rig import PATIENCE, Rig
from tests.faults.story import BACKUP, ESCALATION, LEAD, POC, REMINDER, Away, Batch, Step
from tests.services.processes import Process, wait_until

HOUR = timedelta(hours=1)
STEPS = (Step(REMINDER, POC, -40), Step(REMINDER, POC), Step(ESCALATION, BACKUP, 20), Step(ESCALATION, LEAD, 30))
ACK = 25  # minutes
LEASE = HOUR
MOST_LEASES = 10  # in a row, until all mails are sent
ACTS = ("acknowledge", "snooze", "wait", "resume", "redue", "reassign", "reassign", "keep", "cancel", "reopen")
FIRST = (  # each on the promise of this place, so that however few there is time for, none is missing
    ("wait", 0), ("resume", 0), ("keep", 1), ("reopen", 1), ("acknowledge", 2), ("snooze", 3), ("redue", 4),
    ("reassign", 5), ("cancel", 6),
)  # fmt: skip
PLACES = (
    "planner.selected", "planner.inserted", "planner.before_commit", "planner.after_commit", "sender.claimed",
    "sender.rcpt", "sender.intent", "sender.dot", "sender.accepted", "sender.acked",
)  # fmt: skip
ENGINE = """
from crm.commitments.planning import planner
from crm.outbox import sender
print("running", flush=True)
while True:
    planner.sweep()
    sender.sweep()
"""


def mixed(rig: Rig) -> None:
    """Live through days in minutes, and have the referee judge whatever came of it."""
    n, rate, seconds = rig.size(3000, 60), rig.seconds(600, 1800), rig.seconds(240, 4)
    rig.rest()
    rig.stop()
    rig.processes.env |= {"MAIL_LEASE": str(int(LEASE.total_seconds())), "GUARD_AFTER": "3600"}
    rig.ladder(*STEPS, kind=Kind.RESOLUTION, ack=ACK, ask=rig.seconds(600, 60))
    engine = _Engine(rig)
    wait_until(engine.is_up, seconds=PATIENCE[rig.quick])
    span = rate * seconds * timedelta(seconds=1)
    staff = world.people(max(6, n // 5), "mixed")
    rig.sink.noted = re.compile(r"mixed \d{6}")
    rig.away()
    batch = rig.promise(n, over=0.8 * span.total_seconds(), name="mixed", people=staff)
    rig.run_clock(rate)
    _storm(rig, batch, staff, engine, seconds)
    rig.run_clock(0)
    for _ in range(rig.seconds(20, 5)):
        _come_to_rest(rig, engine, "the ladders go on")
        rig.run_clock(0, ahead=HOUR / 4)
    _come_to_rest(rig, engine, "the end")
    for _ in range(MOST_LEASES):
        if rig.is_quiet():
            return
        rig.run_clock(0, ahead=LEASE)  # a sender that died has mails in its hands
        _come_to_rest(rig, engine, "a lease is over")
    rig.demand(rig.is_quiet(), "mails are never sent")


def _come_to_rest(rig: Rig, engine: _Engine, saying: str) -> None:
    """Have everything done that is due, while the clock stands still."""
    until = time.monotonic() + PATIENCE[rig.quick]
    while not _is_idle(rig):
        assert time.monotonic() < until, "there is still something to do"
        engine.revive(is_last=True)  # one may die even now
        time.sleep(0.1)
    rig.say(f"{saying}: {len(rig.sink.mails)} mails")


def _is_idle(rig: Rig) -> bool:
    """Say whether nothing happens for a moment, and nothing could."""
    if rig.is_quiet():
        return True
    before = len(rig.sink.mails)
    time.sleep(0.3)
    pending = Commitment.objects.due_for_a_look().exists() or Notification.objects.unpacked().exists()
    return not (pending or Message.objects.due().exists() or len(rig.sink.mails) > before)


def _send_away(rig: Rig, staff: list[world.Person], share: float) -> None:
    """Have some be away soon who never were: covered by a colleague, who may be away too, or by nobody."""
    rate = rig.story.turns[-1].rate
    rig.run_clock(0)  # it is to be known before it begins
    everybody = {poc.email for person in staff for poc in (person.poc, person.poc, person.backup, person.lead)}
    free = sorted(everybody - {away.who for away in rig.story.away})
    covers = [person.poc.email for person in staff] + ["", ""]
    absences = []
    for who in rig.chance.sample(free, round(len(free) * share)):
        since = now() + HOUR * rig.chance.uniform(0.02, 1)
        cover = rig.chance.choice(covers)
        absences.append(Away(who, since, since + HOUR * rig.chance.uniform(0.3, 3), "" if cover == who else cover))
    rig.away(*absences)
    rig.run_clock(rate)


def _storm(rig: Rig, batch: Batch, staff: list[world.Person], engine: _Engine, seconds: float) -> None:
    """Act on whatever comes, as fast as it goes, while the engine's processes are killed."""
    done: Counter[str] = Counter()
    first = list(FIRST)
    n, until, mails, away = 2 * len(batch.promises), time.monotonic() + seconds, 0, 0
    while time.monotonic() < until or done.total() < n:
        rig.sink.mode = "451" if 0.3 < done.total() / n < 0.5 else "accept"  # meanwhile some readers go away
        if done.total() >= away * n / 5:
            away += 1
            _send_away(rig, staff, share=0.2)
        promise, kind = rig.chance.choice(batch.promises), rig.chance.choice(ACTS)
        if first:
            kind, place = first.pop(0)
            promise = batch.promises[place]
        if rig.act(batch, kind, promise.title, **_details(rig, kind, staff)) is not None:
            done[kind] += 1
        if len(rig.sink.mails) > mails and engine.kill_one():  # each gets some way
            mails = len(rig.sink.mails) + rig.chance.randint(1, rig.size(200, 20))
        engine.revive()
        rig.say(f"{done.total()} acts, {rig.kills} kills, {len(rig.sink.mails)} mails")
    rig.sink.mode = "accept"
    for kind in ACTS:
        rig.demand(done[kind], f"nothing was done by {kind}")


def _details(rig: Rig, kind: str, staff: list[world.Person]) -> dict[str, object]:
    """Return what an act needs to be told."""
    if kind == "reassign":
        poc = rig.chance.choice([*staff, None]) if rig.chance.random() < 0.8 else None
        return {"to": poc.poc.email if poc else "", "poc": poc.poc if poc else None}
    return {"until": now() + HOUR * rig.chance.uniform(0.1, 3)} if kind in ("snooze", "redue") else {}


class _Engine:
    """Processes that plan and send without a rest; each dies somewhere, or is killed."""

    def __init__(self, rig: Rig) -> None:
        self.rig = rig
        self.running: list[Process] = []
        self.revive()

    def is_up(self) -> bool:
        return all("running" in process.output() for process in self.running)

    def revive(self, *, is_last: bool = False) -> None:
        """Start others for those that died, as many as there may be; the last ones do not die by themselves."""
        dead = [process for process in self.running if not process.is_running()]
        self.rig.kills += len(dead)
        self.running = [process for process in self.running if process not in dead]
        while len(self.running) < (1 if self.rig.is_sqlite else 2):
            place = f"{self.rig.chance.choice(PLACES)}:{self.rig.chance.randint(5, 60)}"
            env = {} if is_last or self.rig.chance.random() < 0.4 else {"FAILPOINT": place}
            self.running.append(self.rig.processes.manage("shell", "--no-imports", "-c", ENGINE, **env))

    def kill_one(self) -> bool:
        """Kill one that got as far as to work; False: there is none."""
        up = [process for process in self.running if "running" in process.output()]
        if up:
            self.rig.chance.choice(up).kill()
        return bool(up)
