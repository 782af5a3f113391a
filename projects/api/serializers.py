"""Projects as the API gives and takes them."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from accounts.models import Account
from crm.core.rest.fields import CodeField, Input, MomentField, RecordField, RecordNameSerializer
from crm.dossiers.models import Tier
from crm.poc.rest import WhoAnswersSerializer
from projects.models import Project

LONGEST = 20_000  # characters of a description


def visible_accounts(user: Any) -> Any:
    return Account.objects.visible_to(user).current().select_related("dossier")


class ProjectSerializer(serializers.ModelSerializer):
    """A piece of work for an account."""

    id = serializers.IntegerField(source="pk")
    name = serializers.CharField(source="dossier.title")
    account = RecordNameSerializer(source="account.dossier")
    tier = serializers.CharField(source="dossier.tier.code", allow_null=True)
    archived_at = MomentField(source="dossier.archived_at", allow_null=True)
    who_answers = WhoAnswersSerializer(many=True, help_text="About `general` in lists, about every topic here alone.")

    class Meta:
        model = Project
        fields = (
            "id", "name", "account", "phase", "starts_on", "ends_on", "description", "tier", "archived_at", "source",
            "external_id", "who_answers",
        )  # fmt: skip


class ProjectInput(Input):
    """A project to open, or what changes about one."""

    name = serializers.CharField(max_length=200)
    account = RecordField(visible_accounts)
    phase = serializers.ChoiceField(Project.Phase.choices, required=False)
    starts_on = serializers.DateField(required=False, allow_null=True)
    ends_on = serializers.DateField(required=False, allow_null=True)
    description = serializers.CharField(max_length=LONGEST, required=False, allow_blank=True)
    tier = CodeField(Tier.objects.in_use, required=False, allow_null=True)
