"""Handovers in the administration, read and decided; and the template of their briefing."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from crm.core import clock
from crm.core.admin_base import Section
from crm.desk.acts import Act, ActsAdmin
from crm.desk.administration import ReadAdmin, actor
from crm.desk.word_admin import WordAdmin
from crm.handovers import handing_over
from crm.handovers.forms import DeclineForm, WithdrawForm
from crm.handovers.models import BriefingPart, Handover


@admin.register(BriefingPart)
class BriefingPartAdmin(WordAdmin):
    """What a handover has to tell; a retired part stays readable where it was written."""

    place = 70
    list_display = ("label", "is_required", "required_for", "position", "is_offered")
    fields = ("name", "help", "is_required", "tiers", "position", "retired")

    def get_queryset(self, request: HttpRequest) -> QuerySet[BriefingPart]:
        return super().get_queryset(request).prefetch_related("tiers")

    @admin.display(description=_("required for these tiers"))
    def required_for(self, part: BriefingPart) -> str:
        return ", ".join(tier.label for tier in part.tiers.all())


def _waits_not(handover: Handover) -> bool:
    return handover.state != Handover.State.OFFERED


@admin.register(Handover)
class HandoverAdmin(ActsAdmin, ReadAdmin):
    """Offered on the pages of records, or for a selection of accounts; decided by those concerned."""

    section = Section.ANSWERS
    place = 35
    fact = "handover"
    search_fields = ("dossier__title_key",)
    list_display = ("dossier", "giver", "receiver", "state", "opened_at", "decided_at")
    list_filter = ("state",)
    ordering = ("-opened_at", "-pk")
    fields = (
        "dossier", "giver", "receiver", "state", "about", "with_projects", "with_contacts", "with_owed", "reason",
        "told", "opened_at", "offered_by", "offered_at", "decided_by", "decided_at", "decline_reason", "introduced_at",
    )  # fmt: skip
    readonly_fields = ("about", "told")
    acts = (
        Act("accept", _("Accept"), "accept_form", "handovers.view_handover", unless=_waits_not),
        Act("decline", _("Decline"), "decline_form", "handovers.view_handover", unless=_waits_not),
        Act(
            "withdraw", _("Withdraw"), "withdraw_form", "handovers.view_handover",
            unless=lambda handover: not handover.is_open,
        ),
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Handover]:
        return super().get_queryset(request).for_list()

    @admin.display(description=_("about"))
    def about(self, handover: Handover) -> str:
        return ", ".join(topic.label for topic in handover.topics.all()) or _t("Everything they answer for")

    @admin.display(description=_("briefing"))
    def told(self, handover: Handover) -> SafeString:
        parts = ((_t(part["label"]) if part["label"] else "", part["text"]) for part in handover.briefing)
        return format_html_join("", "<p><b>{}</b><br>{}</p>", parts)

    def accept_form(self, request: HttpRequest, handover: Handover) -> HttpResponse:
        """Ask once more, then take over."""

        def act(values: dict[str, Any]) -> str:
            handing_over.accept(handover=handover, by=actor(request), at=clock.of(request))
            return _t("%(name)s answers from now on. Those concerned are told.") % {"name": _receiver(handover)}

        return self.act_page(request, handover, forms.Form, act)

    def decline_form(self, request: HttpRequest, handover: Handover) -> HttpResponse:
        """Ask why."""

        def act(values: dict[str, Any]) -> str:
            handing_over.decline(handover=handover, by=actor(request), at=clock.of(request), **values)
            return _t("Declined. %(name)s goes on answering, and is told why.") % {"name": handover.giver.name}

        return self.act_page(request, handover, DeclineForm, act, dangerous=True)

    def withdraw_form(self, request: HttpRequest, handover: Handover) -> HttpResponse:
        """Ask why, if somebody wants to say."""

        def act(values: dict[str, Any]) -> str:
            handing_over.withdraw(handover=handover, by=actor(request), at=clock.of(request), **values)
            return _t("Withdrawn. %(name)s goes on answering.") % {"name": handover.giver.name}

        return self.act_page(request, handover, WithdrawForm, act, dangerous=True)


def _receiver(handover: Handover) -> str:
    return handover.receiver.name if handover.receiver else ""
