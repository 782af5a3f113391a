"""What a record belonged to at a moment that has passed, and what became part of it since: read from its events.

Whatever moves a record writes down `{"moved": {"<its id>": [old, new]}}`, ids or null, in the facts of an event on it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from crm.dossiers.models import MAX_PARENTS, Dossier, Event, EventDossier

MOVES = (Event.Kind.CHANGED, Event.Kind.MERGED, Event.Kind.UNMERGED)


@dataclass(frozen=True, slots=True)
class Lineage:
    """The way up from a record as it was at a moment.

    `parents` has every record on that way; `moved` those that belong elsewhere today;
    `unsure` those of which it is only known that they were moved, not where from.
    """

    parents: dict[int, int | None]
    moved: Sequence[int] = ()
    unsure: Sequence[int] = ()


def lineage(dossier_id: int, *, at: datetime) -> Lineage:
    """Walk up from a record as it was at `at`. Two queries a level, at most six levels."""
    parents: dict[int, int | None] = {}
    moved, unsure = [], []
    place: int | None = dossier_id
    while place is not None and place not in parents and len(parents) <= MAX_PARENTS:
        today = Dossier.objects.values_list("parent_id", flat=True).get(pk=place)
        then, is_known = _parent_then(place, at, today)
        parents[place] = then
        if not is_known:
            unsure.append(place)
        elif then != today:
            moved.append(place)
        place = then
    return Lineage(parents, moved, unsure)


def _parent_then(dossier_id: int, at: datetime, today: int | None) -> tuple[int | None, bool]:
    """What it belonged to, as the first move after `at` found it; False where that one did not write it down."""
    later = EventDossier.objects.filter(dossier=dossier_id, happened_at__gt=at, event__kind__in=MOVES)
    for facts in later.order_by("happened_at", "event_id").values_list("event__facts", flat=True):
        move = (facts.get("moved") or {}).get(str(dossier_id))
        if move:
            return move[0], True
        if "parent" in (facts.get("changes") or {}):
            return today, False
    return today, True


@dataclass(frozen=True, slots=True)
class Merged:
    """Another record that became part of this one, or this one of another; each keeps its own past."""

    record: Dossier
    at: datetime


def merged_into(dossier_id: int) -> list[Merged]:
    """Return what became part of a record and still is, the newest first. Two queries."""
    return [Merged(row, at) for row, at in _merges(dossier_id, here="into", there="merged")]


def merged_away(dossier_id: int) -> Merged | None:
    """Return what a record became part of, if it did. Two queries."""
    return next((Merged(row, at) for row, at in _merges(dossier_id, here="merged", there="into")), None)


def _merges(dossier_id: int, *, here: str, there: str) -> list[tuple[Dossier, datetime]]:
    kinds = (Event.Kind.MERGED, Event.Kind.UNMERGED)
    rows = EventDossier.objects.filter(dossier=dossier_id, event__kind__in=kinds).order_by("-happened_at", "-event_id")
    last: dict[int, tuple[str, datetime]] = {}
    for kind, facts, at in rows.values_list("event__kind", "event__facts", "happened_at"):
        if facts.get(here) == dossier_id and isinstance(facts.get(there), int):
            last.setdefault(facts[there], (kind, at))
    records = Dossier.objects.in_bulk([pk for pk, (kind, _at) in last.items() if kind == Event.Kind.MERGED])
    return [(records[pk], at) for pk, (_kind, at) in last.items() if pk in records]
