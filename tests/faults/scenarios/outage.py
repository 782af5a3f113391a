"""The engine was down, or nobody took its mails: what was missed is told once, and nobody is reported unasked."""

from __future__ import annotations

from datetime import timedelta

from tests.faults.registry import POSTGRES, SQLITE, scenario
from tests.faults.rig import Rig
from tests.faults.story import BACKUP, ESCALATION, LEAD, POC, REMINDER, Step

BOTH = (POSTGRES, SQLITE)
HOUR = 60  # minutes
MOST = 6  # messages for one recipient: five, or a digest with the rest
PATIENT = {"MAIL_LEASE": "3600", "GUARD_AFTER": "3600"}  # where the clock runs faster, so does what it counts


@scenario(13, "down for 8 h, 200,000 steps missed", quick=True, databases=BOTH, copies=1)
def down(rig: Rig) -> None:
    """Four reminders of each promise were missed: each is told of once, in six messages a reader at most."""
    reminders = [Step(REMINDER, POC, -hours * HOUR) for hours in (3, 2, 1, 0)]
    rig.ladder(*reminders, Step(ESCALATION, BACKUP, 2 * HOUR), Step(ESCALATION, LEAD, 2 * HOUR))
    much, little = rig.size(46_000, 120), rig.size(4_000, 40)
    rig.promise(much, first=4 * 3600, over=3.5 * 3600, each=12, name="much")
    rig.promise(little, first=4 * 3600, over=3.5 * 3600, each=4, name="little")
    rig.start()
    rig.rest()
    rig.stop()
    rig.run_clock(1, ahead=timedelta(hours=8))
    rig.start()
    rig.settle()
    n = 3 * (much + little)
    recorded = rig.ask("SELECT COUNT(*) FROM commitments_notification WHERE state = 'coalesced'")
    rig.demand(recorded == n, f"{recorded} of {n} missed steps are recorded")
    for channel in ("email", "inbox"):
        most = rig.ask(
            "SELECT MAX(n) FROM (SELECT COUNT(*) AS n FROM outbox_message "
            f"WHERE channel = '{channel}' GROUP BY recipient_id) AS told"
        )
        rig.demand(most <= MOST, f"{most} messages ({channel}) for one recipient, {MOST} are allowed")
    escalated = rig.ask("SELECT COUNT(*) FROM commitments_notification WHERE kind = 'escalation' AND state = 'planned'")
    rig.demand(escalated == 0, f"{escalated} were reported who had not been asked")


@scenario(14, "SMTP down for 6 h", quick=True, databases=BOTH)
def mail_server_down(rig: Rig) -> None:
    """Nothing dies, and the ladder waits: whoever was not reached is not reported."""
    rate = rig.seconds(120, 2400)
    rig.processes.env |= PATIENT
    rig.ladder(Step(REMINDER, POC), Step(ESCALATION, BACKUP, HOUR), Step(ESCALATION, LEAD, HOUR))
    rig.sink.mode = "refuse"
    rig.promise(rig.size(1000, 30), first=600, over=3600, each=2)
    rig.start()
    rig.guard()
    rig.run_clock(rate)
    rig.wait(6 * 3600 / rate, "the mail server is down")
    escalated = rig.ask("SELECT COUNT(*) FROM commitments_notification WHERE kind = 'escalation' AND state = 'planned'")
    rig.demand(escalated == 0, f"{escalated} escalations while nobody could be reached")
    rig.demand(not rig.sink.mails, "mails arrived while the server was down: nothing was tried")
    # A lease is not to run out while its mail is under way; what waits for the next try has waited.
    rig.run_clock(1, ahead=timedelta(minutes=1))
    rig.sink.mode = "accept"
    rig.settle()
    for _ in range(2):  # the two steps that follow, each an hour after the one before was handed off
        rig.run_clock(1, ahead=timedelta(minutes=HOUR + 1))
        rig.settle()
    dead = rig.ask("SELECT COUNT(*) FROM outbox_message WHERE state = 'dead'")
    rig.demand(dead == 0, f"{dead} mails are dead")
