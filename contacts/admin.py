"""Contacts and their roles in the administration."""

from __future__ import annotations

from functools import partial
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Exists, OuterRef, Q
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from accounts.models import Account
from contacts.actions import change_contact, open_contact
from contacts.forms import ContactForm, EmployerForm
from contacts.models import Contact, ContactEmail, ContactPhone, ContactRole
from crm.core import clock
from crm.core.text import digits
from crm.desk.acts import Act, ActsAdmin
from crm.desk.administration import actor
from crm.desk.record_admin import (
    AnswersFilter,
    ArchivedFilter,
    OpeningForm,
    RecordAdmin,
    TierFilter,
    TouchFilter,
    autocomplete,
)
from crm.desk.word_admin import WordAdmin
from interactions import employers, twins
from interactions.look_up import Match

LEAST_DIGITS = 3  # from which on a search looks among phone numbers


class ContactAdminForm(OpeningForm, ContactForm):
    account = forms.ModelChoiceField(Account.objects.none(), label=_("Account"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, user=self.request.user, **kwargs)
        self.fields["account"].queryset = Account.objects.visible_to(self.request.user).select_related("dossier")
        autocomplete(self, "account", Contact._meta.get_field("account"))

    def like(self, **asked: Any) -> list[Match]:
        who = {name: self.cleaned_data[name] for name in ("name", "account", "emails", "phones")}
        return twins.of_contact(**who, **asked)


class EmployerAdminForm(EmployerForm):
    account = forms.ModelChoiceField(Account.objects.none(), label=_("New employer"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["account"].queryset = self.fields["account"].rows
        autocomplete(self, "account", Contact._meta.get_field("account"))


@admin.register(Contact)
class ContactAdmin(ActsAdmin, RecordAdmin):
    place = 20
    change_form_template = RecordAdmin.change_form_template
    acts = (
        Act(
            "employer", _("Changes employer"), "employer_view", "contacts.change_contact",
            unless=lambda contact: contact.dossier.archived_at is not None,
        ),
    )  # fmt: skip
    form = ContactAdminForm
    list_display = ("title", "account_title", "who_answers", "position", "last_touch", "next_owed")
    list_filter = (AnswersFilter, TierFilter, TouchFilter, ArchivedFilter)
    fieldsets = (
        (None, {"fields": ("name", "account", "position", "roles", "tier")}),
        (_("How to reach them"), {"fields": ("emails", "phones", "preferred_channel", "language", "zone")}),
    )

    @admin.display(description=_("account"), ordering="account__dossier__title_key")
    def account_title(self, obj: Contact) -> Account | None:
        return obj.account

    def found(self, term: str) -> Q:
        """Names, addresses, and any three digits of a number."""
        wanted = super().found(term)
        if "@" in term:
            wanted |= Exists(ContactEmail.objects.filter(contact=OuterRef("pk"), address_key__contains=term.lower()))
        if len(digits(term)) >= LEAST_DIGITS:
            wanted |= Exists(ContactPhone.objects.filter(contact=OuterRef("pk"), digits__contains=digits(term)))
        return wanted

    def act(self, request: HttpRequest, form: Any, changed: Contact | None) -> Contact:
        values = {"by": actor(request), "at": clock.of(request), **form.values()}
        return change_contact(contact=changed, **values) if changed else open_contact(**values)

    def employer_view(self, request: HttpRequest, obj: Contact) -> HttpResponse:
        """Ask where they are now and what becomes of what is open; then let them be there."""
        owed, parts = employers.owed_about(obj), employers.parts_at(obj)
        asked = partial(EmployerAdminForm, user=request.user, contact=obj, n_owed=len(owed), n_parts=len(parts))

        def act(values: dict[str, Any]) -> str:
            said = EmployerForm.said(values)
            employers.change_employer(contact=obj, **said, by=actor(request), at=clock.of(request))
            return _t("%(name)s has moved. What happened so far stays where it was.") % {"name": obj}

        return self.act_page(request, obj, asked, act)


@admin.register(ContactRole)
class ContactRoleAdmin(WordAdmin):
    place = 60
    fields = ("name", "topics", "position", "retired")
