"""The fetch behind "who answers": two statements, however many are asked."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import F, FilteredRelation, OuterRef, Q, Subquery
from django.db.models.expressions import RawSQL

from crm.core.query import ids_condition
from crm.dossiers.models import MAX_PARENTS, Dossier, Topic
from crm.poc.decide import Answer, Away, Facts, Holder, Poc, decide
from crm.poc.models import Membership, PointOfContact

NEVER = datetime.min.replace(tzinfo=UTC)  # since when a team is empty in which nobody ever was
__all__ = ["Answer", "Question", "ask", "resolve", "resolve_many"]


class Question(NamedTuple):
    """Who answers for this, on this topic? `poc_id`: named for it; `at`: at another moment than the rest."""

    dossier_id: int | None
    topic_id: int
    poc_id: int | None = None
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Fetched:
    """The facts to decide from, and what their ids stand for: whatever an answer names is among them."""

    facts: Facts
    pocs: Mapping[int, PointOfContact]
    titles: Mapping[int, str]  # of records


class Asked(NamedTuple):
    """Many answers, and what they were made from."""

    answers: dict[Question, Answer]
    fetched: Fetched


NOTHING = Fetched(Facts({}, {}, {}, house_id=0, general_id=0), {}, {})


def resolve(*, dossier_id: int | None, topic_id: int, at: datetime, poc_id: int | None = None) -> Answer:
    """Return who answers for a record on a topic at `at`, past or future, with the reasons. Two queries."""
    question = Question(dossier_id, topic_id, poc_id)
    return resolve_many([question], at=at)[question]


def resolve_many(questions: Iterable[Question], *, at: datetime) -> dict[Question, Answer]:
    """Answer many questions. Two queries."""
    return ask(questions, at=at).answers


def ask(questions: Iterable[Question], *, at: datetime, parents: Mapping[int, int | None] | None = None) -> Asked:
    """Answer many questions, and keep what it takes to say the answers in words. Two queries.

    `parents` says what records belonged to at `at`, where that is not what they belong to now.
    """
    asked = list(dict.fromkeys(questions))
    fetched = fetch(asked, at, parents) if asked else NOTHING
    answers = {
        q: decide(dossier_id=q.dossier_id, topic_id=q.topic_id, at=q.at or at, facts=fetched.facts, fixed_id=q.poc_id)
        for q in asked
    }
    return Asked(answers, fetched)


def fetch(asked: Sequence[Question], at: datetime, belonged: Mapping[int, int | None] | None = None) -> Fetched:
    """Load what the decision needs to know for these questions. Two queries: the places, the POCs."""
    belonged = belonged or {}
    moments = [q.at or at for q in asked]
    first, last = min(moments), max(moments)
    parents: dict[int, int | None] = {}
    titles: dict[int, str] = {}
    holders: dict[tuple[int, int], list[Holder]] = defaultdict(list)
    wanted = {q.poc_id for q in asked if q.poc_id is not None}
    for pk, parent_id, title, topic_id, poc_id, rank, *period in _places(asked, belonged, first, last):
        parents[pk], titles[pk] = parent_id, title
        if poc_id is not None:
            holders[pk, topic_id].append(Holder(poc_id, rank, *(period or (first, None))))
            wanted.add(poc_id)
    pocs: dict[int, PointOfContact] = {}
    absences: dict[int, list[Away]] = defaultdict(list)
    house_id = general_id = 0
    for row in _pocs(wanted, first, last):
        pocs[row.pk] = row
        if row.away_from is not None:
            absences[row.pk].append(Away(row.away_topic_id, row.cover_id, row.away_from, row.away_until))
        house_id, general_id = row.pk if row.is_house else house_id, row.general_id
    known = {pk: _poc(row, absences[pk]) for pk, row in pocs.items()}
    return Fetched(Facts(parents | dict(belonged), holders, known, house_id, general_id), pocs, titles)


def _poc(row: Any, absences: Sequence[Away]) -> Poc:
    if not row.is_team:
        return Poc(row.pk, row.home_lead_id, row.deactivated_at, absences=tuple(absences))
    empty_since = None if row.has_members else row.last_left_at or NEVER
    return Poc(row.pk, row.lead_id, row.deactivated_at, empty_since, tuple(absences))


def _places(
    asked: Sequence[Question], belonged: Iterable[int], first: datetime, last: datetime
) -> Iterable[tuple[Any, ...]]:
    """The records asked about and what they belong to, up to the root: a row per holder on any topic, one for none."""
    dossier_ids = {q.dossier_id for q in asked if q.dossier_id is not None} | set(belonged)
    if not dossier_ids:
        return []
    condition, ids = ids_condition("id", dossier_ids)
    above = f"""
        WITH RECURSIVE above (id, parent_id, level) AS (
            SELECT id, parent_id, 0 FROM dossiers_dossier WHERE {condition}
            UNION
            SELECT d.id, d.parent_id, above.level + 1
            FROM dossiers_dossier d JOIN above ON d.id = above.parent_id WHERE above.level < {MAX_PARENTS}
        )
        SELECT id FROM above"""
    period = ("held__starts_at", "held__ends_at") if first < last else ()  # at one moment, all that is read counts
    then = Q(assignments__starts_at__lte=last) & (Q(assignments__ends_at=None) | Q(assignments__ends_at__gt=first))
    return (
        Dossier.objects.filter(pk__in=RawSQL(above, [ids]))  # noqa: S611  # our own text; the ids are a parameter
        .annotate(held=FilteredRelation("assignments", condition=then))
        .values_list("pk", "parent_id", "title", "held__topic_id", "held__poc_id", "held__rank", *period)
    )


def _pocs(wanted: Collection[int], first: datetime, last: datetime) -> Iterable[Any]:
    """The POCs wanted, the front desk, their covers and leads, and theirs: a row per absence, one for none."""
    condition, ids = ids_condition("id", wanted)
    in_reach = f"""
        WITH RECURSIVE in_reach (id) AS (
            SELECT id FROM poc_pointofcontact WHERE is_house OR {condition}
            UNION
            SELECT next.id
            FROM in_reach
            JOIN poc_pointofcontact p ON p.id = in_reach.id
            LEFT JOIN poc_pointofcontact team ON team.id = p.home_team_id
            LEFT JOIN poc_absence away ON away.poc_id = p.id AND away.starts_at <= %s AND away.ends_at > %s
            JOIN poc_pointofcontact next ON next.id IN (p.lead_id, team.lead_id, away.cover_id)
        )
        SELECT id FROM in_reach"""
    moments = [connection.ops.adapt_datetimefield_value(moment) for moment in (last, first)]
    then = Q(absences__starts_at__lte=last, absences__ends_at__gt=first)
    left = Membership.objects.filter(team=OuterRef("pk")).order_by("-member__deactivated_at")
    return (
        PointOfContact.objects.with_members()
        .filter(pk__in=RawSQL(in_reach, [ids, *moments]))  # noqa: S611  # likewise
        .annotate(
            away=FilteredRelation("absences", condition=then),
            away_topic_id=F("away__topic_id"),
            cover_id=F("away__cover_id"),
            away_from=F("away__starts_at"),
            away_until=F("away__ends_at"),
            home_lead_id=F("home_team__lead_id"),
            last_left_at=Subquery(left.values("member__deactivated_at")[:1]),
            general_id=Subquery(Topic.objects.filter(code=Topic.GENERAL).values("pk")),
        )
        .order_by("away__starts_at", "away__pk")
    )
