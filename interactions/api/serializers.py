"""Touches and follow-ups as the API gives and takes them."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from accounts.models import Account
from contacts.models import Contact
from crm.commitments.models import Commitment, Every, Priority
from crm.commitments.rest import OwedFields
from crm.core.actor import Source
from crm.core.rest.fields import (
    CodeField,
    Input,
    MomentField,
    NamedSerializer,
    RecordField,
    RecordNameSerializer,
    RecordsField,
)
from crm.dossiers.models import Channel, Outcome, Purpose, Topic
from crm.poc.models import PointOfContact
from crm.poc.rest import ReachSerializer, ReasonSerializer, WhoAnswersSerializer
from interactions import due, recurrence
from interactions.actions import MAX_NOTE
from interactions.models import Interaction, TouchPoint
from projects.models import Project

LONGEST_CALL = 7 * 24 * 3600  # seconds
MOST_SETTLED = 50


# Whoever is signed in may log a touch with anybody, as they may ask who answers for anybody.


def accounts(user: Any) -> Any:
    return Account.objects.current().select_related("dossier")


def contacts(user: Any) -> Any:
    return Contact.objects.current().select_related("dossier", "account__dossier")


def projects(user: Any) -> Any:
    return Project.objects.current().select_related("dossier", "account__dossier")


def visible_accounts(user: Any) -> Any:
    return accounts(user).visible_to(user)


def visible_contacts(user: Any) -> Any:
    return contacts(user).visible_to(user)


def visible_projects(user: Any) -> Any:
    return projects(user).visible_to(user)


def touch_points(user: Any) -> Any:
    return TouchPoint.objects.current().for_list()


def pocs(user: Any) -> Any:
    return PointOfContact.objects.all()  # one who answers no more is refused by the act, and said so


def owed(user: Any) -> Any:
    return Commitment.objects.visible_to(user)


class FollowUpSerializer(OwedFields):
    """What is to be done next."""

    id = serializers.IntegerField(source="pk")
    text = serializers.CharField()
    contact = RecordNameSerializer(source="contact.dossier", allow_null=True)
    channel = serializers.CharField(source="channel.code", allow_null=True)
    location = serializers.CharField(source="place")
    attempt = serializers.IntegerField(help_text="How often it was tried, this time included.")
    interaction = serializers.IntegerField(source="interaction_id", allow_null=True, help_text="Promised in this one.")
    who_answers = WhoAnswersSerializer(help_text="Whoever has to act now.")

    def get_fields(self) -> dict[str, serializers.Field]:
        """Reach what everything owed has through the follow-up."""
        fields = super().get_fields()
        for name in OwedFields().fields:
            fields[name].source = f"commitment.{fields[name].source or name}"
        return fields


class CandidateSerializer(serializers.Serializer):
    """Somebody the caller may be."""

    id = serializers.IntegerField(help_text="The contact's.")
    name = serializers.CharField()
    who_answers = WhoAnswersSerializer(help_text="About `general`.")


class InteractionSerializer(serializers.Serializer):
    """One touch between us and them, with who answered at that moment and why."""

    id = serializers.IntegerField()
    direction = serializers.ChoiceField(Interaction.Direction.choices)
    channel = serializers.CharField()
    purpose = serializers.CharField(allow_null=True)
    outcome = serializers.CharField(allow_null=True)
    topic = serializers.CharField()
    occurred_at = MomentField()
    logged_at = MomentField()
    seconds = serializers.IntegerField(allow_null=True)
    account = NamedSerializer(allow_null=True)
    contact = NamedSerializer(allow_null=True)
    project = NamedSerializer(allow_null=True)
    touch_point = NamedSerializer(allow_null=True)
    caller = serializers.CharField(help_text="The number, address or name of somebody nobody knew.")
    note = serializers.CharField()
    is_touch = serializers.BooleanField(help_text="Somebody was reached.")
    poc = ReachSerializer(help_text="Who answered at that moment.")
    why = serializers.CharField(help_text="In a few words; empty: named right there.")
    reasons = ReasonSerializer(many=True)
    logged_by = NamedSerializer(allow_null=True)
    via = serializers.ChoiceField(Source.choices)
    client_key = serializers.UUIDField(allow_null=True)
    withdrawn_at = MomentField(allow_null=True, help_text="Undone: it stays readable and counts nowhere.")
    source = serializers.CharField()
    external_id = serializers.CharField()


class WholeInteractionSerializer(InteractionSerializer):
    """One touch, with who answers for its record now, what follows from it, and who an unknown caller may be."""

    who_answers = WhoAnswersSerializer(many=True, help_text="Now, about every topic.")
    follow_ups = FollowUpSerializer(many=True)
    candidates = CandidateSerializer(many=True, help_text="Of a caller nobody knew: whose number or address it is.")


class RecursInput(Input):
    """How often it is owed again, once it is done."""

    every = serializers.IntegerField(min_value=1, max_value=recurrence.MOST)
    unit = serializers.ChoiceField(Every.choices)


class PlannedInput(Input):
    """What is to follow: by when exactly one of `due_at` and `due_text`."""

    default_error_messages = {"one_due": _("Say by when: give exactly one of due_at and due_text.")}

    due_at = MomentField(required=False)
    due_text = serializers.CharField(
        max_length=due.LONGEST, required=False, help_text="As `tomorrow 9`, `in 3 working days`, `+2w`, `fri 14:00`."
    )
    title = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")
    text = serializers.CharField(max_length=MAX_NOTE, required=False, allow_blank=True, default="")
    poc = RecordField(pocs, required=False, allow_null=True, help_text="Left out: whoever answers then.")
    channel = CodeField(Channel.objects.in_use, required=False, allow_null=True)
    location = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")
    recurs = RecursInput(
        required=False, allow_null=True, help_text="Left out: as `due_text` says (`fri 9 every 2 weeks`), else once."
    )

    def validate(self, values: dict[str, Any]) -> dict[str, Any]:
        if ("due_at" in values) == ("due_text" in values):
            self.fail("one_due")
        return values


class FollowUpInput(PlannedInput):
    """A follow-up on exactly one account, contact or project."""

    default_error_messages = {"one_record": _("Name exactly one of account, contact and project.")}

    account = RecordField(visible_accounts, required=False)
    contact = RecordField(visible_contacts, required=False)
    project = RecordField(visible_projects, required=False)
    topic = CodeField(Topic.objects.in_use, required=False, help_text="`general` where it is left out.")

    def validate(self, values: dict[str, Any]) -> dict[str, Any]:
        if sum(kind in values for kind in ("account", "contact", "project")) != 1:
            self.fail("one_record")
        return super().validate(values)


class RedueInput(Input):
    """Another moment by which it is due: exactly one of the two."""

    default_error_messages = PlannedInput.default_error_messages

    due_at = MomentField(required=False)
    due_text = serializers.CharField(
        max_length=due.LONGEST, required=False,
        help_text="As `tomorrow 9`, or `fri 9 every 3 months`. How often is left as it is where this does not say.",
    )  # fmt: skip

    validate = PlannedInput.validate


class InteractionInput(Input):
    """A touch to log, what it settles and what is to follow, all at once or not at all.

    Who: a record by id, or the caller's phone, e-mail or name. A caller who matches nobody, or
    several, is logged all the same.
    """

    channel = CodeField(Channel.objects.in_use)
    direction = serializers.ChoiceField(Interaction.Direction.choices)
    topic = CodeField(Topic.objects.in_use, required=False, help_text="`general` where it is left out.")
    purpose = CodeField(Purpose.objects.in_use, required=False, allow_null=True)
    outcome = CodeField(Outcome.objects.in_use, required=False, allow_null=True)
    priority = serializers.ChoiceField(
        Priority.choices, required=False, default="", help_text="Of what it asks for; left out: as its purpose says."
    )
    account = RecordField(accounts, required=False, allow_null=True)
    contact = RecordField(contacts, required=False, allow_null=True)
    project = RecordField(projects, required=False, allow_null=True)
    touch_point = RecordField(touch_points, required=False, allow_null=True)
    phone = serializers.CharField(max_length=60, required=False, allow_blank=True, default="")
    email = serializers.CharField(max_length=254, required=False, allow_blank=True, default="")
    caller = serializers.CharField(
        max_length=200, required=False, allow_blank=True, default="", help_text="The caller's name, as it was said."
    )
    occurred_at = MomentField(required=False, allow_null=True, help_text="Left out: now.")
    seconds = serializers.IntegerField(min_value=0, max_value=LONGEST_CALL, required=False, allow_null=True)
    note = serializers.CharField(max_length=MAX_NOTE, required=False, allow_blank=True, default="")
    client_key = serializers.UUIDField(
        required=False, allow_null=True, help_text="Chosen by you: the same key is saved once. Or `Idempotency-Key`."
    )
    follow_up = PlannedInput(required=False, allow_null=True)
    settles = RecordsField(owed, max_length=MOST_SETTLED, required=False, help_text="Ids of what is owed.")


class CorrectionInput(Input):
    """What a touch should have said; what is left out stays. Account, contact and project null: nobody knew them."""

    channel = CodeField(Channel.objects.in_use, required=False)
    direction = serializers.ChoiceField(Interaction.Direction.choices, required=False)
    topic = CodeField(Topic.objects.in_use, required=False)
    purpose = CodeField(Purpose.objects.in_use, required=False, allow_null=True)
    outcome = CodeField(Outcome.objects.in_use, required=False, allow_null=True)
    account = RecordField(visible_accounts, required=False, allow_null=True)
    contact = RecordField(visible_contacts, required=False, allow_null=True)
    project = RecordField(visible_projects, required=False, allow_null=True)
    occurred_at = MomentField(required=False)
    seconds = serializers.IntegerField(min_value=0, max_value=LONGEST_CALL, required=False, allow_null=True)
    note = serializers.CharField(max_length=MAX_NOTE, required=False, allow_blank=True)


class SortInput(Input):
    """The record an unknown caller's touch belongs to: exactly one."""

    default_error_messages = FollowUpInput.default_error_messages

    account = RecordField(visible_accounts, required=False)
    contact = RecordField(visible_contacts, required=False)
    project = RecordField(visible_projects, required=False)

    def validate(self, values: dict[str, Any]) -> dict[str, Any]:
        if len(values) != 1:
            self.fail("one_record")
        return values
