"""Every change of who answers: assign and end here, be away as in `absences`. Both sides are told."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import CharField, Value
from django.db.models.functions import Cast, Concat
from django.utils.translation import gettext_lazy as _

from crm.commitments.actions import Telling, notify_many
from crm.core.actor import Actor
from crm.core.refusals import Refused
from crm.dossiers.actions import Archived, Happening, record_many
from crm.dossiers.models import Dossier, Event, Topic
from crm.handovers.absences import JUST_NOW, Cover, change_absence, end_absence, set_absence, set_absences
from crm.handovers.refusals import (
    AlreadyAssigned,
    AnotherBegins,
    BegunAlready,
    CircularCover,
    CoverRequired,
    Deactivated,
    EndedAlready,
    EndsBeforeStart,
    EndsInThePast,
    Overlaps,
    ReasonRequired,
    StartsInThePast,
    WouldBeOpen,
)
from crm.poc.models import PRIMARY, Assignment, Grant, PointOfContact

__all__ = [
    "AlreadyAssigned", "AnotherBegins", "BegunAlready", "Change", "CircularCover", "Cover", "CoverRequired",
    "Deactivated", "EndedAlready", "EndsBeforeStart", "EndsInThePast", "Overlaps", "ReasonRequired", "StartsInThePast",
    "WouldBeOpen",
    "assign", "assign_many", "change_absence", "end_absence", "end_assignment", "set_absence", "set_absences",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Change:
    """One assignment to make: who answers for which record, on which topic, in which place.

    `starts_at` None: when all of them start.
    """

    dossier: Dossier
    topic: Topic
    poc: PointOfContact
    rank: int = PRIMARY
    starts_at: datetime | None = None


@transaction.atomic
def assign(
    *,
    dossier: Dossier,
    topic: Topic,
    poc: PointOfContact,
    rank: int = PRIMARY,
    reason: str = "",
    by: Actor,
    at: datetime,
    starts_at: datetime | None = None,
) -> Assignment:
    """Let `poc` answer for `dossier` on `topic` from `starts_at` (None: at once), ending whoever held the place.

    Both are told, but not the one who acts.

    :raises Deactivated: `poc` no longer answers.
    :raises AlreadyAssigned: `poc` holds this place already.
    :raises ReasonRequired: somebody is replaced and `reason` is blank.
    :raises AnotherBegins: the place is planned for somebody from a later moment.
    :raises StartsInThePast: `starts_at` lies before `at`.
    :raises Archived: the record is archived.
    """
    return assign_many(changes=[Change(dossier, topic, poc, rank)], reason=reason, by=by, at=at, starts_at=starts_at)[0]


@transaction.atomic
def assign_many(
    *,
    changes: Sequence[Change],
    reason: str,
    by: Actor,
    at: datetime,
    starts_at: datetime | None = None,
    skip_held: bool = False,
    tell: bool = True,
) -> list[Assignment]:
    """Make many assignments with one reason, asked once; constant queries.

    All or nothing. Only a change's own start may lie in the past: an import's. `skip_held` leaves
    out those that hold already what they would get. `tell=False` is for imports: nobody wants 8,000 mails.

    :raises Refused: as `assign`; nothing is written then.
    """
    common = _start(starts_at, at)
    _lock(changes)
    held = _held(changes, common)
    if skip_held:
        changes = [c for c in changes if not _holds(c, held)]
    replaced = _end_held(changes, held, reason, common)
    made = Assignment.objects.bulk_create(
        [
            Assignment(
                dossier=c.dossier, topic=c.topic, poc=c.poc, rank=c.rank,
                starts_at=c.starts_at or common, reason=reason.strip(), decided_by=by.user,
            )
            for c in changes
        ],
        batch_size=500,
    )  # fmt: skip
    before = {_place_of(a): a for a in replaced}
    record_many([assigned(a, before.get(_place_of(a)), at) for a in made], by=by, at=at)
    forget_told(replaced, at)
    _forget_farewells(made, at)
    if tell:
        _tell(made, before, by, at)
    return made


def _start(starts_at: datetime | None, at: datetime) -> datetime:
    """When a change chosen by somebody begins; never before it was decided.

    :raises StartsInThePast: `starts_at` lies before `at`.
    """
    if starts_at is not None and at - starts_at > JUST_NOW:
        raise StartsInThePast
    return max(starts_at or at, at)


def _end_held(
    changes: Sequence[Change], held: dict[tuple[int, int, int], list[Assignment]], reason: str, common: datetime
) -> list[Assignment]:
    """End whoever holds these places, each when its successor starts; return them."""
    replaced = []
    for change in changes:
        start = change.starts_at or common
        _refuse(change, held.get(_place(change), []), reason, start, among=len(changes))
        for assignment in held.get(_place(change), []):
            assignment.ends_at = start
            replaced.append(assignment)
    Assignment.objects.bulk_update(replaced, ["ends_at"], batch_size=500)
    return replaced


def _place(change: Change) -> tuple[int, int, int]:
    return change.dossier.pk, change.topic.pk, change.rank


def _place_of(assignment: Assignment) -> tuple[int, int, int]:
    return assignment.dossier_id, assignment.topic_id, assignment.rank


def _lock(changes: Iterable[Change]) -> None:
    """Take the records' locks, ids ascending, so that two planners wait for each other.

    :raises Archived: one of them is archived.
    """
    ids = sorted({c.dossier.pk for c in changes})
    rows = Dossier.objects.select_for_update(no_key=True).filter(pk__one_of=ids).order_by("pk")
    if any(archived_at is not None for _pk, archived_at in rows.values_list("pk", "archived_at")):
        raise Archived


def _held(changes: Iterable[Change], common: datetime) -> dict[tuple[int, int, int], list[Assignment]]:
    """Whoever holds or will hold these places from each change's own start on."""
    starts = {_place(c): c.starts_at or common for c in changes}
    if not starts:
        return {}
    held: dict[tuple[int, int, int], list[Assignment]] = {}
    rows = (
        Assignment.objects.filter(dossier__one_of=sorted({place[0] for place in starts}))
        .overlapping(min(starts.values()), None)
        .select_related("poc")
        .order_by("starts_at")
    )
    for assignment in rows:
        start = starts.get(_place_of(assignment))
        if start is not None and (assignment.ends_at is None or assignment.ends_at > start):
            held.setdefault(_place_of(assignment), []).append(assignment)
    return held


def _holds(change: Change, held: dict[tuple[int, int, int], list[Assignment]]) -> bool:
    return any(a.poc_id == change.poc.pk for a in held.get(_place(change), []))


def _refuse(change: Change, held: Sequence[Assignment], reason: str, start: datetime, *, among: int) -> None:
    """Say no to one change; among several, for which record."""
    if change.poc.deactivated_at is not None:
        raise Deactivated
    for assignment in held:
        if assignment.poc_id == change.poc.pk:
            raise _naming(AlreadyAssigned, change, among)
        if assignment.starts_at > start:
            raise _naming(AnotherBegins, change, among)
        if not reason.strip():
            raise _naming(ReasonRequired, change, among)


def _naming(refusal: type[Refused], change: Change, among: int) -> Refused:
    if among == 1:
        return refusal()
    return refusal(f"{change.dossier.title}: {refusal.default_message}", record_id=change.dossier.pk)


def assigned(made: Assignment, before: Assignment | None, at: datetime) -> Happening:
    """What is recorded where somebody answers from now on, instead of `before`."""
    return Happening(
        kind=Event.Kind.ASSIGNED,
        dossiers=[made.dossier],
        happened_at=at,
        facts={
            "topic": made.topic.name, "topic_id": made.topic_id, "rank": made.rank, "poc": made.poc_id,
            "was": before.poc_id if before else None, "from": made.starts_at.isoformat(), "reason": made.reason,
        },
        personal={"poc": made.poc.name, "was": before.poc.name if before else ""},
    )  # fmt: skip


def unassigned(ended: Assignment, reason: str, at: datetime) -> Happening:
    """What is recorded where nobody answers any more."""
    facts = {"topic": ended.topic.name, "rank": ended.rank, "poc": ended.poc_id, "reason": reason}
    return Happening(Event.Kind.UNASSIGNED, [ended.dossier], at, facts, {"poc": ended.poc.name})


def _tell(made: Sequence[Assignment], before: dict[tuple[int, int, int], Assignment], by: Actor, at: datetime) -> None:
    """Tell who answers now and who did until now; whoever acts knows already."""
    tellings = []
    for assignment in made:
        old = before.get(_place_of(assignment))
        tellings.append(_telling(assignment, "new", assignment.poc_id, by, old))
        if old:
            tellings.append(_telling(assignment, "old", old.poc_id, by, old))
    notify_many(tellings=tellings, by=by, at=at)


def _telling(assignment: Assignment, part: str, poc_id: int, by: Actor, old: Assignment | None) -> Telling:
    context = {
        "topic": assignment.topic.name, "reason": assignment.reason, "rank": assignment.rank,
        "from": assignment.starts_at.isoformat(), "by": str(by.user or ""),
        "old": old.poc.name if old else "", "new": assignment.poc.name,
    }  # fmt: skip
    return Telling(f"a:{assignment.pk}:{part}", f"assigned_{part}", [poc_id], assignment.dossier, context)


def causes_of(assignment_ids: Iterable[int]) -> list[str]:
    """Return the causes of the grants of whoever was told that an assignment was made: who answers, and who did."""
    return [f"a:{pk}:{part}" for pk in assignment_ids for part in ("new", "old")]


def forget_told(ended: Sequence[Assignment], at: datetime) -> None:
    """Whoever was told about these assignments may open the record for as long as they hold."""
    causes: dict[datetime, list[str]] = defaultdict(list)
    for a in ended:
        if a.ends_at is not None:
            moment = at if a.ends_at in (a.starts_at, min(a.ends_at, at)) else a.ends_at  # withdrawn, over, or to end
            causes[moment] += causes_of([a.pk])
    for moment, keys in causes.items():
        Grant.objects.at(at).filter(cause__one_of=keys).update(ended_at=moment)


def _forget_farewells(made: Sequence[Assignment], at: datetime) -> None:
    """Whoever was told that nobody answers any more may open the record until somebody does. One query."""
    earlier = Assignment.objects.filter(
        dossier__one_of=sorted({a.dossier_id for a in made}),
        topic__one_of=sorted({a.topic_id for a in made}),
        rank__in={a.rank for a in made},
        ends_at__isnull=False,
    )
    farewell = Concat(Value("a:"), Cast("pk", CharField()), Value(":ended"))
    Grant.objects.filter(ended_at=None, cause__in=earlier.values(key=farewell)).update(ended_at=at)


@transaction.atomic
def end_assignment(
    *, assignment: Assignment, reason: str, leave_open: bool = False, by: Actor, at: datetime
) -> Assignment:
    """Let nobody hold this place any more, and tell who did; one planned for later is withdrawn.

    Whoever answers, and is no backup, only goes with `leave_open`: nothing is uncovered by the way.
    Where somebody follows, that is `assign`. Ended already: nothing happens.

    :raises ReasonRequired: `reason` is blank.
    :raises WouldBeOpen: the one who answers would go, and nobody said that this is meant.
    """
    if not reason.strip():
        raise ReasonRequired(_("Say why nobody answers any more."))
    Dossier.objects.select_for_update(no_key=True).get(pk=assignment.dossier_id)
    locked = Assignment.objects.select_for_update(of=("self",), no_key=True).select_related("topic", "poc", "dossier")
    current: Assignment = locked.get(pk=assignment.pk)
    if current.ends_at is not None and current.ends_at <= at:
        return current
    if current.rank == PRIMARY and not leave_open:
        raise WouldBeOpen
    current.ends_at = max(at, current.starts_at)
    current.save(update_fields=["ends_at"])
    record_many([unassigned(current, reason.strip(), at)], by=by, at=at)
    forget_told([current], at)
    context = {"topic": current.topic.name, "reason": reason.strip(), "by": str(by.user or "")}
    telling = Telling(f"a:{current.pk}:ended", "unassigned", [current.poc_id], current.dossier, context)
    notify_many(tellings=[telling], by=by, at=at)
    return current
