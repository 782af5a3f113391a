"""What happened to a record: one keyset scan, as fast on the ten-thousandth entry as on the first."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import DateTimeField, Exists, F, OuterRef, QuerySet, Subquery, Value

from crm.core.actor import Source
from crm.core.query import Row, RowComparison
from crm.dossiers import sentences
from crm.dossiers.changes import Thing
from crm.dossiers.models import Dossier, Event, EventDossier

SIZE = 50
LATE = timedelta(hours=1)  # from which on something counts as recorded late
PLACE = re.compile(r"(-?\d{1,16})-(\d{1,18})")  # microseconds since 1970, the event's id
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a timeline, rendered from its event alone, in the reader's language.

    `tone` is in or out (a touch from them, from us), bad, or dot (a change). `via` is the
    record it lies on, where that is not the one shown. `late` is when it was recorded, where
    that was long after it happened.
    """

    id: int
    kind: str
    at: datetime
    icon: str
    tone: str
    title: str
    tag: str
    note: str
    meta: Sequence[str]
    via: Dossier | None
    late: datetime | None
    actor: str
    interaction_id: int | None


@dataclass(frozen=True, slots=True)
class Timeline:
    """One page, newest first; `older` is the place of the next page, "" at the end."""

    entries: list[Entry]
    older: str = ""


@dataclass(frozen=True, slots=True)
class Filters:
    """What narrows a timeline: kinds of events, who did it, what it was about. Empty: everything.

    `naming` is a fact and its value: `("interaction", 7)` is what happened to that interaction.
    """

    kinds: Collection[str] = ()
    actor_id: int | None = None
    topic_id: int | None = None
    naming: tuple[str, int] | None = None


def page(
    dossier_ids: int | Sequence[int],
    *,
    homes: list[int] | None,
    cursor: str = "",
    filters: Filters | None = None,
    size: int = SIZE,
) -> Timeline:
    """Return the entries of a record from `cursor` on. One query; a cursor that cannot be read is the beginning.

    `homes` are those the reader may see (`visible_homes`; None: all): what happened elsewhere is
    left out. Several records are read as one timeline, an event once; only one is read
    in the order of the index.
    """
    shown = [dossier_ids] if isinstance(dossier_ids, int) else list(dossier_ids)
    rows = _narrowed(EventDossier.objects.all(), homes, filters or Filters())
    rows = rows.filter(dossier=shown[0]) if len(shown) == 1 else _once(rows, shown)
    place = _place(cursor)
    if place:
        at, event_id = Value(place[0], output_field=DateTimeField()), Value(place[1])
        rows = rows.filter(RowComparison(Row(F("happened_at"), F("event_id")), "<", Row(at, event_id)))
    rows = rows.select_related("event__actor", "event__personal").order_by("-happened_at", "-event_id")
    found = list(_with_own(rows)[: size + 1])
    more, found = len(found) > size, found[:size]
    entries = [_entry_on(row, shown) for row in found]
    return Timeline(entries, older=_cursor(found[-1]) if more else "")


def _narrowed(rows: QuerySet[EventDossier], homes: list[int] | None, filters: Filters) -> QuerySet[EventDossier]:
    if homes is not None:
        rows = rows.filter(event__home__among=homes)
    if filters.kinds:
        rows = rows.filter(event__kind__in=filters.kinds)
    if filters.actor_id is not None:
        rows = rows.filter(event__actor=filters.actor_id)
    if filters.topic_id is not None:
        rows = rows.filter(event__facts__topic_id=filters.topic_id)
    if filters.naming is not None:
        rows = rows.filter(**{f"event__facts__{filters.naming[0]}": filters.naming[1]})
    return rows


def _once(rows: QuerySet[EventDossier], dossier_ids: list[int]) -> QuerySet[EventDossier]:
    """Several timelines as one: an event on two of them is taken where it was written first."""
    here = EventDossier.objects.filter(dossier__one_of=dossier_ids)
    earlier = here.filter(event=OuterRef("event"), pk__lt=OuterRef("pk"))
    return rows.filter(~Exists(earlier), dossier__one_of=dossier_ids)


def _with_own(rows: QuerySet[EventDossier]) -> QuerySet[EventDossier]:
    """Annotate the record each event lies on: the first that was written."""
    own = EventDossier.objects.filter(event=OuterRef("event")).order_by("pk")
    return rows.annotate(
        own_id=Subquery(own.values("dossier_id")[:1]),
        own_kind=Subquery(own.values("dossier__kind")[:1]),
        own_title=Subquery(own.values("dossier__title")[:1]),
    )


def history(key: str, pk: int, thing: Thing, *, fact: str = "", size: int = 2 * SIZE) -> list[Entry]:
    """Return the newest that happened to what is no record: a person, a word, a calendar. One query.

    Such events name it in their facts: `{"kind": key, key: pk}`, or under another `fact`.
    """
    rows = Event.objects.filter(home=None, **{"facts__kind": key, f"facts__{fact or key}": pk})
    rows = rows.select_related("actor", "personal").order_by("-happened_at", "-pk")
    return [_entry(event, thing) for event in rows[:size]]


def _entry_on(row: Any, shown: Sequence[int]) -> Entry:
    own = Dossier(pk=row.own_id, kind=row.own_kind, title=row.own_title)
    return replace(_entry(row.event, Thing.of(own)), via=own if own.pk not in shown else None)


def _entry(event: Event, own: Thing) -> Entry:
    personal = event.personal.values if hasattr(event, "personal") else {}
    told = sentences.tell(event, personal, own)
    late = event.source != Source.IMPORT and event.recorded_at - event.happened_at > LATE
    return Entry(
        id=event.pk,
        kind=event.kind,
        at=event.happened_at,
        icon=told.icon,
        tone=told.tone,
        title=told.title,
        tag=told.tag,
        note=told.note,
        meta=told.meta,
        via=None,
        late=event.recorded_at if late else None,
        actor=sentences.who(event, personal),
        interaction_id=event.facts.get("interaction"),
    )


def _cursor(row: EventDossier) -> str:
    return f"{(row.happened_at - EPOCH) // timedelta(microseconds=1)}-{row.event_id}"


def _place(cursor: str) -> tuple[datetime, int] | None:
    found = PLACE.fullmatch(cursor)
    if not found:
        return None
    try:
        return EPOCH + timedelta(microseconds=int(found[1])), int(found[2])
    except OverflowError:
        return None
