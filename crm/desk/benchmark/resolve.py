"""Who answers, one by one and by the thousand."""

from __future__ import annotations

from collections.abc import Generator

from crm.core.clock import now
from crm.core.query import ids_condition
from crm.desk.benchmark.firm import CONTACTS_EACH, BigFirm
from crm.desk.benchmark.measure import Budget, Case, raw
from crm.poc.resolve import Question, resolve_many
from crm.poc.resolve import resolve as resolve_one

MANY = 10_000
HELD = """
    SELECT d.id, COALESCE(own.poc_id, above.poc_id) FROM dossiers_dossier d
    LEFT JOIN poc_assignment own ON own.dossier_id = d.id AND own.topic_id = %s AND own.rank = 0
        AND own.starts_at <= %s AND (own.ends_at IS NULL OR own.ends_at > %s)
    LEFT JOIN poc_assignment above ON above.dossier_id = d.parent_id AND above.topic_id = %s AND above.rank = 0
        AND above.starts_at <= %s AND (above.ends_at IS NULL OR above.ends_at > %s)
    WHERE """  # the record and what it belongs to, without absences, backups and reasons


def cases(firm: BigFirm) -> Generator[Case]:
    at, topics = now(), list(firm.words.topics.values())
    picked = firm.chance("resolve").sample(range(firm.n_contacts * len(topics)), min(MANY, firm.n_contacts))
    questions = [
        Question(firm.contact(*divmod(place, CONTACTS_EACH)), topics[topic])
        for place, topic in (divmod(n, len(topics)) for n in picked)
    ]
    condition, ids = ids_condition("d.id", {q.dossier_id for q in questions if q.dossier_id})
    held = (HELD + condition, [topics[0], at, at, topics[0], at, at, ids])
    yield Case(
        f"resolve_many: {len(questions):,} records",
        lambda: len(resolve_many(questions, at=at)),
        raw(*held),
        Budget(queries=8, seconds=1),
    )
    one = questions[0]
    condition, ids = ids_condition("d.id", [one.dossier_id or 0])
    yield Case(
        "resolve: one record",
        lambda: bool(resolve_one(dossier_id=one.dossier_id, topic_id=one.topic_id, at=at)),
        raw(HELD + condition, [topics[0], at, at, topics[0], at, at, ids]),
        Budget(queries=8, seconds=0.02),
    )
