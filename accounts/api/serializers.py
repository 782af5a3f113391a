"""Accounts as the API gives and takes them."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from rest_framework import serializers

from accounts.models import Account
from crm.core.rest.fields import (
    CodeField,
    CountryField,
    Input,
    MomentField,
    RecordField,
    RecordNameSerializer,
    ZoneField,
)
from crm.desk.merging import FIELDS, is_merged
from crm.dossiers.models import Tier
from crm.poc.rest import WhoAnswersSerializer


def visible(user: Any) -> Any:
    return Account.objects.visible_to(user).current().select_related("dossier")


class AccountSerializer(serializers.ModelSerializer):
    """An organisation."""

    id = serializers.IntegerField(source="pk")
    name = serializers.CharField(source="dossier.title")
    parent = RecordNameSerializer(source="dossier.parent", allow_null=True)
    tier = serializers.CharField(source="dossier.tier.code", allow_null=True)
    country = serializers.CharField(source="country.code")
    last_touch_at = MomentField(allow_null=True)
    archived_at = MomentField(source="dossier.archived_at", allow_null=True)
    merged_into = serializers.SerializerMethodField(help_text="The account that has everything of this one now.")
    who_answers = WhoAnswersSerializer(many=True, help_text="About `general` in lists, about every topic here alone.")

    class Meta:
        model = Account
        fields = (
            "id", "name", "kind", "parent", "tier", "website", "industry", "street", "postal_code", "city", "region",
            "country", "zone", "language", "renewal_on", "last_touch_at", "archived_at", "merged_into", "source",
            "external_id", "who_answers",
        )  # fmt: skip

    def get_merged_into(self, account: Account) -> int | None:
        return account.dossier.home_id if is_merged(account.dossier) else None


class MergeInput(Input):
    """Which account was the same firm, and which of its values are taken; the others stay."""

    account = RecordField(visible)
    take = serializers.ListField(child=serializers.ChoiceField(FIELDS), default=list)


class AccountInput(Input):
    """An account to open, or what changes about one."""

    name = serializers.CharField(max_length=200)
    kind = serializers.ChoiceField(Account.Kind.choices, required=False)
    parent = RecordField(visible, required=False, allow_null=True)
    tier = CodeField(Tier.objects.in_use, required=False, allow_null=True)
    website = serializers.URLField(max_length=200, required=False, allow_blank=True)
    industry = serializers.CharField(max_length=100, required=False, allow_blank=True)
    street = serializers.CharField(max_length=200, required=False, allow_blank=True)
    postal_code = serializers.CharField(max_length=20, required=False, allow_blank=True)
    city = serializers.CharField(max_length=100, required=False, allow_blank=True)
    region = serializers.CharField(max_length=100, required=False, allow_blank=True)
    country = CountryField(required=False, allow_blank=True)
    zone = ZoneField(max_length=64, required=False, allow_blank=True)
    language = serializers.ChoiceField(settings.LANGUAGES, required=False, allow_blank=True)
    renewal_on = serializers.DateField(required=False, allow_null=True)
