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

from crm.commitments.acting import act, begin_anew, forget_waiting, locked, others, recorded, refuse_owned
from crm.commitments.models import Commitment
from crm.commitments.moving import GIVEN, Meaning, move_locked
from crm.commitments.opening import Promise, due_in, local_parts, open_commitment, open_commitments
from crm.commitments.recurring import owe_again, was_just_kept
from crm.commitments.refusals import DueRequired, MovedOn, NotInThePast, OddMoment, WaitsForCustomer
from crm.commitments.telling import notices
from crm.commitments.waiting import check_back
from crm.core.actor import Actor
from crm.dossiers.models import Dossier, Event
from crm.poc.models import Grant, PointOfContact
from crm.poc.recipients import recipients

__all__ = [
    "Promise", "Telling", "acknowledge", "cancel", "keep", "notify", "notify_many", "open_commitment",
    "open_commitments", "reassign", "redue", "reopen", "snooze",
]  # fmt: skip

State = Commitment.State


@dataclass(frozen=True, slots=True)
class Telling:
    """One thing to tell to some POCs; see `notify`. `cause` is what their grants end with: by default the key."""

    idem_key: str
    kind: str
    poc_ids: Sequence[int]
    dossier: Dossier | None
    context: Mapping[str, Any]
    cause: str = ""


@transaction.atomic
def acknowledge(*, commitment: Commitment, by: Actor, at: datetime) -> Commitment:
    """Say that somebody is on it: the next step waits for the policy's time-out, then it runs.

    :raises ClosedAlready: it is done or cancelled.
    :raises WaitsForCustomer: it waits, and asks nobody.
    """
    c = locked(commitment)
    if c.state == State.ACKNOWLEDGED:
        return c
    _refuse_waiting(c)
    reached = c.cursor > 0 or c.repeat_no > 0
    act(c, State.ACKNOWLEDGED, at)
    c.handed_off_at = at if reached else None  # whoever takes it on has read it
    c.save()
    return recorded(c, Event.Kind.ACKNOWLEDGED, by, at)


@transaction.atomic
def snooze(*, commitment: Commitment, until: datetime, by: Actor, at: datetime) -> Commitment:
    """Be quiet until a moment; then the steps begin anew, counted from it (never before the due moment).

    :raises ClosedAlready: it is done or cancelled.
    :raises NotInThePast: `until` is not still to come.
    :raises OddMoment: `until` is decades away.
    :raises WaitsForCustomer: it waits, and asks nobody.
    """
    c = locked(commitment)
    if c.state == State.SNOOZED and c.hold_until == until:
        return c
    _refuse_waiting(c)
    if until <= at:
        raise NotInThePast
    _moment(c.zone, until, at, field="until")
    act(c, State.SNOOZED, at)
    begin_anew(c, max(until, c.due_at))
    c.hold_until = until
    c.save()
    return recorded(c, Event.Kind.SNOOZED, by, at, until=until.isoformat())


@transaction.atomic
def redue(
    *,
    commitment: Commitment,
    due_at: datetime | None = None,
    due_local: datetime | None = None,
    zone: str = "",
    recurs: tuple[int, str] | None = None,
    this_once: bool = False,
    by: Actor,
    at: datetime,
) -> Commitment:
    """Let it be due at another moment; the steps begin anew. The same moment changes nothing.

    What waited for the customer waits no more. A series counts from the new moment on, but where
    only `this_once` it is another one. `recurs` is how often it is owed from then on, a number and
    its unit (Every); None: as often as before.

    :raises ClosedAlready: it is done or cancelled.
    :raises DueRequired: no moment is given.
    :raises OddMoment: decades away.
    :raises UnknownZone: `zone` is no zone.
    """
    c = locked(commitment)
    if due_at is None and due_local is None:
        raise DueRequired
    moment, zone = due_in(zone or c.zone, due_at=due_at, due_local=due_local, at=at)
    is_as_often = recurs is None or recurs == (c.recur_every, c.recur_unit)
    if moment == c.due_at and zone == c.zone and is_as_often and c.state != State.WAITING:
        return c
    before = c.due_at
    for name, value in local_parts(moment, zone).items():
        setattr(c, name, value)
    act(c, State.OPEN, at)
    begin_anew(c, moment)
    forget_waiting(c)
    c.counted_from, c.paused_seconds = None, 0  # nothing was counted: somebody said so
    if recurs is not None:
        c.recur_every, c.recur_unit = recurs
    if c.recur_every and not this_once:
        c.recur_from = moment
    c.save()
    return recorded(c, Event.Kind.REDUE, by, at, was=before.isoformat())


@transaction.atomic
def reassign(
    *,
    commitment: Commitment,
    poc: PointOfContact | None,
    reason: str = "",
    as_owner: bool = False,
    meaning: Meaning = GIVEN,
    by: Actor,
    at: datetime,
) -> Commitment:
    """Give it to `poc` by name (None: to whoever answers), and tell them; what was pending for others is taken back.

    Overdue already, that one notice is also the step at the due moment. `meaning` is for an act that means more by
    it than giving it away.

    :raises ClosedAlready: it is done or cancelled.
    :raises AnswersNoMore: `poc` is deactivated.
    :raises SettledElsewhere: only its owner's action gives this kind away.
    """
    c = locked(commitment)
    move_locked([c], to=poc, reason=reason, as_owner=as_owner, meaning=meaning, by=by, at=at)
    return c


@transaction.atomic
def keep(
    *,
    commitment: Commitment,
    for_good: bool = False,
    due_at: datetime | None = None,
    as_owner: bool = False,
    by: Actor,
    at: datetime,
) -> Commitment:
    """Say that it is done: nobody is told anything more. What recurs is owed for the next time, unless `for_good`.

    `due_at` says which time of it is meant, as it was read; None: whichever is owed now, and said again a moment
    later it is the same act. `as_owner` is for the action that settles what the promise stands for.

    :raises ClosedAlready: it was cancelled.
    :raises MovedOn: another time than `due_at` is owed by now.
    :raises SettledElsewhere: only its owner's action settles this kind.
    """
    refuse_owned(commitment, as_owner)
    c = locked(commitment, closed_as=State.KEPT)
    if c.is_closed or c.recur_every is None:
        return _close(c, State.KEPT, Event.Kind.KEPT, "", by, at)
    if due_at != c.due_at and was_just_kept(c, at) and not for_good:
        return c
    if due_at not in (None, c.due_at):
        raise MovedOn
    if for_good:
        return _close(c, State.KEPT, Event.Kind.KEPT, "", by, at)
    was = c.due_at
    again = owe_again(c, at)
    c.save()
    return recorded(c, Event.Kind.KEPT, by, at, was=was.isoformat(), again=again.isoformat())


@transaction.atomic
def cancel(*, commitment: Commitment, reason: str = "", as_owner: bool = False, by: Actor, at: datetime) -> Commitment:
    """Say that it is not owed any more: nobody is told anything more.

    :raises ClosedAlready: it was done.
    :raises SettledElsewhere: only its owner's action settles this kind.
    """
    refuse_owned(commitment, as_owner)
    c = locked(commitment, closed_as=State.CANCELLED)
    return _close(c, State.CANCELLED, Event.Kind.CANCELLED, reason, by, at)


@transaction.atomic
def reopen(*, commitment: Commitment, by: Actor, at: datetime) -> Commitment:
    """Owe it again, due or waiting as before: it was closed by mistake. Open already: nothing happens."""
    c = Commitment.objects.select_for_update(no_key=True).get(pk=commitment.pk)
    if not c.is_closed:
        return c
    closed_at, c.closed_at = c.closed_at, None
    act(c, State.WAITING if c.waiting_since else State.OPEN, at)
    begin_anew(c, c.due_at)
    if c.waiting_since:
        c.next_action_at = check_back(c, at)
    c.save()
    Grant.objects.filter(cause=c.grant_cause, ended_at=closed_at).update(ended_at=None)
    return recorded(c, Event.Kind.REOPENED, by, at)


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
    cause: str = "",
) -> None:
    """Tell people one thing once, whichever door it comes through; they may open the record from then on.

    `idem_key` names the thing (`a:` an assignment, `e:` an event, `h:` a handover); telling it
    again does nothing. `kind` is a name in `crm.commitments.telling.wording`, `context` (JSON) its words.
    Teams are told as they want to be; the absent, and whoever acts, are left out. Called inside
    the action's own transaction. `cause` is what their grants end with, where it is not this telling.
    """
    telling = Telling(idem_key, kind, list(recipient_poc_ids), dossier, context, cause)
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
        people = [p for pk in telling.poc_ids for p in others(groups[pk], by)]
        dossier = telling.dossier
        rows += notices.plain_rows(
            telling.idem_key, telling.kind, dossier.pk if dossier else None, people, channels,
            dict(telling.context), at, priority=priority,
        )  # fmt: skip
        if dossier is not None and dossier.home_id is not None:
            cause = telling.cause or telling.idem_key[:60]
            grants += [notices.Told(p.poc_id, dossier.home_id, cause) for p in people]
    notices.write(rows, grants)


def _close(c: Commitment, state: str, event: str, reason: str, by: Actor, at: datetime) -> Commitment:
    if c.is_closed:
        return c
    act(c, state, at)
    c.next_action_at, c.closed_at = None, at
    c.save()
    Grant.objects.filter(cause=c.grant_cause, ended_at=None).update(ended_at=at)
    return recorded(c, event, by, at, personal={"reason": reason.strip()} if reason.strip() else None)


def _moment(zone: str, moment: datetime, at: datetime, *, field: str) -> None:
    try:
        due_in(zone, due_at=moment, due_local=None, at=at)
    except OddMoment:
        raise OddMoment(field=field) from None


def _refuse_waiting(c: Commitment) -> None:
    if c.state == State.WAITING:
        raise WaitsForCustomer
