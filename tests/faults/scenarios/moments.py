"""Acts within a twentieth of a second of the moment at which something falls due, while the engine never rests."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connections

from crm.commitments import actions
from crm.commitments.models import Commitment, Notification
from crm.core.clock import now
from crm.outbox.models import DeliveryAttempt
from tests.factories.commitments import change_ladder
from tests.faults import world
from tests.faults.registry import scenario
from tests.faults.rig import Rig
from tests.faults.world import BY
from tests.services.processes import wait_until

CLOSE = 0.05  # seconds around the due moment
LATE = 2.0  # seconds, in which a mail has left: every sixth act comes somewhere within them
HANDS = 4  # that act at the same time
SNOOZE = timedelta(seconds=3)
ENGINE = """
from crm.commitments.planning import planner
from crm.outbox import sender
print("running", flush=True)
while True:
    planner.sweep()
    sender.sweep()
"""


@dataclass(frozen=True)
class Done:
    """One act, when it was over: the generation it made, and the attempts of earlier ones that there were by then."""

    title: str
    kind: str
    generation: int
    attempts: int
    until: datetime | None  # of a snooze


@scenario(19, "acknowledge, snooze, finish within 50 ms of the due moment")
def at_the_moment(rig: Rig) -> None:
    """10,000 times: no attempt after the act for what was before it; what had left arrives; what is put off comes."""
    change_ladder("follow_up", {"kind": "reminder", "amount": 0, "slot": "poc"}, ack_amount=1, ack_unit="minutes")
    n, rate = rig.size(12_000, 60), 30
    staff = world.people(max(3, n // 4), "moment")
    made = world.promises(
        staff, n, "moment", first=timedelta(seconds=rig.seconds(20, 4)), over=timedelta(seconds=n / rate)
    )
    engines = [rig.processes.manage("shell", "--no-imports", "-c", ENGINE) for _ in range(2)]
    wait_until(lambda: all("running" in engine.output() for engine in engines), seconds=60)
    acts: Sequence[tuple[str, Callable[..., Commitment]]] = (
        ("acknowledge", actions.acknowledge), ("snooze", _snooze), ("keep", actions.keep),
    )  # fmt: skip
    plan = [
        (promise.due + timedelta(seconds=_offset(rig, i)), promise.title, *acts[i % 3])
        for i, promise in enumerate(made)
    ]
    ahead = (now() - datetime.now(tz=now().tzinfo)).total_seconds()
    plan.sort(key=lambda each: each[0])
    with ThreadPoolExecutor(HANDS) as pool:
        shares = pool.map(lambda share: _act_all(share, ahead), [plan[n::HANDS] for n in range(HANDS)])
        done = [act for share in shares for act in share]
    rig.wait(rig.seconds(70, 5), "what was put off, or taken on and forgotten")
    rig.rest()
    _judge(rig, done)


def _offset(rig: Rig, i: int) -> float:
    return rig.chance.uniform(0, LATE) if i % 6 == i // 6 % 6 else rig.chance.uniform(-CLOSE, CLOSE)


def _snooze(*, commitment: Commitment, by: Any, at: datetime) -> Commitment:
    return actions.snooze(commitment=commitment, until=at + SNOOZE, by=by, at=at)


def _act_all(plan: Sequence[tuple[datetime, str, str, Callable[..., Commitment]]], ahead: float) -> list[Done]:
    """One hand's acts, on a connection of its own."""
    try:
        return [_act(*each, ahead=ahead) for each in plan]
    finally:
        connections.close_all()


def _act(moment: datetime, title: str, kind: str, act: Callable[..., Commitment], *, ahead: float) -> Done:
    time.sleep(max(0, moment.timestamp() - time.time() - ahead))
    c = act(commitment=Commitment.objects.get(title=title), by=BY, at=now())
    return Done(title, kind, c.generation, _attempts(c.pk, c.generation), c.hold_until)


def _attempts(pk: int, generation: int) -> int:
    """Count the recorded intents to send what tells of generations before this one."""
    before = Notification.objects.filter(commitment=pk, generation__lt=generation, channel="email")
    return DeliveryAttempt.objects.filter(message__notifications__in=before, phase="data").count()


def _judge(rig: Rig, done: Sequence[Done]) -> None:
    rows = {c.title: c for c in Commitment.objects.filter(title__startswith="moment")}
    sides: Counter[str] = Counter()
    for act in done:
        c = rows[act.title]
        after = _attempts(c.pk, act.generation) - act.attempts
        rig.demand(not after, f"{act.title}: {after} attempts after {act.kind} for what was before it")
        told = Notification.objects.filter(commitment=c, channel="email", kind="reminder", message__state="sent")
        early, late = told.filter(generation__lt=act.generation), told.filter(generation__gte=act.generation)
        if act.attempts:
            sides["told before the act"] += 1
            rig.demand(early.exists(), f"{act.title}: tried before {act.kind}, and lost")
        elif Notification.objects.filter(commitment=c, generation__lt=act.generation, state="superseded").exists():
            sides["taken back by the act"] += 1
        else:
            sides["not decided yet"] += 1
            forgotten = act.kind == "acknowledge" and not rig.quick  # its time-out is over by now
            rig.demand(not forgotten or late.count() == 1, f"{act.title}: taken on, forgotten, and never told of")
        if act.kind == "snooze":
            rig.demand(late.count() == 1, f"{act.title}: put off, and told {late.count()} times afterwards")
            soon = DeliveryAttempt.objects.filter(message__notifications__in=late, intent_at__lt=act.until).exists()
            rig.demand(not soon, f"{act.title}: told before it was to be")
        if act.kind == "keep":
            rig.demand(not late.exists(), f"{act.title}: told although it was done")
    (rig.folder / "sides.json").write_text(json.dumps(sides, indent=1))
    rig.demand(rig.quick or 0 < sides["told before the act"] < len(done), "one side always came first: no race")
    rig.tried(len(done))
