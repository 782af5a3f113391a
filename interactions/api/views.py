"""Touches, and what is to follow."""

from __future__ import annotations

from typing import Any

from django.db.models import BigAutoField, DateTimeField
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.status import HTTP_200_OK

from crm.commitments.actions import redue
from crm.commitments.models import Commitment
from crm.commitments.rest import ACT_HEADERS, Acts, etag, questions_of, set_due_because, set_who_answers
from crm.core.paging import Order
from crm.core.rest.keys import KEY_HEADER
from crm.core.rest.views import RecordViewSet
from crm.dossiers.models import Event, Topic
from crm.dossiers.once import once
from crm.poc.resolve import Question
from crm.poc.rest import who_answers_each
from interactions.actions import log
from interactions.api import reading, rows
from interactions.api.filters import FollowUpFilterSet, InteractionFilterSet
from interactions.api.serializers import (
    CorrectionInput,
    FollowUpInput,
    FollowUpSerializer,
    InteractionInput,
    InteractionSerializer,
    RedueInput,
    SortInput,
    WholeInteractionSerializer,
)
from interactions.correcting import correct
from interactions.corrections import put_to_record, undo
from interactions.follow_ups import plan
from interactions.models import FollowUp, Interaction


@extend_schema_view(retrieve=extend_schema(responses=WholeInteractionSerializer))
class InteractionViewSet(RecordViewSet):
    """Touches between us and them: calls, mails, chats, visits."""

    queryset = Interaction.objects.all()
    serializer_class = InteractionSerializer
    filterset_class = InteractionFilterSet
    orders = {"occurred_at": Order("occurred_at", DateTimeField()), "id": Order("pk", BigAutoField())}
    ordering = "-occurred_at"
    scopes = {"create": ("log",)}
    conflicts = frozenset({"key_taken", "settles_elsewhere", "sorted_already", "too_late", "not_yours", "was_undone"})
    acts_on = dict.fromkeys(("undo", "sort", "correct"), (Interaction, "add"))
    field_names = {"due": "follow_up.due_at", "due_at": "follow_up.due_at", "title": "follow_up.title", "who": ""}

    def get_queryset(self) -> Any:
        return rows.queryset(self.request.user)

    def shown(self, found: list[dict[str, Any]], *, whole: bool = False) -> list[dict[str, Any]]:
        shown = rows.given(found)
        if whole:
            for row, values in zip(shown, found, strict=True):
                row |= self._more(values)
        return shown

    def _more(self, values: dict[str, Any]) -> dict[str, Any]:
        """What only the detail has; who answers is asked once, for all of it."""
        topics = list(Topic.objects.in_use())
        planned = list(FollowUp.objects.for_list().filter(interaction=values["pk"]).order_by("pk"))
        owed = [row.commitment for row in planned]
        questions = [Question(values["dossier_id"], topic.pk) for topic in topics] + questions_of(owed)
        answers = who_answers_each(questions, at=self.at)
        for row, answer in zip(planned, answers[len(topics) :], strict=True):
            row.who_answers = answer
        set_due_because(owed, reader=self.request.user, at=self.at)
        return {
            "who_answers": answers[: len(topics)],
            "follow_ups": FollowUpSerializer(planned, many=True).data,
            "candidates": rows.candidates(values, at=self.at),
        }

    def _one(self, interaction: Interaction) -> dict[str, Any]:
        """The values of what was just read or written, whoever may see it."""
        return Interaction.objects.values(*rows.COLUMNS).get(pk=interaction.pk)

    @extend_schema(
        request=InteractionInput,
        parameters=[KEY_HEADER],
        responses={201: WholeInteractionSerializer, 200: WholeInteractionSerializer},
    )
    def create(self, request: Request) -> Response:
        """Log a touch, what it settles and what is to follow, at once or not at all.

        With a key, the same request is saved once: a repeat is answered with 200 and what was saved.
        """
        values = self.read(InteractionInput)
        key = reading.client_key(request, values.get("client_key"))
        planned, settles = values.pop("follow_up", None), values.pop("settles", [])
        touch = reading.touch_of(values | {"client_key": key})
        new = reading.follow_up_of(planned, touch, at=self.at)
        logged = log(touch=touch, follow_up=new, settles=settles, by=self.by, at=self.at)
        shown = self.shown([self._one(logged.interaction)], whole=True)[0]
        if not logged.is_new:
            return Response(shown)
        return Response(shown, status=201, headers={"Location": self.address(logged.interaction)})

    @extend_schema(request=None, responses=WholeInteractionSerializer)
    @action(detail=True, methods=["post"])
    def undo(self, request: Request, id: int) -> Response:
        """Take it back with all it brought, within ten minutes, by whoever logged it. A repeat does nothing."""
        done = undo(interaction=self._named(), by=self.by, at=self.at)
        return Response(self.shown([self._one(done)], whole=True)[0])

    @extend_schema(request=CorrectionInput, responses=WholeInteractionSerializer)
    @action(detail=True, methods=["post"])
    def correct(self, request: Request, id: int) -> Response:
        """Let it say what it should have said; another record takes it over with what is owed for it.

        Whoever logged it may, and whoever may change touches. What it said before is kept.
        """
        done = correct(interaction=self._named(), **self.read(CorrectionInput), by=self.by, at=self.at)
        return Response(self.shown([self._one(done)], whole=True)[0])

    @extend_schema(request=SortInput, responses=WholeInteractionSerializer)
    @action(detail=True, methods=["post"])
    def sort(self, request: Request, id: int) -> Response:
        """Put the touch of a caller nobody knew to the record it belongs to."""
        done = put_to_record(interaction=self._named(), **self.read(SortInput), by=self.by, at=self.at)
        return Response(self.shown([self._one(done)], whole=True)[0])

    def _named(self) -> Interaction:
        return Interaction.objects.get(pk=self.get_object()["pk"])


class FollowUpViewSet(Acts, RecordViewSet):
    """What is to be done next, by when, and what can be done about it."""

    queryset = FollowUp.objects.all()
    serializer_class = FollowUpSerializer
    filterset_class = FollowUpFilterSet
    orders = {"due_at": Order("commitment__due_at", DateTimeField()), "id": Order("pk", BigAutoField())}
    ordering = "due_at"
    field_names = Acts.field_names | {"due": "due_at"}

    def get_queryset(self) -> Any:
        return FollowUp.objects.visible_to(self.request.user).for_list()

    def shown(self, found: list[FollowUp], *, whole: bool = False) -> list[dict[str, Any]]:
        set_who_answers(found, [row.commitment for row in found], reader=self.request.user, at=self.at)
        return super().shown(found, whole=whole)

    @extend_schema(
        request=FollowUpInput, parameters=[KEY_HEADER], responses={201: FollowUpSerializer, 200: FollowUpSerializer}
    )
    def create(self, request: Request) -> Response:
        """Plan a follow-up.

        With a key, the same request plans once: a repeat is answered with 200 and what was planned.
        """
        done, anybodys = once(self._plan, by=self.by), FollowUp.objects.for_list()
        return self.repeated(done, anybodys) if isinstance(done, Event) else self.created(done, anybodys)

    def _plan(self) -> FollowUp:
        values = self.read(FollowUpInput)
        record = values.get("project") or values.get("contact") or values["account"]
        topic = values.get("topic") or Topic.objects.get(code=Topic.GENERAL)
        said = reading.moment_of(values, place=record.dossier, topic=topic, poc=values.get("poc"), at=self.at)
        return plan(
            new=reading.new_follow_up(values, said), dossier=record.dossier, topic=topic,
            contact=values.get("contact"), channel=values.get("channel"), by=self.by, at=self.at,
        )  # fmt: skip

    @extend_schema(request=RedueInput, parameters=ACT_HEADERS)
    def partial_update(self, request: Request, id: int) -> Response:
        """Let it be due at another moment, and as often as `due_text` says; reminders and escalation begin anew."""
        values = self.read(RedueInput)

        def move(owed: Commitment) -> None:
            said = reading.moment_of(values, place=owed.dossier, topic=owed.topic, poc=owed.poc, at=self.at)
            recurs = (said.recurs.every, said.recurs.unit) if said.recurs else None
            redue(commitment=owed, due_at=said.moment, recurs=recurs, by=self.by, at=self.at)

        return self.act(move)

    def owed(self) -> Commitment:
        return self.get_object().commitment  # type: ignore[no-any-return]

    def acted(self) -> Response:
        return self.answer(self.get_object())

    def answer(self, row: Any, *, status: int = HTTP_200_OK) -> Response:
        response = super().answer(row, status=status)
        response["ETag"] = etag(row.commitment)
        return response
