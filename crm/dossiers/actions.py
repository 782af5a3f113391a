"""File a record, rename or move it, and record what happened."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from crm.core.actor import Actor
from crm.core.query import ids_condition
from crm.core.refusals import Refused
from crm.core.text import search_key
from crm.dossiers.models import MAX_PARENTS, Dossier, Event, EventDossier, EventPersonal, Tier, Word

BATCH = 1000
MAX_TITLE = 200  # characters, as the column


class NameRequired(Refused):
    field = "name"
    code = "name_required"
    default_message = _("Give it a name.")


class NameTooLong(Refused):
    field = "name"
    code = "name_too_long"
    default_message = _("A name may have at most 200 characters.")


class CircularParent(Refused):
    field = "parent"
    code = "circular_parent"
    default_message = _("It cannot belong to itself, nor to something that belongs to it.")


class TooDeep(Refused):
    field = "parent"
    code = "too_deep"
    default_message = _("At most five levels may stand above a record.")


class Archived(Refused):
    field = "record"
    code = "archived"
    default_message = _("It is archived. Restore it first.")


@dataclass(slots=True)
class Happening:
    """One event to record: on which records, with its facts and, apart, what is personal in it."""

    kind: str
    dossiers: Sequence[Dossier]
    happened_at: datetime
    facts: Mapping[str, Any] = field(default_factory=dict)
    personal: Mapping[str, Any] = field(default_factory=dict)


def record(
    *,
    kind: str,
    dossiers: Sequence[Dossier],
    by: Actor,
    at: datetime,
    happened_at: datetime | None = None,
    facts: Mapping[str, Any] | None = None,
    personal: Mapping[str, Any] | None = None,
) -> Event:
    """Record one event on the timelines of `dossiers`; the first one's home is the event's.

    Called inside the action's own transaction. `happened_at` is when it happened, where that
    is not `at` (a call logged late). Costs two or three inserts.
    """
    happening = Happening(kind, dossiers, happened_at or at, facts or {}, personal or {})
    return record_many([happening], by=by, at=at)[0]


def record_many(happenings: Iterable[Happening], *, by: Actor, at: datetime) -> list[Event]:
    """Record events in bulk: three inserts a thousand. A request's key lies on the first."""
    happenings = list(happenings)
    events = [_event(h, by, at) for h in happenings]
    if by.asked and events:
        events[0].client_key, events[0].facts["asked"] = by.asked.key, by.asked.what
    Event.objects.bulk_create(events, batch_size=BATCH)
    EventDossier.objects.bulk_create(
        (
            EventDossier(event=event, dossier_id=pk, happened_at=event.happened_at)
            for event, h in zip(events, happenings, strict=True)
            for pk in dict.fromkeys(d.pk for d in h.dossiers)
        ),
        batch_size=BATCH,
    )
    named = {"actor": by.name} if by.name else {}
    EventPersonal.objects.bulk_create(
        (
            EventPersonal(event=event, values=dict(h.personal) | named)
            for event, h in zip(events, happenings, strict=True)
            if h.personal or named
        ),
        batch_size=BATCH,
    )
    return events


def _event(h: Happening, by: Actor, at: datetime) -> Event:
    return Event(
        kind=h.kind,
        happened_at=h.happened_at,
        recorded_at=at,
        actor_id=by.user_id,
        token=by.token_id,
        source=by.source,
        home_id=h.dossiers[0].home_id if h.dossiers else None,
        facts=dict(h.facts),
    )


@dataclass(slots=True)
class Filing:
    """One new record: what kind, its name, what it belongs to, how much it asks for."""

    kind: str
    title: str
    parent: Dossier | None = None
    tier: Tier | None = None


def file(*, kind: str, title: str, parent: Dossier | None = None, tier: Tier | None = None) -> Dossier:
    """Open the dossier of a new record. The caller records the event and writes the record's own row.

    :raises NameRequired: `title` is blank.
    :raises NameTooLong: it has more than 200 characters.
    """
    return file_many([Filing(kind, title, parent, tier)])[0]


def file_many(filings: Iterable[Filing]) -> list[Dossier]:
    """Open dossiers in bulk: three statements a thousand. Parents must be filed already.

    :raises NameRequired: a title is blank.
    :raises NameTooLong: a title has more than 200 characters.
    :raises TooDeep: more than five levels would stand above one.
    :raises Archived: a parent is archived.
    """
    filings = list(filings)
    dossiers = [_dossier(f) for f in filings]
    above = levels_above({f.parent.pk for f in filings if f.parent})
    if any(levels >= MAX_PARENTS for levels in above.values()):
        raise TooDeep
    refuse_archived(*(f.parent for f in filings), field="parent")
    Dossier.objects.bulk_create(dossiers, batch_size=BATCH)
    alone = [d for d in dossiers if d.home_id is None]
    for start in range(0, len(alone), BATCH):
        Dossier.objects.filter(pk__one_of=[d.pk for d in alone[start : start + BATCH]]).update(home=F("pk"))
    for dossier in alone:
        dossier.home_id = dossier.pk
    return dossiers


def _dossier(f: Filing) -> Dossier:
    title = tidy_title(f.title)
    home_id = None if f.kind == Dossier.Kind.ACCOUNT or f.parent is None else f.parent.home_id
    return Dossier(
        kind=f.kind, title=title, title_key=search_key(title)[:MAX_TITLE], parent=f.parent, tier=f.tier, home_id=home_id
    )


def tidy_title(title: str) -> str:
    """Return a name with single spaces.

    :raises NameRequired: nothing is left of it.
    :raises NameTooLong: more is left than there is room for.
    """
    title = " ".join(title.split())
    if not title:
        raise NameRequired
    if len(title) > MAX_TITLE:
        raise NameTooLong
    return title


@transaction.atomic
def refile(
    *, dossier: Dossier, title: str, parent: Dossier | None, tier: Tier | None, by: Actor, at: datetime
) -> Dossier:
    """Give a record another name, parent or tier, and record what changed. Unchanged: nothing happens.

    The home of what is not an account follows its parent; what lies on timelines stays there.

    :raises NameRequired: `title` is blank.
    :raises NameTooLong: it has more than 200 characters.
    :raises CircularParent: `parent` is the record or lies below it.
    :raises TooDeep: more than five levels would stand above it, or above what belongs to it.
    :raises Archived: the new parent is archived.
    """
    locked = _locked(dossier, parent)
    title = tidy_title(title)
    if parent and parent.pk != locked.parent_id:
        refuse_archived(parent, field="parent")
        refuse_bad_parent(locked, parent)
    changes = _changes(locked, title, parent, tier)
    was_below = locked.parent_id
    if changes:
        locked.title, locked.title_key = title, search_key(title)[:MAX_TITLE]
        locked.parent, locked.tier = parent, tier
        if locked.kind != Dossier.Kind.ACCOUNT:
            locked.home_id = parent.home_id if parent else locked.pk
        locked.save()
        personal = {}
        if locked.kind == Dossier.Kind.CONTACT and "name" in changes:
            personal["changes"] = {"name": changes["name"]}
            changes["name"] = ["", ""]
        facts: dict[str, Any] = {"changes": changes}
        if "parent" in changes:
            facts["moved"] = {str(locked.pk): [was_below, locked.parent_id]}
        record(kind=Event.Kind.CHANGED, dossiers=[locked], by=by, at=at, facts=facts, personal=personal)
    return locked


def _changes(dossier: Dossier, title: str, parent: Dossier | None, tier: Tier | None) -> dict[str, list[Any]]:
    """Old → new of whatever differs."""
    changes: dict[str, list[Any]] = {}
    if title != dossier.title:
        changes["name"] = [dossier.title, title]
    if (parent.pk if parent else None) != dossier.parent_id:
        changes["parent"] = [dossier.parent.title if dossier.parent else "", parent.title if parent else ""]
    if (tier.pk if tier else None) != dossier.tier_id:
        changes["tier"] = [dossier.tier.name if dossier.tier else "", tier.name if tier else ""]
    return changes


def _locked(dossier: Dossier, parent: Dossier | None) -> Dossier:
    """Lock a record with all it shall stand below, ids ascending, so that two moves cannot make a circle."""
    ids = sorted({dossier.pk, *(_chain(parent) if parent and parent.pk != dossier.parent_id else ())})
    rows = Dossier.objects.select_for_update(of=("self",), no_key=True).filter(pk__in=ids).order_by("pk")
    locked = {row.pk: row for row in rows}
    return locked[dossier.pk]


def _chain(parent: Dossier) -> list[int]:
    """The ids of a record and of what stands above it, as the database has it now."""
    ids: list[int] = []
    place: int | None = parent.pk
    while place is not None and place not in ids and len(ids) <= MAX_PARENTS:
        ids.append(place)
        place = Dossier.objects.values_list("parent_id", flat=True).get(pk=place)
    return ids


def refuse_bad_parent(dossier: Dossier, parent: Dossier) -> None:
    """Walk up from `parent`, and down from `dossier`.

    :raises CircularParent: the way up meets `dossier`.
    :raises TooDeep: more than five levels would stand above something.
    """
    chain = _chain(parent)
    if dossier.pk in chain:
        raise CircularParent
    if len(chain) + levels_below(dossier) > MAX_PARENTS:
        raise TooDeep


def levels_above(ids: Collection[int]) -> dict[int, int]:
    """Return how many levels stand above each of these records. One query."""
    if not ids:
        return {}
    condition, wanted = ids_condition("id", ids)
    sql = f"""
        WITH RECURSIVE above (id, parent_id, level) AS (
            SELECT id, parent_id, 0 FROM dossiers_dossier WHERE {condition}
            UNION ALL
            SELECT above.id, d.parent_id, above.level + 1
            FROM dossiers_dossier d JOIN above ON d.id = above.parent_id WHERE above.level <= {MAX_PARENTS}
        )
        SELECT id, MAX(level) FROM above GROUP BY id"""
    with connection.cursor() as cursor:
        cursor.execute(sql, [wanted])
        return dict(cursor.fetchall())


def levels_below(dossier: Dossier) -> int:
    """Return how many levels belong to a record. One query."""
    sql = f"""
        WITH RECURSIVE below (id, level) AS (
            SELECT id, 0 FROM dossiers_dossier WHERE id = %s
            UNION ALL
            SELECT d.id, below.level + 1
            FROM dossiers_dossier d JOIN below ON d.parent_id = below.id WHERE below.level <= {MAX_PARENTS}
        )
        SELECT MAX(level) FROM below"""
    with connection.cursor() as cursor:
        cursor.execute(sql, [dossier.pk])
        return int(cursor.fetchone()[0])


def refuse_archived(*dossiers: Dossier | None, field: str = "record") -> None:
    """:raises Archived: one of these, as it was loaded, is archived."""
    if any(dossier is not None and dossier.archived_at is not None for dossier in dossiers):
        raise Archived(field=field)


def change_fields(row: Any, fields: dict[str, Any]) -> dict[str, list[str]]:
    """Set fields that differ; return old → new of them, as text that any reader's language can be made from."""
    changes = {}
    for name, value in fields.items():
        old = getattr(row, name)
        if old != value:
            setattr(row, name, value)
            changes[name] = [text_of(old), text_of(value)]
    return changes


def text_of(value: Any) -> str:
    """A word by its English name, anything else as it is written."""
    if isinstance(value, Word):
        return value.name
    return "" if value is None else str(value)
