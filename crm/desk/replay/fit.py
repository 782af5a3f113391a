"""Find the targets that a log implies: from which time on its own column says that the target was missed.

The log says of each incident whether it made its target, and not what the target was, in which hours it counted, or
whether it ended when the incident was solved or when it was closed. All four are tried; for each priority the time
that separates best the made from the missed; whichever agrees with the most incidents is taken.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from crm.core.working_time import ALL_DAY, WorkingTime, always
from crm.desk.replay.log import Incident, State

ENDS = (State.CLOSED, State.SOLVED)
WEEKDAYS, EVERY_DAY = "weekdays", "every_day"
WEEKS: Mapping[str, WorkingTime] = {
    WEEKDAYS: WorkingTime(zone="UTC", hours=dict.fromkeys(range(5), ALL_DAY)),
    EVERY_DAY: always(),
}
MINUTE = 60

Took = Sequence[tuple[int, bool]]  # minutes, whether the target was missed


@dataclass(frozen=True, slots=True)
class Cut:
    """Where the made and the missed of one priority part: any target from `low` to below `high` minutes says the same.

    `n_wrong` of `n` incidents lie on the wrong side of it.
    """

    low: int
    high: int
    n: int
    n_wrong: int

    @property
    def minutes(self) -> int:
        """The middle between the last made and the first missed."""
        return max(1, (self.low + self.high) // 2)


@dataclass(frozen=True, slots=True)
class Fit:
    """Targets by priority, counted in the hours of `week`, from an incident's opening to its `end`."""

    end: State
    week: str
    cuts: Mapping[str, Cut]

    @property
    def n(self) -> int:
        return sum(cut.n for cut in self.cuts.values())

    @property
    def n_wrong(self) -> int:
        return sum(cut.n_wrong for cut in self.cuts.values())

    @property
    def agreement(self) -> float:
        """The share of incidents on the right side."""
        return 1 - self.n_wrong / self.n if self.n else 0.0


def fits(incidents: Sequence[Incident]) -> list[Fit]:
    """Return every combination tried, the best first."""
    tried = [_fit(incidents, end, week) for end in ENDS for week in WEEKS]
    return sorted(tried, key=lambda fit: (fit.n_wrong + len(incidents) - fit.n, ENDS.index(fit.end)))


def _fit(incidents: Iterable[Incident], end: State, week: str) -> Fit:
    took: dict[str, list[tuple[int, bool]]] = defaultdict(list)
    for incident in incidents:
        ended_at, made = incident.ended_at(end), incident.last.made_sla
        if ended_at is not None and made is not None:
            took[incident.priority].append((minutes_between(incident.opened_at, ended_at, week), not made))
    return Fit(end, week, {priority: cut(values) for priority, values in took.items()})


def minutes_between(start: datetime, end: datetime, week: str) -> int:
    return WEEKS[week].between(start, end) // MINUTE


def cut(took: Took) -> Cut:
    """Return where a target lies that the fewest are on the wrong side of; missed is whatever took longer."""
    by_minutes: dict[int, list[bool]] = defaultdict(list)
    for minutes, missed in took:
        by_minutes[minutes].append(missed)
    times = sorted(by_minutes)
    wrong = sum(not missed for _minutes, missed in took)  # with a target of nothing, all are missed
    best = Cut(0, times[0], len(took), wrong)
    for n, minutes in enumerate(times):
        wrong += sum(1 if missed else -1 for missed in by_minutes[minutes])
        if wrong < best.n_wrong:
            high = times[n + 1] if n + 1 < len(times) else minutes
            best = Cut(minutes, high, len(took), wrong)
    return best
