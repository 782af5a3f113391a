"""What is owed again and again: every so many days, weeks or months, as a clock in its zone shows them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from crm.commitments.acting import act, begin_anew, forget_waiting
from crm.commitments.models import Commitment, Every
from crm.commitments.opening import local_parts
from crm.core.working_time import combine
from crm.dossiers.models import EventDossier

DAYS = {Every.DAYS: 1, Every.WEEKS: 7}
SAME_ACT = timedelta(minutes=2)  # "done" a second time so soon is the same one: a double click, a retry

_begun_anew: list[Callable[[Commitment], None]] = []


def when_begun_anew(tell: Callable[[Commitment], None]) -> None:
    """Have `tell` called, in the same transaction, when something is owed for the next time."""
    _begun_anew.append(tell)


def next_due(*, first: datetime, zone: str, every: int, unit: str, after: datetime) -> datetime:
    """Return the first moment of a series after `after`: the same local time, whatever the clocks did.

    A month without the series' day has its last; the next longer one comes back to the day.
    """
    local = first.astimezone(ZoneInfo(zone))
    wanted = after.astimezone(ZoneInfo(zone)).date()
    n = max(1, _roughly(local.date(), wanted, unit) // every - 1)
    while True:
        moment = combine(zone, _day(local.date(), n * every, unit), local.time().replace(fold=0))
        if moment > after:
            return moment
        n += 1


def _roughly(first: date, wanted: date, unit: str) -> int:
    """How many units lie between two days, at most."""
    if unit == Every.MONTHS:
        return (wanted.year - first.year) * 12 + wanted.month - first.month
    return (wanted - first).days // DAYS[Every(unit)]


def _day(first: date, n: int, unit: str) -> date:
    if unit != Every.MONTHS:
        return first + timedelta(days=n * DAYS[Every(unit)])
    year, month = divmod(first.year * 12 + first.month - 1 + n, 12)
    last = (date(year + (month == 11), (month + 1) % 12 + 1, 1) - timedelta(days=1)).day
    return date(year, month + 1, min(first.day, last))


def owe_again(c: Commitment, at: datetime) -> datetime:
    """Let a locked row be owed for the next time, after now and after this one, and return when; not saved.

    However late it was done, what was missed does not pile up.
    """
    assert c.recur_every is not None  # noqa: S101  # asked by whoever calls
    due_at = next_due(
        first=c.recur_from or c.due_at, zone=c.zone, every=c.recur_every, unit=c.recur_unit, after=max(at, c.due_at)
    )
    for name, value in local_parts(due_at, c.zone).items():
        setattr(c, name, value)
    act(c, Commitment.State.OPEN, at)
    begin_anew(c, due_at)
    forget_waiting(c)
    c.paused_seconds = 0  # it waited for the time before
    for tell in _begun_anew:
        tell(c)
    return due_at


def was_just_kept(c: Commitment, at: datetime) -> bool:
    """Say whether the last act, a moment ago, was that it was done: saying so again is the same act. One query."""
    if at - c.acted_at > SAME_ACT:
        return False
    rows = EventDossier.objects.filter(dossier=c.dossier_id, happened_at=c.acted_at, event__kind="kept")
    return any(facts.get("commitment") == c.pk for facts in rows.values_list("event__facts", flat=True))
