"""Who is in the slots of what a notice is about, as things are now."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from crm.commitments import ladder
from crm.commitments.models import Notification
from crm.poc.decide import Answer
from crm.poc.resolve import Question, resolve_many


def answers_of(rows: Iterable[Notification], at: datetime) -> dict[int, Answer]:
    """Return who answers for what each of these notices is about, by the notice's id. Two queries."""
    owed = [(n.pk, n.commitment) for n in rows if n.commitment is not None]
    asked = {pk: Question(c.dossier_id, c.topic_id, c.poc_id) for pk, c in owed}
    answers = resolve_many(asked.values(), at=at) if asked else {}
    return {pk: answers[question] for pk, question in asked.items()}


def by_slot(answer: Answer) -> dict[str, int | None]:
    """Return the POC in each slot that who answers gives."""
    return {
        ladder.POC: answer.poc_id,
        ladder.BACKUP: answer.backup_id,
        ladder.LEAD: answer.lead_id,
        ladder.LEADS_LEAD: answer.leads_lead_id,
        ladder.HOUSE: answer.house_id,
    }


def named(slot: str) -> int:
    """Return the POC that a slot names itself, as `poc:7`."""
    return int(slot.partition(":")[2])


def in_slot(answer: Answer, slot: str) -> int | None:
    """Return the POC in a slot, where who answers is known."""
    slots = by_slot(answer)
    return slots[slot] if slot in slots else named(slot)
