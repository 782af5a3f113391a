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
from crm.poc.models import PRIMARY, Assignment, AssignmentQuerySet
from crm.poc.standing import Standing


def unanswered(at: datetime, *, kind: str = "") -> Q:
    """True of a row with `dossier` for which only the front desk answers, whatever it is about. Three queries."""
    records = Dossier.objects.filter(kind=kind) if kind else Dossier.objects.all()
    house = standing.read(at=at)
    return Q(dossier__in=gaps_among(records, house.general_id, house))


def gaps_among(records: QuerySet[Dossier], topic_id: int, house: Standing) -> RawSQL:
    """Return the ids of those `records` for which only the front desk answers on a topic; for use in `__in`."""
    begun, begun_params = _sql(records.values("pk", "parent_id"))
    nobody, nobody_params = _nobody_at(topic_id, house)
    sql = f"""
        WITH RECURSIVE
        begun (id, parent_id) AS ({begun}),
        climbed (id, above, level) AS (
            SELECT begun.id, begun.parent_id, 1 FROM begun WHERE {nobody.format(record="begun.id")}
            UNION ALL
            SELECT climbed.id, d.parent_id, climbed.level + 1
            FROM climbed JOIN dossiers_dossier d ON d.id = climbed.above
            WHERE climbed.level < {MAX_PLACES} AND {nobody.format(record="d.id")}
        )
        SELECT id FROM climbed WHERE above IS NULL OR level = {MAX_PLACES}"""
    return RawSQL(sql, [*begun_params, *nobody_params, *nobody_params])  # noqa: S611  # compiled by Django


def _nobody_at(topic_id: int, house: Standing) -> tuple[str, list[Any]]:
    """Return SQL that is true of a record (put in for `{record}`) where nobody answers on the topic or *general*."""
    named, named_params = _sql(_answering(topic_id, house).values("dossier_id"))
    backups, backups_params = _sql(_backing_up(topic_id, house).values("dossier_id"))
    none_of = "NOT EXISTS (SELECT 1 FROM ({}) AS place WHERE place.dossier_id = {{record}})"
    return f"{none_of.format(named)} AND {none_of.format(backups)}", [*named_params, *backups_params]


def _answering(topic_id: int, house: Standing) -> AssignmentQuerySet:
    """Narrow to the assignments of those named first for whom anybody answers: they, their cover or their lead."""
    return _first(topic_id, house).exclude(poc__one_of=house.silent(topic_id))


def _backing_up(topic_id: int, house: Standing) -> AssignmentQuerySet:
    """Narrow to backups who are there, beside somebody for whom nobody else answers."""
    failing = _first(topic_id, house).filter(poc__one_of=house.silent(topic_id))
    beside = failing.filter(dossier=OuterRef("dossier"), topic=OuterRef("topic"))
    backups = Assignment.objects.at(house.at).filter(rank__gt=PRIMARY, topic__in=[topic_id, house.general_id])
    return backups.exclude(poc__one_of=house.not_there(topic_id)).filter(Exists(beside))


def _first(topic_id: int, house: Standing) -> AssignmentQuerySet:
    return Assignment.objects.at(house.at).primary().filter(topic__in=[topic_id, house.general_id])


def _sql(rows: QuerySet[Any]) -> tuple[str, Sequence[Any]]:
    """Return what a queryset asks, as text and parameters."""
    return rows.order_by().query.sql_with_params()
