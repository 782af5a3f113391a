"""Acts against the engine, at the same moment."""

from __future__ import annotations

from datetime import timedelta

from tests.faults import world
from tests.faults.registry import POSTGRES, SQLITE, scenario
from tests.faults.rig import Rig


@scenario(18, "20 reassignments/s against the sender", quick=True, databases=(POSTGRES, SQLITE))
def reassigned(rig: Rig) -> None:
    """Around the moment each falls due, with kill -9: nothing to who had it, once to who has it."""
    n, rate = rig.size(2400, 60), 20
    staff = world.people(n, "old")
    new = world.people(n, "new")
    batch = rig.promise(n, first=rig.seconds(20, 6), over=n / rate, each=1, name="moved", people=staff)
    rig.start()
    late = rig.seconds(9, 3)  # by when a mail has left: the bell, the plan, the post
    moments = sorted((p.due + timedelta(seconds=rig.chance.uniform(-1, late)), i) for i, p in enumerate(batch.promises))
    for n_done, (moment, i) in enumerate(moments):
        rig.wait_until(moment)
        rig.reassign(batch, batch.promises[i].title, new[i].poc)
        if n_done % (n // rig.size(60, 3)) == 0:
            rig.kill_one(whole=n_done % 25 == 24)
        rig.say(f"{n_done} of {n} given away, {len(rig.sink.mails)} mails")
    left = {act.title: act.attempts for act in batch.acts}
    rig.demand(0 < sum(1 for attempts in left.values() if attempts) < n, "one side always came first: no race")
