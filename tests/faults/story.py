"""What a scenario did, told so that the referee can work out what had to follow: plain data, nothing of the product.

A story is promises (who answers for each, when it is due, the steps of its ladder), the acts on them, who was away,
and how the product's clock went. It is written beside the log of the mail server, for whoever wonders at a verdict.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

REMINDER, ESCALATION = "reminder", "escalation"
POC, BACKUP, LEAD, HOUSE = "poc", "backup", "lead", "house"
DAY = 24 * 60  # minutes


@dataclass(frozen=True)
class Step:
    """A step of a simple ladder, in minutes of elapsed time.

    A reminder counts from the due moment (negative: before it), an escalation from the hand-off of the step before.
    """

    kind: str
    slot: str
    minutes: int = 0


@dataclass(frozen=True)
class Promise:
    """One promise, given to `poc` by name, who also answers for its record, with `backup`: addresses.

    These and the lead of each are different people.
    """

    title: str
    opened: datetime
    due: datetime
    poc: str
    backup: str


@dataclass(frozen=True)
class Act:
    """What was done to a promise at `at`; it was over by `over`, and had made it `generation`.

    `attempts` had been recorded for it by then: none may follow that belongs to an earlier generation. `to` is an
    address (of reassign; empty: to whoever answers), `until` a moment (of snooze, of redue).
    """

    kind: str  # acknowledge, snooze, wait, resume, redue, reassign, keep, cancel, reopen
    title: str
    at: datetime
    over: datetime
    generation: int
    attempts: int
    to: str = ""
    until: datetime | None = None


@dataclass(frozen=True)
class Away:
    """Somebody is away, covered by somebody else or by nobody; addresses. It was known before it began."""

    who: str
    since: datetime
    until: datetime
    cover: str = ""


@dataclass(frozen=True)
class Hours:
    """When it is working time, in UTC: the same hours on the same weekdays (Monday is 0), no holidays."""

    weekdays: Sequence[int] = (0, 1, 2, 3, 4)
    opens: int = 9
    closes: int = 18


@dataclass(frozen=True)
class Turn:
    """From `real` (seconds of the machine's clock) on, the product's clock ran from `shown`, `rate` times as fast."""

    real: float
    shown: datetime
    rate: float


@dataclass
class Batch:
    """Promises under one ladder. `copies`: the most that any mail about them may have.

    `ack` is how long an acknowledgement holds the next step off, `ask` after what time whoever waits for the customer
    is asked about it: minutes of elapsed time.
    """

    name: str
    steps: Sequence[Step]
    promises: list[Promise]
    acts: list[Act] = field(default_factory=list)
    copies: int = 2
    ack: int = DAY
    ask: int = 5 * DAY


@dataclass
class Story:
    """Everything that was done until the product's clock showed `until`.

    `leads` gives the lead of each person, `desk` is who is told where nobody else is; addresses.
    """

    batches: list[Batch] = field(default_factory=list)
    turns: list[Turn] = field(default_factory=list)
    until: datetime | None = None
    leads: dict[str, str] = field(default_factory=dict)
    desk: str = ""
    away: list[Away] = field(default_factory=list)
    hours: Hours = Hours()

    def shown(self, real: float) -> datetime:
        """Return what the product's clock showed at a moment of the machine's."""
        turn = self._turn(real)
        return turn.shown + timedelta(seconds=(real - turn.real) * turn.rate)

    def seconds(self, since: datetime, real: float) -> float:
        """Return how long, on the machine's clock, `since` (of the product's) was over at `real`."""
        late = 0.0
        for turn, end in self._stretches(real):
            if turn.rate and turn.shown + timedelta(seconds=(end - turn.real) * turn.rate) > since:
                late += end - max(turn.real, turn.real + (since - turn.shown).total_seconds() / turn.rate)
        return late

    def _turn(self, real: float) -> Turn:
        return [turn for turn in self.turns if turn.real <= real][-1]

    def _stretches(self, real: float) -> list[tuple[Turn, float]]:
        begun = [turn for turn in self.turns if turn.real <= real]
        ends = [turn.real for turn in begun[1:]] + [real]
        return list(zip(begun, ends, strict=True))

    def write(self, path: Path) -> None:
        path.write_text(json.dumps(asdict(self), default=str))
