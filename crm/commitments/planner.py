"""The planner: turns what is due for a look into notices, and says when to look again.

A batch is one transaction: rows locked, everything they need loaded, decided purely, written in
a few statements. Notices and the new positions commit together or not at all.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from time import monotonic
from typing import Any

from django.db import InterfaceError, OperationalError, transaction
from django.db.models import DateTimeField, F, Min, Value

from crm.commitments import catch_up, facts, ladder, notices, packing
from crm.commitments.models import Commitment
from crm.core import clock
from crm.core.actor import Actor, Source
from crm.core.query import Row, RowComparison
from crm.dossiers.actions import Happening, record_many
from crm.dossiers.models import Event
from crm.outbox import bulk, turns
from crm.poc.models import PointOfContact

log = logging.getLogger(__name__)

COMPONENT = "planner"
BATCH = 500
BUDGET = 40  # seconds of one sweep; what is left is the next one's
MAX_ERRORS = 5  # then a row is set aside, and the administrators are told
COLUMNS = (
    "state", "cursor", "repeat_no", "handed_off_at", "hold_until", "next_action_at", "used_up_at",
    "escalated_to_id", "escalated_at", "plan_errors",
)  # fmt: skip
State = Commitment.State


def sweep() -> int:
    """Plan until nothing is due, pack what is to be told, and return how many rows were looked at.

    Does nothing while another sweep is at it. Safe to run any number of times, and to kill.
    """
    with turns.turn(COMPONENT) as is_mine:
        if not is_mine:
            return 0
        oldest = Commitment.objects.due_for_a_look().aggregate(at=Min("next_action_at"))["at"]
        done = _plan_all(until=monotonic() + BUDGET)
        catch_up.tell_returned()
        packing.pack()
        turns.beat(COMPONENT, oldest=oldest)
    return done


def _plan_all(until: float) -> int:
    done = 0
    after: tuple[datetime, int] | None = None
    while monotonic() < until:
        due = Commitment.objects.due_for_a_look().order_by("next_action_at", "id")
        if after is not None:  # past what others hold locked
            due = due.filter(_later_than(*after))
        batch: list[tuple[Any, int]] = list(due.values_list("next_action_at", "id")[:BATCH])
        if not batch:
            break
        done += plan([pk for _, pk in batch])
        after = batch[-1]
    return done


def plan(ids: Sequence[int]) -> int:
    """Look at these rows in one transaction, and return how many were free to be looked at.

    Where that fails, each half is tried alone, so that a row that cannot be planned is found
    and backed off, and holds nobody up. A database that fails is not a row's fault.
    """
    try:
        with transaction.atomic():
            return _look_at(ids)
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        if len(ids) > 1:
            middle = len(ids) // 2
            return plan(ids[:middle]) + plan(ids[middle:])
        log.exception("Cannot plan commitment %s", ids[0])
        _back_off(ids[0])
        return 0


def _look_at(ids: Sequence[int]) -> int:
    at = clock.now()
    due = Commitment.objects.due_for_a_look().filter(pk__one_of=ids).select_related("dossier").order_by("id")
    rows = list(due.select_for_update(no_key=True, skip_locked=True, of=("self",)))
    if not rows:
        return 0
    known = facts.load(rows, at)
    looks = [(row, look(row, known)) for row in rows]
    _write(looks, known)
    return len(rows)


def look(row: Commitment, known: facts.Facts) -> ladder.Look:
    """Decide one row, from what is known."""
    people = {
        slot: [p.poc_id for p in known.people.get(poc_id, ())] if poc_id is not None else []
        for slot, poc_id in known.slot_pocs(row).items()
    }
    return ladder.look(
        ladder=known.ladders[row.policy_version_id],
        position=known.position(row),
        now=known.at,
        calendar=known.calendars[known.answer(row).poc_id],
        slots=people,
        told=known.told(row),
    )


def _write(looks: Sequence[tuple[Commitment, ladder.Look]], known: facts.Facts) -> None:
    """Write notices, grants, events and the new positions."""
    rows: list[notices.Row] = []
    told: list[notices.Told] = []
    addressed = {p.poc_id: bool(p.address) for group in known.people.values() for p in group}
    for row, result in looks:
        slot_pocs = known.slot_pocs(row)
        for notice in result.notices:
            slot_poc = slot_pocs.get(notice.reached)
            reasons = _reasons(row, notice, slot_poc, known)
            rows += notices.step_rows(row, notice, known.at, slot_poc=slot_poc, facts=reasons)
            if notice.recipient is not None:
                told.append(notices.Told(notice.recipient, row.home_id, row.grant_cause))
    notices.write(notices.with_address(rows, addressed), told)
    _record_escalations(looks, known)
    bulk.update(Commitment, COLUMNS, [_columns(row, result, known) for row, result in looks])
    for row, result in looks:
        if any(notice.reason == ladder.NOBODY for notice in result.notices):
            key = f"q:c{row.pk}:g{row.generation}:s{result.notices[-1].step.ordinal}"
            notices.alarm(idem_key=key, kind="nobody", facts={"title": row.title}, about=row, at=known.at)


def _reasons(row: Commitment, notice: ladder.Notice, slot_poc: int | None, known: facts.Facts) -> dict[str, Any]:
    """Return why this recipient is told: the slot, the team it came by, who answers, who is stood in for."""
    if notice.state == ladder.SKIPPED:
        return {}
    values = notices.because(known.answer(row), notice.reached)
    if slot_poc is not None and slot_poc != notice.recipient:
        values["team"] = slot_poc
    return values


def _columns(row: Commitment, result: ladder.Look, known: facts.Facts) -> tuple[Any, ...]:
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
    )


def _escalations(result: ladder.Look) -> Iterable[ladder.Notice]:
    """Return one notice per step that escalated, whoever else was told by it."""
    found = [n for n in result.notices if n.step.kind == ladder.ESCALATION and n.state == ladder.PLANNED]
    return {n.step.ordinal: n for n in found}.values()


def _escalated_to(row: Commitment, result: ladder.Look, known: facts.Facts) -> int | None:
    reached = [known.slot_pocs(row).get(notice.reached) for notice in _escalations(result)]
    return reached[-1] if reached else None


def _record_escalations(looks: Sequence[tuple[Commitment, ladder.Look]], known: facts.Facts) -> None:
    found = [
        (row, notice, known.slot_pocs(row).get(notice.reached))
        for row, result in looks
        for notice in _escalations(result)
    ]
    if not found:
        return
    names = dict(PointOfContact.objects.filter(pk__one_of=[to for *_, to in found]).values_list("pk", "name"))
    happenings = [
        Happening(
            Event.Kind.ESCALATED,
            [row.dossier],
            known.at,
            {"commitment": row.pk, "due_at": row.due_at.isoformat(), "slot": notice.reached, "poc": to},
            {"title": row.title, "poc": names.get(to or 0, "")},
        )
        for row, notice, to in found
    ]
    record_many(happenings, by=Actor.system(Source.TASK), at=known.at)


@transaction.atomic
def _back_off(pk: int) -> None:
    """Look at a row that cannot be planned later, each time twice as late; in the end set it aside and tell."""
    row = Commitment.objects.select_for_update(no_key=True).get(pk=pk)
    if row.is_closed:
        return
    at = clock.now()
    row.plan_errors += 1
    row.next_action_at = at + timedelta(minutes=2**row.plan_errors)
    if row.plan_errors >= MAX_ERRORS:
        row.quarantined_at = at
        key = f"q:c{row.pk}:g{row.generation}:quarantined"
        notices.alarm(idem_key=key, kind="set_aside", facts={"title": row.title}, about=row, at=at)
    row.save(update_fields=["plan_errors", "next_action_at", "quarantined_at"])


def _later_than(next_action_at: datetime, pk: int) -> RowComparison:
    place = Row(Value(next_action_at, DateTimeField()), Value(pk))
    return RowComparison(Row(F("next_action_at"), F("id")), ">", place)
