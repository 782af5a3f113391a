"""How long something takes, and how often it asks, beside raw SQL in the same minute."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from statistics import median
from time import perf_counter
from typing import Any

from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

REPEATS, LEAST = 9, 3  # of each measurement; the median counts
ENOUGH = 3.0  # seconds, after which what is slow is not repeated more than the least
TRIES = 3  # what misses its budget is measured again: a neighbour's noise passes, slowness stays
AROUND = ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE")  # begin and end a transaction, ask nothing

Work = Callable[[], Any]


@dataclass(frozen=True, slots=True)
class Budget:
    """What something may cost. `of_other` and `over_other` compare with a second thing that runs in turn with it.

    `of_other` is a multiple of its time, and as many queries as it asks; `over_other` seconds more than it takes.
    `SLACK` seconds more are no miss: what takes so little cannot be told from chance.
    """

    queries: int | None = None
    seconds: float | None = None
    ratio: float | None = None  # of the raw SQL's time
    of_other: float | None = None
    over_other: float | None = None
    other: str = ""  # what the second thing is called

    SLACK = 0.003

    def __str__(self) -> str:
        parts = [
            f"≤ {self.queries} queries" if self.queries is not None else "",
            f"≤ {1000 * self.seconds:g} ms" if self.seconds is not None else "",
            f"≤ {self.ratio:g}× raw" if self.ratio is not None else "",
            f"queries of, and ≤ {self.of_other:g}× {self.other}" if self.of_other is not None else "",
            f"≤ {1000 * self.over_other:g} ms more than {self.other}" if self.over_other is not None else "",
        ]
        return ", ".join(part for part in parts if part)

    def holds(self, cost: Cost, other: Cost | None, raw_seconds: float) -> bool:
        bounds = [
            (cost.queries, self.queries),
            (cost.seconds, self.seconds),
            (cost.seconds, None if self.ratio is None else self.ratio * raw_seconds),
        ]
        if other is not None and self.of_other is not None:
            bounds += [(cost.queries, other.queries), (cost.seconds, self.of_other * other.seconds + self.SLACK)]
        if other is not None and self.over_other is not None:
            bounds.append((cost.seconds, other.seconds + self.over_other))
        return all(bound is None or value <= bound for value, bound in bounds)


@dataclass(frozen=True, slots=True)
class Cost:
    queries: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Case:
    """One thing to measure. `work` returns how many rows it gave; `raw` does as much in plain SQL."""

    name: str
    work: Work
    raw: Work
    budget: Budget = Budget()
    other: Work | None = None


@dataclass(frozen=True, slots=True)
class Measured:
    """One row of the result; seconds are medians, `ratio` how many times the raw SQL's."""

    name: str
    rows: int
    queries: int
    seconds: float
    raw_seconds: float
    ratio: float
    budget: str
    within: bool


def take(cases: Generator[Case], *, repeats: int = REPEATS) -> Iterator[Measured]:
    """Measure one after the other, in one transaction that is rolled back: nothing stays."""
    with transaction.atomic(), closing(cases):
        for case in cases:
            yield _take(case, repeats)
        transaction.set_rollback(True)


def _take(case: Case, repeats: int) -> Measured:
    tries: list[Measured] = []
    while not tries or (not tries[-1].within and len(tries) < min(TRIES, repeats)):
        tries.append(_once(case, repeats))
    return next((measured for measured in tries if measured.within), min(tries, key=lambda m: m.seconds))


def _once(case: Case, repeats: int) -> Measured:
    works = [case.work, case.raw, *([case.other] if case.other else [])]
    for work in works if repeats > 1 else ():
        work()  # warms what a process keeps, and the database's own memory
    rows, queries = _counted(case.work)
    times: list[list[float]] = [[] for _ in works]
    began = perf_counter()
    while len(times[0]) < min(LEAST, repeats) or (len(times[0]) < repeats and perf_counter() - began < ENOUGH):
        for work, seconds in zip(works, times, strict=True):  # in turn: noise meets all of them
            seconds.append(_timed(work))
    taken = [median(seconds) for seconds in times]
    cost = Cost(queries, taken[0])
    other = Cost(_counted(case.other)[1], taken[2]) if case.other else None
    return Measured(
        name=case.name,
        rows=rows,
        queries=queries,
        seconds=round(cost.seconds, 6),
        raw_seconds=round(taken[1], 6),
        ratio=round(cost.seconds / taken[1], 2),
        budget=str(case.budget),
        within=case.budget.holds(cost, other, taken[1]),
    )


def _timed(work: Work) -> float:
    began = perf_counter()
    work()
    return perf_counter() - began


def _counted(work: Work) -> tuple[int, int]:
    """Return how many rows something gave, and how often it asked."""
    with CaptureQueriesContext(connection) as captured:
        rows = work()
    return rows, sum(not query["sql"].startswith(AROUND) for query in captured.captured_queries)


def raw(sql: str, params: Sequence[Any] = ()) -> Work:
    """Return work that fetches the rows of plain SQL through psycopg alone."""

    def work() -> int:
        return len(fetch(sql, params))

    return work


def fetch(sql: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    with driver().cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.fetchall()  # type: ignore[no-any-return]


def fetch_dicts(sql: str, params: Sequence[Any] = ()) -> list[dict[str, Any]]:
    with driver().cursor() as cursor:
        cursor.execute(sql, params)
        names = [column.name for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def driver() -> Any:
    """Return the psycopg connection below Django's."""
    connection.ensure_connection()
    return connection.connection
