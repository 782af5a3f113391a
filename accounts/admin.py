"""Accounts in the administration."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from accounts.actions import change_account, open_account
from accounts.forms import AccountForm
from accounts.models import Account
from contacts.models import Contact
from crm.core import clock
from crm.desk.administration import actor
from crm.desk.record_admin import (
    AccountTouchFilter,
    AnswersFilter,
    ArchivedFilter,
    OpeningForm,
    RecordAdmin,
    TierFilter,
    autocomplete,
    below,
)
from interactions import twins
from interactions.look_up import Match


class AccountAdminForm(OpeningForm, AccountForm):
    parent = forms.ModelChoiceField(Account.objects.none(), label=_("Belongs to"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, user=self.request.user, **kwargs)
        self.fields["parent"].queryset = Account.objects.visible_to(self.request.user).select_related("dossier")
        autocomplete(self, "parent", Contact._meta.get_field("account"))

    def like(self, **asked: Any) -> list[Match]:
        values = self.cleaned_data
        return twins.of_account(name=values["name"], website=values["website"], **asked)


@admin.register(Account)
class AccountAdmin(RecordAdmin):
    place = 10
    form = AccountAdminForm
    actions = (*RecordAdmin.actions, "merge_chosen")
    list_display = ("title", "who_answers", "tier", "kind", "city", "last_touch", "next_owed")
    list_filter = (AnswersFilter, TierFilter, "kind", AccountTouchFilter, ArchivedFilter)
    fieldsets = (
        (None, {"fields": ("name", "kind", "tier", "parent", "industry", "website", "renewal_on")}),
        (_("Where"), {"fields": ("street", "postal_code", "city", "region", "country", "zone", "language")}),
    )

    def act(self, request: HttpRequest, form: Any, changed: Account | None) -> Account:
        values = {"by": actor(request), "at": clock.of(request), **form.values()}
        return change_account(account=changed, **values) if changed else open_account(**values)

    @admin.action(description=_("Merge two"), permissions=["change", "assign"])
    def merge_chosen(self, request: HttpRequest, queryset: Any) -> HttpResponse | None:
        """Show two accounts side by side; the one chosen first stays, unless they are swapped there."""
        ids = list(queryset.filter(dossier__archived_at=None).values_list("pk", flat=True)[:3])
        if len(ids) != 2:
            self.message_user(request, _t("Choose exactly two accounts that are not archived."), messages.ERROR)
            return None
        return HttpResponseRedirect(f"{reverse('desk:merge')}?a={ids[0]}&b={ids[1]}")

    def panels(self, request: HttpRequest, obj: Account) -> dict[str, Any]:
        return super().panels(request, obj) | below(obj.pk)
