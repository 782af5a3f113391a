"""What one types about a contact, and how one narrows the list."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext_lazy as _

from accounts.models import Account
from contacts.models import Contact, ContactRole
from crm.core.forms import ARCHIVED, LinesField, RecordField, ZoneField
from crm.dossiers.models import Channel, Tier
from crm.users.models import User


class ContactForm(forms.ModelForm):
    """A contact with everything to reach them by; name, account and tier are kept by the dossier."""

    name = forms.CharField(label=_("Name"), max_length=200)
    account = RecordField(label=_("Account"), suggest="accounts:names", required=False)
    tier = forms.ModelChoiceField(Tier.objects.none(), label=_("Tier"), required=False, empty_label=_("None"))
    emails = LinesField(label=_("E-mails"), required=False, help_text=_("One a line, the one to write to first."))
    phones = LinesField(label=_("Phones"), required=False, help_text=_("One a line, the one to call first."))
    zone = ZoneField(label=_("Time zone"), max_length=64, required=False)

    class Meta:
        model = Contact
        fields = ("position", "roles", "preferred_channel", "language", "zone")
        widgets = {"roles": forms.CheckboxSelectMultiple()}

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["tier"].queryset = Tier.objects.in_use()
        self.fields["roles"].queryset = ContactRole.objects.in_use()
        self.fields["preferred_channel"].queryset = Channel.objects.in_use()
        self.fields["preferred_channel"].empty_label = _("Any")
        self.fields["language"].choices = [("", _("Unknown")), *settings.LANGUAGES]
        self.fields["account"].rows = Account.objects.visible_to(user).current().select_related("dossier")
        if self.instance.pk:
            self.initial |= {
                "name": self.instance.dossier.title,
                "tier": self.instance.dossier.tier_id,
                "account": self.instance.account,
                "emails": [email.address for email in self.instance.emails.all()],
                "phones": [phone.number for phone in self.instance.phones.all()],
            }
        self.fields["account"].current = self.initial.get("account")

    def clean_emails(self) -> list[str]:
        for address in self.cleaned_data["emails"]:
            try:
                validate_email(address)
            except ValidationError as error:
                raise ValidationError(
                    _("This is not an e-mail address: %(value)s"), params={"value": address}
                ) from error
        return self.cleaned_data["emails"]

    def values(self) -> dict[str, Any]:
        """What the action takes."""
        return {n: self.cleaned_data[n] for n in ("name", "account", "tier", "emails", "phones", *self.Meta.fields)}

    def _post_clean(self) -> None:
        """The action validates and writes; the form's own instance stays as it was read."""


class EmployerForm(forms.Form):
    """Where a contact is from now on, what they are there, and what becomes of what is open."""

    STAY, GO = "stay", "go"

    account = RecordField(
        label=_("New employer"), suggest="accounts:names", required=False, help_text=_("Empty: none for now.")
    )
    position = forms.CharField(label=_("Position"), max_length=100, required=False)
    roles = forms.ModelMultipleChoiceField(
        ContactRole.objects.none(), label=_("Roles there"), required=False, widget=forms.CheckboxSelectMultiple
    )
    owed = forms.ChoiceField(
        label=_("What is owed"), widget=forms.RadioSelect, initial=GO,
        choices=[(GO, _("Goes with them")), (STAY, _("Stays with the old account"))],
    )  # fmt: skip
    end_parts = forms.BooleanField(
        label=_("Their parts in the old account's projects end"), required=False, initial=True
    )

    def __init__(self, *args: Any, user: User, contact: Contact, n_owed: int, n_parts: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rows = Account.objects.visible_to(user).current().select_related("dossier")
        self.fields["account"].rows = rows.exclude(pk=contact.account_id)
        self.fields["roles"].queryset = ContactRole.objects.in_use()
        if contact.account_id is None:
            self.fields["account"].required = True
            self.fields["account"].help_text = ""
        if contact.account_id is None or not n_owed:
            del self.fields["owed"]
        if not n_parts:
            del self.fields["end_parts"]

    def values(self) -> dict[str, Any]:
        """What the action takes."""
        return self.said(self.cleaned_data)

    @classmethod
    def said(cls, values: dict[str, Any]) -> dict[str, Any]:
        return {
            "account": values["account"], "position": values["position"], "roles": values["roles"],
            "move_owed": values.get("owed", cls.GO) == cls.GO, "end_parts": values.get("end_parts", True),
        }  # fmt: skip


class ContactFilter(forms.Form):
    """Narrows the list; lives in the address."""

    q = forms.CharField(label=_("Name"), max_length=200, required=False)
    role = forms.ChoiceField(label=_("Role"), required=False)
    archived = forms.ChoiceField(label=_("State"), choices=ARCHIVED, required=False)

    def __init__(self, *args: Any, roles: list[ContactRole], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["role"].choices = [("", _("Any role")), *((role.code, role.label) for role in roles)]
