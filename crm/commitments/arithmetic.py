"""How a due moment came about: what was counted, from when, in whose hours, over which days; in the reader's words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from crm.commitments import ladder
from crm.commitments.models import Commitment, Kind, PolicyVersion
from crm.commitments.policy.spans import short, span
from crm.core.templatetags.moments import city, weekday_and_date
from crm.core.templatetags.owed import how_often
from crm.core.working_time import WorkingTime
from crm.dossiers.models import Event, EventDossier
from crm.poc.calendars import DayNote, Known, by_id

DAY = timedelta(days=1)
LONGEST = timedelta(days=120)  # beyond it the days are not gone through one by one
MOST_SHOWN = 6  # of one sort, in a line
PROMISED = frozenset({Kind.FOLLOW_UP, Kind.NEXT_UPDATE})  # whoever opens one may say by when
WEEK_END, HOLIDAY, CLOSED, OTHER_HOURS = "week_end", "holiday", "closed", "other_hours"


@dataclass(frozen=True, slots=True)
class Passed:
    """A day on the way that was no ordinary working day: closed, or open at other hours than usual."""

    day: date
    reason: str
    name: str = ""
    is_confirmed: bool = True


@dataclass(frozen=True, slots=True)
class Series:
    """It is owed again and again: every so many units from a moment on. Keeping in touch: so many days after it."""

    every: int
    unit: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Touch(Series):
    """A tier asks for a touch so many days after the last one; `is_first`: there was none, they count from the asking.

    `closed` are the days on which nobody works, between the one that was counted and the one it is due.
    """

    is_first: bool
    closed: Sequence[date]


@dataclass(frozen=True, slots=True)
class Move:
    """Somebody (empty: the product itself) let it be due at another moment than before."""

    at: datetime
    was: datetime
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Arithmetic:
    """How one due moment came about. `counted_from` None: nothing was counted by a policy's target.

    `target_at` is where the target alone would lie; `worked` are the stretches counted, `days` the open dates
    counted, whichever the unit asks for. `paused_seconds` and `remaining_seconds` are working time. `are_hours_past`:
    the hours it was counted by are not those of today. `is_promised`: it is of a kind whose moment somebody says.
    """

    due_at: datetime
    counted_from: datetime | None = None
    amount: int = 0
    unit: str = ""
    calendar: str = ""
    zone: str = ""
    target_at: datetime | None = None
    worked: Sequence[tuple[datetime, datetime]] = ()
    days: Sequence[date] = ()
    passed: Sequence[Passed] = field(default_factory=tuple)
    paused_seconds: int = 0
    waiting_since: datetime | None = None
    remaining_seconds: int | None = None
    series: Series | None = None
    move: Move | None = None
    are_hours_past: bool = False
    is_promised: bool = False

    @property
    def is_moved(self) -> bool:
        """True when an act, and not the count, put it where it is."""
        return self.target_at is not None and not self.paused_seconds and self.target_at != self.due_at


def explain(commitment: Commitment, at: datetime) -> Arithmetic:
    """Return how the due moment of `commitment` came about. Three queries at most, none where it was simply said."""
    return explain_many([commitment], at)[0]


def explain_many(commitments: Iterable[Commitment], at: datetime) -> list[Arithmetic]:
    """Return how each due moment came about, in their order. Three queries at most once the calendars are known."""
    rows = list(commitments)
    counted = [row for row in rows if row.counted_from is not None]
    targets = _targets(counted)
    hanging = [row for row in rows if row.counted_from is not None or row.waiting_since is not None]
    calendars = by_id(row.calendar_id for row in hanging if row.calendar_id is not None)
    moves = _moves(rows)
    return [
        _explained(
            row, targets.get(row.policy_version_id), calendars.get(row.calendar_id or 0), at, move=moves.get(row.pk)
        )
        for row in rows
    ]


def lines(commitment: Commitment, at: datetime) -> list[str]:
    """Say how the due moment came about, in the reader's language and zone."""
    return say(explain(commitment, at))


def lines_many(commitments: Iterable[Commitment], at: datetime) -> list[list[str]]:
    """Say it of many, in their order; see `explain_many`."""
    return [say(each) for each in explain_many(commitments, at)]


def count(*, due_at: datetime, counted_from: datetime, amount: int, unit: str, known: Known, **more: Any) -> Arithmetic:
    """Return the arithmetic of a target: an amount counted from a moment on by a calendar."""
    working = known.working
    target_at = ladder.shift(counted_from, amount, unit, working)
    values: dict[str, Any] = {}
    if unit not in ladder.ELAPSED:
        end = max(target_at, counted_from)
        is_near = end - counted_from <= LONGEST
        values = {"calendar": known.name, "zone": working.zone}
        values["passed"] = tuple(_passed(known, counted_from, end)) if is_near else ()
        if unit == ladder.WORKING_DAYS:
            values["days"] = tuple(_open_dates(working, counted_from, end)) if is_near else ()
        else:
            values["worked"] = tuple(working.intervals(counted_from, end))
    return Arithmetic(
        due_at=due_at, counted_from=counted_from, amount=amount, unit=unit, target_at=target_at, **values, **more
    )


def _targets(rows: Sequence[Commitment]) -> dict[int, tuple[int | None, str]]:
    """Load the target of each one's version of its policy. One query, none for nothing."""
    versions = PolicyVersion.objects.filter(pk__one_of=list({row.policy_version_id for row in rows}))
    return {pk: (n, unit) for pk, n, unit in versions.values_list("pk", "target_amount", "target_unit")} if rows else {}


def _moves(rows: Sequence[Commitment]) -> dict[int, Move]:
    """Return what put each of these where it is, where an act did. One query; none where nothing was done to them."""
    acted = {row.pk: row for row in rows if row.counted_from is None and row.generation > 1 and row.kind != Kind.TOUCH}
    if not acted:
        return {}
    events = EventDossier.objects.filter(
        dossier__one_of=list({row.dossier_id for row in acted.values()}),
        happened_at__gte=min(row.opened_at for row in acted.values()),
        event__kind=Event.Kind.REDUE,
    )
    values = events.order_by("happened_at", "event_id").values_list("event__facts", "happened_at", "event__actor__name")
    found = {}
    for facts, happened_at, name in values:
        row = acted.get(facts.get("commitment"))
        if row is not None and facts.get("due_at") == row.due_at.isoformat():
            found[row.pk] = Move(happened_at, datetime.fromisoformat(facts["was"]), name or "")
    return found


def _series(row: Commitment) -> Series | None:
    """Return what the moment was counted by, where it recurs; None where it is still the first one."""
    if row.recur_every is None or row.recur_from is None:
        return None
    if row.kind != Kind.TOUCH:
        return Series(row.recur_every, row.recur_unit, row.recur_from) if row.recur_from != row.due_at else None
    asked = row.recur_from.astimezone(ZoneInfo(row.zone)).date() + timedelta(days=row.recur_every)
    closed = [asked + n * DAY for n in range(min((row.due_on - asked).days, LONGEST.days))]
    return Touch(row.recur_every, row.recur_unit, row.recur_from, row.recur_from == row.opened_at, closed)


def _explained(
    row: Commitment, target: tuple[int | None, str] | None, known: Known | None, at: datetime, *, move: Move | None
) -> Arithmetic:
    more: dict[str, Any] = {
        "paused_seconds": row.paused_seconds, "series": _series(row), "move": move, "is_promised": row.kind in PROMISED,
    }  # fmt: skip
    if row.state == Commitment.State.WAITING and row.waiting_since is not None:
        waited = max(0, known.working.between(row.waiting_since, at)) if known else 0
        more["paused_seconds"] += waited
        more |= {"waiting_since": row.waiting_since, "remaining_seconds": row.remaining_seconds}
    if row.counted_from is None or target is None or target[0] is None or known is None:
        return Arithmetic(due_at=row.due_at, **more)
    more["are_hours_past"] = row.calendar_version != known.version
    return count(
        due_at=row.due_at, counted_from=row.counted_from, amount=target[0], unit=target[1], known=known, **more
    )


def _dates(zone: str, start: datetime, end: datetime) -> Iterator[date]:
    """The local dates from the one of `start` to the one of `end`."""
    day, last = (moment.astimezone(ZoneInfo(zone)).date() for moment in (start, end))
    while day <= last:
        yield day
        day += DAY


def _open_dates(working: WorkingTime, start: datetime, end: datetime) -> list[date]:
    """The dates that were counted: those after the first one on which it opens."""
    _first, *later = _dates(working.zone, start, end)
    return [day for day in later if working.opens_on(day)]


def _passed(known: Known, start: datetime, end: datetime) -> Iterator[Passed]:
    for day in _dates(known.working.zone, start, end):
        note = known.days.get(day)
        if not known.working.opens_on(day):
            yield _closed(day, note)
        elif note is not None:
            yield Passed(day, OTHER_HOURS, note.name, note.is_confirmed)


def _closed(day: date, note: DayNote | None) -> Passed:
    if note is None:
        return Passed(day, WEEK_END)
    return Passed(day, HOLIDAY if note.is_holiday else CLOSED, note.name, note.is_confirmed)


# --- In words --------------------------------------------------------------------------------------------------------


def say(found: Arithmetic) -> list[str]:
    """Say an arithmetic in the reader's language and zone, one fact a line, the due moment last."""
    said = list(_counted(found)) if found.counted_from is not None else []
    if found.series is not None:
        said += _touch(found.series) if isinstance(found.series, Touch) else [_again(found.series)]
    if found.move is not None:
        said.append(_moved(found.move))
    if found.paused_seconds:
        said.append(_("paused %(time)s while waiting for the customer") % {"time": short(found.paused_seconds)})
    if found.waiting_since is not None:
        said.append(_waiting(found))
        return said
    if found.is_moved:
        said.append(_("the hours were others then") if found.are_hours_past else _("moved by hand since then"))
    words = _("due %(moment)s, as it was promised") if found.is_promised and not said else _("due %(moment)s")
    return [*said, words % {"moment": _moment(found.due_at)}]


def _touch(series: Touch) -> Iterator[str]:
    values = {"n": series.every, "moment": _moment(series.since)}
    if series.is_first:
        yield (
            ngettext(
                "%(n)s day from %(moment)s, as the tier asks; there was no touch yet",
                "%(n)s days from %(moment)s, as the tier asks; there was no touch yet",
                series.every,
            )
            % values
        )
    else:
        yield (
            ngettext(
                "%(n)s day after the last touch, %(moment)s, as the tier asks",
                "%(n)s days after the last touch, %(moment)s, as the tier asks",
                series.every,
            )
            % values
        )
    if series.closed:
        yield _("no working days: %(days)s") % {"days": _days(series.closed)}


def _again(series: Series) -> str:
    values = {"often": how_often(series.every, series.unit), "moment": _moment(series.since)}
    return _("%(often)s from %(moment)s") % values


def _moved(move: Move) -> str:
    values = {"name": move.by, "moment": _moment(move.at), "was": _moment(move.was)}
    if not move.by:
        return _("moved on %(moment)s, from %(was)s") % values
    return _("moved by %(name)s on %(moment)s, from %(was)s") % values


def _counted(found: Arithmetic) -> Iterator[str]:
    values = {"span": span(found.amount, found.unit), "moment": _moment(found.counted_from)}
    yield _("%(span)s from %(moment)s") % values
    if found.calendar:
        yield _("by the hours of “%(calendar)s” (%(zone)s)") % {"calendar": found.calendar, "zone": city(found.zone)}
    week_end = [passed.day for passed in found.passed if passed.reason == WEEK_END]
    if week_end:
        yield _("no working days: %(days)s") % {"days": _days(week_end)}
    others = [passed for passed in found.passed if passed.reason != WEEK_END]
    yield from (_said_of(passed) for passed in others[:MOST_SHOWN])
    if len(others) > MOST_SHOWN:
        n = len(others) - MOST_SHOWN
        yield ngettext("and %(n)s more day that differs", "and %(n)s more days that differ", n) % {"n": n}
    if found.days:
        yield _("counted: %(days)s") % {"days": _days(found.days)}
    elif found.worked:
        yield _("counted: %(stretches)s") % {"stretches": _stretches(found.worked)}


def _said_of(passed: Passed) -> str:
    if passed.reason == OTHER_HOURS:
        words = _("%(day)s has hours of its own (%(name)s)") if passed.name else _("%(day)s has hours of its own")
    elif passed.reason == CLOSED:
        words = _("%(day)s is closed (%(name)s)") if passed.name else _("%(day)s is closed")
    elif passed.is_confirmed:
        words = _("%(day)s is a holiday (%(name)s)")
    else:
        words = _("%(day)s is a holiday, not confirmed yet (%(name)s)")
    return words % {"day": _day(passed.day), "name": passed.name}


def _waiting(found: Arithmetic) -> str:
    values = {"moment": _moment(found.waiting_since), "time": short(found.remaining_seconds or 0)}
    if not found.remaining_seconds:
        return _("waiting for the customer since %(moment)s; it was overdue then") % values
    return _("waiting for the customer since %(moment)s, with %(time)s of working time left") % values


def _days(days: Sequence[date]) -> str:
    shown = [_day(day) for day in days[:MOST_SHOWN]]
    if len(days) > MOST_SHOWN:
        shown[-1:] = ["…", _day(days[-1])]
    return ", ".join(shown)


def _stretches(worked: Sequence[tuple[datetime, datetime]]) -> str:
    """Mon 2 Mar 15:30–18:00 (2 h 30 min), …"""
    shown = [
        f"{_moment(start)}–{_clock(end)} ({short(int((end - start).total_seconds()))})"
        for start, end in worked[:MOST_SHOWN]
    ]
    if len(worked) > MOST_SHOWN:
        n = len(worked) - MOST_SHOWN
        shown.append(ngettext("and %(n)s stretch more", "and %(n)s stretches more", n) % {"n": n})
    return ", ".join(shown)


def _moment(moment: datetime | None) -> str:
    local = timezone.localtime(moment)
    return f"{_day(local.date())} {_clock_of(local.time())}"


def _clock(moment: datetime) -> str:
    return _clock_of(timezone.localtime(moment).time())


def _clock_of(clock: time) -> str:
    return formats.time_format(clock, "H:i")


def _day(day: date) -> str:
    return weekday_and_date(day)
