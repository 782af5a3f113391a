"""Points of contact as the API gives and takes them."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from crm.core.rest.fields import CodeField, Input, MomentField, NamedSerializer, RecordField, ZoneField
from crm.dossiers.models import Topic
from crm.poc.models import Absence, PointOfContact


def active(user: Any) -> Any:
    return PointOfContact.objects.active()


def teams(user: Any) -> Any:
    return PointOfContact.objects.active().teams()


class PocSerializer(serializers.ModelSerializer):
    """A person or a team on our side who answers."""

    home_team = NamedSerializer(allow_null=True)
    lead = NamedSerializer(allow_null=True)
    user = serializers.IntegerField(source="user_id", allow_null=True)
    is_front_desk = serializers.BooleanField(source="is_house")
    is_away = serializers.BooleanField()
    members = NamedSerializer(many=True, required=False, help_text="Of a team; only here alone.")
    deactivated_at = MomentField(allow_null=True)

    class Meta:
        model = PointOfContact
        fields = (
            "id", "kind", "name", "email", "phone", "languages", "zone", "home_team", "lead", "user", "is_front_desk",
            "is_away", "members", "deactivated_at", "source", "external_id",
        )  # fmt: skip


class PocInput(Input):
    """A person or a team to open, or what changes about one."""

    kind = serializers.ChoiceField(PointOfContact.Kind.choices)
    name = serializers.CharField(max_length=150)
    email = serializers.EmailField(max_length=254, required=False, allow_blank=True)
    phone = serializers.CharField(max_length=40, required=False, allow_blank=True)
    languages = serializers.CharField(max_length=200, required=False, allow_blank=True)
    zone = ZoneField(max_length=64, required=False, allow_blank=True)
    home_team = RecordField(teams, required=False, allow_null=True)
    lead = RecordField(active, required=False, allow_null=True)


class PocChangeInput(PocInput):
    """What changes about a person or a team; what they are stays."""

    kind = None  # type: ignore[assignment]


class AbsenceSerializer(serializers.ModelSerializer):
    """Somebody is away from a moment until before another."""

    poc = serializers.IntegerField(source="poc_id")
    cover = NamedSerializer(allow_null=True)
    topic = serializers.CharField(source="topic.code", allow_null=True, help_text="Null: about everything.")
    starts_at = MomentField()
    ends_at = MomentField()

    class Meta:
        model = Absence
        fields = ("id", "poc", "cover", "topic", "starts_at", "ends_at", "reason")


class AbsenceInput(Input):
    """An absence to enter."""

    starts_at = MomentField()
    ends_at = MomentField()
    cover = RecordField(active, required=False, allow_null=True, default=None)
    topic = CodeField(Topic.objects.in_use, required=False, allow_null=True)
    reason = serializers.CharField(max_length=200, required=False, allow_blank=True)
