"""What is owed, as the API gives it."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from accounts.models import Account
from contacts.models import Contact
from crm.commitments.models import Kind, Priority
from crm.commitments.rest import OwedFields, pocs
from crm.core.rest.fields import CodeField, Input, MomentField, NamedSerializer, RecordField, RecordsField
from crm.dossiers.models import Topic
from crm.poc.rest import WhoAnswersSerializer
from interactions.updates import MOST
from projects.models import Project


def visible_accounts(user: Any) -> Any:
    return Account.objects.visible_to(user).current().select_related("dossier")


def visible_contacts(user: Any) -> Any:
    return Contact.objects.visible_to(user).current().select_related("dossier")


def visible_projects(user: Any) -> Any:
    return Project.objects.visible_to(user).current().select_related("dossier")


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


class UpdateInput(Input):
    """An update to promise: on exactly one account, contact or project; to whom, about what, by when."""

    default_error_messages = {
        "one_record": _("Name exactly one of account, contact and project."),
        "one_due": _("Say by when once: give due_at or due_text, not both."),
    }

    account = RecordField(visible_accounts, required=False)
    contact = RecordField(visible_contacts, required=False)
    project = RecordField(visible_projects, required=False)
    to = RecordsField(visible_contacts, max_length=MOST, help_text="Ids of contacts: one at least.")
    about = serializers.CharField(max_length=150, required=False, allow_blank=True, default="")
    topic = CodeField(Topic.objects.in_use, required=False, help_text="`general` where it is left out.")
    due_at = MomentField(required=False)
    due_text = serializers.CharField(
        max_length=60, required=False, help_text="As `tomorrow 9`. Neither given: as the policy for updates says."
    )
    poc = RecordField(pocs, required=False, allow_null=True, help_text="Left out: whoever answers then.")
    priority = serializers.ChoiceField(Priority.choices, required=False, default=Priority.NORMAL.value)

    def validate(self, values: dict[str, Any]) -> dict[str, Any]:
        if sum(kind in values for kind in ("account", "contact", "project")) != 1:
            self.fail("one_record")
        if "due_at" in values and "due_text" in values:
            self.fail("one_due")
        return values


class OwedSerializer(OwedFields):
    """Something owed by a moment: a follow-up, a first answer, something to solve, an update, keeping in touch."""

    id = serializers.IntegerField()
    kind = serializers.ChoiceField(Kind.choices)
    who_answers = WhoAnswersSerializer(help_text="Whoever has to act now.")
    promised_to = NamedSerializer(many=True, help_text="An update: the contacts it was promised to; else empty.")
    passed_on = PassingSerializer(allow_null=True, help_text="How it came to a specialist, where it was passed on.")
