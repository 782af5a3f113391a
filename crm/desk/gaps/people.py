"""Gaps that lie with us: away without cover, gone but still named, too much, nobody else."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import datetime
from statistics import median

from django.db import connection
from django.db.models import Count, F, Q, Value
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

# Who could answer where, now or if one were gone; and each place with all above it, where one alone could.
ALONE = """
WITH RECURSIVE
stands AS MATERIALIZED ({stands}),
absent AS MATERIALIZED ({absent}),
held AS MATERIALIZED (
    SELECT dossier_id, topic_id, poc_id, rank FROM poc_assignment
    WHERE starts_at <= %s AND (ends_at IS NULL OR ends_at > %s)
),
could (place_id, topic_id, poc_id) AS MATERIALIZED (
    SELECT h.dossier_id, h.topic_id, s.who_id
    FROM held h JOIN stands s ON s.poc_id = h.poc_id AND s.topic_id = h.topic_id
    WHERE h.rank = {primary}
    UNION ALL
    SELECT b.dossier_id, b.topic_id, b.poc_id
    FROM held b JOIN held h ON h.dossier_id = b.dossier_id AND h.topic_id = b.topic_id AND h.rank = {primary}
    WHERE b.rank > {primary} AND NOT EXISTS (
        SELECT 1 FROM absent a WHERE a.poc_id = b.poc_id AND a.topic_id = b.topic_id
    )
),
begun (dossier_id, topic_id) AS ({begun}),
climbed (dossier_id, topic_id, place_id, level) AS (
    SELECT dossier_id, topic_id, dossier_id, 1 FROM begun
    UNION ALL
    SELECT c.dossier_id, c.topic_id, d.parent_id, c.level + 1
    FROM climbed c JOIN dossiers_dossier d ON d.id = c.place_id
    WHERE d.parent_id IS NOT NULL AND c.level < {most}
),
alone (dossier_id, topic_id, poc_id) AS (
    SELECT climbed.dossier_id, climbed.topic_id, MIN(could.poc_id)
    FROM climbed JOIN could
      ON could.place_id = climbed.place_id AND could.topic_id IN (climbed.topic_id, %s)
    GROUP BY climbed.dossier_id, climbed.topic_id
    HAVING MIN(could.poc_id) = MAX(could.poc_id)
)
"""

Counted = dict[int, int]  # key of a row → records concerned


# --- Away without cover


def absent(scope: Scope) -> Counted:
    """Return absences that last now or begin within the scope's days, and the records where no cover answers.

    Counted are the places the absent one is named first for, when the absence begins, or now.
    The cover fails where none is named, and where the one named, or who covers them, is not there.
    Backups and leads may still answer: they were not asked to.
    """
    house = scope.house
    held = _held_by_the_absent(scope)
    absences = list(Absence.objects.filter(pk__one_of=list({pk for pk, _topic in held})))
    found: Counted = defaultdict(int)
    for absence in absences:
        begins = max(absence.starts_at, scope.at)
        for topic in house.topics:
            n = held.get((absence.pk, topic.pk), 0)
            if n and _counts(absence, topic.pk, house, begins) and _uncovered(absence.poc_id, topic.pk, house, begins):
                found[absence.pk] += n
    return dict(found)


def _held_by_the_absent(scope: Scope) -> dict[tuple[int, int], int]:
    """How many places each absence is about, per topic. One query."""
    near = Absence.objects.overlapping(scope.at, scope.until).annotate(begins=Greatest("starts_at", Value(scope.at)))
    places = scope.held_through("poc__assignments__")
    rows = near.filter(
        Q(topic=None) | Q(topic=F("poc__assignments__topic")),
        Q(poc__assignments__ends_at=None) | Q(poc__assignments__ends_at__gt=F("begins")),
        places,
        poc__deactivated_at=None,
        poc__assignments__rank=PRIMARY,
        poc__assignments__starts_at__lte=F("begins"),
    )
    counted = rows.values_list("pk", "poc__assignments__topic")
    counted = counted.annotate(n=Count("poc__assignments__dossier", distinct=True)).order_by()
    return {(absence_id, topic_id): n for absence_id, topic_id, n in counted}


def _counts(absence: Absence, topic_id: int, house: Standing, at: datetime) -> bool:
    """False where another absence, about the topic itself, goes before this one from everything."""
    if absence.topic_id is not None:
        return True
    others = house.facts.pocs[absence.poc_id].absences
    return not any(a.topic_id == topic_id and a.starts_at <= at < a.ends_at for a in others)


def _uncovered(poc_id: int, topic_id: int, house: Standing, at: datetime) -> bool:
    reasons = house.ask(poc_id, topic_id, at=at).reasons
    return any(reason.code == decide.COVER_FAILS for reason in reasons)


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
    rows = scope.assignments().at(scope.at).primary().filter(poc__kind="person", poc__deactivated_at=None)
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
