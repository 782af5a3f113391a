"""What is owed, as the API says it, and what can be done about it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.response import Response

from crm.commitments import actions, arithmetic, waiting
from crm.commitments.models import Commitment, Every
from crm.core.rest.fields import Input, MomentField, NamedSerializer, RecordField
from crm.core.rest.keys import KEY_HEADER, Keyed
from crm.dossiers.models import Event
from crm.dossiers.once import done_before
from crm.dossiers.rest import RecordSerializer
from crm.poc.models import PointOfContact
from crm.poc.resolve import Question
from crm.poc.rest import who_answers_each
from crm.users.reader import zone_of

IF_MATCH = OpenApiParameter(
    "If-Match", OpenApiTypes.STR, OpenApiParameter.HEADER,
    description="The `ETag` of what was read: something done to it meanwhile is answered with 412.",
)  # fmt: skip
ACT_HEADERS = [IF_MATCH, KEY_HEADER]


class Stale(APIException):
    """It is not as it was when the caller read it."""

    status_code = status.HTTP_412_PRECONDITION_FAILED
    default_code = "stale"
    default_detail = _("Something was done to it meanwhile. Read it again, then decide.")


def etag(owed: Commitment) -> str:
    """What `If-Match` names: every act gives it another one."""
    return f'"{owed.pk}-{owed.generation}"'


def pocs(user: Any) -> Any:
    return PointOfContact.objects.all()  # one who answers no more is refused by the act, and said so


class RecursSerializer(serializers.Serializer):
    """How often it is owed again."""

    every = serializers.IntegerField()
    unit = serializers.ChoiceField(Every.choices)


class OwedFields(serializers.Serializer):
    """What everything owed has; `source` reaches it from the row shown."""

    title = serializers.CharField(
        source="__str__", help_text="As somebody typed it; where the product says it, in the language you ask for."
    )
    state = serializers.ChoiceField(Commitment.State.choices)
    due_at = MomentField()
    zone = serializers.CharField(help_text="Whose clock the due moment was meant by.")
    due_because = serializers.ListField(
        child=serializers.CharField(),
        help_text="How the due moment came about, one fact a line, in your words and by your clock.",
    )
    priority = serializers.ChoiceField(Commitment.Priority.choices)
    topic = serializers.CharField(source="topic.code")
    record = RecordSerializer(source="dossier")
    given_to = NamedSerializer(source="poc", allow_null=True, help_text="By name; null: to whoever answers.")
    quiet_until = MomentField(source="hold_until", allow_null=True)
    waiting_since = MomentField(allow_null=True, help_text="It waits for the customer: its time stands still.")
    recurs = RecursSerializer(allow_null=True, help_text="Owed again once it is done; null: once.")
    escalated_at = MomentField(allow_null=True)
    escalated_to = NamedSerializer(allow_null=True)
    opened_at = MomentField()
    closed_at = MomentField(allow_null=True)


class SnoozeInput(Input):
    """Until when nobody is reminded."""

    until = MomentField()


class WaitInput(Input):
    """What the customer is waited for."""

    reason = serializers.CharField(max_length=500, required=False, allow_blank=True, default="")


class DoneInput(Input):
    """Whether what recurs is not owed again, and which time of it is meant."""

    for_good = serializers.BooleanField(required=False, default=False)
    due_at = MomentField(
        required=False,
        help_text="What recurs: the `due_at` that was read. Owed for another time by now, it is answered with 409. "
        "Left out: whichever time is owed.",
    )


class CancelInput(Input):
    """Why it is not owed any more."""

    reason = serializers.CharField(max_length=500, required=False, allow_blank=True, default="")


class ReassignInput(Input):
    """To whom it is given; null: to whoever answers."""

    poc = RecordField(pocs, allow_null=True)
    reason = serializers.CharField(max_length=500, required=False, allow_blank=True, default="")


def questions_of(owed: list[Commitment]) -> list[Question]:
    """Ask who has to act on each, somebody it was given to by name included."""
    return [Question(c.dossier_id, c.topic_id, c.poc_id) for c in owed]


def set_who_answers(rows: list[Any], owed: list[Commitment], *, reader: Any, at: datetime) -> None:
    """Set `who_answers` on each of `rows`, whoever has to act on its `owed` now; and see `set_due_because`.

    Seven queries at most.
    """
    answers = who_answers_each(questions_of(owed), at=at)
    for row, answer in zip(rows, answers, strict=True):
        row.who_answers = answer
    set_due_because(owed, reader=reader, at=at)


def set_due_because(owed: list[Commitment], *, reader: Any, at: datetime) -> None:
    """Set `due_because` on each: how its due moment came about, by the clock of `reader`. Four queries at most."""
    if not owed:
        return
    with timezone.override(zone_of(reader)):
        for commitment, because in zip(owed, arithmetic.lines_many(owed, at), strict=True):
            commitment.due_because = because  # type: ignore[attr-defined]


class Acts(Keyed):
    """For view sets of what is owed: the acts, each a POST. A repeated one does nothing, but see `done`.

    The answer carries an `ETag`; an act with `If-Match` is done only to what still is as it was read.
    With a key, the very same request does nothing again, whatever was done to it since.
    """

    conflicts = Keyed.conflicts | {"closed_already", "moved_on", "waits_for_customer"}

    def owed(self) -> Commitment:
        """What the address names."""
        raise NotImplementedError

    def acted(self) -> Response:
        """Show it as it is now."""
        raise NotImplementedError

    def repeated(self, event: Event, rows: QuerySet[Any] | None = None) -> Response:
        """Show what a request opened when it came first, as it is now."""
        found = (self.get_queryset() if rows is None else rows).filter(pk=event.facts["commitment"]).first()
        if found is None:
            raise Http404
        return self.answer(found)

    def act(self, perform: Callable[[Commitment], object]) -> Response:
        """Do it in one transaction, if what is there is what the caller knows; show it as it is then.

        Done before, by its key: nothing is done, and what has changed since is no reason to refuse.

        :raises Stale: it is not what the caller knows.
        :raises KeyTaken: the key was used for something else.
        """
        with transaction.atomic():
            owed = self.owed()
            wanted = [tag.strip() for tag in self.request.headers.get("If-Match", "*").split(",")]
            if wanted != ["*"] or self.by.asked:
                held = Commitment.objects.select_for_update(no_key=True).get(pk=owed.pk)
                if done_before(self.by):
                    return self.acted()
                if wanted != ["*"] and etag(held) not in wanted:
                    raise Stale
            perform(owed)
        return self.acted()

    @extend_schema(request=None, parameters=ACT_HEADERS)
    @action(detail=True, methods=["post"])
    def acknowledge(self, request: Request, id: int) -> Response:
        """Say that somebody is on it: reminders and escalation wait a while."""
        return self.act(lambda owed: actions.acknowledge(commitment=owed, by=self.by, at=self.at))

    @extend_schema(request=SnoozeInput, parameters=ACT_HEADERS)
    @action(detail=True, methods=["post"])
    def snooze(self, request: Request, id: int) -> Response:
        """Remind nobody until a moment."""
        values = self.read(SnoozeInput)
        return self.act(lambda owed: actions.snooze(commitment=owed, **values, by=self.by, at=self.at))

    @extend_schema(request=WaitInput, parameters=ACT_HEADERS)
    @action(detail=True, methods=["post"])
    def wait(self, request: Request, id: int) -> Response:
        """Wait for the customer: its time stands still, and nobody is reminded."""
        values = self.read(WaitInput)
        return self.act(lambda owed: waiting.wait(commitment=owed, **values, by=self.by, at=self.at))

    @extend_schema(request=None, parameters=ACT_HEADERS)
    @action(detail=True, methods=["post"])
    def resume(self, request: Request, id: int) -> Response:
        """Let it go on with the working time that was left, an hour at least."""
        return self.act(lambda owed: waiting.resume(commitment=owed, by=self.by, at=self.at))

    @extend_schema(request=DoneInput, parameters=ACT_HEADERS)
    @action(detail=True, methods=["post"])
    def done(self, request: Request, id: int) -> Response:
        """Say that it is done. What recurs is owed for the next time, unless it is done for good.

        Say with `due_at`, `If-Match` or a key which time is meant: what recurs is else done for the next time where
        the request comes again later than after two minutes.
        """
        values = self.read(DoneInput)
        return self.act(lambda owed: actions.keep(commitment=owed, **values, by=self.by, at=self.at))

    @extend_schema(request=CancelInput, parameters=ACT_HEADERS)
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, id: int) -> Response:
        """Say that it is not owed any more."""
        values = self.read(CancelInput)
        return self.act(lambda owed: actions.cancel(commitment=owed, **values, by=self.by, at=self.at))

    @extend_schema(request=ReassignInput, parameters=ACT_HEADERS)
    @action(detail=True, methods=["post"])
    def reassign(self, request: Request, id: int) -> Response:
        """Give it to somebody by name, who is told; or, with null, to whoever answers."""
        values = self.read(ReassignInput)
        return self.act(lambda owed: actions.reassign(commitment=owed, **values, by=self.by, at=self.at))
