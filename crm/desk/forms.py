"""What one types on the first pages, and to say that one will be away."""

from __future__ import annotations

from collections.abc import Iterable
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
from crm.dossiers.models import Topic
from crm.handovers.absences import Cover
from crm.poc.models import Absence, PointOfContact
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


class _Days(forms.Form):
    """From which day to which somebody is away, in the reader's zone."""

    first_day = forms.DateField(label=_("First day"), widget=DateInput())
    last_day = forms.DateField(label=_("Last day"), widget=DateInput(), help_text=_("Counts too."))

    def clean(self) -> dict[str, Any]:
        values = super().clean()
        first, last = values.get("first_day"), values.get("last_day")
        if first and last and last < first:
            self.add_error("last_day", ValidationError(_("The last day lies before the first."), code="order"))
        return values

    def period(self, at: datetime) -> tuple[datetime, datetime]:
        """The half-open period meant; a day that has begun counts from now."""
        first, last = self.cleaned_data["first_day"], self.cleaned_data["last_day"]
        zone = timezone.get_current_timezone()
        starts = datetime.combine(first, time(0), zone)
        ends = datetime.combine(last + timedelta(days=1), time(0), zone)
        return (at if first == timezone.localtime(at).date() else starts), ends


class AwayForm(_Days):
    """Who is away, from which day to which, and who answers meanwhile; about some topics another, if wanted."""

    poc = forms.ModelChoiceField(PointOfContact.objects.none(), label=_("Who is away"), empty_label=None)
    cover = forms.ModelChoiceField(
        PointOfContact.objects.none(), label=_("Who answers meanwhile"), required=False,
        empty_label=_("The backup, or else the lead"),
    )  # fmt: skip
    reason = forms.CharField(
        label=_("Reason"), max_length=200, required=False, help_text=_("For you and those who may enter this.")
    )
    is_partial = forms.BooleanField(label=_("Away only about the topics chosen here"), required=False)

    field_order = ("poc", "cover", "first_day", "last_day", "reason", "is_partial")

    def __init__(self, *args: Any, people: Any, topics: Iterable[Topic] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["poc"].queryset = people
        if len(choices := [(poc.pk, poc.name) for poc in people]) == 1:  # oneself: nothing to choose
            self.fields["poc"].widget = forms.HiddenInput()
            self.initial["poc"] = choices[0][0]
        else:
            self.fields["poc"].choices = choices
        self.topics = list(topics)
        active = PointOfContact.objects.active().order_by("kind", "name_key", "pk")
        names = [(poc.pk, poc.name) for poc in active]  # one query for every list of the form
        for field in ("cover", *(f"cover_{topic.code}" for topic in self.topics)):
            if field not in self.fields:
                self.fields[field] = forms.ModelChoiceField(PointOfContact.objects.none(), required=False)
            self.fields[field].queryset = active
            empty = self.fields["cover"].empty_label if field == "cover" else _("As everything else")
            self.fields[field].choices = [("", empty), *names]
        for topic in self.topics:
            self.fields[f"cover_{topic.code}"].label = topic.label

    def clean(self) -> dict[str, Any]:
        values = super().clean()
        if values.get("is_partial") and not any(values.get(f"cover_{topic.code}") for topic in self.topics):
            self.add_error("is_partial", ValidationError(_("Choose who answers about at least one."), code="none"))
        return values

    def covers(self) -> list[Cover]:
        """Who covers: about everything, and about each topic for which somebody else does."""
        values = self.cleaned_data
        names = {topic: f"cover_{topic.code}" for topic in self.topics}
        some = [Cover(values[name], topic, name) for topic, name in names.items() if values[name]]
        return some if values["is_partial"] else [Cover(values["cover"]), *some]

    @property
    def topic_fields(self) -> list[forms.BoundField]:
        return [self[f"cover_{topic.code}"] for topic in self.topics]


class AwayChangeForm(_Days):
    """Another period or another cover for an absence. A day that is left as it is keeps its moment."""

    cover = AwayForm.base_fields["cover"]
    reason = AwayForm.base_fields["reason"]

    def __init__(self, *args: Any, absence: Absence, **kwargs: Any) -> None:
        self.absence = absence
        self.known = {
            "first_day": timezone.localtime(absence.starts_at).date(),
            "last_day": timezone.localtime(absence.ends_at - timedelta(microseconds=1)).date(),
        }
        initial = self.known | {"cover": absence.cover, "reason": absence.reason}
        super().__init__(*args, initial=initial, **kwargs)
        self.fields["cover"].queryset = PointOfContact.objects.active().order_by("kind", "name_key", "pk")

    def period(self, at: datetime) -> tuple[datetime, datetime]:
        starts, ends = super().period(at)
        values = self.cleaned_data
        return (
            self.absence.starts_at if values["first_day"] == self.known["first_day"] else starts,
            self.absence.ends_at if values["last_day"] == self.known["last_day"] else ends,
        )


class FeedForm(forms.Form):
    """What the calendar of what one owes says."""

    is_quiet = forms.BooleanField(
        label=_("Only “Due at Liaison”: neither titles nor names"), required=False,
        help_text=_("Whoever keeps your calendar, and whom you share it with, can read what stands in it."),
    )  # fmt: skip

    def values(self) -> dict[str, Any]:
        """What the action takes."""
        return {"with_names": not self.cleaned_data["is_quiet"]}
