"""Promising: opening what is owed, one or thousands at a time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.db import transaction

from crm.commitments import ladder
from crm.commitments.models import Commitment, PolicyVersion
from crm.commitments.policy import policies
from crm.commitments.refusals import AnswersNoMore, DueRequired, OddMoment, TitleRequired
from crm.commitments.titles import Title, tidy
from crm.core.actor import Actor
from crm.core.refusals import UnknownZone
from crm.core.working_time import WorkingTime, combine
from crm.dossiers.actions import Happening, record_many, refuse_archived
from crm.dossiers.models import Channel, Dossier, Event, Purpose, Topic
from crm.poc.calendars import by_id, origin, working_times
from crm.poc.models import PointOfContact
from crm.poc.resolve import Question, resolve_many

BATCH = 1000
FARTHEST = timedelta(days=366 * 30)  # either way; beyond it somebody mistyped a year


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """Something to be owed.

    Due at `due_at`, or at `due_local` (naive) as a clock in `zone` shows it, or by the target of
    the kind's policy over the working time of `answers` (a POC's id; None: whoever answers is
    looked up). `zone` empty is that of `poc`, else the firm's. `poc` None: whoever answers then.
    """

    dossier: Dossier
    topic: Topic
    kind: str
    title: str | Title
    due_at: datetime | None = None
    due_local: datetime | None = None
    zone: str = ""
    poc: PointOfContact | None = None
    priority: str = Commitment.Priority.NORMAL.value
    answers: int | None = None
    purpose: Purpose | None = None
    channel: Channel | None = None
    interaction: int | None = None  # the id of the touch it is owed for, where its event does not say so
    recur_every: int | None = None  # owed again every so many `recur_unit`, once it is done
    recur_unit: str = ""
    recur_from: datetime | None = None  # what the series counts from; None: the due moment

    @property
    def is_by_target(self) -> bool:
        return self.due_at is None and self.due_local is None


def open_commitment(
    *,
    dossier: Dossier,
    topic: Topic,
    kind: str,
    title: str | Title,
    due_at: datetime | None = None,
    due_local: datetime | None = None,
    zone: str = "",
    poc: PointOfContact | None = None,
    priority: str = Commitment.Priority.NORMAL.value,
    answers: int | None = None,
    purpose: Purpose | None = None,
    channel: Channel | None = None,
    by: Actor,
    at: datetime,
) -> Commitment:
    """Open one promise; see `Promise`. Five queries with a due moment, more where it is computed.

    Called inside the action's own transaction.

    :raises TitleRequired: `title` is blank.
    :raises DueRequired: neither a moment nor a target says by when.
    :raises OddMoment: decades away.
    :raises UnknownZone: `zone` is no zone.
    :raises AnswersNoMore: `poc` is deactivated.
    :raises Archived: the record is archived.
    """
    promise = Promise(
        dossier=dossier, topic=topic, kind=kind, title=title, due_at=due_at, due_local=due_local, zone=zone, poc=poc,
        priority=priority, answers=answers, purpose=purpose, channel=channel,
    )  # fmt: skip
    return _open([promise], by=by, at=at)[0]


@transaction.atomic(savepoint=False)
def open_commitments(promises: Iterable[Promise], *, by: Actor, at: datetime) -> list[Commitment]:
    """Open many promises, in their order; all or, with a refusal, none. See `open_commitment`."""
    return _open(list(promises), by=by, at=at)


def _open(promises: Sequence[Promise], *, by: Actor, at: datetime) -> list[Commitment]:
    commitments, happenings = open_unrecorded(promises, at=at)
    record_many(happenings, by=by, at=at)
    return commitments


def open_unrecorded(promises: Sequence[Promise], *, at: datetime) -> tuple[list[Commitment], list[Happening]]:
    """Open promises, and leave it to the caller to record what happened, with what else did: one act, few inserts."""
    versions = _versions(promises)
    working = _working_times(promises, versions, at)
    rows = zip(promises, versions, strict=True)
    commitments = [_commitment(p, version, working.get(n), at) for n, (p, version) in enumerate(rows)]
    Commitment.objects.bulk_create(commitments, batch_size=BATCH)
    return commitments, [_happening(c, p, at) for c, p in zip(commitments, promises, strict=True)]


def due_by_target(promise: Promise, *, at: datetime) -> datetime:
    """Return when a promise that names no moment would be due, were it opened now. Five queries at most.

    :raises DueRequired: its policy has no target.
    """
    versions = _versions([promise])
    return target_due(versions[0], at, _working_times([promise], versions, at)[0])


def due_in(zone: str, *, due_at: datetime | None, due_local: datetime | None, at: datetime) -> tuple[datetime, str]:
    """Return the due moment and its zone, from a moment or from a local time.

    :raises UnknownZone: `zone` is no zone.
    :raises OddMoment: decades away.
    """
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise UnknownZone from None
    naive = (due_at or due_local or at).replace(tzinfo=None)
    if abs(naive - at.replace(tzinfo=None)) > FARTHEST:
        raise OddMoment
    moment = due_at or combine(zone, due_local.date(), due_local.time())  # type: ignore[union-attr]
    return moment, zone


def local_parts(moment: datetime, zone: str) -> dict[str, object]:
    """Return the due columns of a commitment for a moment in a zone."""
    local = moment.astimezone(ZoneInfo(zone))
    return {"due_at": moment, "due_on": local.date(), "due_time": local.time().replace(fold=0), "zone": zone}


def target_due(
    version: PolicyVersion, counted_from: datetime, working: WorkingTime, *, paused_seconds: int = 0
) -> datetime:
    """Return when the target of `version` is reached, counted from a moment on in a working time.

    Later by the working time that was spent waiting. By elapsed time where the calendar never opens.

    :raises DueRequired: the version has no target.
    """
    if version.target_amount is None:
        raise DueRequired
    due_at = ladder.shift(counted_from, version.target_amount, version.target_unit, working)
    return ladder.shift(due_at, paused_seconds, ladder.WORKING_SECONDS, working)


def _versions(promises: Sequence[Promise]) -> list[PolicyVersion]:
    """Return what each promise comes under. One query, two where policies ask for tiers that only the homes have."""
    book = policies.book({p.kind for p in promises})
    tiers = _home_tiers(promises) if book.asks_for_tiers else {}
    cases = [
        policies.Case(
            p.kind, p.priority, p.purpose.pk if p.purpose else None, p.dossier.tier_id or tiers.get(p.dossier.home_id),
            p.topic.pk, p.channel.pk if p.channel else None,
        )
        for p in promises
    ]  # fmt: skip
    return [book.version_for(case) for case in cases]


def _home_tiers(promises: Sequence[Promise]) -> dict[int | None, int | None]:
    """Return the tiers of the homes of records that have none themselves."""
    homes = {p.dossier.home_id for p in promises if p.dossier.tier_id is None}
    return dict(Dossier.objects.filter(pk__one_of=list(homes)).values_list("pk", "tier_id"))


def _working_times(
    promises: Sequence[Promise], versions: Sequence[PolicyVersion], at: datetime
) -> Mapping[int, WorkingTime]:
    """Return the working time that each promise without a moment counts in, by its place in the list.

    It is that of the policy's calendar, else that of whoever answers.
    """
    by_target = {n: p for n, p in enumerate(promises) if p.is_by_target}
    named = {n: pk for n in by_target if (pk := versions[n].calendar_id) is not None}
    kept = by_id(named.values())
    pocs = _answering({n: p for n, p in by_target.items() if n not in named}, at)
    times = working_times(pocs.values()) if pocs else {}
    return {n: kept[pk].working for n, pk in named.items()} | {n: times[poc_id] for n, poc_id in pocs.items()}


def _answering(promises: Mapping[int, Promise], at: datetime) -> dict[int, int]:
    """Return whose working time each counts in: the one its caller names, else whoever answers. Two queries at most."""
    questions = {n: Question(p.dossier.pk, p.topic.pk, _pk(p.poc)) for n, p in promises.items() if p.answers is None}
    answered = resolve_many(questions.values(), at=at)
    return {n: p.answers or answered[questions[n]].poc_id for n, p in promises.items()}


def _commitment(p: Promise, version: PolicyVersion, working: WorkingTime | None, at: datetime) -> Commitment:
    title = tidy(str(p.title))
    if not title:
        raise TitleRequired
    if p.poc is not None and p.poc.deactivated_at is not None:
        raise AnswersNoMore
    refuse_archived(p.dossier)
    due_at = p.due_at
    zone = p.zone or (p.poc.zone if p.poc else "") or version.firm_zone  # type: ignore[attr-defined]  # annotated
    counted: dict[str, Any] = {}
    if working is not None:
        due_at = target_due(version, at, working)
        zone = p.zone or working.zone
        calendar_id, calendar_version = origin(working)
        counted = {"counted_from": at, "calendar_id": calendar_id, "calendar_version": calendar_version}
    moment, zone = due_in(zone, due_at=due_at, due_local=p.due_local, at=at)
    return Commitment(
        dossier=p.dossier,
        home_id=p.dossier.home_id,
        topic=p.topic,
        kind=p.kind,
        title=title,
        title_made_of=p.title.kept() if isinstance(p.title, Title) else None,
        poc=p.poc,
        priority=p.priority,
        opened_at=at,
        acted_at=at,
        anchor_at=moment,
        next_action_at=at,
        policy_version=version,
        recur_every=p.recur_every,
        recur_unit=p.recur_unit,
        recur_from=(p.recur_from or moment) if p.recur_every else None,
        **counted,
        **local_parts(moment, zone),
    )


def _happening(commitment: Commitment, p: Promise, at: datetime) -> Happening:
    facts = {
        "commitment": commitment.pk, "kind": commitment.kind, "due_at": commitment.due_at.isoformat(),
        "poc": commitment.poc_id, "purpose": p.purpose.code if p.purpose else "",
        "channel": p.channel.code if p.channel else "",
    }  # fmt: skip
    facts |= {"interaction": p.interaction} if p.interaction else {}
    personal = {"title": commitment.title, "poc": p.poc.name if p.poc else ""}
    return Happening(Event.Kind.OWED, [p.dossier], at, facts, personal)


def _pk(poc: PointOfContact | None) -> int | None:
    return poc.pk if poc else None
