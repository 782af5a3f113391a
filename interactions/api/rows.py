"""Touches read as plain values: on a list of them, objects and fields would be most of the cost."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from crm.dossiers.models import Dossier, Topic
from crm.poc import words
from crm.poc.models import PointOfContact
from crm.poc.rest import reach, reason_list, remembered, who_answers
from crm.poc.words import Named
from interactions.callers import match
from interactions.look_up import looks_like_address
from interactions.models import Interaction

PLAIN = (
    "direction", "occurred_at", "logged_at", "seconds", "caller", "note", "is_touch", "via", "client_key",
    "withdrawn_at", "source", "external_id",
)  # fmt: skip
CODES = ("channel", "purpose", "outcome", "topic")
RECORDS = ("account", "contact", "project", "touch_point")
COLUMNS = (
    "pk", *PLAIN, *(f"{word}__code" for word in CODES), *(f"{kind}_id" for kind in RECORDS), "topic_id", "poc_id",
    "poc_why", "logged_by_id", "logged_by__name", "dossier_id",
)  # fmt: skip


class Said(NamedTuple):
    """A topic whose label is looked up once, not once a sentence."""

    code: str
    label: str


def given(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Give rows of `COLUMNS` as `InteractionSerializer` describes them. Three queries more."""
    answers = [remembered(row["poc_id"], row["poc_why"]) for row in rows]
    reasons = [reason for answer in answers for reason in answer.reasons]
    named = _named(
        {r.poc_id for r in reasons} | {a.poc_id for a in answers} | {a.holder_id for a in answers},
        {r.dossier_id for r in reasons} | {row[f"{kind}_id"] for row in rows for kind in RECORDS},
    )
    return [
        {
            "id": row["pk"],
            **{name: row[name] for name in PLAIN},
            **{word: row[f"{word}__code"] for word in CODES},
            **{kind: _record(row[f"{kind}_id"], named) for kind in RECORDS},
            "poc": reach(named.pocs[row["poc_id"]]),
            "why": words.why(answer, named, dossier_id=row["dossier_id"], topic_id=row["topic_id"]),
            "reasons": reason_list(answer, named),
            "logged_by": {"id": row["logged_by_id"], "name": row["logged_by__name"]} if row["logged_by_id"] else None,
        }
        for row, answer in zip(rows, answers, strict=True)
    ]


def _named(poc_ids: Iterable[int | None], record_ids: Iterable[int | None]) -> Named:
    """What ids stand for, with no more of it than is shown."""
    pocs = PointOfContact.objects.filter(pk__one_of=[pk for pk in poc_ids if pk is not None])
    records = Dossier.objects.filter(pk__one_of=[pk for pk in record_ids if pk is not None])
    return Named(
        pocs={row.pk: row for row in pocs.values_list("pk", "name", "kind", "email", "phone", named=True)},
        titles=dict(records.values_list("pk", "title")),
        topics={topic.pk: Said(topic.code, topic.label) for topic in Topic.objects.all()},
    )


def _record(pk: int | None, named: Named) -> dict[str, Any] | None:
    return {"id": pk, "name": named.title(pk)} if pk is not None else None


def candidates(row: dict[str, Any], *, at: datetime) -> list[dict[str, Any]]:
    """Whose number or address an unknown caller's is: names and who answers, no more."""
    if any(row[f"{kind}_id"] for kind in ("account", "contact", "project")) or not looks_like_address(row["caller"]):
        return []
    is_email = "@" in row["caller"]
    found = match(phone="" if is_email else row["caller"], email=row["caller"] if is_email else "")
    return candidate_list([contact.dossier for contact in found], at=at)


def candidate_list(records: Sequence[Dossier], *, at: datetime) -> list[dict[str, Any]]:
    """Give contacts as `CandidateSerializer` describes them."""
    if not records:
        return []
    answers = who_answers([record.pk for record in records], at=at, about=[Topic.GENERAL])
    return [{"id": r.pk, "name": r.title, "who_answers": answers[r.pk][0]} for r in records]


def queryset(user: Any) -> Any:
    """The touches `user` may see, as values."""
    return Interaction.objects.visible_to(user).values(*COLUMNS)
