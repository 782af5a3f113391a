"""Who answers, as the API says it: the answer, and every step on the way to it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import django_filters
from django.db.models import Exists, OuterRef, QuerySet
from rest_framework import serializers

from crm.core import clock
from crm.core.rest.fields import MomentField, NamedSerializer, read_moment
from crm.core.rest.filters import FlagFilter, IdFilter, MomentFilter, NameFilter, TextFilter
from crm.dossiers.models import EventDossier, Topic
from crm.poc import decide, words
from crm.poc.decide import Answer, Reason
from crm.poc.held import is_held_by
from crm.poc.models import PointOfContact
from crm.poc.resolve import Question, ask
from crm.poc.unanswered import unanswered
from crm.poc.words import Named

FRONT_DESK = "front_desk"
CODES = (
    decide.NOBODY, decide.FIXED, decide.ASSIGNED, decide.AWAY, decide.INACTIVE, decide.EMPTY, decide.COVERED,
    decide.COVER_FAILS, decide.BACKUP, decide.LEAD, FRONT_DESK,
)  # fmt: skip


class ReachSerializer(serializers.Serializer):
    """Somebody on our side, and how to reach them."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    kind = serializers.ChoiceField(PointOfContact.Kind.choices)
    email = serializers.CharField()
    phone = serializers.CharField()


class ReasonSerializer(serializers.Serializer):
    """One step on the way to the answer: a code and its values, and the same in words."""

    code = serializers.ChoiceField(CODES)
    poc = serializers.IntegerField(allow_null=True, help_text="Whom the step is about.")
    record = serializers.IntegerField(allow_null=True, help_text="The account, contact or project where it was found.")
    topic = serializers.CharField(allow_null=True)
    until = MomentField(allow_null=True)
    text = serializers.CharField(help_text="In the caller's language.")


class WhoAnswersSerializer(serializers.Serializer):
    """Who answers about one topic, and why."""

    topic = serializers.CharField()
    poc = ReachSerializer()
    instead_of = NamedSerializer(allow_null=True, help_text="The one named, where somebody stands in for them.")
    backup = NamedSerializer(allow_null=True, help_text="Who would be next.")
    lead = NamedSerializer(allow_null=True, help_text="And after the backup.")
    is_gap = serializers.BooleanField(
        allow_null=True, help_text="Nobody was named here or above: the front desk answers. null: not told."
    )
    why = serializers.CharField(help_text="In a few words; empty: named right here.")
    reasons = ReasonSerializer(many=True)


class AnsweredFor:
    """For view sets of records: each is shown with who answers, about *general* in lists, about all topics alone."""

    def shown(self, rows: list[Any], *, whole: bool = False) -> list[dict[str, Any]]:
        about = None if whole else [Topic.GENERAL]
        answers = who_answers([row.pk for row in rows], at=self.at, about=about)  # type: ignore[attr-defined]
        for row in rows:
            row.who_answers = answers[row.pk]
        return self.get_serializer(rows, many=True).data  # type: ignore[attr-defined,no-any-return]


class RecordFilterSet(django_filters.FilterSet):
    """What every kind of record is narrowed by. Archived ones only with `archived=true`."""

    q = NameFilter("dossier__title_key", help_text="Part of the name.")
    tier = TextFilter("dossier__tier__code")
    poc = IdFilter(method="held_by", help_text="Named now as the one who answers, about anything.")
    no_poc = FlagFilter(method="without_poc", help_text="Only the front desk answers now, as in the gaps.")
    updated_since = MomentFilter(method="touched_since", help_text="Something happened since, to it or about it.")
    archived = FlagFilter(method="as_they_are", help_text="Only those taken out of lists.")
    source = TextFilter("source")
    external_id = TextFilter("external_id")

    def filter_queryset(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        archived = bool(self.form.cleaned_data["archived"])
        return super().filter_queryset(queryset).filter(dossier__archived_at__isnull=not archived)

    def held_by(self, rows: QuerySet[Any], name: str, poc_id: int) -> QuerySet[Any]:
        return rows.filter(is_held_by([poc_id]))

    def without_poc(self, rows: QuerySet[Any], name: str, wanted: bool) -> QuerySet[Any]:
        gap = unanswered(clock.of(self.request))
        return rows.filter(gap if wanted else ~gap)

    def touched_since(self, rows: QuerySet[Any], name: str, moment: datetime) -> QuerySet[Any]:
        since = EventDossier.objects.filter(dossier=OuterRef("dossier_id"), happened_at__gte=moment)
        return rows.filter(Exists(since))

    def as_they_are(self, rows: QuerySet[Any], name: str, wanted: bool) -> QuerySet[Any]:
        return rows


def who_answers(
    record_ids: Iterable[int],
    *,
    at: datetime,
    about: Collection[str] | None,
    parents: Mapping[int, int | None] | None = None,
) -> dict[int, list[dict[str, Any]]]:
    """Say for each record who answers about the topics with these codes; None: about all in use. Three queries.

    `parents` says what records belonged to at `at`, where that is not what they belong to now.
    """
    ids = list(dict.fromkeys(record_ids))
    every = list(Topic.objects.order_by("position", "pk"))
    topics = [t for t in every if (t.retired_at is None if about is None else t.code in about)]
    answers, fetched = ask([Question(pk, topic.pk) for pk in ids for topic in topics], at=at, parents=parents)
    named = words.names(fetched, every)
    return {pk: [answer_values(answers[Question(pk, t.pk)], named, pk, t) for t in topics] for pk in ids}


def who_answers_each(questions: Sequence[Question], *, at: datetime) -> list[dict[str, Any]]:
    """Answer questions in their order, somebody named for the one thing included. Three queries."""
    answers, fetched = ask(questions, at=at)
    named = words.names(fetched)
    return [answer_values(answers[q], named, q.dossier_id, named.topics[q.topic_id]) for q in questions]


def answer_values(answer: Answer, named: Named, record_id: int | None, topic: Topic) -> dict[str, Any]:
    """Give one answer as `WhoAnswersSerializer` describes it."""
    stands_in = answer.holder_id is not None and answer.holder_id != answer.poc_id
    return {
        "topic": topic.code,
        "poc": reach(named.pocs[answer.poc_id]),
        "instead_of": _named(answer.holder_id, named) if stands_in else None,
        "backup": _named(answer.backup_id, named),
        "lead": _named(answer.lead_id, named),
        "is_gap": answer.is_gap,
        "why": words.why(answer, named, dossier_id=record_id, topic_id=topic.pk),
        "reasons": reason_list(answer, named),
    }


def no_more_than_reach(values: dict[str, Any]) -> dict[str, Any]:
    """Leave of one answer what anybody signed in is told: about what, who, and how to reach them."""
    return values | {"instead_of": None, "backup": None, "lead": None, "is_gap": None, "why": "", "reasons": []}


def reach(poc: PointOfContact) -> dict[str, Any]:
    """Give a POC as `ReachSerializer` describes it."""
    return {"id": poc.pk, "name": poc.name, "kind": poc.kind, "email": poc.email, "phone": poc.phone}


def reason_list(answer: Answer, named: Named) -> list[dict[str, Any]]:
    """Give the steps to an answer as `ReasonSerializer` describes them."""
    return [
        {
            "code": FRONT_DESK if reason.code == decide.HOUSE else reason.code,
            "poc": reason.poc_id,
            "record": reason.dossier_id,
            "topic": named.topics[reason.topic_id].code if reason.topic_id in named.topics else None,
            "until": reason.until,
            "text": text,
        }
        for reason, text in zip(answer.reasons, words.path(answer, named), strict=True)
    ]


def remembered(poc_id: int, why: Iterable[Mapping[str, Any]]) -> Answer:
    """Return the answer of a moment that has passed, from its stored reasons."""
    reasons = tuple(_reason(values) for values in why)
    by_house = bool(reasons) and reasons[-1].code == decide.HOUSE
    held = next((r for r in reversed(reasons) if r.code in (decide.ASSIGNED, decide.FIXED)), None)
    return Answer(
        poc_id=poc_id,
        reasons=reasons,
        holder_id=held.poc_id if held and not by_house else None,
        dossier_id=held.dossier_id if held and not by_house else None,
        topic_id=held.topic_id if held and not by_house else None,
        house_id=poc_id if by_house else None,
    )


def _reason(values: Mapping[str, Any]) -> Reason:
    until = values.get("until")
    return Reason(
        code=values["code"],
        poc_id=values.get("poc_id"),
        dossier_id=values.get("dossier_id"),
        topic_id=values.get("topic_id"),
        until=read_moment(until) if until else None,
    )


def _named(poc_id: int | None, named: Named) -> dict[str, Any] | None:
    return {"id": poc_id, "name": named.poc(poc_id)} if poc_id is not None else None
