"""How an incident had to be judged, worked out from its moments in the log alone: what was replayed is not asked.

The log's verdict is followed to ours by one circumstance after the other. Where a replay comes to another verdict than
the last of them, it is the replay that is wrong; where it does not, the circumstance that turned the verdict is the
reason why it is not the log's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from django.utils.translation import gettext as _

from crm.commitments import ladder
from crm.core.working_time import WorkingTime
from crm.desk.replay.acts import Act, Kind, acts_of
from crm.desk.replay.fit import WEEKS, Fit, minutes_between
from crm.desk.replay.log import Incident, State
from crm.desk.replay.terms import Target, Targets

HOUR = 3600  # seconds that are left at least when something goes on that waited

Verdict = bool | None  # whether it was missed; None: never settled, or not said


@dataclass(frozen=True, slots=True)
class Ground:
    """What all incidents are judged by: the hours, the end and the cuts of `fit`, and the targets promised by.

    `slowest` and `quickest` are the minutes of the slowest made and the quickest missed of each priority.
    """

    fit: Fit
    targets: Targets
    slowest: Mapping[str, int]
    quickest: Mapping[str, int]

    @classmethod
    def of(cls, incidents: Iterable[Incident], fit: Fit, targets: Targets) -> Ground:
        slowest: dict[str, int] = {}
        quickest: dict[str, int] = {}
        for incident in incidents:
            made, ended_at, priority = incident.last.made_sla, incident.ended_at(fit.end), incident.priority
            if made is None or ended_at is None:
                continue
            took = minutes_between(incident.opened_at, ended_at, fit.week)
            if made:
                slowest[priority] = max(took, slowest.get(priority, took))
            else:
                quickest[priority] = min(took, quickest.get(priority, took))
        return cls(fit, targets, slowest, quickest)

    @property
    def working(self) -> WorkingTime:
        return WEEKS[self.fit.week]


@dataclass(slots=True)
class Course:
    """What became of one promise: when it is due, how long it waited, when it was settled."""

    working: WorkingTime
    opened_at: datetime
    target: Target
    at_least: int  # working seconds that are left when it goes on
    is_paused: bool  # False: waiting changes nothing
    paused: int = 0
    left: int | None = None  # while it waits
    settled_at: datetime | None = None
    refused: list[Kind] = field(default_factory=list)  # what came when nothing was owed any more
    due_at: datetime = field(init=False)

    def __post_init__(self) -> None:
        self._count()

    @property
    def is_missed(self) -> Verdict:
        return None if self.settled_at is None else self.settled_at > self.due_at

    def _count(self) -> None:
        due_at = ladder.shift(self.opened_at, self.target.amount, self.target.unit, self.working)
        self.due_at = self.working.add(due_at, self.paused)

    def take(self, act: Act, ends: Kind, targets: Targets) -> None:
        """Go on by one act; `ends` is what settles it."""
        if act.kind == Kind.REOPEN:
            self.settled_at = None
        elif act.kind == ends:
            self.settled_at = self.settled_at or act.at
        elif self.settled_at is not None:
            self.refused.append(act.kind)
        elif act.kind == Kind.RAISE:
            self.target = targets[act.value]
            self._resume(act.at)
            self._count()
            if self.left is not None:
                self._wait(act.at)
        elif act.kind == Kind.WAIT:
            self._wait(act.at)
        elif act.kind == Kind.RESUME:
            self._resume(act.at)
            self.left = None

    def _wait(self, at: datetime) -> None:
        if self.is_paused:
            self.left = max(0, self.working.between(at, self.due_at))

    def _resume(self, at: datetime) -> None:
        if self.left is not None:
            due_at = max(self.due_at, self.working.add(at, max(self.left, self.at_least)))
            self.paused += max(0, self.working.between(self.due_at, due_at))
            self.due_at = due_at


def course(incident: Incident, ground: Ground, *, is_paused: bool = True, at_least: int = HOUR) -> Course:
    """Return what had to become of an incident's solution."""
    found = Course(
        ground.working, incident.opened_at, ground.targets[incident.first.priority], at_least, is_paused=is_paused
    )
    ends = Kind.CLOSE if ground.fit.end == State.CLOSED else Kind.SOLVE
    for act in acts_of(incident):
        found.take(act, ends, ground.targets)
    return found


def verdicts(incident: Incident, ground: Ground) -> Iterator[tuple[str, Verdict]]:
    """Yield the log's own verdict, and then each that follows from it, with the circumstance it follows by.

    A circumstance without words is none that explains anything.
    """
    made = incident.last.made_sla
    yield "", None if made is None else not made
    ended_at = incident.ended_at(ground.fit.end)
    plain = ground.targets[incident.priority]
    cut = ground.fit.cuts.get(incident.priority)
    if cut is not None and ended_at is not None:
        minutes = minutes_between(incident.opened_at, ended_at, ground.fit.week)
        yield _misfit(incident, minutes, ground), minutes > cut.minutes
    given = "" if plain.is_found else _("the target that was given is another than the log's")
    yield given, _late(incident, ended_at, plain, ground)
    rows = course(incident, ground, is_paused=False)
    by_rows = _late(incident, rows.settled_at, plain, ground)
    yield _("its rows say another moment of its end than its column"), by_rows
    yield _("its priority changed when it was settled: it was judged by the one before"), rows.is_missed
    waited = course(incident, ground, at_least=0)
    yield _("it waited for the customer: our clock stood still meanwhile, the log's ran on"), waited.is_missed
    yield (
        _("it went on after it had waited, and there is an hour for that at least"),
        course(incident, ground).is_missed,
    )


def _late(incident: Incident, ended_at: datetime | None, target: Target, ground: Ground) -> Verdict:
    if ended_at is None:
        return None
    return ended_at > ladder.shift(incident.opened_at, target.amount, target.unit, ground.working)


def _misfit(incident: Incident, minutes: int, ground: Ground) -> str:
    """Name a verdict that no target can be found for; only where another incident bears witness to it."""
    slowest, quickest = ground.slowest.get(incident.priority), ground.quickest.get(incident.priority)
    is_witnessed = (
        quickest is not None and quickest <= minutes if incident.last.made_sla
        else slowest is not None and slowest >= minutes
    )  # fmt: skip
    return _("no one target fits its priority: as quick ones were judged otherwise") if is_witnessed else ""
