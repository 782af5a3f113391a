"""The list of all who answer: narrowed by what one knows of them, and how they stand now."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Case, CharField, Exists, OuterRef, Q, Value, When
from django.db.models.functions import Concat

from crm.core.paging import Order
from crm.core.text import language_names, search_key
from crm.poc import words
from crm.poc.calendars import calendar_of, open_at, working_times
from crm.poc.models import Absence, Assignment, Membership, PointOfContact, PointOfContactQuerySet
from crm.poc.opening import Hours, hours

GONE_LAST = Case(When(deactivated_at=None, then=Value("0")), default=Value("1"), output_field=CharField())
ORDERS = {"name": Order(Concat(GONE_LAST, "name_key", output_field=CharField()), CharField())}


@dataclass(frozen=True, slots=True)
class Presence:
    """How somebody stands now: open or closed, and the absence under way with its last day."""

    hours: Hours
    absence: Absence | None = None
    away_until: str = ""


def narrowed(rows: PointOfContactQuerySet, wanted: Mapping[str, Any], *, at: datetime) -> PointOfContactQuerySet:
    """Narrow by `q` (name, e-mail or phone), `kind`, `team`, `topic`, `speaks` and `now` (duty, away, gone)."""
    if wanted.get("q"):
        rows = rows.filter(_matching(wanted["q"]))
    if wanted.get("kind"):
        rows = rows.filter(kind=wanted["kind"])
    if wanted.get("team"):
        rows = rows.filter(Exists(Membership.objects.filter(team=wanted["team"], member=OuterRef("pk"))))
    if wanted.get("topic"):
        named = Assignment.objects.at(at).primary().filter(topic=wanted["topic"], poc=OuterRef("pk"))
        rows = rows.filter(Exists(named))
    if wanted.get("speaks"):
        rows = rows.filter(languages__in=_spoken().get(wanted["speaks"], []))
    return _now(rows, wanted.get("now", ""), at)


def presences(pocs: Iterable[PointOfContact], *, at: datetime) -> dict[int, Presence]:
    """Return how each stands now. Three queries; none for nobody."""
    ids = [poc.pk for poc in pocs]
    if not ids:
        return {}
    times = working_times(ids)
    away = Absence.objects.at(at).whole().filter(poc__one_of=ids).for_list()
    absences = {absence.poc_id: absence for absence in away}
    return {pk: _presence(hours(times[pk], at), absences.get(pk)) for pk in ids}


def _presence(now: Hours, absence: Absence | None) -> Presence:
    return Presence(now, absence, words.last_day(absence.ends_at)) if absence else Presence(now)


def languages() -> list[str]:
    """Return the languages that those who answer speak, each by its own name. One query."""
    return sorted(_spoken(), key=search_key)


def _spoken() -> dict[str, list[str]]:
    """Return for each language how it stands among those that somebody speaks."""
    said = PointOfContact.objects.exclude(languages="").order_by().values_list("languages", flat=True)
    found: dict[str, list[str]] = defaultdict(list)
    for text in said.distinct():
        for name in language_names(text):
            found[name].append(text)
    return found


def _matching(text: str) -> Q:
    """A name by the beginnings of its words or any part, an address, a number as it is written."""
    key = search_key(text)
    named = Q()
    for word in key.split():
        named &= Q(name_key__contains=word)
    return named | Q(email__icontains=text.strip()) | Q(phone__contains=text.strip())


def _now(rows: PointOfContactQuerySet, wanted: str, at: datetime) -> PointOfContactQuerySet:
    away = Exists(Absence.objects.at(at).whole().filter(poc=OuterRef("pk")))
    if wanted == "duty":
        there = rows.active().with_members().filter(~away, Q(kind=PointOfContact.Kind.PERSON) | Q(has_members=True))
        return there.annotate(own_calendar=calendar_of()).filter(own_calendar__in=open_at(at))
    if wanted == "away":
        return rows.active().filter(away)
    return rows.exclude(deactivated_at=None) if wanted == "gone" else rows
