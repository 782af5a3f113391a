"""A mail server that behaves badly: breaks off after the end of the data, stalls there, refuses for now or for good."""

from __future__ import annotations

from datetime import timedelta

from tests.faults import world
from tests.faults.registry import scenario
from tests.faults.rig import Rig
from tests.faults.story import POC, REMINDER, Step

LISTED = "SELECT COUNT(*) FROM outbox_message WHERE state = 'uncertain' AND n_ambiguous > max_ambiguous"


@scenario(15, "drop after dot, stall after dot", quick=True)
def broken_off(rig: Rig) -> None:
    """All of them: each mail goes out twice at most, under one Message-ID, and is listed as perhaps delivered."""
    rig.processes.env |= {"MAIL_LEASE": "4"}  # three quarters of it are waited for the end of the data
    rig.sink.mode = "drop"
    dropped = rig.promise(rig.size(400, 10), name="dropped")
    rig.start(processes=4)
    rig.run_clock(rig.seconds(1, 8))  # the wait before the second copy
    rig.settle()
    rig.run_clock(1)
    rig.sink.mode = "stall"
    stalled = rig.promise(rig.size(40, 4), name="stalled")
    rig.settle()
    rig.sink.mode = "accept"
    n = len(dropped.promises) + len(stalled.promises)
    listed = rig.ask(LISTED)
    rig.demand(listed == n, f"{listed} of {n} are listed as perhaps delivered")
    rig.check("not all were tried twice", lambda verdict: verdict.copies[2] == n)


@scenario(16, "550 on a recipient, 451 for an hour", quick=True, copies=1)
def refused(rig: Rig) -> None:
    """For good: dead, and the front desk is told of each once. For an hour: delivered once, after it."""
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
        "SELECT COUNT(DISTINCT n.idem_key) FROM commitments_notification n JOIN poc_pointofcontact p "
        "ON p.id = n.recipient_id WHERE n.kind = 'undelivered' AND p.is_house AND n.channel = 'inbox'"
    )
    rig.demand(dead == n, f"{dead} mails of {n} are dead")
    rig.demand(told == n, f"the front desk was told of {told} of {n} dead mails")
