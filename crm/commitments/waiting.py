"""Waiting for the customer: the time that is left is kept in working time, and given back when it goes on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from crm.commitments import ladder
from crm.commitments.acting import act, begin_anew, forget_waiting, locked, others, recorded, refuse_owned
from crm.commitments.models import Commitment
from crm.commitments.opening import local_parts
from crm.commitments.policy import policies
from crm.commitments.telling import notices
from crm.core.actor import Actor
from crm.core.working_time import WorkingTime
from crm.dossiers.models import Event, EventDossier
from crm.poc.calendars import by_id, working_times
from crm.poc.recipients import recipients
from crm.poc.resolve import Question, resolve_many

State = Commitment.State
AT_LEAST = 3600  # working seconds left when it goes on: nobody is overdue because a customer answered
BOTH = (notices.INBOX, notices.EMAIL)


@dataclass(frozen=True, slots=True)
class Paused:
    """How something waited before it went on, so that going on can be taken back; as facts of an event."""

    commitment_id: int
    since: datetime
    remaining: int
    due_at: datetime
    paused: int

    @classmethod
    def of(cls, c: Commitment) -> Paused:
        return cls(c.pk, c.waiting_since or c.acted_at, c.remaining_seconds or 0, c.due_at, c.paused_seconds)

    def facts(self) -> dict[str, Any]:
        return {
            "id": self.commitment_id, "since": self.since.isoformat(), "remaining": self.remaining,
            "due_at": self.due_at.isoformat(), "paused": self.paused,
        }  # fmt: skip

    @classmethod
    def read(cls, facts: Mapping[str, Any]) -> Paused:
        since, due_at = (datetime.fromisoformat(facts[name]) for name in ("since", "due_at"))
        return cls(facts["id"], since, facts["remaining"], due_at, facts["paused"])


@transaction.atomic
def wait(*, commitment: Commitment, reason: str = "", by: Actor, at: datetime) -> Commitment:
    """Stop its clock until the customer answers: nobody is reminded; whoever has it is asked now and then.

    What was left in working time is kept (nothing, where it is overdue). Waiting already: nothing happens.

    :raises ClosedAlready: it is done or cancelled.
    :raises SettledElsewhere: this kind waits for no customer.
    """
    refuse_owned(commitment)
    c = locked(commitment)
    if c.state == State.WAITING:
        return c
    _stop(c, at)
    c.save()
    personal = {"reason": reason.strip()} if reason.strip() else None
    return recorded(c, Event.Kind.WAITING, by, at, personal=personal)


@transaction.atomic
def resume(*, commitment: Commitment, interaction: int | None = None, by: Actor, at: datetime) -> Commitment:
    """Let it go on with the working time that was left, an hour at least; whoever has it is told at once.

    `interaction` is the touch that ended the waiting. Not waiting: nothing happens.

    :raises ClosedAlready: it is done or cancelled.
    """
    c = locked(commitment)
    if c.state != State.WAITING:
        return c
    _each, working = _ground(c, at)
    left = max(c.remaining_seconds or 0, AT_LEAST)
    due_at = max(
        c.due_at, ladder.shift(at, left, ladder.WORKING_SECONDS, working)
    )  # not the closing before its opening
    c.paused_seconds += max(0, working.between(c.due_at, due_at))  # so that the target and this are the new moment
    for name, value in local_parts(due_at, c.zone).items():
        setattr(c, name, value)
    act(c, State.OPEN, at)
    begin_anew(c, due_at)
    forget_waiting(c)
    c.save()
    _tell(c, by, at)
    facts: dict[str, Any] = {"interaction": interaction} if interaction else {}
    return recorded(c, Event.Kind.RESUMED, by, at, **facts)


@transaction.atomic
def wait_again(*, was: Paused, by: Actor, at: datetime) -> Commitment | None:
    """It waits as it did before it went on by mistake. Closed since, or waiting anew: nothing happens."""
    c = Commitment.objects.select_for_update(no_key=True).get(pk=was.commitment_id)
    if c.is_closed or c.state == State.WAITING:
        return None
    c = locked(c)
    _stop(c, at)
    c.waiting_since, c.remaining_seconds, c.paused_seconds = was.since, was.remaining, was.paused
    for name, value in local_parts(was.due_at, c.zone).items():
        setattr(c, name, value)
    c.anchor_at = was.due_at
    c.save()
    return recorded(c, Event.Kind.WAITING, by, at, again=True)


def _stop(c: Commitment, at: datetime) -> None:
    """Stop the clock of a locked row, and keep what is left; not saved."""
    each, working = _ground(c, at)
    act(c, State.WAITING, at)
    begin_anew(c, c.due_at)
    c.waiting_since = at
    c.remaining_seconds = max(0, working.between(at, c.due_at))
    c.next_action_at = ladder.shift(at, each.wait_amount, each.wait_unit, working)


def check_back(c: Commitment, at: datetime) -> datetime:
    """Return when whoever has it is asked whether it still waits."""
    each, working = _ground(c, at)
    return ladder.shift(at, each.wait_amount, each.wait_unit, working)


def reasons(owed: Sequence[Commitment]) -> dict[int, str]:
    """Return what the customer is waited for, where it was said: of those that wait, by id. One query, or none."""
    since = {c.pk: c.waiting_since for c in owed if c.state == State.WAITING and c.waiting_since is not None}
    if not since:
        return {}
    records = {c.dossier_id for c in owed if c.pk in since}
    rows = EventDossier.objects.filter(
        dossier__one_of=list(records), happened_at__gte=min(since.values()), event__kind=Event.Kind.WAITING
    )
    found: dict[int, str] = {}
    for row in rows.select_related("event__personal").order_by("event_id"):
        pk, personal = row.event.facts.get("commitment"), getattr(row.event, "personal", None)
        if personal is not None and since.get(pk) == row.happened_at and personal.values.get("reason"):
            found[pk] = personal.values["reason"]
    return found


def _ground(c: Commitment, at: datetime) -> tuple[ladder.Ladder, WorkingTime]:
    """Return its ladder, and the working time it counts in: its policy's calendar, or that of whoever answers."""
    each = policies.ladders([c.policy_version_id])[c.policy_version_id]
    if each.calendar_id is not None:
        return each, by_id([each.calendar_id])[each.calendar_id].working
    question = Question(c.dossier_id, c.topic_id, c.poc_id)
    poc_id = resolve_many([question], at=at)[question].poc_id
    return each, working_times([poc_id])[poc_id]


def _tell(c: Commitment, by: Actor, at: datetime) -> None:
    """Whoever has it hears at once that its time runs again, and until when."""
    question = Question(c.dossier_id, c.topic_id, c.poc_id)
    answer = resolve_many([question], at=at)[question]
    people = others(notices.reachable(recipients([answer.poc_id], at=at)[answer.poc_id]), by)
    facts = notices.because(answer, ladder.POC) | {"by": str(by.user or ""), "path": f"/owed/{c.pk}/"}
    stem = f"c:{c.pk}:g{c.generation}:resumed"
    rows = notices.plain_rows(stem, "resumed", c.dossier_id, people, BOTH, facts, at, priority=notices.REMINDER)
    rows = [r._replace(commitment_id=c.pk, generation=c.generation, slot=ladder.POC) for r in rows]
    notices.write(rows, [notices.Told(p.poc_id, c.home_id, c.grant_cause) for p in people])
