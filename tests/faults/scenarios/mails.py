"""A mail server that behaves badly: breaks off after the end of the data, stalls there, refuses for now or for good."""

from __future__ import annotations

from datetime import timedelta

from tests.faults import world
from tests.faults.registry import scenario
from tests.faults.rig import PATIENCE, Rig
from tests.faults.story import POC, REMINDER, Step
from tests.services.processes import wait_until
from tests.services.sink import Mode

LISTED = """
    SELECT COUNT(DISTINCT m.id) FROM outbox_message m
    JOIN commitments_notification n ON n.message_id = m.id JOIN commitments_commitment c ON c.id = n.commitment_id
    WHERE c.title LIKE '{}%' AND n.kind = 'reminder' AND m.state = 'uncertain' AND m.n_ambiguous > m.max_ambiguous
"""


@scenario(15, "drop after dot, stall after dot", quick=True, copies=3)
def broken_off(rig: Rig) -> None:
    """All of them: each goes out twice at most (an escalation three times), and is listed as perhaps delivered.

    After three in a row one is risked every half minute, so that the clock has to run.
    """
    rig.processes.env |= {"MAIL_LEASE": "1200", "GUARD_AFTER": "600", "BELL_EVERY": "1"}
    rig.start(processes=4)
    rig.run_clock(60)
    n = _all_break_off(rig, "drop", rig.size(100, 10))
    if not rig.quick:
        rig.stop()
        rig.run_clock(1)
        rig.processes.env |= {"MAIL_LEASE": "8"}  # three quarters of it are waited for the end of the data
        rig.start(processes=4)
        n += _all_break_off(rig, "stall", rig.size(8, 4))
    rig.check("not all were tried twice", lambda verdict: verdict.copies[2] >= n)


def _all_break_off(rig: Rig, mode: Mode, n: int) -> int:
    """Let so many mails break off so, until each is listed; what tells of them arrives."""
    batch = rig.promise(n, name=f"{mode}ed")
    rig.sink.rules.update({promise.poc: mode for promise in batch.promises})
    wait_until(lambda: rig.ask(LISTED.format(batch.name)) == n, seconds=PATIENCE[rig.quick], every=0.5)
    return n


@scenario(16, "550 on a recipient, 451 for an hour", quick=True, copies=1)
def refused(rig: Rig) -> None:
    """For good: dead, the next in line is told of each once, the address is marked. For an hour: delivered once."""
    rate = rig.seconds(60, 600)
    rig.processes.env |= {"MAIL_LEASE": "3600", "GUARD_AFTER": "3600"}
    rig.ladder(Step(REMINDER, POC))
    n = rig.size(100, 6)
    away = rig.promise(n, name="away", over=300)
    gone = [f"gone-person-{i:05}@firm.example" for i in range(n // 2)]
    rig.sink.rules.update(dict.fromkeys(gone, "550"))
    rig.sink.rules.update({promise.poc: "451" for promise in away.promises})
    world.promises(world.people(n // 2, "gone"), n, "gone", first=timedelta(), over=timedelta(minutes=5))
    rig.tried(n)
    rig.start()
    rig.run_clock(rate)
    rig.wait(3600 / rate, "451 for an hour")
    rig.demand(not rig.sink.mails or all("away" not in mail.recipient for mail in rig.sink.mails), "451 delivered")
    for promise in away.promises:
        rig.sink.rules.pop(promise.poc, None)
    rig.settle()
    dead = rig.ask("SELECT COUNT(*) FROM outbox_message WHERE state = 'dead'")
    told = rig.ask(
        "SELECT COUNT(DISTINCT idem_key) FROM commitments_notification WHERE kind = 'undelivered' AND channel = 'inbox'"
    )
    marked = rig.ask("SELECT COUNT(*) FROM poc_pointofcontact WHERE refused_at IS NOT NULL AND refused_address = email")
    rig.demand(dead == n, f"{dead} mails of {n} are dead")
    rig.demand(told == n, f"of {n} dead mails {told} were told of")
    rig.demand(marked == n // 2, f"{marked} addresses of {n // 2} are marked")
