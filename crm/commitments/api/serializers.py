"""What is owed, as the API gives it."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from crm.commitments.models import Kind
from crm.commitments.rest import OwedFields
from crm.core.rest.fields import Input, MomentField, RecordField
from crm.poc.models import PointOfContact
from crm.poc.rest import WhoAnswersSerializer


def pocs(user: Any) -> Any:
    return PointOfContact.objects.all()  # one who answers no more is refused by the act, and said so


class PassingSerializer(serializers.Serializer):
    """How something came to the specialist who has it, or came back from one."""

    by = serializers.CharField(help_text="Who passed it on, or who solved it, by name; empty: the product itself.")
    note = serializers.CharField(help_text="What they should know, or how it was solved.")
    at = MomentField()
    is_back = serializers.BooleanField(help_text="It was solved: the customer is to be told.")


class PassOnInput(Input):
    """To which specialist a problem goes, and what they should know."""

    to = RecordField(pocs)
    note = serializers.CharField(max_length=1000, required=False, allow_blank=True, default="")


class HandBackInput(Input):
    """How a problem was solved."""

    resolution = serializers.CharField(max_length=2000, allow_blank=True)


class OwedSerializer(OwedFields):
    """Something owed by a moment: a follow-up, a first answer to somebody who was in touch, something to solve."""

    id = serializers.IntegerField()
    kind = serializers.ChoiceField(Kind.choices)
    who_answers = WhoAnswersSerializer(help_text="Whoever has to act now.")
    passed_on = PassingSerializer(allow_null=True, help_text="How it came to a specialist, where it was passed on.")
