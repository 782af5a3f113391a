"""Which records nobody answers for but the front desk: exactly those `resolve` calls a gap, found in one statement.

From each record upward, as long as nobody answers at the place reached. What is nobody's all the
way up, on the topic and on *general*, is a gap.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.expressions import RawSQL

from crm.dossiers.models import Dossier
from crm.poc import standing
from crm.poc.decide import MAX_PLACES
from crm.poc.models import PRIMARY, Assignment
from crm.poc.standing import Standing


def unanswered(at: datetime, *, kind: str = "") -> Q:
    """True of a row with `dossier` for which only the front desk answers, whatever it is about. Three queries."""
    records = Dossier.objects.filter(kind=kind) if kind else Dossier.objects.all()
    house = standing.read(at=at)
    return Q(dossier__in=gaps_among(records, house.general_id, house))


def gaps_among(records: QuerySet[Dossier], topic_id: int, house: Standing) -> RawSQL:
    """Return the ids of those `records` for which only the front desk answers on a topic; for use in `__in`."""
    start, start_params = _sql(records.values("pk", "parent_id"))
    places, places_params = _sql(answered_places(topic_id, house).values("dossier_id"))
    sql = f"""
        WITH RECURSIVE
        answered (id) AS MATERIALIZED ({places}),
        begun (id, parent_id) AS ({start}),
        climbed (id, above, level) AS (
            SELECT id, parent_id, 1 FROM begun
            WHERE NOT EXISTS (SELECT 1 FROM answered WHERE answered.id = begun.id)
            UNION ALL
            SELECT climbed.id, d.parent_id, climbed.level + 1
            FROM climbed JOIN dossiers_dossier d ON d.id = climbed.above
            WHERE climbed.level < {MAX_PLACES} AND NOT EXISTS (SELECT 1 FROM answered WHERE answered.id = d.id)
        )
        SELECT id FROM climbed WHERE above IS NULL OR level = {MAX_PLACES}"""
    return RawSQL(sql, [*places_params, *start_params])  # noqa: S611  # compiled by Django; values are parameters


def answered_places(topic_id: int, house: Standing) -> QuerySet[Assignment]:
    """Return assignments by which somebody answers, on a topic or on *general*: one named, or a backup beside them."""
    topics = dict.fromkeys((topic_id, house.general_id))
    silent, absent = Q(), Q()
    for topic in topics:
        silent |= Q(topic=topic, poc__one_of=house.silent(topic))
        absent |= Q(topic=topic, poc__one_of=house.not_there(topic))
    held = Assignment.objects.at(house.at).filter(topic__in=list(topics))
    named = Assignment.objects.at(house.at).primary().filter(dossier=OuterRef("dossier"), topic=OuterRef("topic"))
    primary = Q(rank=PRIMARY) & ~silent
    backup = Q(rank__gt=PRIMARY) & ~absent & Exists(named)
    return held.filter(primary | backup)


def _sql(rows: QuerySet[Any]) -> tuple[str, Sequence[Any]]:
    """Return what a queryset asks, as text and parameters."""
    return rows.order_by().query.sql_with_params()
