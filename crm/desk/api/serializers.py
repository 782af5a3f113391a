"""Who answers for whom, and the house's own words."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from accounts.models import Account
from contacts.models import Contact
from crm.core.rest.fields import CodeField, Input, MomentField, RecordField
from crm.dossiers.models import Topic
from crm.dossiers.rest import RecordSerializer
from crm.poc.rest import WhoAnswersSerializer
from interactions.models import TouchPoint
from projects.models import Project

RECORDS = ("account", "contact", "project", "touch_point")
ADDRESSES = ("phone", "email")


# Whoever is signed in may ask who answers for anybody.


def accounts(user: Any) -> Any:
    return Account.objects.select_related("dossier")


def contacts(user: Any) -> Any:
    return Contact.objects.select_related("dossier")


def projects(user: Any) -> Any:
    return Project.objects.select_related("dossier")


def touch_points(user: Any) -> Any:
    return TouchPoint.objects.select_related("dossier")


class ResolveInput(Input):
    """Whom the question is about: one record, or a caller's phone, e-mail or both."""

    default_error_messages = {
        "one_subject": _("Name exactly one of account, contact, project and touch_point; or phone, email or both."),
        "one_moment": _("Name a moment or a day, not both."),
    }

    account = RecordField(accounts, required=False)
    contact = RecordField(contacts, required=False)
    project = RecordField(projects, required=False)
    touch_point = RecordField(touch_points, required=False)
    phone = serializers.CharField(max_length=60, required=False, help_text="In any way of writing it.")
    email = serializers.CharField(max_length=254, required=False)
    topic = CodeField(Topic.objects.in_use, required=False, help_text="A code; `general` where it is left out.")
    at = MomentField(required=False, help_text="Past or future; left out: now.")
    on = serializers.DateField(required=False, help_text="A day instead: its noon where the caller is.")

    def validate(self, values: dict[str, Any]) -> dict[str, Any]:
        named = [kind for kind in RECORDS if kind in values]
        asked = any(name in values for name in ADDRESSES)
        if len(named) + asked != 1:
            self.fail("one_subject")
        if "at" in values and "on" in values:
            self.fail("one_moment")
        values["record"] = values.pop(named[0]).dossier if named else None
        return values


class CandidateRecordSerializer(RecordSerializer):
    """One of several the question may be about, and who answers for it."""

    who_answers = WhoAnswersSerializer()


class ResolvedSerializer(serializers.Serializer):
    """Who answers, why, and how to reach them."""

    at = MomentField()
    topic = serializers.CharField()
    matched = RecordSerializer(many=True, help_text="Whom the question is about; empty: nobody known.")
    who_answers = WhoAnswersSerializer(
        help_text="For the one matched; for nobody or several, for where such a caller is kept."
    )
    candidates = CandidateRecordSerializer(many=True, help_text="Each of several matched.")


class WordSerializer(serializers.Serializer):
    """One word, by the code the API gives and takes."""

    code = serializers.CharField()
    label = serializers.CharField(help_text="In the caller's language.")


class OutcomeSerializer(WordSerializer):
    """How a touch went, and on which channels it makes sense."""

    channels = serializers.ListField(child=serializers.CharField(), source="on")
    inbound_only = serializers.BooleanField(source="is_inbound_only")
    is_touch = serializers.BooleanField(help_text="Somebody was reached.")
    asks_retry = serializers.BooleanField(help_text="What it settles is tried again.")


class WordsSerializer(serializers.Serializer):
    """The house's own words, and its doors."""

    topics = WordSerializer(many=True)
    tiers = WordSerializer(many=True)
    channels = WordSerializer(many=True)
    purposes = WordSerializer(many=True)
    outcomes = OutcomeSerializer(many=True)
    contact_roles = WordSerializer(many=True)
    touch_points = RecordSerializer(many=True)
