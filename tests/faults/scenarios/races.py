"""Acts against the engine, at the same moment."""

from __future__ import annotations

import time

from tests.faults import world
from tests.faults.ledger import query
from tests.faults.registry import POSTGRES, SQLITE, scenario
from tests.faults.rig import Rig
from tests.faults.scenarios import lives

PER_SECOND = 20
TOLD = """
    SELECT c.title FROM outbox_message m
    JOIN commitments_notification n ON n.message_id = m.id JOIN commitments_commitment c ON c.id = n.commitment_id
    WHERE m.state = '{}' AND m.channel = 'email' AND n.kind = 'reminder' AND n.state = 'planned'
    ORDER BY m.lease_token IS NULL, m.id {} LIMIT 20
"""
ON_THEIR_WAY, JUST_GONE = TOLD.format("ready", ""), TOLD.format("sent", "DESC")


@scenario(18, "20 reassignments/s against the sender", quick=True, databases=(POSTGRES, SQLITE))
def reassigned(rig: Rig) -> None:
    """With kill -9, of what is on its way just now: nothing to who had it, once to who has it; then all acts mixed."""
    n = rig.size(2400, 60)
    staff = world.people(n, "old")
    new = world.people(n, "new")
    batch = rig.promise(n, first=rig.seconds(20, 3), over=n / PER_SECOND, each=1, name="moved", people=staff)
    left = {promise.title: new[i].poc for i, promise in enumerate(batch.promises)}
    told_first = dict(left.popitem() for _ in range(0 if rig.quick else n // 20))  # however slow the sender is
    rig.start()
    rig.wait_until(batch.promises[0].due)
    while left:
        begun = time.monotonic()
        title = _next(rig, left)
        rig.reassign(batch, title, left.pop(title))
        if len(left) % (n // rig.size(60, 3)) == 0:
            rig.kill_one(whole=rig.chance.random() < 0.05)
        rig.say(f"{len(left)} of {n} to give away, {len(rig.sink.mails)} mails")
        time.sleep(max(0, 1 / PER_SECOND - (time.monotonic() - begun)))
    if told_first:
        rig.rest()
    for title, poc in told_first.items():
        rig.reassign(batch, title, poc)
    first = sum(1 for act in batch.acts if act.attempts)
    rig.demand(0 < first < n or rig.quick, f"the sender came first {first} times of {n}: no race")
    lives.mixed(rig)


def _next(rig: Rig, left: dict[str, object]) -> str:
    """Choose one whose mail is about to leave or has just left, if there is one; else any."""
    sql = rig.chance.choice([ON_THEIR_WAY, ON_THEIR_WAY, JUST_GONE])
    found = [title for (title,) in query(rig.database_url, sql) if title in left]
    return rig.chance.choice(found or list(left)[:100])
