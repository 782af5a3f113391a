"""Everything at once: a storm of all acts on promises with a whole ladder, people who go away, an engine that dies.

It has no number of its own: scenario 18 ends with it.
"""

from __future__ import annotations

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
ACTS = ("acknowledge", "snooze", "wait", "resume", "redue", "reassign", "reassign", "keep", "cancel", "reopen")
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
    wait_until(engine.is_up, seconds=120)
    span = rate * seconds * timedelta(seconds=1)
    staff = world.people(max(6, n // 3), "mixed")
    rig.story.leads |= world.leads(staff)
    rig.away(*_absences(rig, staff, span))
    batch = rig.promise(n, over=0.8 * span.total_seconds(), name="mixed", people=staff)
    rig.run_clock(rate)
    _storm(rig, batch, staff, engine, seconds)
    rig.wait(rig.seconds(40, 1), "the ladders go on")
    engine.revive(is_last=True)
    wait_until(engine.is_up, seconds=PATIENCE[rig.quick])
    _halt(rig)


def _halt(rig: Rig) -> None:
    """Stop the clock, and have done what is due by then; it moves on once more where a dead sender holds mails."""
    rig.run_clock(0)
    wait_until(lambda: _is_idle(rig), seconds=PATIENCE[rig.quick])
    while not rig.is_quiet():
        rig.run_clock(0, ahead=LEASE)
        wait_until(lambda: _is_idle(rig), seconds=PATIENCE[rig.quick])


def _is_idle(rig: Rig) -> bool:
    """Say whether nothing happens for a second, and nothing could."""
    if rig.is_quiet():
        return True
    before = len(rig.sink.mails)
    time.sleep(1)
    pending = Commitment.objects.due_for_a_look().exists() or Notification.objects.unpacked().exists()
    return not (pending or Message.objects.due().exists() or len(rig.sink.mails) > before)


def _absences(rig: Rig, staff: list[world.Person], span: timedelta) -> list[Away]:
    """Every third is away for a while: covered by a colleague, who may be away too, or by nobody; and a few leads."""
    begun = now() + HOUR / 4  # they are known before they begin
    everybody = [person.poc.email for person in staff]
    others = sorted({a for person in staff for a in (person.backup.email, person.lead.email)})
    found = []
    for who in rig.chance.sample(everybody, len(everybody) // 2) + rig.chance.sample(others, len(others) // 4):
        since = begun + span * rig.chance.uniform(0, 0.8)
        cover = rig.chance.choice([*everybody, "", ""])
        found.append(Away(who, since, since + span * rig.chance.uniform(0.05, 0.3), "" if cover == who else cover))
    return found


def _storm(rig: Rig, batch: Batch, staff: list[world.Person], engine: _Engine, seconds: float) -> None:
    """Act on whatever comes, as fast as it goes, while the engine's processes are killed."""
    done: Counter[str] = Counter()
    until, mails = time.monotonic() + seconds, 0
    while time.monotonic() < until or done.total() < 2 * len(batch.promises):
        promise, kind = rig.chance.choice(batch.promises), rig.chance.choice(ACTS)
        if rig.act(batch, kind, promise.title, **_details(rig, kind, staff)) is not None:
            done[kind] += 1
        if len(rig.sink.mails) > mails and engine.kill_one():  # each gets some way
            mails = len(rig.sink.mails) + rig.chance.randint(1, rig.size(200, 20))
        engine.revive()
        rig.say(f"{done.total()} acts, {rig.kills} kills, {len(rig.sink.mails)} mails")
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
