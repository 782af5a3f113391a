"""What one types on the first pages, and to say that one will be away."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.functional import lazy
from django.utils.translation import gettext_lazy as _
from django_countries import countries

from accounts.models import Account
from crm.core.forms import DateInput
from crm.desk import set_up
from crm.poc.models import PointOfContact
from crm.users import roles
from crm.users.models import User


def _zones() -> list[tuple[str, str]]:
    """The zones people live in, by their names."""
    lived_in = ("Africa/", "America/", "Asia/", "Atlantic/", "Australia/", "Europe/", "Indian/", "Pacific/")
    names = sorted(name for name in available_timezones() if name.startswith(lived_in))
    return [("UTC", "UTC"), *((name, name.replace("_", " ")) for name in names)]


class WelcomeForm(forms.Form):
    """The first administrator and the firm."""

    name = forms.CharField(label=_("Your name"), max_length=150, widget=forms.TextInput(attrs={"autocomplete": "name"}))
    email = forms.EmailField(
        label=_("Your e-mail"), max_length=254, widget=forms.EmailInput(attrs={"autocomplete": "email"})
    )
    password = forms.CharField(
        label=_("Password"), max_length=1000, strip=False, help_text=_("Ten characters or more."),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}, render_value=True),
    )  # fmt: skip
    firm = forms.CharField(
        label=_("The firm’s name"), max_length=200, widget=forms.TextInput(attrs={"autocomplete": "organization"})
    )
    country = forms.ChoiceField(label=_("Country"), required=False)
    zone = forms.ChoiceField(label=_("Time zone"), choices=lazy(_zones, list)(), initial="UTC")
    language = forms.ChoiceField(label=_("Language"), choices=settings.LANGUAGES)
    test_mail = forms.BooleanField(
        label=_("Send me a test mail, so that reminders are known to arrive"), required=False, initial=True
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["country"].choices = [("", _("Choose")), *countries]

    def clean_password(self) -> str:
        password: str = self.cleaned_data["password"]
        someone = User(email=self.cleaned_data.get("email", ""), name=self.cleaned_data.get("name", ""))
        validate_password(password, someone)
        return password

    def house(self) -> set_up.House:
        values = self.cleaned_data
        return set_up.House(values["firm"], values["country"], values["zone"], values["language"])


class ColleaguesForm(forms.Form):
    """Addresses, pasted, and what these people will do here."""

    addresses = forms.CharField(
        label=_("Your colleagues’ addresses"), max_length=20_000,
        help_text=_("One a line or separated by commas. “Ann Keller <ann@example.com>” gives the name too."),
        widget=forms.Textarea(attrs={"rows": 6, "spellcheck": "false"}),
    )  # fmt: skip
    role = forms.ChoiceField(label=_("They are"), initial=roles.SALES_REP, choices=list(roles.LABELS.items()))


class FirstAccountForm(forms.Form):
    """The first account: a name is enough."""

    name = forms.CharField(label=_("Name of the account"), max_length=200)
    kind = forms.ChoiceField(label=_("Kind"), choices=Account.Kind.choices, initial=Account.Kind.CUSTOMER)


class AwayForm(forms.Form):
    """Who is away, from which day to which, and who answers meanwhile."""

    poc = forms.ModelChoiceField(PointOfContact.objects.none(), label=_("Who is away"), empty_label=None)
    first_day = forms.DateField(label=_("First day"), widget=DateInput())
    last_day = forms.DateField(label=_("Last day"), widget=DateInput(), help_text=_("Counts too."))
    cover = forms.ModelChoiceField(
        PointOfContact.objects.none(), label=_("Who answers meanwhile"), required=False,
        empty_label=_("The backup, or else the lead"),
    )  # fmt: skip
    reason = forms.CharField(label=_("Reason"), max_length=200, required=False)

    def __init__(self, *args: Any, people: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["poc"].queryset = people
        self.fields["cover"].queryset = PointOfContact.objects.active().order_by("kind", "name_key", "pk")

    def clean(self) -> dict[str, Any]:
        values = super().clean()
        first, last = values.get("first_day"), values.get("last_day")
        if first and last and last < first:
            self.add_error("last_day", ValidationError(_("The last day lies before the first."), code="order"))
        return values

    def period(self, at: datetime) -> tuple[datetime, datetime]:
        """The half-open period meant, in the reader's zone; a day that has begun counts from now."""
        zone = timezone.get_current_timezone()
        starts = datetime.combine(self.cleaned_data["first_day"], time(0), zone)
        ends = datetime.combine(self.cleaned_data["last_day"] + timedelta(days=1), time(0), zone)
        today = timezone.localtime(at).date()
        return (at if self.cleaned_data["first_day"] == today else starts), ends
