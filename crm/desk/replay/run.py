"""A replay from its log to its report; a long log in parts, each in a process and a database of its own."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor, wait
from dataclasses import dataclass
from datetime import timedelta
from functools import reduce
from operator import add
from time import perf_counter
from typing import Any

from django.utils.translation import gettext_lazy as _

from crm.core.refusals import Refused
from crm.desk.replay import firm, outcome, scratch
from crm.desk.replay.fit import fits
from crm.desk.replay.log import Incident, Log, State
from crm.desk.replay.outcome import Outcome
from crm.desk.replay.play import BY, HOUR, Play
from crm.desk.replay.report import Report
from crm.desk.replay.terms import Terms, promise_by, terms_of

SHORT = 1000  # incidents that are not worth a second process
MOST = 4  # processes
POLL = 0.5  # seconds

Advance = Callable[[int, int], object]  # is told how many acts are done, of how many


class NothingToReplay(Refused):
    code = "nothing_to_replay"
    default_message = _("No row of the log can be used.")


@dataclass(frozen=True, slots=True)
class Plan:
    """All that a part has to know: everybody is found by the whole log, so that the parts agree."""

    incidents: Sequence[Incident]
    week: str
    end: State
    terms: Terms
    every: timedelta = HOUR  # how often the planner looks

    def part(self, n: int, of: int) -> Sequence[Incident]:
        """Return the incidents of part `n`."""
        return self.incidents[n::of]


def replay(
    log: Log,
    *,
    database: str,
    end: State | None = None,
    answer: Iterable[str] = (),
    solution: Iterable[str] = (),
    every: timedelta = HOUR,
    processes: int = 0,
    advance: Advance = lambda done, total: None,
) -> Report:
    """Do a log again, in databases made for it, and report.

    `database` is a kind of `scratch`. `end` None: settled when the log's own targets end. `answer` and
    `solution` are targets as `urgent=4h`. The planner looks every `every`. `processes` 0: as many as there
    are processors, for a long log.

    :raises BadTarget: a target is none.
    :raises NothingToReplay: the log is empty.
    """
    if not log.incidents:
        raise NothingToReplay
    began = perf_counter()
    tried = sorted(fits(log.incidents), key=lambda fit: fit.end != (end or fit.end))
    best = tried[0]
    plan = Plan(log.incidents, best.week, best.end, terms_of(best, answer=answer, solution=solution), every)
    if not processes:
        processes = min(os.cpu_count() or 1, MOST) if len(log.incidents) > SHORT else 1
    if processes == 1:
        with scratch.database(database):
            found = play(plan, plan.incidents, advance=advance)
    else:
        found = _side_by_side(plan, database, processes, advance)
    return Report(log, tried, plan.end, plan.terms, found, database, processes, round(perf_counter() - began, 1))


def play(plan: Plan, incidents: Sequence[Incident], *, advance: Advance = lambda done, total: None) -> Outcome:
    """Do incidents of a plan again in the present database, and count what came of it.

    :raises NotEmpty: there is something in this database.
    """
    clock = scratch.Clock(min(incident.opened_at for incident in plan.incidents))
    staff = firm.found(plan.incidents, week=plan.week, by=BY, at=clock.at)
    promise_by(plan.terms)
    playing = Play(staff, clock, end=plan.end, every=plan.every)
    done = 0
    for n, total in playing.run(incidents):
        done += n
        advance(done, total)
    return outcome.count(playing.played)


# --- Side by side ----------------------------------------------------------------------------------------------------

_progress: Any = None  # in each process: how far the parts are, and how far they have to go


def _side_by_side(plan: Plan, database: str, processes: int, advance: Advance) -> Outcome:
    context = multiprocessing.get_context("fork")  # the log is there already
    shared = context.Array("q", 2 * processes)
    with ProcessPoolExecutor(processes, context, _begin, (shared,)) as pool:
        parts = [pool.submit(_part, plan, n, processes, database) for n in range(processes)]
        while wait(parts, timeout=POLL).not_done:
            advance(sum(shared[0::2]), sum(shared[1::2]))
            if any(part.done() and part.exception() for part in parts):
                break
        return reduce(add, [part.result() for part in parts])


def _begin(shared: Any) -> None:
    global _progress  # of a process that does nothing else
    _progress = shared


def _part(plan: Plan, n: int, of: int, database: str) -> Outcome:
    def advance(done: int, total: int) -> None:
        _progress[2 * n], _progress[2 * n + 1] = done, total

    with scratch.database(database):
        return play(plan, plan.part(n, of), advance=advance)
