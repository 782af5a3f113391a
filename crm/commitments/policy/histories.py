"""What was done to promises in a month, read from their events: how each began, its acts, the tier of its day."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from django.utils.dateparse import parse_datetime

from crm.commitments.models import Commitment
from crm.commitments.models import Kind as Owed
from crm.commitments.policy.rehearsing import Act
from crm.dossiers.models import Dossier, Event, EventDossier, Tier
from crm.poc.resolve import Question

Kind = Event.Kind
GIVEN = (Kind.REASSIGNED, Kind.PASSED_ON, Kind.RETURNED)
ACTS = (
    Kind.ACKNOWLEDGED, Kind.SNOOZED, Kind.WAITING, Kind.RESUMED, Kind.REDUE, Kind.KEPT, Kind.REOPENED, Kind.CANCELLED,
    *GIVEN,
)  # fmt: skip
MOVES = (Kind.CHANGED, Kind.MERGED, Kind.UNMERGED)  # to another record, some of them
CALENDAR, POLICY = "calendar", "policy"  # because of which something was counted anew


class Said(NamedTuple):
    """One event, as far as it is about something owed."""

    kind: str
    at: datetime
    by: int | None
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class History:
    """One promise: how it began, and what was done to it since, in order. `begins_at` is where it is told from."""

    commitment: Commitment
    begins_at: datetime
    due_at: datetime
    place: Question
    home_id: int
    purpose: str = ""  # codes
    channel: str = ""
    acts: Sequence[Act] = field(default_factory=tuple)
    is_under_another: bool = False  # a later version moved its due moment

    @property
    def moments(self) -> Iterable[Question]:
        """Where it lay and whose it was, at its beginning and right after each act."""
        place = self.place
        yield place._replace(at=self.begins_at)
        for act in self.acts:
            if act.kind in GIVEN:
                place = place._replace(poc_id=act.poc_id)
            elif act.kind == Kind.CHANGED:
                place = place._replace(dossier_id=act.dossier_id)
            yield place._replace(at=act.at)


def histories(rows: Sequence[Commitment], *, since: datetime) -> list[History]:
    """Return the history of each, opened at `since` or later. One query; more where things were moved between records.

    A touch moves what keeps in touch without an event of its own: that is told from the last touch on.
    """
    told = _told({c.pk: c.dossier_id for c in rows}, since)
    return [_history(c, told.get(c.pk, ())) for c in rows]


def _told(places: Mapping[int, int], since: datetime) -> dict[int, list[Said]]:
    """Return the events about each of these commitments in order, on the records where they lay before too."""
    found: dict[int, dict[int, Said]] = defaultdict(dict)  # by commitment, then by event
    ids, seen = set(places.values()), set[int]()
    merged: dict[int, Sequence[int]] = {}  # what a merge moved, by its event
    while ids - seen:
        touched = EventDossier.objects.filter(dossier__one_of=list(ids - seen), happened_at__gte=since)
        touched = touched.filter(event__kind__in=(Kind.OWED, *MOVES, *ACTS))
        seen |= ids
        for pk, *said in touched.values_list(
            "event_id", "event__kind", "happened_at", "event__actor_id", "event__facts"
        ).order_by("event_id"):
            for commitment, event in _about(Said._make(said), pk, merged):
                if commitment in places:
                    found[commitment][pk] = event
                    ids |= {event.facts["from_record"]} if event.kind == Kind.CHANGED else set()
    return {
        commitment: [events[pk] for pk in sorted(events, key=lambda pk: (events[pk].at, pk))]
        for commitment, events in found.items()
    }


def _about(event: Said, pk: int, merged: dict[int, Sequence[int]]) -> Iterable[tuple[int, Said]]:
    """Return what an event says of each thing owed that it is about; a merge, and its undoing, move many at once."""
    facts = event.facts
    if event.kind == Kind.MERGED:
        merged[pk] = facts.get("owed", ())
        moved = {"from_record": facts["merged"], "to_record": facts["into"]}
        return [(commitment, event._replace(kind=Kind.CHANGED, facts=moved)) for commitment in merged[pk]]
    if event.kind == Kind.UNMERGED:
        moved = {"from_record": facts["into"], "to_record": facts["merged"]}
        back = set(merged.get(facts["merge"], ())) - set(facts["stays"]["owed"])
        return [(commitment, event._replace(kind=Kind.CHANGED, facts=moved)) for commitment in back]
    is_move = event.kind != Kind.CHANGED or "to_record" in facts
    return [(facts["commitment"], event)] if is_move and "commitment" in facts else []


def _history(c: Commitment, told: Sequence[Said]) -> History:
    opened = next((said.facts for said in told if said.kind == Kind.OWED), {})
    begins_at, due_at = c.opened_at, _moment(opened.get("due_at")) or c.due_at
    if c.kind == Owed.TOUCH:
        begins_at, due_at = max(c.opened_at, c.recur_from or c.opened_at), c.due_at
    acts = [act for said in told if said.kind != Kind.OWED and said.at >= begins_at for act in _acts(said)]
    moved = [said.facts["from_record"] for said in told if said.kind == Kind.CHANGED]
    given = [said.facts.get("was") for said in told if said.kind in GIVEN]
    poc_id = opened["poc"] if "poc" in opened else given[0] if given else c.poc_id
    return History(
        c, begins_at, due_at, Question(moved[0] if moved else c.dossier_id, c.topic_id, poc_id), c.home_id,
        opened.get("purpose", ""), opened.get("channel", ""), acts,
        any(said.facts.get("because") == POLICY for said in told),
    )  # fmt: skip


def _acts(said: Said) -> Iterable[Act]:
    """Return the act that an event tells of; a change of policy is none, for it is another one that is tried."""
    facts, because = said.facts, said.facts.get("because", "")
    if because == POLICY:
        return
    act = Act(said.kind, said.at, by=said.by)
    if said.kind == Kind.REDUE:
        act = act._replace(due_at=_moment(facts["due_at"]), is_recount=because == CALENDAR)
    elif said.kind == Kind.KEPT:
        act = act._replace(due_at=_moment(facts.get("again")))
    elif said.kind == Kind.SNOOZED:
        act = act._replace(until=_moment(facts["until"]))
    elif said.kind == Kind.WAITING:
        act = act._replace(is_again=bool(facts.get("again")))
    elif said.kind == Kind.CHANGED:
        act = act._replace(dossier_id=facts["to_record"])
    elif said.kind in GIVEN:
        act = act._replace(poc_id=facts["poc"], is_told=facts.get("told", True))
    yield act


def _moment(text: str | None) -> datetime | None:
    return parse_datetime(text) if text else None


# --- Tiers -----------------------------------------------------------------------------------------------------------


class Tiers:
    """Which tier each record had at a moment; `unsure` where it is only known that it had another name."""

    def __init__(self, dossier_ids: Collection[int], since: datetime) -> None:
        """Three queries."""
        ids = list(set(dossier_ids))
        self.unsure: set[int] = set()  # records
        self._now = dict(Dossier.objects.filter(pk__one_of=ids).values_list("pk", "tier_id"))
        self._by_name = dict(Tier.objects.values_list("name", "pk"))
        self._changes: dict[int, list[tuple[datetime, str]]] = defaultdict(list)
        rows = EventDossier.objects.filter(
            dossier__one_of=ids, happened_at__gte=since, event__kind=Kind.CHANGED, event__facts__changes__has_key="tier"
        )
        for pk, at, facts in rows.order_by("happened_at", "event_id").values_list(
            "dossier_id", "happened_at", "event__facts"
        ):
            self._changes[pk].append((at, facts["changes"]["tier"][0]))

    def at(self, dossier_id: int, moment: datetime) -> int | None:
        """Return the tier of a record at a moment: what the first change after it found, else that of today."""
        was = next((name for at, name in self._changes[dossier_id] if at > moment), None)
        if was is None:
            return self._now.get(dossier_id)
        if was and was not in self._by_name:
            self.unsure.add(dossier_id)
            return self._now.get(dossier_id)
        return self._by_name[was] if was else None
