"""Machines whose clocks are wrong: what is due is decided by the database's alone."""

from __future__ import annotations

from pathlib import Path

from tests.faults.registry import scenario
from tests.faults.rig import Rig

SKEWED = Path(__file__).resolve().parent.parent / "skew"
SEEN = "import time, datetime; print(time.time(), datetime.datetime.now().timestamp())"


@scenario(9, "clocks ten minutes wrong", quick=True, copies=1, worst=75)
def wrong_clocks(rig: Rig) -> None:
    """Workers ahead and behind, beats behind and ahead: nothing early, nothing late."""
    for minutes in (10, -10):
        skew = {"PYTHONPATH": str(SKEWED), "SKEW": str(60 * minutes)}
        seen = rig.processes.manage("shell", "--no-imports", "-c", SEEN, **skew)
        seen.wait()
        real = rig.story.turns[0].real
        shown = [float(word) - real for word in seen.output().split()[-2:]]
        rig.demand(all(abs(each - 60 * minutes) < 60 for each in shown), f"the clock is not wrong: {shown}")
        rig.start(workers=1, beats=0, **skew)
        rig.processes.beat(**(skew | {"SKEW": str(-60 * minutes)}))
    rig.guard(PYTHONPATH=str(SKEWED), SKEW="600")
    rig.promise(rig.size(1000, 30), first=rig.seconds(10, 2), over=rig.seconds(120, 4))
