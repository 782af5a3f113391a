"""The fetch behind "who answers": a constant number of queries, however many are asked."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from django.db import connection
from django.db.models import Q

from crm.core.query import ids_condition
from crm.dossiers.models import MAX_PARENTS, Topic
from crm.poc.decide import Answer, Away, Facts, Holder, Poc, decide
from crm.poc.models import Absence, Assignment, PointOfContact

__all__ = ["Answer", "Question", "resolve", "resolve_many"]


class Question(NamedTuple):
    """Who answers for this, on this topic? `poc_id`: named for it; `at`: at another moment than the rest."""

    dossier_id: int | None
    topic_id: int
    poc_id: int | None = None
    at: datetime | None = None


def resolve(*, dossier_id: int | None, topic_id: int, at: datetime, poc_id: int | None = None) -> Answer:
    """Return who answers for a record on a topic at `at`, past or future, with the reasons. At most 8 queries."""
    question = Question(dossier_id, topic_id, poc_id)
    return resolve_many([question], at=at)[question]


def resolve_many(questions: Iterable[Question], *, at: datetime) -> dict[Question, Answer]:
    """Answer many questions in at most 8 queries: what stands above, assignments, absences, POCs and leads."""
    asked = list(dict.fromkeys(questions))
    if not asked:
        return {}
    facts = fetch(asked, at)
    return {
        q: decide(dossier_id=q.dossier_id, topic_id=q.topic_id, at=q.at or at, facts=facts, fixed_id=q.poc_id)
        for q in asked
    }


def fetch(asked: Sequence[Question], at: datetime) -> Facts:
    """Load what the decision needs to know for these questions."""
    moments = [q.at or at for q in asked]
    first, last = min(moments), max(moments)
    general_id = Topic.objects.values_list("pk", flat=True).get(code=Topic.GENERAL)
    parents = _parents({q.dossier_id for q in asked if q.dossier_id is not None})
    holders = _holders(parents, {q.topic_id for q in asked} | {general_id}, first, last)
    absences = _absences(first, last)
    wanted = {h.poc_id for held in holders.values() for h in held} | {q.poc_id for q in asked if q.poc_id is not None}
    pocs, house_id = _pocs(wanted, absences)
    return Facts(parents, holders, pocs, house_id, general_id)


def _parents(dossier_ids: set[int]) -> dict[int, int | None]:
    """What each record belongs to, up to the root. One query."""
    if not dossier_ids:
        return {}
    condition, ids = ids_condition("d.id", dossier_ids)
    sql = f"""
        WITH RECURSIVE above (id, parent_id, level) AS (
            SELECT d.id, d.parent_id, 0 FROM dossiers_dossier d WHERE {condition}
            UNION
            SELECT d.id, d.parent_id, above.level + 1
            FROM dossiers_dossier d JOIN above ON d.id = above.parent_id WHERE above.level < {MAX_PARENTS}
        )
        SELECT DISTINCT id, parent_id FROM above"""
    with connection.cursor() as cursor:
        cursor.execute(sql, [ids])
        return dict(cursor.fetchall())


def _holders(
    parents: dict[int, int | None], topic_ids: set[int], first: datetime, last: datetime
) -> dict[tuple[int, int], list[Holder]]:
    rows = (
        Assignment.objects.filter(Q(ends_at=None) | Q(ends_at__gt=first), starts_at__lte=last)
        .filter(dossier__one_of=list(parents), topic__one_of=list(topic_ids))
        .values_list("dossier_id", "topic_id", "poc_id", "rank", "starts_at", "ends_at")
    )
    holders: dict[tuple[int, int], list[Holder]] = defaultdict(list)
    for dossier_id, topic_id, *holder in rows:
        holders[dossier_id, topic_id].append(Holder(*holder))
    return holders


def _absences(first: datetime, last: datetime) -> dict[int, list[Away]]:
    rows = Absence.objects.filter(ends_at__gt=first, starts_at__lte=last).order_by("starts_at", "pk")
    absences: dict[int, list[Away]] = defaultdict(list)
    for poc_id, *away in rows.values_list("poc_id", "topic_id", "cover_id", "starts_at", "ends_at"):
        absences[poc_id].append(Away(*away))
    return absences


def _pocs(wanted: set[int], absences: dict[int, list[Away]]) -> tuple[dict[int, Poc], int]:
    """Load the POCs named, whoever may cover for them, and their leads. At most four queries."""
    wanted = wanted | {away.cover_id for aways in absences.values() for away in aways if away.cover_id is not None}
    pocs: dict[int, Poc] = {}
    house_id = 0
    condition = Q(is_house=True)
    for _round in range(4):  # those asked for, their leads, the leads' leads, and theirs
        rows = PointOfContact.objects.with_members().filter(condition | Q(pk__one_of=list(wanted)))
        for row in rows.values_list(
            "pk", "kind", "lead_id", "home_team__lead_id", "deactivated_at", "has_members", "is_house"
        ):
            pk, kind, lead_id, home_lead_id, deactivated_at, has_members, is_house = row
            person = kind == PointOfContact.Kind.PERSON
            lead = home_lead_id if person else lead_id
            pocs[pk] = Poc(pk, lead, deactivated_at, person or has_members, tuple(absences.get(pk, ())))
            house_id = pk if is_house else house_id
        wanted = {p.lead_id for p in pocs.values() if p.lead_id is not None} - set(pocs)
        if not wanted:
            break
        condition = Q(pk__in=[])
    return pocs, house_id
