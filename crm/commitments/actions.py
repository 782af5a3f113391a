"""The acts on something owed: take it on, put it off, give it away, finish it; and telling people.

Each is one transaction with the commitment's row locked first; the order of locks is everywhere
commitment, message, notification. A repeated act does nothing. An act that invalidates what is
pending bumps the generation, takes back what has not left the house, and has the planner look
at once: the ladder itself is computed there alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from crm.commitments import ladder, notices, policies
from crm.commitments.models import OWNER_KEPT, Commitment
from crm.commitments.opening import Promise, due_in, local_parts, open_commitment, open_commitments
from crm.commitments.refusals import (
    AnswersNoMore,
    ClosedAlready,
    DueRequired,
    NotInThePast,
    OddMoment,
    SettledElsewhere,
)
from crm.core.actor import Actor
from crm.dossiers.actions import record
from crm.dossiers.models import Dossier, Event
from crm.poc.models import Grant, PointOfContact
from crm.poc.recipients import Recipient, recipients
from crm.poc.resolve import resolve

__all__ = [
    "Promise", "Telling", "acknowledge", "cancel", "keep", "notify", "notify_many", "open_commitment",
    "open_commitments", "reassign", "redue", "reopen", "snooze",
]  # fmt: skip

State = Commitment.State


@dataclass(frozen=True, slots=True)
class Telling:
    """One thing to tell to some POCs; see `notify`."""

    idem_key: str
    kind: str
    poc_ids: Sequence[int]
    dossier: Dossier | None
    context: Mapping[str, Any]


@transaction.atomic
def acknowledge(*, commitment: Commitment, by: Actor, at: datetime) -> Commitment:
    """Say that somebody is on it: the next step waits for the policy's time-out, then it runs.

    :raises ClosedAlready: it is done or cancelled.
    """
    c = _locked(commitment)
    if c.state == State.ACKNOWLEDGED:
        return c
    reached = c.cursor > 0 or c.repeat_no > 0
    _act(c, State.ACKNOWLEDGED, at)
    c.handed_off_at = at if reached else None  # whoever takes it on has read it
    c.save()
    return _recorded(c, Event.Kind.ACKNOWLEDGED, by, at)


@transaction.atomic
def snooze(*, commitment: Commitment, until: datetime, by: Actor, at: datetime) -> Commitment:
    """Be quiet until a moment; then the steps begin anew, counted from it (never before the due moment).

    :raises ClosedAlready: it is done or cancelled.
    :raises NotInThePast: `until` is not still to come.
    :raises OddMoment: `until` is decades away.
    """
    c = _locked(commitment)
    if c.state == State.SNOOZED and c.hold_until == until:
        return c
    if until <= at:
        raise NotInThePast
    _moment(c.zone, until, at, field="until")
    _act(c, State.SNOOZED, at)
    _begin_anew(c, max(until, c.due_at))
    c.hold_until = until
    c.save()
    return _recorded(c, Event.Kind.SNOOZED, by, at, until=until.isoformat())


@transaction.atomic
def redue(
    *,
    commitment: Commitment,
    due_at: datetime | None = None,
    due_local: datetime | None = None,
    zone: str = "",
    by: Actor,
    at: datetime,
) -> Commitment:
    """Let it be due at another moment; the steps begin anew. The same moment changes nothing.

    :raises ClosedAlready: it is done or cancelled.
    :raises DueRequired: no moment is given.
    :raises OddMoment: decades away.
    :raises UnknownZone: `zone` is no zone.
    """
    c = _locked(commitment)
    if due_at is None and due_local is None:
        raise DueRequired
    moment, zone = due_in(zone or c.zone, due_at=due_at, due_local=due_local, at=at)
    if moment == c.due_at and zone == c.zone:
        return c
    before = c.due_at
    for name, value in local_parts(moment, zone).items():
        setattr(c, name, value)
    _act(c, State.OPEN, at)
    _begin_anew(c, moment)
    c.save()
    return _recorded(c, Event.Kind.REDUE, by, at, was=before.isoformat())


@transaction.atomic
def reassign(
    *,
    commitment: Commitment,
    poc: PointOfContact | None,
    reason: str = "",
    as_owner: bool = False,
    by: Actor,
    at: datetime,
) -> Commitment:
    """Give it to `poc` by name (None: to whoever answers), and tell them; what was pending for others is taken back.

    Overdue already, that one notice is also the step at the due moment.

    :raises ClosedAlready: it is done or cancelled.
    :raises AnswersNoMore: `poc` is deactivated.
    :raises SettledElsewhere: only its owner's action gives this kind away.
    """
    _refuse_owned(commitment, as_owner)
    c = _locked(commitment)
    if c.poc_id == (poc.pk if poc else None):
        return c
    if poc is not None and poc.deactivated_at is not None:
        raise AnswersNoMore
    was = c.poc
    c.poc = poc
    _act(c, State.OPEN, at)
    _begin_anew(c, max(c.due_at, at))
    _tell_the_new_one(c, by, at)
    c.save()
    personal = {"poc": poc.name if poc else "", "was": was.name if was else "", "reason": reason.strip()}
    return _recorded(c, Event.Kind.REASSIGNED, by, at, personal=personal, poc=c.poc_id, was=was.pk if was else None)


@transaction.atomic
def keep(*, commitment: Commitment, as_owner: bool = False, by: Actor, at: datetime) -> Commitment:
    """Say that it is done: nobody is told anything more.

    `as_owner` is for the action that settles what the promise stands for.

    :raises ClosedAlready: it was cancelled.
    :raises SettledElsewhere: only its owner's action settles this kind.
    """
    _refuse_owned(commitment, as_owner)
    return _close(commitment, State.KEPT, Event.Kind.KEPT, "", by, at)


@transaction.atomic
def cancel(*, commitment: Commitment, reason: str = "", as_owner: bool = False, by: Actor, at: datetime) -> Commitment:
    """Say that it is not owed any more: nobody is told anything more.

    :raises ClosedAlready: it was done.
    :raises SettledElsewhere: only its owner's action settles this kind.
    """
    _refuse_owned(commitment, as_owner)
    return _close(commitment, State.CANCELLED, Event.Kind.CANCELLED, reason, by, at)


@transaction.atomic
def reopen(*, commitment: Commitment, by: Actor, at: datetime) -> Commitment:
    """Owe it again, due as before: it was closed by mistake. Open already: nothing happens."""
    c = Commitment.objects.select_for_update(no_key=True).get(pk=commitment.pk)
    if not c.is_closed:
        return c
    closed_at, c.closed_at = c.closed_at, None
    _act(c, State.OPEN, at)
    _begin_anew(c, c.due_at)
    c.save()
    Grant.objects.filter(cause=c.grant_cause, ended_at=closed_at).update(ended_at=None)
    return _recorded(c, Event.Kind.REOPENED, by, at)


def notify(
    *,
    idem_key: str,
    kind: str,
    recipient_poc_ids: Iterable[int],
    dossier: Dossier | None,
    context: Mapping[str, Any],
    by: Actor,
    at: datetime,
    channels: Sequence[str] = (notices.INBOX, notices.EMAIL),
    urgent: bool = False,
) -> None:
    """Tell people one thing once, whichever door it comes through; they may open the record from then on.

    `idem_key` names the thing (`a:` an assignment, `e:` an event, `h:` a handover); telling it
    again does nothing. `kind` is a name in `crm.commitments.wording`, `context` (JSON) its words.
    Teams are told as they want to be; the absent, and whoever acts, are left out. Called inside
    the action's own transaction.
    """
    telling = Telling(idem_key, kind, list(recipient_poc_ids), dossier, context)
    notify_many(tellings=[telling], by=by, at=at, channels=channels, urgent=urgent)


def notify_many(
    *,
    tellings: Sequence[Telling],
    by: Actor,
    at: datetime,
    channels: Sequence[str] = (notices.INBOX, notices.EMAIL),
    urgent: bool = False,
) -> None:
    """Tell many things, each once, as `notify` does; constant queries."""
    groups = recipients({pk for telling in tellings for pk in telling.poc_ids}, at=at)
    priority = notices.URGENT if urgent else notices.ORDINARY
    rows: list[notices.Row] = []
    grants: list[notices.Told] = []
    for telling in tellings:
        people = [p for pk in telling.poc_ids for p in _others(groups[pk], by)]
        dossier = telling.dossier
        rows += notices.plain_rows(
            telling.idem_key, telling.kind, dossier.pk if dossier else None, people, channels,
            dict(telling.context), at, priority=priority,
        )  # fmt: skip
        if dossier is not None and dossier.home_id is not None:
            grants += [notices.Told(p.poc_id, dossier.home_id, telling.idem_key[:60]) for p in people]
    notices.write(rows, grants)


def _refuse_owned(commitment: Commitment, as_owner: bool) -> None:
    if commitment.kind in OWNER_KEPT and not as_owner:
        raise SettledElsewhere


def _locked(commitment: Commitment, *, closed_as: str = "") -> Commitment:
    """Lock and return the row as it stands now.

    :raises ClosedAlready: it is closed otherwise than `closed_as`.
    """
    rows = Commitment.objects.select_related("dossier", "poc").select_for_update(no_key=True, of=("self",))
    c = rows.get(pk=commitment.pk)
    if c.is_closed and c.state != closed_as:
        raise ClosedAlready
    return c


def _act(c: Commitment, state: str, at: datetime) -> None:
    """Invalidate what is pending, and have the planner look at once."""
    notices.supersede(c, state)
    c.state = state
    c.generation += 1
    c.acted_at = c.next_action_at = at
    c.hold_until = None
    c.plan_errors, c.quarantined_at = 0, None


def _begin_anew(c: Commitment, anchor_at: datetime) -> None:
    """Go back to the first step, counted from another moment."""
    c.anchor_at = anchor_at
    c.cursor = c.repeat_no = 0
    c.handed_off_at = c.used_up_at = c.escalated_to = c.escalated_at = None


def _close(commitment: Commitment, state: str, event: str, reason: str, by: Actor, at: datetime) -> Commitment:
    c = _locked(commitment, closed_as=state)
    if c.is_closed:
        return c
    _act(c, state, at)
    c.next_action_at, c.closed_at = None, at
    c.save()
    Grant.objects.filter(cause=c.grant_cause, ended_at=None).update(ended_at=at)
    return _recorded(c, event, by, at, personal={"reason": reason.strip()} if reason.strip() else None)


def _tell_the_new_one(c: Commitment, by: Actor, at: datetime) -> None:
    """Write the notice of a reassignment; where it is due already, as the step at the due moment."""
    answer = resolve(dossier_id=c.dossier_id, topic_id=c.topic_id, poc_id=c.poc_id, at=at)
    everybody = notices.reachable(recipients([answer.poc_id], at=at)[answer.poc_id])
    people = _others(everybody, by)
    facts = {"why": ladder.POC, "by": str(by.user or ""), "answers": answer.poc_id, "holder": answer.holder_id}
    stem = f"c:{c.pk}:g{c.generation}:assigned"
    rows = notices.plain_rows(
        stem, "reassigned", c.dossier_id, people, (notices.INBOX, notices.EMAIL), facts, at, priority=notices.ESCALATION
    )
    cursor, step = _due_step(c) if everybody and c.due_at <= at else (0, None)
    c.cursor = cursor
    c.handed_off_at = at if cursor and not people else None  # whoever takes it themselves knows
    rows = [r._replace(commitment_id=c.pk, generation=c.generation, step=step, slot=ladder.POC) for r in rows]
    grants = [notices.Told(p.poc_id, c.home_id, c.grant_cause) for p in people]
    notices.write(rows, grants)


def _due_step(c: Commitment) -> tuple[int, int | None]:
    """Return the place after the last step at the due moment, and that step; (0, None) where there is none."""
    steps = policies.ladders([c.policy_version_id])[c.policy_version_id].steps
    found = [(n + 1, s.ordinal) for n, s in enumerate(steps) if s.kind == ladder.REMINDER and not s.may_be_skipped]
    return found[-1] if found else (0, None)


def _others(people: Iterable[Recipient], by: Actor) -> list[Recipient]:
    """Leave out whoever acts: they know."""
    return [p for p in people if p.user_id is None or p.user_id != by.user_id]


def _moment(zone: str, moment: datetime, at: datetime, *, field: str) -> None:
    try:
        due_in(zone, due_at=moment, due_local=None, at=at)
    except OddMoment:
        raise OddMoment(field=field) from None


def _recorded(
    c: Commitment, kind: str, by: Actor, at: datetime, *, personal: Mapping[str, Any] | None = None, **facts: Any
) -> Commitment:
    facts = {"commitment": c.pk, "kind": c.kind, "due_at": c.due_at.isoformat()} | facts
    record(
        kind=kind, dossiers=[c.dossier], by=by, at=at, facts=facts, personal={"title": c.title} | dict(personal or {})
    )
    return c
