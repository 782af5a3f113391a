"""Handovers, as the API gives and takes them."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from crm.core.rest.fields import CodeField, Input, MomentField, NamedSerializer, RecordField
from crm.dossiers.models import Topic
from crm.dossiers.rest import RecordSerializer
from crm.handovers.api.serializers import KINDS, all_pocs, visible_accounts, visible_contacts, visible_projects
from crm.handovers.forms import MAX_PART
from crm.handovers.handing_over import Offer
from crm.handovers.models import Handover
from crm.handovers.scope import Scope


class PartSerializer(serializers.Serializer):
    """One part of the briefing, as it was written."""

    code = serializers.CharField()
    label = serializers.CharField()
    text = serializers.CharField()


class HandoverSerializer(serializers.ModelSerializer):
    """Responsibility for a record passes from one to another, once they accept; until then the giver answers."""

    record = RecordSerializer(source="dossier")
    giver = NamedSerializer()
    receiver = NamedSerializer(allow_null=True, help_text="null: it is only proposed.")
    topics = serializers.SerializerMethodField(help_text="Codes; empty: whatever the giver answers for there.")
    briefing = PartSerializer(many=True)
    accept_by = MomentField(source="commitment.due_at", allow_null=True, default=None)
    opened_at = MomentField()
    offered_at = MomentField(allow_null=True)
    offered_by = NamedSerializer(allow_null=True)
    decided_at = MomentField(allow_null=True)
    decided_by = NamedSerializer(allow_null=True)
    introduced_at = MomentField(allow_null=True)

    class Meta:
        model = Handover
        fields = (
            "id", "record", "giver", "receiver", "topics", "with_projects", "with_contacts", "with_owed", "reason",
            "briefing", "state", "accept_by", "opened_at", "offered_at", "offered_by", "decided_at", "decided_by",
            "decline_reason", "introduced_at",
        )  # fmt: skip

    @extend_schema_field({"type": "array", "items": {"type": "string"}})
    def get_topics(self, handover: Handover) -> list[str]:
        return [topic.code for topic in handover.topics.all()]


class OfferInput(Input):
    """What is offered to whom, for exactly one account, contact or project."""

    default_error_messages = {"one_record": _("Name exactly one of account, contact and project.")}

    account = RecordField(visible_accounts, required=False)
    contact = RecordField(visible_contacts, required=False)
    project = RecordField(visible_projects, required=False)
    giver = RecordField(all_pocs, help_text="Who answers now.")
    receiver = RecordField(all_pocs)
    topics = serializers.ListField(
        child=CodeField(Topic.objects.in_use), required=False, help_text="Left out: whatever the giver answers for."
    )
    with_projects = serializers.BooleanField(default=True, help_text="What the giver holds of the account's projects.")
    with_contacts = serializers.BooleanField(default=True)
    with_owed = serializers.BooleanField(default=True, help_text="What the giver was given by name.")
    reason = serializers.CharField(max_length=500, allow_blank=True)
    briefing = serializers.DictField(
        child=serializers.CharField(max_length=MAX_PART, allow_blank=True), required=False,
        help_text="The text of each part, by its code: `context`, `people`, `promises` …",
    )  # fmt: skip

    def validate(self, values: dict[str, Any]) -> dict[str, Any]:
        """Turn the record named into what the action takes."""
        named = [values.pop(kind) for kind in KINDS if kind in values]
        if len(named) != 1:
            self.fail("one_record")
        scope = Scope(
            named[0].dossier, values["giver"], values.get("topics", ()),
            values["with_projects"], values["with_contacts"], values["with_owed"],
        )  # fmt: skip
        return {"offer": Offer(scope, values["receiver"], values["reason"], values.get("briefing", {}))}


class DeclineInput(Input):
    """Why somebody does not take over."""

    reason = serializers.CharField(max_length=500, allow_blank=True)


class WithdrawInput(Input):
    """Why an offer is taken back."""

    reason = serializers.CharField(max_length=500, required=False, allow_blank=True, default="")
