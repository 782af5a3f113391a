"""Handing over a selection of records in the administration: one giver, one receiver, one briefing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext, ngettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from crm.core import clock
from crm.core.admin_base import RowSelect
from crm.core.forms import attempt
from crm.desk.administration import actor, chosen
from crm.handovers.forms import BriefingForm
from crm.handovers.handing_over import MOST_AT_ONCE, Offer, offer_many
from crm.handovers.models import BriefingPart, Handover
from crm.handovers.scope import Scope
from crm.poc.models import Assignment, PointOfContact
from crm.poc.seats import answering


class HandOverManyForm(BriefingForm):
    """Asked once for all the records chosen; a part of the briefing is required when one of them requires it."""

    giver = forms.ModelChoiceField(PointOfContact.objects.none(), label=pgettext_lazy("person", "From"))
    receiver = forms.ModelChoiceField(PointOfContact.objects.none(), label=_("To"))
    reason = forms.CharField(label=_("Why"), max_length=500, help_text=_("Both sides will read it."))
    with_projects = forms.BooleanField(label=_("With their projects"), required=False, initial=True)
    with_contacts = forms.BooleanField(label=_("With their contacts"), required=False, initial=True)
    with_owed = forms.BooleanField(label=_("With what is owed"), required=False, initial=True)

    def __init__(self, *args: Any, rows: Sequence[Any], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("giver", "receiver"):
            self.fields[name].queryset = PointOfContact.objects.active()
            self.fields[name].widget = RowSelect(Assignment._meta.get_field("poc"), admin.site)
            self.fields[name].widget.choices = self.fields[name].choices
        self.ask_parts(BriefingPart.objects.asked(), [row.dossier for row in rows])

    def offers(self, rows: Sequence[Any]) -> list[Offer]:
        """Return what is offered, of a valid form."""
        values = self.cleaned_data
        ticks = [values[name] for name in ("with_projects", "with_contacts", "with_owed")]
        briefing = self.briefing()
        return [
            Offer(Scope(row.dossier, values["giver"], [], *ticks), values["receiver"], values["reason"], briefing)
            for row in rows
        ]


class HandOverAdmin(admin.ModelAdmin):
    """Mixed into the admin of records."""

    def has_hand_over_permission(self, request: HttpRequest) -> bool:
        is_ours = self.opts.model_name == "touchpoint"  # a door of ours is no customer
        return not is_ours and request.user.has_perm("handovers.add_handover")

    @admin.action(description=_("Hand over"), permissions=["hand_over"])
    def hand_over_chosen(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
        """Offer a selection: one handover for each in which the giver answers for something."""
        rows = chosen(queryset.filter(dossier__archived_at=None).select_related("dossier__home"), MOST_AT_ONCE)
        if not rows:
            said = gettext("Choose at most %(most)s at once.") if rows is None else gettext("These are archived.")
            self.message_user(request, said % {"most": MOST_AT_ONCE}, messages.ERROR)
            return None
        back = reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist")
        form = HandOverManyForm(request.POST if "apply" in request.POST else None, rows=rows)
        if form.is_bound and form.is_valid():
            offered = attempt(form, lambda: self._offer(request, form.offers(rows)))
            if offered is not None:
                self._tell_offered(request, offered, len(rows))
                return HttpResponseRedirect(back)
        return self._hand_over_page(request, form, rows, back)

    def _offer(self, request: HttpRequest, offers: Sequence[Offer]) -> list[Handover]:
        """Offer what the giver holds; records where that is nothing are left out."""
        at = clock.of(request)
        held = [offer for offer in offers if offer.scope.places(at).exists()]
        return offer_many(offers=held or offers[:1], by=actor(request), at=at)

    def _tell_offered(self, request: HttpRequest, offered: Sequence[Handover], n: int) -> None:
        words = {"n": len(offered), "name": offered[0].receiver.name}  # type: ignore[union-attr]  # offered to somebody
        said = ngettext("%(n)s handover offered to %(name)s.", "%(n)s handovers offered to %(name)s.", len(offered))
        self.message_user(request, said % words, messages.SUCCESS)
        if len(offered) < n:
            left = {"n": n - len(offered), "name": offered[0].giver.name}
            text = ngettext(
                "%(n)s was left out: %(name)s answers for nothing there.",
                "%(n)s were left out: %(name)s answers for nothing there.",
                left["n"],
            )
            self.message_user(request, text % left, messages.WARNING)

    def _hand_over_page(self, request: HttpRequest, form: forms.Form, rows: Sequence[Any], back: str) -> HttpResponse:
        seats = answering([row.pk for row in rows], at=clock.of(request))
        context = self.admin_site.each_context(request) | {
            "title": gettext("Hand over"),
            "opts": self.opts,
            "form": form,
            "media": self.media + form.media,
            "rows": [(row, seats[row.pk]) for row in rows],
            "back": back,
            "action": "hand_over_chosen",
        }
        return TemplateResponse(request, "admin/records/hand_over.html", context, status=422 if form.errors else 200)
