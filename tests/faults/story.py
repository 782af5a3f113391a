"""What a scenario did, told so that the referee can work out what had to follow: plain data, nothing of the product.

A story is promises (who answers for each, when it is due, the steps of its ladder), the acts on them, and how the
product's clock went. It is written beside the log of the mail server, for whoever wonders at a verdict.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

REMINDER, ESCALATION = "reminder", "escalation"
POC, BACKUP, LEAD = "poc", "backup", "lead"


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
    """One promise; `poc`, `backup` and `lead` are the addresses of three different people."""

    title: str
    opened: datetime
    due: datetime
    poc: str
    backup: str
    lead: str


@dataclass(frozen=True)
class Act:
    """What was done to a promise at `at`; it was over by `over`, and had made it `generation`.

    `attempts` had been recorded for it by then: none may follow that belongs to an earlier generation.
    """

    kind: str  # reassign, keep
    title: str
    at: datetime
    over: datetime
    generation: int
    attempts: int
    to: str = ""  # an address


@dataclass(frozen=True)
class Turn:
    """From `real` (seconds of the machine's clock) on, the product's clock ran from `shown`, `rate` times as fast."""

    real: float
    shown: datetime
    rate: float


@dataclass
class Batch:
    """Promises under one ladder. `copies`: the most that any mail about them may have."""

    name: str
    steps: Sequence[Step]
    promises: list[Promise]
    acts: list[Act] = field(default_factory=list)
    copies: int = 2


@dataclass
class Story:
    """Everything that was done until the product's clock showed `until`."""

    batches: list[Batch] = field(default_factory=list)
    turns: list[Turn] = field(default_factory=list)
    until: datetime | None = None

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
        path.write_text(json.dumps(asdict(self), default=lambda moment: moment.isoformat()))
