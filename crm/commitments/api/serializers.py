"""What is owed, as the API gives it."""

from rest_framework import serializers

from crm.commitments.models import Kind
from crm.commitments.rest import OwedFields
from crm.poc.rest import WhoAnswersSerializer


class OwedSerializer(OwedFields):
    """Something owed by a moment: a follow-up, or a first answer to somebody who was in touch."""

    id = serializers.IntegerField()
    kind = serializers.ChoiceField(Kind.choices)
    who_answers = WhoAnswersSerializer(help_text="Whoever has to act now.")
