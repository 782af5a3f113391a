"""Keeping in touch: a tier asks for a touch every so many days, and that is owed as long as the account is current.

One row an account: any touch that counts, by anyone, makes it due later, and none earlier. It counts from the
last touch that was known when it was asked for, else from then on. Logging moves it at once; whatever else changes
(a tier, its days, an account archived, merged or brought back, touches that were imported or undone) is found by
comparing, in batches, once a minute. An account that cannot be worked out is set aside, and the administrators
are told: it holds no other up.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Sequence
from datetime import date, datetime, time, timedelta
from time import monotonic
from typing import TypeVar
from zoneinfo import ZoneInfo

from django.db import InterfaceError, OperationalError, transaction
from django.db.models import Case, Exists, F, OuterRef, Q, When
from django.db.models.functions import Coalesce
from django.utils import translation
from django.utils.translation import gettext_noop

from accounts.models import Account
from crm.commitments.acting import acted, begin_anew
from crm.commitments.actions import Promise, open_commitments
from crm.commitments.filing import cancel_many
from crm.commitments.models import Commitment, CommitmentQuerySet, Every, Finding, Kind
from crm.commitments.opening import FARTHEST, local_parts
from crm.commitments.telling import notices
from crm.commitments.titles import Title
from crm.core import clock
from crm.core.actor import Actor, Source
from crm.core.working_time import NeverOpens, WorkingTime
from crm.dossiers.models import Firm, Topic
from crm.outbox import bulk, turns
from crm.poc.calendars import by_id, house_working_time, working_times
from crm.poc.resolve import Question, resolve_many

log = logging.getLogger(__name__)
Row = TypeVar("Row", Account, Commitment)

COMPONENT = "keeping_in_touch"
FINDING = "no_touch"  # a check in crm.commitments.auditing.standing
RETRY = timedelta(minutes=10)  # until what could not be worked out is tried again
EVERY = timedelta(minutes=1)
BUDGET = 3  # seconds of one round; what is left is the next one's
BATCH = 500
LEFT_ALONE = (Account.Kind.FORMER, Account.Kind.INTERNAL)  # nobody keeps in touch with those
COLUMNS = (
    "state", "generation", "acted_at", "next_action_at", "hold_until", "plan_errors", "quarantined_at", "anchor_at",
    "cursor", "repeat_no", "handed_off_at", "used_up_at", "escalated_to_id", "escalated_at",
    "due_at", "due_on", "due_time", "zone", "recur_every", "recur_from",
)  # fmt: skip
_aside: dict[int, datetime] = {}  # accounts that could not be worked out, until when; each process finds its own


def touched(*, account: Account, touched_at: datetime, at: datetime) -> None:
    """Let the next touch be due later, where this one is the newest. Three queries; none where no tier asks.

    Called inside the action that logs it; `account` has its dossier loaded.
    """
    if account.dossier.tier_id is None:
        return
    rows = Commitment.objects.open().filter(dossier=account.pk, kind=Kind.TOUCH, recur_from__lt=touched_at)
    c = rows.select_for_update(no_key=True).first()
    if c is None:
        return
    calendars = by_id([c.calendar_id] if c.calendar_id else [])
    working = calendars[c.calendar_id].working if c.calendar_id in calendars else house_working_time()
    if c.cursor or c.repeat_no or c.generation > 1:  # something may have been told
        notices.supersede_all([c], Commitment.State.OPEN)
    _owe_from(c, touched_at, c.recur_every or 0, working, at)
    bulk.update(Commitment, COLUMNS, [(c.pk, *(getattr(c, name) for name in COLUMNS))])


def go_round() -> None:
    """Reconcile once a minute, for a few seconds; for the sweep of the planner."""
    if not turns.is_silent(COMPONENT, after=EVERY):
        return
    until = monotonic() + BUDGET
    while monotonic() < until:
        if not reconcile():
            turns.beat(COMPONENT)
            return


@transaction.atomic
def reconcile(*, account_ids: Collection[int] | None = None) -> int:
    """Let be owed what tiers ask for now, and no more: a batch of each kind of difference; return how many differed.

    Of all accounts, or of these. Constant queries: three where nothing differs.
    """
    at = clock.now()
    ended, moved, missing = _not_asked_for(account_ids, at), _moved(account_ids, at), _missing(account_ids, at)
    by = Actor.system(Source.TASK)
    _each(ended, lambda rows: cancel_many(commitments=rows, reason="", as_owner=True, by=by, at=at), at)
    _each(moved, lambda rows: _redue(rows, at), at)
    _each(missing, lambda rows: _open(rows, by, at), at)
    return len(ended) + len(moved) + len(missing)


def _each(rows: Sequence[Row], act: Callable[[Sequence[Row]], object], at: datetime) -> None:
    """Do it to all at once; where that fails, to each half alone, so that what cannot be worked out holds nobody up.

    A database that fails is no account's fault.
    """
    if not rows:
        return
    try:
        with transaction.atomic():
            act(rows)
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:
        if len(rows) > 1:
            middle = len(rows) // 2
            _each(rows[:middle], act, at)
            _each(rows[middle:], act, at)
        else:
            _set_aside(rows[0].dossier_id, error, at)


def _set_aside(account_id: int, error: Exception, at: datetime) -> None:
    """Leave an account alone for a while, and let the auditor tell of it."""
    log.exception("Cannot work out when a touch with account %s is owed", account_id)
    _aside[account_id] = at + RETRY
    Finding.objects.note(FINDING, f"a:{account_id}", error, at)


def _set_aside_now(at: datetime) -> list[int]:
    return [pk for pk, until in _aside.items() if until > at]


def is_overdue(at: datetime) -> Exists:
    """True of an account whose next touch was asked for before `at`."""
    return Exists(Commitment.objects.overdue(at).filter(dossier=OuterRef("pk"), kind=Kind.TOUCH))


def _asking() -> Q:
    """Of an account: it is current, and its tier asks for touches."""
    tiered = Q(dossier__tier__touch_every_days__gt=0, dossier__archived_at=None, dossier__home=F("pk"))
    return tiered & ~Q(kind__in=LEFT_ALONE)


def _open_touches(account_ids: Collection[int] | None, at: datetime) -> CommitmentQuerySet:
    rows = Commitment.objects.open().filter(kind=Kind.TOUCH).exclude(dossier__in=_set_aside_now(at))
    return rows if account_ids is None else rows.filter(dossier__one_of=list(account_ids))


def _not_asked_for(account_ids: Collection[int] | None, at: datetime) -> list[Commitment]:
    asked = Account.objects.filter(_asking(), pk=OuterRef("dossier"))
    return list(_open_touches(account_ids, at).filter(~Exists(asked)).order_by("pk")[:BATCH])


def _moved(account_ids: Collection[int] | None, at: datetime) -> list[Commitment]:
    """The open touches that are counted from another touch, or by other days, than the account has now.

    What is counted from when it was asked for stays so, where a touch before that is heard of later: it
    would be due earlier.
    """
    rows = _open_touches(account_ids, at).filter(dossier__tier__touch_every_days__gt=0, dossier__archived_at=None)
    heard_later = When(
        recur_from=F("opened_at"), dossier__account__last_touch_at__lt=F("opened_at"), then=F("opened_at")
    )
    rows = rows.annotate(
        last=Case(heard_later, default=Coalesce("dossier__account__last_touch_at", "opened_at")),
        asked=F("dossier__tier__touch_every_days"),
    )
    return list(rows.filter(~Q(recur_from=F("last")) | ~Q(recur_every=F("asked"))).order_by("pk")[:BATCH])


def _missing(account_ids: Collection[int] | None, at: datetime) -> list[Account]:
    owed = Commitment.objects.open().filter(dossier=OuterRef("pk"), kind=Kind.TOUCH)
    rows = Account.objects.filter(_asking(), ~Exists(owed)).exclude(pk__in=_set_aside_now(at))
    if account_ids is not None:
        rows = rows.filter(pk__one_of=list(account_ids))
    return list(rows.select_related("dossier__tier").order_by("pk")[:BATCH])


def _redue(found: Sequence[Commitment], at: datetime) -> None:
    """Lock these and count them anew. A touch logged meanwhile has moved its own: that one is left."""
    seen = {c.pk: c.recur_from for c in found}
    wanted = {c.pk: (c.last, c.asked) for c in found}  # type: ignore[attr-defined]  # annotated
    rows = Commitment.objects.open().filter(pk__one_of=list(wanted)).order_by("pk")
    locked = [c for c in rows.select_for_update(no_key=True, of=("self",)) if c.recur_from == seen[c.pk]]
    working = _working_times([c.dossier_id for c in locked], at)
    notices.supersede_all(locked, Commitment.State.OPEN)
    for c in locked:
        last, asked = wanted[c.pk]
        _owe_from(c, last, asked, working[c.dossier_id], at)
    bulk.update(Commitment, COLUMNS, [(c.pk, *(getattr(c, name) for name in COLUMNS)) for c in locked])


def _open(accounts: Sequence[Account], by: Actor, at: datetime) -> None:
    topic = Topic.objects.get(code=Topic.GENERAL)
    working = _working_times([account.pk for account in accounts], at)
    promises = []
    with translation.override(Firm.objects.values_list("language", flat=True).first()):
        for account in accounts:
            days = account.dossier.tier.touch_every_days or 0  # type: ignore[union-attr]  # it asks
            last = account.last_touch_at or at
            due_at = _due(last, days, working[account.pk], at)
            promises.append(
                Promise(
                    dossier=account.dossier, topic=topic, kind=Kind.TOUCH, due_at=due_at,
                    title=Title(gettext_noop("Keep in touch with %(who)s"), {"who": account.name}),
                    zone=working[account.pk].zone,
                    recur_every=days, recur_unit=Every.DAYS, recur_from=last,
                )
            )  # fmt: skip
    open_commitments(promises, by=by, at=at)


def _working_times(account_ids: Sequence[int], at: datetime) -> dict[int, WorkingTime]:
    """The working time of whoever answers for each account."""
    general = Topic.objects.values_list("pk", flat=True).get(code=Topic.GENERAL)
    questions = {pk: Question(pk, general) for pk in account_ids}
    answers = resolve_many(questions.values(), at=at)
    times = working_times({answer.poc_id for answer in answers.values()})
    return {pk: times[answers[question].poc_id] for pk, question in questions.items()}


def _owe_from(c: Commitment, touched_at: datetime, days: int, working: WorkingTime, at: datetime) -> None:
    """Count a locked row from a touch; not saved."""
    c.recur_from, c.recur_every = touched_at, days
    for name, value in local_parts(_due(touched_at, days, working, at), working.zone).items():
        setattr(c, name, value)
    acted(c, Commitment.State.OPEN, at)
    begin_anew(c, c.due_at)


def _due(touched_at: datetime, days: int, working: WorkingTime, at: datetime) -> datetime:
    """Return the start of work so many days after a touch, or on the next open day; no farther than may be owed."""
    day: date = touched_at.astimezone(ZoneInfo(working.zone)).date() + timedelta(days=days)
    day = min(max(day, (at - FARTHEST).date()), (at + FARTHEST).date())
    try:
        moment = working.next_opening(working.combine(day, time(0)))
    except NeverOpens:
        moment = working.combine(day, time(9))
    return min(max(moment, at - FARTHEST), at + FARTHEST)
