"""A day on which everything is done to a promise that can be done, one promise each: for the tests of the referee."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from crm.commitments.planning import planner
from crm.core.clock import now
from crm.outbox import sender
from tests import clock
from tests.faults import world
from tests.faults.ledger import Ledger, Mail
from tests.faults.rig import perform
from tests.faults.story import BACKUP, ESCALATION, POC, REMINDER, Away, Batch, Step, Story, Turn

NINE = datetime(2026, 3, 4, 9, tzinfo=UTC)  # a Wednesday
STEPS = (Step(REMINDER, POC, -60), Step(REMINDER, POC), Step(ESCALATION, BACKUP, 60))
ACK, ASK = 90, 120
DUE, EVENING = 2.0, 8.25  # hours after nine: all is due at eleven, and told of; the day ends at a quarter past five
LATER = DUE + 0.1
DONE: Mapping[str, Sequence[tuple[float, str, dict[str, Any]]]] = {  # the promise → what is done to it, and when
    "nothing": (),
    "acknowledge": ((LATER, "acknowledge", {}),),
    "snooze": ((LATER, "snooze", {"until": NINE + timedelta(hours=4)}),),
    "wait": ((1.5, "wait", {}),),
    "resume": ((0.5, "wait", {}), (3.0, "resume", {})),
    "redue": ((LATER, "redue", {"until": NINE + timedelta(hours=6)}),),
    "reassign": ((LATER, "reassign", {}),),
    "keep": ((LATER, "keep", {}),),
    "cancel": ((LATER, "cancel", {}),),
    "reopen": ((LATER, "keep", {}), (3.0, "reopen", {})),
    "cover": (),
    "climb": (),
}


class Day:
    """The day, as plain data: what was done, what the mail server logged, what stands in the tables."""

    def __init__(self, log: Path, database_url: str) -> None:
        clock.freeze(NINE)
        world.set_ladder(STEPS, **world.plain_terms(ACK, ASK))
        staff = world.people(len(DONE), "day")
        promises = world.promises(staff, len(DONE), "day", first=timedelta(hours=DUE), over=timedelta())
        self.titles = {name: promise.title for name, promise in zip(DONE, promises, strict=True)}
        self.batch = Batch("day", STEPS, promises, ack=ACK, ask=ASK)
        self.story = Story([self.batch], [Turn(0, NINE, 0)], leads=world.leads(staff), desk=world.desk())
        self.stranger = staff[0]
        self._send_away()
        self._live()
        self.story.until = now()
        self.mails, self.ledger = Mail.read(log), Ledger.read(database_url)

    def _send_away(self) -> None:
        """One is away from half past ten until two, and covered; the backup of another is away, and the lead told."""
        covered = self.batch.promises[list(DONE).index("cover")].poc
        alone = self.batch.promises[list(DONE).index("climb")].backup
        half_past_ten, two = NINE + timedelta(hours=1.5), NINE + timedelta(hours=5)
        self.story.away = [Away(covered, half_past_ten, two, self.stranger.poc.email), Away(alone, half_past_ten, two)]
        world.away(self.story.away)

    def _live(self) -> None:
        todo = sorted((hours, name, kind, how) for name, acts in DONE.items() for hours, kind, how in acts)
        looks = [n / 4 for n in range(round(EVENING * 4) + 1)]
        for hours in sorted({*looks, *(each[0] for each in todo)}):
            clock.freeze(NINE + timedelta(hours=hours))
            planner.sweep()
            sender.sweep()
            for _, name, kind, how in (each for each in todo if each[0] == hours):
                given = {"to": self.stranger.poc.email, "poc": self.stranger.poc} if kind == "reassign" else how
                assert perform(self.batch, kind, self.titles[name], **given) is not None
