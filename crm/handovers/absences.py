"""Being away: entered, changed, ended early. It begins and ends by itself; whoever covers is told."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db import transaction

from crm.commitments.actions import Telling, notify_many
from crm.core.actor import Actor
from crm.dossiers.actions import Happening, record_many
from crm.dossiers.models import Event, Topic
from crm.handovers.refusals import (
    BegunAlready,
    CircularCover,
    CoverRequired,
    Deactivated,
    EndedAlready,
    EndsBeforeStart,
    EndsInThePast,
    Overlaps,
    StartsInThePast,
)
from crm.poc.models import Absence, PointOfContact, PointOfContactQuerySet
from crm.users.models import User

JUST_NOW = timedelta(minutes=5)  # a moment chosen on a page this long ago was meant as now


@dataclass(frozen=True, slots=True)
class Cover:
    """Who covers, about one topic or, with None, about everything else; `poc` None: the backup, else the lead.

    `field` is what the door calls it: where a refusal is shown.
    """

    poc: PointOfContact | None
    topic: Topic | None = None
    field: str = "cover"


class Hop(NamedTuple):
    """Whoever would answer, about which topic (None: all), over which time."""

    poc_id: int
    topic_id: int | None
    starts_at: datetime
    ends_at: datetime


def set_away_by(user: User) -> PointOfContactQuerySet:
    """Narrow to those whom `user` may enter as away."""
    return PointOfContact.objects.active().cared_for_by(user)


def set_absence(
    *,
    poc: PointOfContact,
    starts_at: datetime,
    ends_at: datetime,
    cover: PointOfContact | None,
    topic: Topic | None = None,
    reason: str = "",
    by: Actor,
    at: datetime,
) -> Absence:
    """Let `poc` be away, covered by one; see `set_absences`."""
    covers = [Cover(cover, topic)]
    return set_absences(poc=poc, starts_at=starts_at, ends_at=ends_at, covers=covers, reason=reason, by=by, at=at)[0]


@transaction.atomic
def set_absences(
    *,
    poc: PointOfContact,
    starts_at: datetime,
    ends_at: datetime,
    covers: Sequence[Cover],
    reason: str = "",
    by: Actor,
    at: datetime,
) -> list[Absence]:
    """Let `poc` be away over a half-open period, covered by one per topic. All or nothing; those who cover are told.

    :raises CoverRequired: `covers` is empty.
    :raises EndsBeforeStart: the period is empty.
    :raises Overlaps: another absence on the same topic shares a moment with it.
    :raises CircularCover: a cover is `poc`, or is away then and covered by `poc` in the end.
    :raises Deactivated: a cover no longer answers.
    """
    if not covers:
        raise CoverRequired
    if ends_at <= starts_at:
        raise EndsBeforeStart
    _lock_pocs(poc, *(cover.poc for cover in covers))
    absences = []
    for cover in covers:
        _refuse(poc, cover, starts_at, ends_at)
        absences.append(
            Absence.objects.create(
                poc=poc, topic=cover.topic, cover=cover.poc, starts_at=starts_at, ends_at=ends_at,
                reason=reason.strip(), entered_by=by.user, summed_up_at=at if ends_at <= at else None,
            )
        )  # fmt: skip
    events = record_many([entered(absence, at) for absence in absences], by=by, at=at)
    if ends_at > at:
        tellings = [
            _to_cover("cover_asked", absence, event, by) for absence, event in zip(absences, events, strict=True)
        ]
        tellings.append(_telling("away_entered", absences[0], events[0], [poc.pk], by, part="poc"))
        notify_many(tellings=[t for t in tellings if t.poc_ids], by=by, at=at)
    return absences


@transaction.atomic
def change_absence(
    *,
    absence: Absence,
    starts_at: datetime,
    ends_at: datetime,
    cover: PointOfContact | None,
    reason: str,
    by: Actor,
    at: datetime,
) -> Absence:
    """Move an absence or let somebody else cover; whoever covers is told. The same values change nothing.

    A cover that changes while the absence runs leaves what was as it was: the absence ends, and
    the one returned goes on with the new cover.

    :raises EndedAlready: it is over, or was withdrawn.
    :raises BegunAlready: it has begun, and would begin at another moment.
    :raises StartsInThePast: it would have begun before `at`.
    :raises EndsInThePast: it would be over.
    :raises Refused: as `set_absences`.
    """
    _lock_pocs(absence.poc, cover)
    locked = _locked(absence)
    starts_at = _start_of(locked, starts_at, at)
    if ends_at <= at:
        raise EndsInThePast
    if ends_at <= starts_at:
        raise EndsBeforeStart
    _refuse(locked.poc, Cover(cover, locked.topic), starts_at, ends_at, besides=locked.pk)
    before = copy(locked)
    changed = _changed(locked, starts_at, ends_at, cover, reason.strip(), by, at)
    changes = _differences(before, changed)
    if changes:
        event = record_many([entered(changed, at, changes)], by=by, at=at)[0]
        if set(changes) != {"reason"}:
            _tell_of_change(before, changed, event, by, at)
    return changed


@transaction.atomic
def end_absence(*, absence: Absence, by: Actor, at: datetime) -> None:
    """Let an absence end now; one that has not begun is withdrawn. Ended already: nothing happens."""
    locked = _row(absence)
    if locked.ends_at <= max(at, locked.starts_at):
        return
    kind = "cover_ended" if locked.starts_at <= at else "cover_withdrawn"
    was, locked.ends_at = locked.ends_at, max(at, locked.starts_at)
    locked.save(update_fields=["ends_at"])
    facts = _facts(locked) | {"changes": {"ends_at": [was.isoformat(), locked.ends_at.isoformat()]}}
    happening = Happening(Event.Kind.ABSENCE_ENDED, [], at, facts, _personal(locked))
    event = record_many([happening], by=by, at=at)[0]
    telling = _to_cover(kind, locked, event, by)
    if telling.poc_ids:
        notify_many(tellings=[telling], by=by, at=at)


def _lock_pocs(*pocs: PointOfContact | None) -> None:
    """Lock people, ids ascending, so that two who cover for each other wait."""
    ids = sorted({poc.pk for poc in pocs if poc is not None})
    rows = PointOfContact.objects.select_for_update(of=("self",), no_key=True).filter(pk__in=ids)
    list(rows.order_by("pk").values_list("pk"))


def _row(absence: Absence) -> Absence:
    rows = Absence.objects.for_list().select_for_update(of=("self",), no_key=True)
    locked: Absence = rows.get(pk=absence.pk)
    return locked


def _locked(absence: Absence) -> Absence:
    """Lock and return an absence that still counts, as it stands now.

    :raises EndedAlready: as `change_absence`.
    """
    locked = _row(absence)
    if locked.ends_at <= locked.starts_at:
        raise EndedAlready
    return locked


def _start_of(locked: Absence, starts_at: datetime, at: datetime) -> datetime:
    """When a changed absence begins.

    :raises Refused: as `change_absence`.
    """
    if locked.ends_at <= at:
        raise EndedAlready
    if starts_at == locked.starts_at:
        return starts_at
    if locked.starts_at <= at:
        raise BegunAlready
    if at - starts_at > JUST_NOW:
        raise StartsInThePast
    return max(starts_at, at)


def _refuse(
    poc: PointOfContact, cover: Cover, starts_at: datetime, ends_at: datetime, *, besides: int | None = None
) -> None:
    """:raises Overlaps, Deactivated, CircularCover: as `set_absences`; `besides` is the absence that changes."""
    others = Absence.objects.overlapping(starts_at, ends_at).exclude(pk=besides)
    if others.filter(poc=poc, topic=cover.topic).exists():
        raise Overlaps(field="starts_at" if cover.topic is None else cover.field)
    if cover.poc is None:
        return
    if cover.poc.deactivated_at is not None:
        raise Deactivated(field=cover.field)
    onward: dict[int, list[Hop]] = defaultdict(list)
    covered = others.filter(cover__isnull=False).values_list("poc_id", "cover_id", "topic_id", "starts_at", "ends_at")
    for poc_id, *hop in covered:
        onward[poc_id].append(Hop(*hop))
    first = Hop(cover.poc.pk, cover.topic.pk if cover.topic else None, starts_at, ends_at)
    if leads_back(poc.pk, first, onward):
        raise CircularCover(field=cover.field)


def leads_back(poc_id: int, first: Hop, onward: Mapping[int, Sequence[Hop]]) -> bool:
    """True when the covers lead back to `poc_id`, on one topic and at one moment."""
    ahead, seen = [first], set()
    while ahead:
        here = ahead.pop()
        if here.poc_id == poc_id:
            return True
        if here in seen:
            continue
        seen.add(here)
        for hop in onward.get(here.poc_id, ()):
            same_topic = None in (here.topic_id, hop.topic_id) or here.topic_id == hop.topic_id
            starts_at, ends_at = max(here.starts_at, hop.starts_at), min(here.ends_at, hop.ends_at)
            if same_topic and starts_at < ends_at:
                ahead.append(Hop(hop.poc_id, here.topic_id or hop.topic_id, starts_at, ends_at))
    return False


def _changed(
    locked: Absence,
    starts_at: datetime,
    ends_at: datetime,
    cover: PointOfContact | None,
    reason: str,
    by: Actor,
    at: datetime,
) -> Absence:
    """Write the new values; into a row of its own where another covers from now on."""
    if locked.starts_at < at and locked.cover_id != (cover.pk if cover else None):
        locked.ends_at = at
        locked.save(update_fields=["ends_at"])
        return Absence.objects.create(
            poc=locked.poc, topic=locked.topic, cover=cover, starts_at=at, ends_at=ends_at, reason=reason,
            entered_by=by.user,
        )  # fmt: skip
    locked.starts_at, locked.ends_at, locked.cover, locked.reason = starts_at, ends_at, cover, reason
    locked.save(update_fields=["starts_at", "ends_at", "cover", "reason"])
    return locked


def _differences(before: Absence, now: Absence) -> dict[str, list[str]]:
    """Old → new of what differs; a reason is personal, so only that it changed."""
    changes = {}
    if now.starts_at != before.starts_at and now.pk == before.pk:
        changes["starts_at"] = [before.starts_at.isoformat(), now.starts_at.isoformat()]
    if now.ends_at != before.ends_at:
        changes["ends_at"] = [before.ends_at.isoformat(), now.ends_at.isoformat()]
    if now.cover_id != before.cover_id:
        changes["cover"] = [str(before.cover_id or ""), str(now.cover_id or "")]
    if now.reason != before.reason:
        changes["reason"] = ["", ""]
    return changes


def entered(absence: Absence, at: datetime, changes: Mapping[str, list[str]] | None = None) -> Happening:
    facts = _facts(absence) | ({"changes": changes} if changes else {})
    return Happening(Event.Kind.ABSENCE_SET, [], at, facts, _personal(absence) | {"reason": absence.reason})


def _facts(absence: Absence) -> dict[str, object]:
    return {
        "kind": "poc", "poc": absence.poc_id, "absence": absence.pk, "cover": absence.cover_id,
        "topic": absence.topic.name if absence.topic else "", "from": absence.starts_at.isoformat(),
        "until": absence.ends_at.isoformat(),
    }  # fmt: skip


def _personal(absence: Absence) -> dict[str, str]:
    return {"poc": absence.poc.name, "cover": absence.cover.name if absence.cover else ""}


def _tell_of_change(before: Absence, now: Absence, event: Event, by: Actor, at: datetime) -> None:
    """Tell who covers now, and who no longer does."""
    if before.cover_id == now.cover_id:
        tellings = [_to_cover("cover_changed", now, event, by)]
    else:
        old = [before.cover_id] if before.cover_id else []
        tellings = [
            _to_cover("cover_asked", now, event, by),
            _telling("cover_passed", now, event, old, by, part="old"),
        ]
    notify_many(tellings=[t for t in tellings if t.poc_ids], by=by, at=at)


def _to_cover(kind: str, absence: Absence, event: Event, by: Actor) -> Telling:
    return _telling(kind, absence, event, [absence.cover_id] if absence.cover_id else [], by, part="cover")


def _telling(kind: str, absence: Absence, event: Event, to: list[int], by: Actor, *, part: str) -> Telling:
    """What somebody is told about an absence; not why somebody is away: that is between them and who entered it."""
    context: dict[str, str | int] = {
        "name": absence.poc.name, "from": absence.starts_at.isoformat(), "until": absence.ends_at.isoformat(),
        "topic": absence.topic.name if absence.topic else "", "by": str(by.user or ""),
        "new": absence.cover.name if absence.cover else "",
    }  # fmt: skip
    if part == "cover" and absence.cover is not None and absence.cover.is_team:
        context["team"] = absence.cover.pk
    return Telling(f"e:{event.pk}:{part}", kind, to, None, context)
