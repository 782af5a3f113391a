"""What the engine costs and how late it is, with a million things owed and with a tenth, in databases of its own.

Planning is measured beside one plain statement that claims the same rows and writes as many notices; the two
sizes and the two ways in turn, so that noise meets all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from statistics import median, quantiles
from time import monotonic, perf_counter, sleep

from django.db import connection
from django.db.models import F
from tqdm import tqdm

from crm import env
from crm.commitments.models import Notification
from crm.commitments.planning import planner
from crm.commitments.telling import packing
from crm.desk.benchmark import posting
from crm.desk.benchmark.backlog import CLAIM_AND_TELL, IS_DUE, Backlog, backlog
from crm.desk.benchmark.measure import Budget, Measured
from crm.outbox.models import DeliveryAttempt, Message

OPEN = 1_000_000  # things owed, at scale 1
LONG_ENOUGH = 3600.0  # seconds; nothing here takes as long
LEAST_MAILS = 100  # a second, with any number of senders
LATEST = 30.0  # seconds, of a hundred notices all but one
GROWTH = 1.2  # times as slow, at most, with ten times as many things owed
A_ROW = 0.001  # seconds; a row takes less, and is the median of many


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured; what stands here is what is promised."""

    n_open: int = OPEN
    n_due: int = 20_000  # planned at a time
    n_mails: int = 3_000  # sent by each number of senders
    senders: tuple[int, ...] = (1, 2, 8)
    seconds: float = 60  # over which notices fall due one after the other
    n_live: int = 1_000
    every: float = float(env.BELL_EVERY)  # seconds between two bells
    repeats: int = 5

    @classmethod
    def of(cls, scale: float, repeats: int) -> Size:
        n_open = max(1_000, round(OPEN * scale))
        return cls(n_open=n_open, n_due=min(20_000, n_open // 5), repeats=repeats)


def measure(size: Size) -> Iterator[Measured]:
    """Measure one after the other; whatever happens, the databases are dropped.

    :raises NoServer: there is no PostgreSQL server to make them on.
    """
    with ExitStack() as stack:
        tenth = stack.enter_context(backlog(size.n_open // 10))
        full = stack.enter_context(backlog(size.n_open, like=tenth))
        for each in (tenth, full):
            _load(each)
        yield from _sweeps(tenth, full, size)
        yield from _plans(tenth, full, size)
        with posting.sink() as port:
            for n in size.senders:
                yield _mails(full, n, port, size)
            yield from _lateness(full, port, size)


def _load(each: Backlog) -> None:
    with tqdm(total=each.n_open, unit=" owed", unit_scale=True, disable=None) as bar:  # None: only where one watches
        for done in each.load():
            bar.update(done - bar.n)


# --- Looking and planning --------------------------------------------------------------------------------------------


def _sweeps(tenth: Backlog, full: Backlog, size: Size) -> Iterator[Measured]:
    """A sweep with nothing due, as against asking what is due first."""
    asks = f"SELECT min(next_action_at) FROM commitments_commitment WHERE {IS_DUE}"
    taken = _in_turn(
        4 * size.repeats,
        *((each, work) for each in (tenth, full) for work in (planner.sweep, lambda: _execute(asks))),
    )
    for each, seconds, raw in zip((tenth, full), taken[::2], taken[1::2], strict=True):
        yield _row(f"sweep, nothing due: {each.n_open:,} owed", 0, seconds, raw, Budget(seconds=0.005))
    yield _growth("sweep, nothing due", taken[2], taken[0])


def _plans(tenth: Backlog, full: Backlog, size: Size) -> Iterator[Measured]:
    """Planning what falls due, as against one plain statement; a row's time with ten times as many owed.

    Each way goes first every other time: the second one finds the pages warm. Growth is that of the fastest times,
    on which no checkpoint fell.
    """
    n_due = min(size.n_due, tenth.n_open // 5)
    times: dict[tuple[int, str], list[float]] = {}
    packs: list[float] = []
    ways: list[tuple[str, Callable[[], None]]] = [("plan", _plan), ("raw", _claim_and_tell)]
    for turn in range(2 * size.repeats):
        for each in (tenth, full):
            for place, (name, work) in enumerate(ways):
                n = each.let_fall_due(n_due, turn=2 * turn + place)
                with each.within():
                    times.setdefault((each.n_open, name), []).append(_timed(work) / n)
                    if name == "plan":
                        packs.append(_timed(packing.pack) / n)
                each.forget()
        ways.reverse()
    each_row = {key: median(seconds) for key, seconds in times.items()}
    for each in (tenth, full):
        seconds, raw = each_row[each.n_open, "plan"], each_row[each.n_open, "raw"]
        name = f"plan, a row of {n_due:,} due, {each.n_open:,} owed: {1 / seconds:,.0f}/s, raw {1 / raw:,.0f}/s"
        yield _row(name, n_due, seconds, raw, Budget(seconds=1 / 2_000, ratio=2))
    yield _growth("plan", min(times[full.n_open, "plan"]), min(times[tenth.n_open, "plan"]))
    seconds = median(packs)
    yield _row(f"pack, a row of {n_due:,}: {1 / seconds:,.0f}/s", n_due, seconds, seconds, Budget())


def _plan() -> None:
    planner.plan_all(until=monotonic() + LONG_ENOUGH)


def _claim_and_tell() -> None:
    while _execute(CLAIM_AND_TELL):
        pass


# --- Sending ---------------------------------------------------------------------------------------------------------


def _mails(each: Backlog, n_senders: int, port: int, size: Size) -> Measured:
    """So many mails by so many senders, from the first intent to the last answer."""
    each.forget()
    each.let_fall_due(size.n_mails, turn=n_senders)
    with posting.senders(n_senders, url=each.url, port=port) as running, each.within():
        _plan()
        with _one_mail_each():
            packing.pack()
        running.go()
        running.wait()
        ends = DeliveryAttempt.objects.order_by("intent_at").values_list("intent_at", "ended_at")
        sent = [(begun, ended) for begun, ended in ends if ended]
    took = (max(ended for _, ended in sent) - sent[0][0]).total_seconds()
    name = f"send, {n_senders} at a time: {len(sent) / took:,.0f} mails/s"
    return _row(name, len(sent), took, took, Budget(seconds=len(sent) / LEAST_MAILS))


@contextmanager
def _one_mail_each() -> Iterator[None]:
    """Let nothing be told together: as where things fall due one after the other."""
    most, packing.MAX_SINGLE = packing.MAX_SINGLE, OPEN
    try:
        yield
    finally:
        packing.MAX_SINGLE = most


def _lateness(each: Backlog, port: int, size: Size) -> Iterator[Measured]:
    """How long after its moment a reminder is with the mail server, bells ringing as they do in the product."""
    each.forget()
    with posting.senders(1, url=each.url, port=port, every=size.every) as running, each.within():
        each.let_fall_due(size.n_live, turn=0, seconds=size.seconds)
        running.go()
        _ring(size.every, size.seconds + 2 * size.every)
        rows = Notification.objects.filter(message__channel=Message.Channel.EMAIL, message__state=Message.State.SENT)
        late = [span.total_seconds() for span in rows.values_list(F("message__ended_at") - F("planned_for"), flat=True)]
    hundredths = quantiles(late, n=100)
    for name, seconds, budget in (("p50", hundredths[49], Budget()), ("p99", hundredths[98], Budget(seconds=LATEST))):
        yield _row(f"lateness {name}: from due to the mail server's answer", len(late), seconds, seconds, budget)


def _ring(every: float, seconds: float) -> None:
    """Sweep as often as the bell rings, for a while."""
    until = monotonic() + seconds
    while monotonic() < until:
        planner.sweep()
        sleep(every)


# --- Measuring -------------------------------------------------------------------------------------------------------


def _in_turn(repeats: int, *works: tuple[Backlog, Callable[[], object]]) -> list[float]:
    """Return the median seconds of each of these, done one after the other again and again."""
    taken: list[list[float]] = [[] for _ in works]
    for turn in range(repeats + 1):
        for (each, work), seconds in zip(works, taken, strict=True):
            with each.within():
                took = _timed(work)
            if turn:  # the first warms what is kept
                seconds.append(took)
    return [median(seconds) for seconds in taken]


def _timed(work: Callable[[], object]) -> float:
    began = perf_counter()
    work()
    return perf_counter() - began


def _execute(sql: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(sql, [])
        return int(cursor.rowcount)


def _growth(name: str, full: float, tenth: float) -> Measured:
    """Compare with a tenth as many; where it is the whole of a few milliseconds, not a row's share, with some slack."""
    slack = Budget.SLACK if full > A_ROW else 0
    budget = f"≤ {GROWTH:g}× with a tenth of them" + (f" (+ {1000 * slack:g} ms)" if slack else "")
    is_within = full <= GROWTH * tenth + slack
    return Measured(f"{name}: ten times as many owed", 0, 0, full, tenth, round(full / tenth, 2), budget, is_within)


def _row(name: str, rows: int, seconds: float, raw: float, budget: Budget) -> Measured:
    within = (budget.seconds is None or seconds <= budget.seconds) and (
        budget.ratio is None or seconds <= budget.ratio * raw
    )
    return Measured(name, rows, 0, round(seconds, 6), round(raw, 6), round(seconds / raw, 2), str(budget), within)
