"""Too many beats, none, workers that hang: more bells change nothing, and without one the guard steps in."""

from __future__ import annotations

import time

from tests.faults.registry import scenario
from tests.faults.rig import Rig
from tests.services.processes import Process

TURNS = "SELECT COUNT(*) FROM pg_locks WHERE locktype = 'advisory' AND granted AND objid = 100"  # the planner's seat


@scenario(7, "two beats, five, none; workers frozen", copies=1, worst=75)
def bells(rig: Rig) -> None:
    rig.start(beats=0)
    rig.guard()
    beats: list[Process] = []
    for n in (2, 5):
        beats += [rig.processes.beat() for _ in range(n - len(beats))]
        _live_through(rig, 60, f"{n} beats")
    for beat in beats:
        rig.kill(beat)
    _live_through(rig, 150, "no beat")
    rig.processes.beat()
    rig.wait(rig.seconds(20, 2), "a beat again")
    for alone, how in ((True, "parents"), (False, "sweeping")):
        rig.promise(rig.size(600, 60), first=1, over=rig.seconds(10, 2), name=f"until {how}")
        _freeze(rig, alone=alone)
        _live_through(rig, 150, f"{how} frozen")
        for worker in rig.workers:
            worker.thaw()


def _freeze(rig: Rig, *, alone: bool) -> None:
    """Freeze the workers; unless `alone`, right where one of them holds the planner's turn."""
    while True:
        for worker in rig.workers:
            worker.freeze(alone=alone)
        if alone or rig.ask(TURNS):
            return
        for worker in rig.workers:
            worker.thaw()
        time.sleep(rig.chance.uniform(0.01, 0.2))


def _live_through(rig: Rig, seconds: int, how: str) -> None:
    rig.promise(rig.size(300, 8), first=1, over=rig.seconds(seconds, 2), name=how)
    rig.settle()
