"""Contacts as the API gives and takes them."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from rest_framework import serializers

from accounts.models import Account
from contacts.models import Contact, ContactRole
from crm.core.rest.fields import CodeField, Input, MomentField, RecordField, RecordNameSerializer, ZoneField
from crm.dossiers.models import Channel, Tier
from crm.poc.rest import WhoAnswersSerializer

MOST = 20  # addresses, numbers or roles of one contact


def visible_accounts(user: Any) -> Any:
    return Account.objects.visible_to(user).current().select_related("dossier")


class ContactEmailSerializer(serializers.Serializer):
    """An e-mail address, in the order they prefer."""

    address = serializers.CharField()
    label = serializers.CharField()


class ContactPhoneSerializer(serializers.Serializer):
    """A phone number, in the order they prefer."""

    number = serializers.CharField(help_text="As it was written.")
    e164 = serializers.CharField(help_text="In E.164; empty where it cannot be read so.")
    extension = serializers.CharField()
    label = serializers.CharField()
    is_wrong = serializers.BooleanField(help_text="Somebody called it, and it was the wrong number.")


class ContactSerializer(serializers.ModelSerializer):
    """A person outside."""

    id = serializers.IntegerField(source="pk")
    name = serializers.CharField(source="dossier.title")
    account = RecordNameSerializer(source="account.dossier", allow_null=True)
    tier = serializers.CharField(source="dossier.tier.code", allow_null=True)
    emails = ContactEmailSerializer(many=True)
    phones = ContactPhoneSerializer(many=True)
    roles = serializers.SerializerMethodField()
    preferred_channel = serializers.CharField(source="preferred_channel.code", allow_null=True)
    last_touch_at = MomentField(allow_null=True)
    archived_at = MomentField(source="dossier.archived_at", allow_null=True)
    who_answers = WhoAnswersSerializer(many=True, help_text="About `general` in lists, about every topic here alone.")

    class Meta:
        model = Contact
        fields = (
            "id", "name", "account", "position", "tier", "emails", "phones", "roles", "preferred_channel", "language",
            "zone", "last_touch_at", "archived_at", "source", "external_id", "who_answers",
        )  # fmt: skip

    def get_roles(self, contact: Contact) -> list[str]:
        return [role.code for role in contact.roles.all()]  # prefetched by for_list


class ContactInput(Input):
    """A contact to open, or what changes about one; lists replace what is there."""

    name = serializers.CharField(max_length=200)
    account = RecordField(visible_accounts, required=False, allow_null=True)
    position = serializers.CharField(max_length=100, required=False, allow_blank=True)
    tier = CodeField(Tier.objects.in_use, required=False, allow_null=True)
    emails = serializers.ListField(child=serializers.CharField(max_length=254), max_length=MOST, required=False)
    phones = serializers.ListField(child=serializers.CharField(max_length=60), max_length=MOST, required=False)
    roles = serializers.ListField(child=CodeField(ContactRole.objects.in_use), max_length=MOST, required=False)
    preferred_channel = CodeField(Channel.objects.in_use, required=False, allow_null=True)
    language = serializers.ChoiceField(settings.LANGUAGES, required=False, allow_blank=True)
    zone = ZoneField(max_length=64, required=False, allow_blank=True)


class EmployerInput(Input):
    """Where a contact is from now on, what they are there, and what becomes of what is open."""

    account = RecordField(visible_accounts, allow_null=True)
    position = serializers.CharField(max_length=100, required=False, allow_blank=True, default="")
    roles = serializers.ListField(child=CodeField(ContactRole.objects.in_use), max_length=MOST, default=list)
    move_owed = serializers.BooleanField(
        default=True, help_text="What is owed about them goes with them; false: it stays with the old account."
    )
    end_parts = serializers.BooleanField(default=True, help_text="Their parts in the old account's projects end.")
