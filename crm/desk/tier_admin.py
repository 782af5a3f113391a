"""A tier for a selection of records, in the administration."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from crm.core import clock
from crm.desk.administration import actor, chosen
from crm.dossiers.models import Tier
from crm.dossiers.tiers import set_tier

MOST_AT_ONCE = 500  # records whose tier is set in one act


class TierForm(forms.Form):
    tier = forms.ModelChoiceField(Tier.objects.none(), label=_("Tier"), required=False, empty_label=_("No tier"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["tier"].queryset = Tier.objects.in_use()


class TieringAdmin(admin.ModelAdmin):
    """Mixed into the admin of records."""

    @admin.action(description=_("Set tier"), permissions=["change"])
    def tier_chosen(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
        """Ask once for the tier, then give it to all of them in one act."""
        rows = chosen(queryset, MOST_AT_ONCE)
        if rows is None:
            most = {"most": MOST_AT_ONCE}
            self.message_user(request, _t("Choose at most %(most)s at once.") % most, messages.ERROR)
            return None
        form = TierForm(request.POST if "apply" in request.POST else None)
        back = reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist")
        if form.is_bound and form.is_valid():
            self._set_tier(request, rows, form.cleaned_data["tier"])
            return HttpResponseRedirect(back)
        context = self.admin_site.each_context(request) | {
            "title": _t("Set tier"), "opts": self.opts, "form": form, "media": self.media + form.media, "rows": rows,
            "back": back,
        }  # fmt: skip
        return TemplateResponse(request, "admin/records/tier.html", context, status=422 if form.errors else 200)

    def _set_tier(self, request: HttpRequest, rows: Sequence[Any], tier: Tier | None) -> None:
        at = clock.of(request)
        changed = set_tier(dossiers=[row.dossier for row in rows], tier=tier, by=actor(request), at=at)
        text = ngettext("The tier of %(n)s record is changed.", "The tier of %(n)s records is changed.", len(changed))
        level = messages.SUCCESS if changed else messages.INFO
        said = text % {"n": len(changed)} if changed else _t("Nothing has changed: they have this tier already.")
        self.message_user(request, said, level)
