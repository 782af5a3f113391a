"""Words and the firm in the administration; records, to be found by typing."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from crm.core.admin_base import AdminForm, ModelAdmin, ReadOnly, Section
from crm.core.forms import ZoneField
from crm.desk.administration import PlainAdmin
from crm.desk.word_admin import WordAdmin, WordForm
from crm.dossiers.models import Channel, Dossier, Firm, Outcome, Purpose, Tier, Topic
from crm.poc.visibility import visible_homes


@admin.register(Dossier)
class DossierAdmin(ReadOnly, ModelAdmin):
    """Not shown: records of any kind are found here by typing their name."""

    search_fields = ("title_key",)
    ordering = ("title_key", "pk")

    def has_module_permission(self, request: HttpRequest) -> bool:
        return False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        found_by_typing = request.resolver_match and request.resolver_match.url_name == "autocomplete"
        return bool(found_by_typing) and request.user.has_perm("poc.view_assignment")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Dossier]:
        return super().get_queryset(request).within(visible_homes(request.user)).current()


class TopicForm(WordForm):
    def clean_retired(self) -> bool:
        """Who answers falls back on *general*."""
        if self.cleaned_data["retired"] and self.instance.code == Topic.GENERAL:
            raise forms.ValidationError(_("This one always stays: it is asked last."), code="stays")
        return self.cleaned_data["retired"]


@admin.register(Topic)
class TopicAdmin(WordAdmin):
    place = 10
    form = TopicForm


@admin.register(Tier)
class TierAdmin(WordAdmin):
    place = 20
    list_display = ("label", "touch_every_days", "position", "is_offered")
    fields = ("name", "touch_every_days", "position", "retired")


@admin.register(Channel)
class ChannelAdmin(WordAdmin):
    place = 30
    fields = ("name", "verb", "icon", "position", "retired")


@admin.register(Purpose)
class PurposeAdmin(WordAdmin):
    place = 40
    list_display = ("label", "expects_answer", "wants_resolution", "tells_at_once", "position", "is_offered")
    fields = ("name", "expects_answer", "wants_resolution", "tells_at_once", "position", "retired")


@admin.register(Outcome)
class OutcomeAdmin(WordAdmin):
    place = 50
    list_display = ("label", "is_touch", "expects_answer", "keeps_promise", "asks_retry", "position", "is_offered")
    fields = (
        "name", "channels", "is_inbound_only", "is_touch", "expects_answer", "keeps_promise", "is_final", "asks_retry",
        "number_is_wrong", "tells_at_once", "position", "retired",
    )  # fmt: skip


class FirmForm(AdminForm, forms.ModelForm):
    zone = ZoneField(label=_("Time zone"), max_length=64)


@admin.register(Firm)
class FirmAdmin(PlainAdmin):
    """One row, made by the migrations."""

    section = Section.SETTINGS
    place = 1
    form = FirmForm
    list_display = ("__str__", "country", "zone", "language")
    fields = ("name", "country", "zone", "language")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False
