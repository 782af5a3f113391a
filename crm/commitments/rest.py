"""What is owed, as the API says it, and what can be done about it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from crm.commitments import actions
from crm.commitments.models import Commitment
from crm.core.rest.fields import Input, MomentField, NamedSerializer, RecordField
from crm.dossiers.rest import RecordSerializer
from crm.poc.models import PointOfContact
from crm.poc.resolve import Question
from crm.poc.rest import who_answers_each


def active_pocs(user: Any) -> Any:
    return PointOfContact.objects.all()  # one who answers no more is refused by the act, and said so


class OwedFields(serializers.Serializer):
    """What everything owed has; `source` reaches it from the row shown."""

    title = serializers.CharField()
    state = serializers.ChoiceField(Commitment.State.choices)
    due_at = MomentField()
    zone = serializers.CharField(help_text="Whose clock the due moment was meant by.")
    priority = serializers.ChoiceField(Commitment.Priority.choices)
    topic = serializers.CharField(source="topic.code")
    record = RecordSerializer(source="dossier")
    given_to = NamedSerializer(source="poc", allow_null=True, help_text="By name; null: to whoever answers.")
    quiet_until = MomentField(source="hold_until", allow_null=True)
    escalated_at = MomentField(allow_null=True)
    escalated_to = NamedSerializer(allow_null=True)
    opened_at = MomentField()
    closed_at = MomentField(allow_null=True)


class SnoozeInput(Input):
    """Until when nobody is reminded."""

    until = MomentField()


class CancelInput(Input):
    """Why it is not owed any more."""

    reason = serializers.CharField(max_length=500, required=False, allow_blank=True, default="")


class ReassignInput(Input):
    """To whom it is given; null: to whoever answers."""

    poc = RecordField(active_pocs, allow_null=True)
    reason = serializers.CharField(max_length=500, required=False, allow_blank=True, default="")


def questions_of(owed: list[Commitment]) -> list[Question]:
    """Ask who has to act on each, somebody it was given to by name included."""
    return [Question(c.dossier_id, c.topic_id, c.poc_id) for c in owed]


def set_who_answers(rows: list[Any], owed: list[Commitment], *, at: datetime) -> None:
    """Set `who_answers` on each of `rows`: whoever has to act on its `owed` now. Three queries."""
    answers = who_answers_each(questions_of(owed), at=at)
    for row, answer in zip(rows, answers, strict=True):
        row.who_answers = answer


class Acts:
    """For view sets of what is owed: the acts, each a POST. A repeated one does nothing."""

    conflicts = frozenset({"closed_already"})

    def owed(self) -> Commitment:
        """What the address names."""
        raise NotImplementedError

    def acted(self) -> Response:
        """Show it as it is now."""
        raise NotImplementedError

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    def acknowledge(self, request: Request, id: int) -> Response:
        """Say that somebody is on it: reminders and escalation wait a while."""
        actions.acknowledge(commitment=self.owed(), by=self.by, at=self.at)
        return self.acted()

    @extend_schema(request=SnoozeInput)
    @action(detail=True, methods=["post"])
    def snooze(self, request: Request, id: int) -> Response:
        """Remind nobody until a moment."""
        actions.snooze(commitment=self.owed(), **self.read(SnoozeInput), by=self.by, at=self.at)
        return self.acted()

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    def done(self, request: Request, id: int) -> Response:
        """Say that it is done."""
        actions.keep(commitment=self.owed(), by=self.by, at=self.at)
        return self.acted()

    @extend_schema(request=CancelInput)
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, id: int) -> Response:
        """Say that it is not owed any more."""
        actions.cancel(commitment=self.owed(), **self.read(CancelInput), by=self.by, at=self.at)
        return self.acted()

    @extend_schema(request=ReassignInput)
    @action(detail=True, methods=["post"])
    def reassign(self, request: Request, id: int) -> Response:
        """Give it to somebody by name, who is told; or, with null, to whoever answers."""
        actions.reassign(commitment=self.owed(), **self.read(ReassignInput), by=self.by, at=self.at)
        return self.acted()
