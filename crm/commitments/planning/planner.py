"""The planner: turns what is due for a look into notices, and says when to look again.

A batch is one transaction: rows locked, everything they need loaded, decided purely, written in
a few statements. Notices and the new positions commit together or not at all.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from time import monotonic
from typing import Any

from django.db import InterfaceError, OperationalError, transaction

from crm.commitments import ladder
from crm.commitments.models import Commitment, Notification
from crm.commitments.planning import facts, quarantine, recount, rounds
from crm.commitments.telling import notices, packing, summaries
from crm.core import clock
from crm.core.actor import Actor, Source
from crm.core.failpoints import reach
from crm.dossiers.actions import Happening, record_many
from crm.dossiers.models import Dossier, Event
from crm.outbox import bulk, turns
from crm.poc.calendars import origin
from crm.poc.models import PointOfContact, WorkingCalendar

log = logging.getLogger(__name__)

COMPONENT = "planner"
BATCH = 500
BUDGET = 40  # seconds of one sweep; what is left is the next one's
LONGEST_HOLD = timedelta(minutes=2)  # what is decided while a backlog is worked off is told together, this late at most
COLUMNS = (
    "state", "cursor", "repeat_no", "handed_off_at", "hold_until", "next_action_at", "used_up_at",
    "escalated_to_id", "escalated_at", "plan_errors", "calendar_id", "calendar_version",
)  # fmt: skip
State = Commitment.State
Looked = tuple[facts.Owed, ladder.Look]
Decidable = facts.Owed | Commitment


def sweep() -> int:
    """Plan until nothing is due, pack what is to be told, and return how many rows were looked at.

    Does nothing while another sweep is at it. Safe to run any number of times, and to kill.
    """
    with turns.turn(COMPONENT) as is_mine:
        if not is_mine:
            return 0
        is_due = Commitment.objects.due_for_a_look().exists()
        done, is_done = plan_all(until=monotonic() + BUDGET) if is_due else (0, True)
        summaries.tell_returned()
        if is_done or _is_overdue():
            packing.pack()
        turns.beat(COMPONENT)
        if is_done:
            recount.recount()
        rounds.go()
    return done


def plan_all(until: float) -> tuple[int, bool]:
    """Plan what is due; return how many rows were looked at, and whether none is left."""
    done = 0
    after: tuple[datetime, int] | None = None
    memory = facts.Memory()
    while monotonic() < until:
        rows = _plan_batch(after, memory)
        if not rows:
            return done, True
        done += len(rows)
        after = rows[-1].next_action_at, rows[-1].pk
    return done, False


def _plan_batch(after: tuple[datetime, int] | None, memory: facts.Memory) -> list[facts.Owed]:
    """Look at the next rows in one transaction, and return them; none: nothing is due that nobody else holds."""
    rows: list[facts.Owed] = []
    try:
        with transaction.atomic():
            rows = facts.claim(after, BATCH)
            _look_at(rows, memory)
        if rows:
            reach("planner.after_commit")
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        if not rows:
            raise
        _plan_apart([row.pk for row in rows])
    return rows


def _is_overdue() -> bool:
    """True where something decided waits too long for the backlog to end."""
    return Notification.objects.unpacked().filter(tell_at__lte=clock.now() - LONGEST_HOLD).exists()


def plan(ids: Sequence[int]) -> int:
    """Look at these rows in one transaction, and return how many were free to be looked at.

    Where that fails, each half is tried alone, so that a row that cannot be planned is found
    and backed off, and holds nobody up. A database that fails is not a row's fault.
    """
    try:
        with transaction.atomic():
            rows = facts.lock(ids)
            _look_at(rows, facts.Memory())
        return len(rows)
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        return _plan_apart(ids)


def _plan_apart(ids: Sequence[int]) -> int:
    if len(ids) > 1:
        middle = len(ids) // 2
        return plan(ids[:middle]) + plan(ids[middle:])
    log.exception("Cannot plan commitment %s", ids)
    for pk in ids:
        quarantine.back_off(pk)
    return 0


def _look_at(rows: Sequence[facts.Owed], memory: facts.Memory) -> None:
    if rows:
        reach("planner.selected")
        known = facts.load(rows, clock.now(), memory)
        _write([(row, look(row, known)) for row in rows], known)
        reach("planner.before_commit")


def look(row: facts.Placed, known: facts.Facts) -> ladder.Look:
    """Decide one row, from what is known."""
    people = _people(row, known)
    each, position, calendar = known.ladders[row.policy_version_id], known.position(row), known.calendar(row)
    if row.state == State.WAITING:
        moment = row.next_action_at or known.at
        return ladder.look_at_waiting(
            ladder=each, position=position, moment=moment, now=known.at, calendar=calendar, slots=people
        )
    told = known.told(row)
    return ladder.look(ladder=each, position=position, now=known.at, calendar=calendar, slots=people, told=told)


def run_alone(c: Commitment, place: int, at: datetime) -> bool:
    """Decide one step below the position once more, and say whether there was anything to decide; its rows are gone.

    The row is locked, and stays where it is: the steps after this one were decided, and whoever they told knows.
    """
    known = facts.load([c], at)
    known.notices = facts.told_since_act({c.pk: c.generation})
    each, told = known.ladders[c.policy_version_id], known.told(c)
    begun = known.position(c)._replace(
        cursor=place, repeat_no=0, handed_off_at=None, is_pending=False, is_acknowledged=False, hold_until=None
    )
    upto = replace(each, steps=each.steps[: place + 1])
    result = ladder.look(
        ladder=upto, position=begun, now=at, calendar=known.calendar(c), slots=_people(c, known), told=told
    )
    later = {person for step, people in told.items() if step > upto.steps[-1].ordinal for person in people}
    decided = [
        n._replace(state=ladder.COALESCED, reason=ladder.ONE_NOTICE) if n.recipient in later else n
        for n in result.notices
    ]
    _write_notices([(c, n) for n in decided], known)
    return bool(decided)


def _people(row: facts.Placed, known: facts.Facts) -> dict[str, Sequence[int]]:
    """Return who can be told in each slot."""
    ids = known.memory.ids
    return {slot: ids[poc_id] if poc_id is not None else () for slot, poc_id in known.slot_pocs(row).items()}


def _write(looks: Sequence[Looked], known: facts.Facts) -> None:
    """Write notices, grants, events and the new positions."""
    _write_notices([(row, notice) for row, result in looks for notice in result.notices], known)
    reach("planner.inserted")
    _record_escalations(looks, known)
    bulk.update(Commitment, COLUMNS, [_columns(row, result, known) for row, result in looks])
    _alarm(looks, known)


def _write_notices(decided: Sequence[tuple[Decidable, ladder.Notice]], known: facts.Facts) -> None:
    rows: list[notices.Row] = []
    told: list[notices.Told] = []
    for row, notice in decided:
        rows += _rows(row, notice, known)
        if notice.recipient is not None:
            told.append(notices.Told(notice.recipient, row.home_id, row.grant_cause))
    notices.write(rows, told)


def _rows(row: Decidable, notice: ladder.Notice, known: facts.Facts) -> list[notices.Row]:
    """Return the rows of one notice, with why its reader is told: by which slot and team, and instead of whom."""
    slot_poc = known.slot_pocs(row).get(notice.reached)
    reasons: dict[str, Any] = {}
    if notice.state != ladder.SKIPPED:
        reasons = notices.because(known.answer(row), notice.reached)
        if slot_poc is not None and slot_poc != notice.recipient:
            reasons["team"] = slot_poc
    person = known.memory.persons.get(notice.recipient or 0)
    return notices.step_rows(row, notice, known.at, person=person, slot_poc=slot_poc, facts=reasons)


def _columns(row: facts.Owed, result: ladder.Look, known: facts.Facts) -> tuple[Any, ...]:
    """Return the row's key and its new columns, in the order of COLUMNS."""
    position = result.position
    wakes = result.is_awake and row.state in (State.SNOOZED, State.ACKNOWLEDGED)
    escalated_to = _escalated_to(row, result, known)
    return (
        row.pk,
        State.OPEN.value if wakes else row.state,
        position.cursor,
        position.repeat_no,
        None if position.is_pending else position.handed_off_at,
        position.hold_until,
        result.next_at,
        (row.used_up_at or known.at) if result.is_used_up else None,
        escalated_to or row.escalated_to_id,
        known.at if escalated_to else row.escalated_at,
        0,
        *_counted_in(row, known),
    )


def _counted_in(row: facts.Owed, known: facts.Facts) -> tuple[int | None, int | None]:
    """Return the calendar that the row hangs on, and its version: a newer one has it counted anew.

    What has a counted due moment keeps the calendar that was counted in.
    """
    if row.counted_from is not None and row.calendar_id is not None:
        return row.calendar_id, row.calendar_version
    return origin(known.calendar(row))


def _alarm(looks: Sequence[Looked], known: facts.Facts) -> None:
    """Tell the administrators of whom nobody could be told about, and of calendars that never open."""
    calendars = {id(calendar): calendar for calendar in (known.calendar(row) for row, _ in looks)}.values()
    closed = dict(origin(calendar) for calendar in calendars if not ladder.opens(calendar, known.at))
    alarms = [*_of_nobody(looks), *(_of_closed(closed) if closed else ())]
    notices.alarm_all(alarms, at=known.at)


def _of_nobody(looks: Sequence[Looked]) -> Iterable[notices.Alarm]:
    for row, result in looks:
        if any(notice.reason == ladder.NOBODY for notice in result.notices):
            last = result.notices[-1]
            place = f"s{last.step.ordinal}" if last.step.ordinal >= 0 else f"wait:r{last.repeat_no}"
            yield notices.Alarm(f"q:c{row.pk}:g{row.generation}:{place}", "nobody", {"title": row.title}, row)


def _of_closed(versions: Mapping[int, int]) -> Iterable[notices.Alarm]:
    """Tell of calendars that never open, once for each version of theirs."""
    for pk, name in WorkingCalendar.objects.filter(pk__in=versions).values_list("pk", "name"):
        yield notices.Alarm(f"q:cal{pk}:v{versions[pk]}", "never_opens", {"name": name})


def _escalations(result: ladder.Look) -> Iterable[ladder.Notice]:
    """Return one notice per step that escalated, whoever else was told by it."""
    found = [n for n in result.notices if n.step.kind == ladder.ESCALATION and n.state == ladder.PLANNED]
    return {n.step.ordinal: n for n in found}.values()


def _escalated_to(row: facts.Owed, result: ladder.Look, known: facts.Facts) -> int | None:
    reached = [known.slot_pocs(row).get(notice.reached) for notice in _escalations(result)]
    return reached[-1] if reached else None


def _record_escalations(looks: Sequence[Looked], known: facts.Facts) -> None:
    found = [
        (row, notice, known.slot_pocs(row).get(notice.reached))
        for row, result in looks
        for notice in _escalations(result)
    ]
    if not found:
        return
    names = dict(PointOfContact.objects.filter(pk__one_of=[to for *_, to in found]).values_list("pk", "name"))
    due = dict(Commitment.objects.filter(pk__one_of=[row.pk for row, *_ in found]).values_list("pk", "due_at"))
    happenings = [
        Happening(
            Event.Kind.ESCALATED,
            [Dossier(pk=row.dossier_id, home_id=row.home_id)],
            known.at,
            {"commitment": row.pk, "due_at": due[row.pk].isoformat(), "slot": notice.reached, "poc": to},
            {"title": row.title, "poc": names.get(to or 0, "")},
        )
        for row, notice, to in found
    ]
    record_many(happenings, by=Actor.system(Source.TASK), at=known.at)
