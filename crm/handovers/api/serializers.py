"""Who answers for what, as the API gives and takes it."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from accounts.models import Account
from contacts.models import Contact
from crm.core.rest.fields import CodeField, Input, MomentField, NamedSerializer, RecordField, RecordsField
from crm.dossiers.models import Dossier, Topic
from crm.dossiers.rest import RecordSerializer
from crm.handovers.actions import Change
from crm.poc.models import Assignment, PointOfContact
from crm.poc.visibility import visible_dossiers
from projects.models import Project

MOST_PLACES = 20
MOST_AT_ONCE = 200  # records changed in one act
KINDS = ("account", "contact", "project")


def visible_accounts(user: Any) -> Any:
    return Account.objects.visible_to(user).current().select_related("dossier")


def visible_contacts(user: Any) -> Any:
    return Contact.objects.visible_to(user).current().select_related("dossier")


def visible_projects(user: Any) -> Any:
    return Project.objects.visible_to(user).current().select_related("dossier")


def visible_records(user: Any) -> Any:
    return visible_dossiers(user).current().exclude(kind=Dossier.Kind.TOUCH_POINT)


def all_pocs(user: Any) -> Any:
    return PointOfContact.objects.all()


class AssignmentSerializer(serializers.ModelSerializer):
    """Somebody answers for a record about one topic, from a moment until before another.

    Never changed: it ends, and another begins, so the ended ones are the history.
    """

    record = RecordSerializer(source="dossier")
    topic = serializers.CharField(source="topic.code")
    poc = NamedSerializer()
    place = serializers.IntegerField(source="rank", help_text="0 answers; 1, 2 … are the backups in their order.")
    starts_at = MomentField()
    ends_at = MomentField(allow_null=True)
    decided_by = NamedSerializer(allow_null=True)

    class Meta:
        model = Assignment
        fields = ("id", "record", "topic", "poc", "place", "starts_at", "ends_at", "reason", "decided_by")


class AssignmentInput(Input):
    """Who is to answer for exactly one account, contact or project; whoever held the place until then ends."""

    default_error_messages = {"one_record": _("Name exactly one of account, contact and project.")}

    account = RecordField(visible_accounts, required=False)
    contact = RecordField(visible_contacts, required=False)
    project = RecordField(visible_projects, required=False)
    topic = CodeField(Topic.objects.in_use, required=False, help_text="`general` where it is left out.")
    poc = RecordField(all_pocs)
    place = serializers.IntegerField(
        min_value=0, max_value=MOST_PLACES, default=0, help_text="0 answers; 1, 2 … are the backups in their order."
    )
    reason = serializers.CharField(max_length=500, required=False, allow_blank=True, default="")
    starts_at = MomentField(required=False, allow_null=True, help_text="Left out: at once.")

    def validate(self, values: dict[str, Any]) -> dict[str, Any]:
        """Turn the record named into what the action takes."""
        named = [values.pop(kind) for kind in KINDS if kind in values]
        if len(named) != 1:
            self.fail("one_record")
        values["dossier"] = named[0].dossier
        values["rank"] = values.pop("place")
        values["topic"] = values.get("topic") or Topic.objects.get(code=Topic.GENERAL)
        return values


class SelectionInput(Input):
    """Who is to answer for each of these records, with one reason."""

    records = RecordsField(
        visible_records, min_length=1, max_length=MOST_AT_ONCE, help_text="Ids of accounts, contacts and projects."
    )
    topic = CodeField(Topic.objects.in_use, required=False, help_text="`general` where it is left out.")
    poc = RecordField(all_pocs)
    place = serializers.IntegerField(min_value=0, max_value=MOST_PLACES, default=0)
    reason = serializers.CharField(max_length=500, required=False, allow_blank=True, default="")
    starts_at = MomentField(required=False, allow_null=True, help_text="Left out: at once.")

    def validate(self, values: dict[str, Any]) -> dict[str, Any]:
        """Turn the records into what the action takes: a change each."""
        topic = values.pop("topic", None) or Topic.objects.get(code=Topic.GENERAL)
        poc, rank = values.pop("poc"), values.pop("place")
        values["changes"] = [Change(record, topic, poc, rank) for record in values.pop("records")]
        return values


class AssignedSerializer(serializers.Serializer):
    """The assignments made, in the order of the records."""

    assignments = AssignmentSerializer(many=True)


class EndInput(Input):
    """Why somebody no longer holds the place, and who follows; of the one who answers, or that it is left open."""

    reason = serializers.CharField(max_length=500, allow_blank=True)
    successor = RecordField(all_pocs, required=False, allow_null=True, default=None)
    leave_open = serializers.BooleanField(
        default=False, help_text="Nobody follows the one who answers: the backup, the lead or the front desk does."
    )
