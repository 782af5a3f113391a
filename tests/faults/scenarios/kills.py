"""Processes that are killed with -9: at random, and at each place where it could matter."""

from __future__ import annotations

from tests.faults.registry import POSTGRES, SQLITE, scenario
from tests.faults.rig import PATIENCE, Rig

BOTH = (POSTGRES, SQLITE)
PLANNER = ("planner.selected", "planner.inserted", "planner.before_commit", "planner.after_commit")
SENDER = {  # where → copies that a mail may have; who died before the bytes is tried last, and takes up no other's
    "sender.dot": 2,
    "sender.accepted": 2,
    "sender.acked": 1,
    "sender.intent": 1,
    "sender.rcpt": 1,
    "sender.claimed": 1,
}


@scenario(2, "kill -9 senders at random", quick=True, databases=BOTH)
def senders_killed(rig: Rig) -> None:
    """20,000 mails while pool processes and whole workers are killed: copies ≤ kills."""
    rig.promise(rig.size(20_000, 80), over=rig.seconds(120, 2))
    rig.start(processes=2)
    rig.sink.wait_for(1, seconds=PATIENCE[rig.quick])  # Celery gives up when its first children are killed
    rig.kill_at_random(rig.size(300, 8), gap=(0.1, 0.6))
    rig.check("copies: more than kills", lambda verdict: verdict.extra_copies <= rig.kills)
    rig.check("more perhaps delivered than kills explain", lambda verdict: verdict.listed * 2 <= rig.kills)


@scenario(3, "kill -9 the planner at every place", quick=True, databases=BOTH, copies=1)
def planner_killed(rig: Rig) -> None:
    """After SELECT, after INSERT, before and after COMMIT: exactly nothing lost, nothing twice."""
    rig.promise(rig.size(1200, 20), each=rig.seconds(12, 3), copies=1)
    for place in PLANNER:
        for _ in range(rig.size(10, 1)):
            while not _dies_at(rig, f"{place}:{rig.chance.randint(1, 2) if not rig.quick else 1}"):
                rig.promise(rig.size(1200, 20), each=rig.seconds(12, 3), copies=1)  # there was too little left to do
    rig.start()
    rig.guard()


@scenario(4, "kill -9 the sender at every place", quick=True, databases=BOTH)
def sender_killed(rig: Rig) -> None:
    """After the claim, RCPT, the intent, the dot, the 250, the ack: a second copy only where it cannot be known."""
    for place, copies in SENDER.items():
        for n in range(rig.size(10, 1)):
            batch = rig.promise(rig.size(60, 8), name=f"{place.partition('.')[2]} {n}", copies=copies)
            passes = rig.chance.randint(1, min(8, len(batch.promises)))
            rig.demand(_dies_at(rig, f"{place}:{passes}"), f"nobody died at {place}")
    rig.start()
    rig.guard()


def _dies_at(rig: Rig, failpoint: str) -> bool:
    """Start a process that plans and sends, and say whether it died there."""
    died = rig.sweep_once(FAILPOINT=failpoint).wait(seconds=300) == -9
    rig.kills += died
    rig.runs += died
    return died
