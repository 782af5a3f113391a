"""Everything that is owed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError as DjangoValidationError
from django.db.models import BigAutoField, DateTimeField
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.status import HTTP_200_OK

from crm.commitments.api.filters import OwedFilterSet
from crm.commitments.api.serializers import HandBackInput, OwedSerializer, PassOnInput, UpdateInput
from crm.commitments.models import Commitment
from crm.commitments.rest import ACT_HEADERS, Acts, etag, set_who_answers
from crm.core.paging import Order
from crm.core.rest.keys import KEY_HEADER
from crm.core.rest.views import RecordViewSet
from crm.dossiers.models import Event, Topic
from crm.dossiers.once import once
from interactions import passing, updates
from interactions.forms import only_once
from interactions.meaning import meant
from interactions.models import FollowUp


class OwedViewSet(Acts, RecordViewSet):
    """What is owed by a moment, follow-ups and first answers alike, and what can be done about it."""

    queryset = Commitment.objects.all()
    serializer_class = OwedSerializer
    filterset_class = OwedFilterSet
    orders = {"due_at": Order("due_at", DateTimeField()), "id": Order("pk", BigAutoField())}
    ordering = "due_at"
    acts_on = {"updates": (FollowUp, "add")}  # as its base
    conflicts = Acts.conflicts | {"answers_already", "not_passed_on", "nothing_to_solve"}

    def get_queryset(self) -> Any:
        return Commitment.objects.visible_to(self.request.user).for_list()

    def shown(self, rows: list[Any], *, whole: bool = False) -> list[dict[str, Any]]:
        set_who_answers(rows, rows, reader=self.request.user, at=self.at)
        passed_on, promised_to = passing.passings(rows), updates.named_in(rows)
        for row in rows:
            row.passed_on, row.promised_to = passed_on.get(row.pk), promised_to.get(row.pk, [])
        return super().shown(rows, whole=whole)

    def owed(self) -> Commitment:
        return self.get_object()  # type: ignore[no-any-return]

    def acted(self) -> Response:
        return self.answer(self.get_object())

    def answer(self, row: Any, *, status: int = HTTP_200_OK) -> Response:
        response = super().answer(row, status=status)
        response["ETag"] = etag(row)
        return response

    @extend_schema(request=UpdateInput, parameters=[KEY_HEADER], responses={201: OwedSerializer, 200: OwedSerializer})
    @action(detail=False, methods=["post"])
    def updates(self, request: Request) -> Response:
        """Promise contacts an update: it is kept by reaching each of them, as `settles` of a touch says.

        With a key, the same request promises once: a repeat is answered with 200 and what was promised.
        """
        done = once(self._promise_update, by=self.by)
        return self.repeated(done) if isinstance(done, Event) else self.created(done)

    def _promise_update(self) -> Commitment:
        values = self.read(UpdateInput)
        record = (values.get("project") or values.get("contact") or values["account"]).dossier
        topic = values.get("topic") or Topic.objects.get(code=Topic.GENERAL)
        due_at = values.get("due_at")
        if "due_text" in values:
            due_at = self._meant(values["due_text"], place=record, topic=topic, poc=values.get("poc"))
        new = updates.NewUpdate(values["to"], values["about"], due_at, values.get("poc"), values["priority"])
        return updates.promise(new=new, dossier=record, topic=topic, by=self.by, at=self.at)

    def _meant(self, text: str, **asked: Any) -> datetime:
        try:
            return only_once(*meant(text, **asked, at=self.at))
        except DjangoValidationError as error:
            raise ValidationError({"due_text": ErrorDetail(error.messages[0], error.code or "invalid")}) from error

    @extend_schema(request=PassOnInput, parameters=ACT_HEADERS)
    @action(detail=True, methods=["post"], url_path="pass-on")
    def pass_on(self, request: Request, id: int) -> Response:
        """Let a specialist solve a problem; they and whoever answers are told. A repeat does nothing."""
        values = self.read(PassOnInput)
        return self.act(lambda owed: passing.pass_on(commitment=owed, **values, by=self.by, at=self.at))

    @extend_schema(request=HandBackInput, parameters=ACT_HEADERS)
    @action(detail=True, methods=["post"], url_path="hand-back")
    def hand_back(self, request: Request, id: int) -> Response:
        """Bring a problem back solved to whoever answers, who tells the customer. A repeat does nothing."""
        values = self.read(HandBackInput)
        return self.act(lambda owed: passing.hand_back(commitment=owed, **values, by=self.by, at=self.at))
