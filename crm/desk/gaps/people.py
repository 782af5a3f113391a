"""Gaps that lie with us: away without cover, gone but still named, too much, nobody else."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from statistics import median

from django.db import connection
from django.db.models import Count, F, Q, QuerySet, Value
from django.db.models.functions import Greatest

from crm.desk.gaps.scope import Scope
from crm.desk.gaps.tables import table
from crm.poc import decide
from crm.poc.decide import MAX_PLACES
from crm.poc.models import PRIMARY, Absence
from crm.poc.standing import Standing, is_gone

MOST = 150  # records: more than one person can know
LEAST = 30  # records: few enough for anybody
TIMES = 3  # what a colleague usually has

# Whoever could answer on a record or above it, now or if one were gone; `alone`: where that is one.
ALONE = """
WITH RECURSIVE
stands AS MATERIALIZED ({stands}),
absent AS MATERIALIZED ({absent}),
held AS MATERIALIZED (
    SELECT dossier_id, topic_id, poc_id, rank FROM poc_assignment
    WHERE starts_at <= %s AND (ends_at IS NULL OR ends_at > %s)
),
begun (dossier_id, topic_id) AS ({begun}),
climbed (dossier_id, topic_id, place_id, level) AS (
    SELECT dossier_id, topic_id, dossier_id, 1 FROM begun
    UNION ALL
    SELECT c.dossier_id, c.topic_id, d.parent_id, c.level + 1
    FROM climbed c JOIN dossiers_dossier d ON d.id = c.place_id
    WHERE d.parent_id IS NOT NULL AND c.level < {most}
),
reached AS MATERIALIZED (
    SELECT c.dossier_id, c.topic_id, h.poc_id, h.rank, h.dossier_id AS place_id, h.topic_id AS held_topic_id
    FROM climbed c JOIN held h ON h.dossier_id = c.place_id AND h.topic_id IN (c.topic_id, %s)
),
could (dossier_id, topic_id, poc_id) AS (
    SELECT r.dossier_id, r.topic_id, s.who_id
    FROM reached r JOIN stands s ON s.poc_id = r.poc_id AND s.topic_id = r.topic_id
    WHERE r.rank = {primary}
    UNION ALL
    SELECT r.dossier_id, r.topic_id, r.poc_id
    FROM reached r
    JOIN held h ON h.dossier_id = r.place_id AND h.topic_id = r.held_topic_id AND h.rank = {primary}
    WHERE r.rank > {primary} AND NOT EXISTS (
        SELECT 1 FROM absent a WHERE a.poc_id = r.poc_id AND a.topic_id = r.topic_id
    )
),
alone (dossier_id, topic_id, poc_id) AS (
    SELECT dossier_id, topic_id, MIN(poc_id) FROM could
    GROUP BY dossier_id, topic_id HAVING MIN(poc_id) = MAX(poc_id)
)
"""

Counted = dict[int, int]  # key of a row → records concerned


# --- Away without cover


def absent(scope: Scope) -> dict[int, set[int]]:
    """Return absences that last now or begin within the scope's days, and the topics where no cover answers.

    Of what the absent one is named first for, when the absence begins, or now: on its topic or on
    *general*. The cover fails where none is named, and where the one named, or who covers them, is
    not there. Backups and leads may still answer: they were not asked to.
    """
    held = _held_by_the_absent(scope)
    found: dict[int, set[int]] = defaultdict(set)
    for absence_id, about_id, poc_id, begins, topic_id in held.values_list(
        "pk", "topic", "poc", "begins", "poc__assignments__topic"
    ).distinct():
        if _is_uncovered(poc_id, about_id, topic_id, scope.house, max(begins, scope.at)):
            found[absence_id].add(topic_id)
    return dict(found)


def n_uncovered(scope: Scope, topics: Mapping[int, Collection[int]]) -> Counted:
    """Return how many records some absences, with their topics, leave without a cover. One query."""
    alike: dict[frozenset[int], list[int]] = defaultdict(list)
    for absence_id, topic_ids in topics.items():
        alike[frozenset(topic_ids)].append(absence_id)
    uncovered = Q(pk__in=[])
    for shared, ids in alike.items():
        uncovered |= Q(pk__one_of=ids, poc__assignments__topic__one_of=sorted(shared))
    counted = _held_by_the_absent(scope, uncovered)
    return dict(counted.values_list("pk").annotate(n=Count("poc__assignments__dossier", distinct=True)).order_by())


def _held_by_the_absent(scope: Scope, also: Q | None = None) -> QuerySet[Absence]:
    """Return absences, a row for each place of the absent one that they are about; `also` narrows these places."""
    held = "poc__assignments__"
    near = Absence.objects.overlapping(scope.at, scope.until).annotate(begins=Greatest("starts_at", Value(scope.at)))
    about = Q(topic=None) | Q(topic=F(f"{held}topic")) | Q(**{f"{held}topic": scope.house.general_id})
    lasting = Q(**{f"{held}ends_at": None}) | Q(**{f"{held}ends_at__gt": F("begins")})
    begun = Q(**{f"{held}rank": PRIMARY, f"{held}starts_at__lte": F("begins")})
    there = Q(poc__deactivated_at=None) | Q(poc__deactivated_at__gt=F("begins"))
    rows: QuerySet[Absence] = near.filter(about, lasting, begun, there, scope.held_through(held), also or Q())
    return rows.order_by()


def _is_uncovered(poc_id: int, about_id: int | None, topic_id: int, house: Standing, at: datetime) -> bool:
    """True where no cover answers; an absence about the topic itself goes before one from everything."""
    asked = about_id or topic_id
    others = house.facts.pocs[poc_id].absences
    if about_id is None and any(a.topic_id == asked and a.starts_at <= at < a.ends_at for a in others):
        return False
    return any(reason.code == decide.COVER_FAILS for reason in house.ask(poc_id, asked, at=at).reasons)


# --- Gone but still named


def inactive(scope: Scope) -> Counted:
    """Return people and teams who no longer answer, or teams with nobody in them, and the records they are named for.

    As first or as backup, now or from a later moment on.
    """
    house = scope.house
    gone = [pk for pk, poc in house.facts.pocs.items() if is_gone(poc, scope.at)]
    rows = scope.assignments().overlapping(scope.at, None).held_by(gone)
    return dict(rows.values_list("poc").annotate(n=Count("dossier", distinct=True)).order_by())


# --- Too much


def overloaded(scope: Scope) -> Counted:
    """Return people who are named first for more records than one person can know, and how many these are.

    Too many is more than `scope.over`; where that is None, more than three times what a person
    usually has, but never up to 30, and always above 150. Teams share; they are not counted.
    """
    known = scope.house.facts.pocs
    there = [pk for pk, poc in scope.house.pocs.items() if not (poc.is_team or is_gone(known[pk], scope.at))]
    rows = scope.assignments().at(scope.at).primary().held_by(there)
    counted = dict(rows.values_list("poc").annotate(n=Count("dossier", distinct=True)).order_by())
    most = scope.over if scope.over is not None else too_many(counted.values())
    return {poc_id: n for poc_id, n in counted.items() if n > most}


def too_many(numbers: Collection[int]) -> int:
    """Return the number above which somebody has too many, given what everybody has."""
    usual = median(numbers) if numbers else 0
    return int(min(MOST, max(LEAST, TIMES * usual)))


# --- Nobody else


def single_point(scope: Scope) -> Counted:
    """Return people without whom the front desk would answer, and for how many records.

    That is where nobody else would come in on the record or above it: no cover, no backup, no
    lead, nobody for the account or for *general*. Asked about every place that is filled now.
    """
    found = dict(_alone(scope, "SELECT poc_id, COUNT(DISTINCT dossier_id) FROM alone GROUP BY poc_id"))
    return {pk: found[pk] for pk, poc in scope.house.pocs.items() if pk in found and not poc.is_team}


def resting_on(scope: Scope, poc_id: int) -> dict[int, list[int]]:
    """Return the records that rest on one person alone, and on which topics. One query beside the house's."""
    found: dict[int, list[int]] = defaultdict(list)
    for dossier_id, topic_id in _alone(scope, "SELECT dossier_id, topic_id FROM alone WHERE poc_id = %s", poc_id):
        found[dossier_id].append(topic_id)
    return dict(found)


def _alone(scope: Scope, wanted: str, *wanted_params: int) -> list[tuple[int, int]]:
    """Ask `wanted` of `alone`: records, topics, and the one who alone would answer there, whatever they are."""
    house = scope.house
    filled = scope.assignments().at(scope.at).primary().values("dossier", "topic").distinct()
    begun, begun_params = filled.query.sql_with_params()
    stands, stands_params = table(_others(house), "poc_id", "topic_id", "who_id")
    absent, absent_params = table(_absent(house), "poc_id", "topic_id")
    at = connection.ops.adapt_datetimefield_value(scope.at)
    sql = ALONE.format(stands=stands, absent=absent, begun=begun, primary=PRIMARY, most=MAX_PLACES) + wanted
    params = [*stands_params, *absent_params, at, at, *begun_params, house.general_id, *wanted_params]
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return list(cursor.fetchall())


def _others(house: Standing) -> Iterable[tuple[int, int, int]]:
    """Whoever could answer where somebody is named, and who could if that one were gone."""
    for stand in house.stands():
        for who_id in (stand.first_id, stand.second_id):
            if who_id is not None:
                yield stand.poc_id, stand.topic_id, who_id


def _absent(house: Standing) -> Iterable[tuple[int, int]]:
    for topic in house.topics:
        for poc_id in house.not_there(topic.pk):
            yield poc_id, topic.pk
