"""Working calendars in the administration: hours, days that differ, whose public holidays, and who works by them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, time
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db import models
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import get_language_info, pgettext_lazy
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from django_countries import countries as country_names

from crm.core import clock
from crm.core.admin_base import AdminForm, Inline, Section
from crm.core.forms import DateInput, TimeInput, ZoneField, attempt
from crm.desk.acts import Act, ActsAdmin
from crm.desk.administration import ToldActedAdmin, actor
from crm.poc import hours, public_holidays
from crm.poc.models import CalendarException, CalendarHours, PointOfContact, WorkingCalendar

MOST_SHOWN = 50  # who works by a calendar


class HoursInline(Inline):
    model = CalendarHours
    extra = 1
    formfield_overrides = {CalendarHours._meta.get_field("starts").__class__: {"widget": TimeInput}}

    def get_queryset(self, request: HttpRequest) -> QuerySet[CalendarHours]:
        return super().get_queryset(request).order_by("weekday", "starts")


class ClosedOnce(forms.models.BaseInlineFormSet):
    """A day is closed once, and never both closed and open."""

    def clean(self) -> None:
        super().clean()
        closed, days = set(), set()
        for form in self.forms:
            values = getattr(form, "cleaned_data", {})
            day = values.get("day")
            if day is None or values.get("DELETE"):
                continue
            if day in closed or (day in days and values.get("starts") is None):
                raise forms.ValidationError(_("A day that is closed stands in the list once, alone."), code="closed")
            days.add(day)
            if values.get("starts") is None:
                closed.add(day)


class ExceptionInline(Inline):
    model = CalendarException
    formset = ClosedOnce
    extra = 1
    fields = ("day", "name", "starts", "ends", "is_confirmed", "comes_from")
    readonly_fields = ("comes_from",)
    formfield_overrides = HoursInline.formfield_overrides | {models.DateField: {"widget": DateInput}}

    @admin.display(description=_("source"))
    def comes_from(self, obj: CalendarException) -> str:
        return obj.get_source_display() if obj.pk else ""

    def get_queryset(self, request: HttpRequest) -> QuerySet[CalendarException]:
        """Narrow to this year's and later: all that ever were would be more fields than a form may send."""
        rows = super().get_queryset(request).order_by("day", "starts")
        return rows if request.method == "POST" else rows.filter(day__gte=_listed_since(request))


class CalendarForm(AdminForm, forms.ModelForm):
    zone = ZoneField(label=_("Time zone"), max_length=64)
    seen = forms.IntegerField(widget=forms.HiddenInput, required=False)  # the version that is shown

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["seen"] = self.instance.version if self.instance.pk else None

    def _post_clean(self) -> None:
        """The action validates and writes."""


class CopyForm(forms.Form):
    name = forms.CharField(label=pgettext_lazy("thing", "Name"), max_length=100)


class HolidaysForm(forms.Form):
    """Whose public holidays a calendar follows."""

    country = forms.ChoiceField(
        label=_("Country"), required=False,
        help_text=_("Its public holidays of this year and the next are imported, and each year’s by themselves: their "
                    "names in the house’s language where they are known in it, else in English."),
    )  # fmt: skip
    region = forms.CharField(
        label=_("Region"), max_length=public_holidays.MAX_REGION, required=False,
        help_text=_("Its code in ISO 3166-2 without the country, as BY for Bavaria. Empty: what is kept everywhere."),
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = [(code, str(country_names.name(code) or code)) for code in public_holidays.countries()]
        self.fields["country"].choices = [("", _("None")), *sorted(known, key=lambda choice: choice[1])]

    def clean_region(self) -> str:
        return str(self.cleaned_data["region"]).strip()


class CalendarAdmin(ActsAdmin, ToldActedAdmin):
    section = Section.ANSWERS
    place = 40
    event_key = "calendar"
    form = CalendarForm
    list_display = ("name", "zone", "holidays_of", "is_default")
    ordering = ("name", "pk")
    fields = ("name", "zone", "seen")
    inlines = (HoursInline, ExceptionInline)
    change_form_template = "admin/poc/calendar.html"
    acts = (
        Act("copy", _("Copy"), "copy_form", "poc.add_workingcalendar"),
        Act("holidays", _("Import public holidays"), "holidays_form", "poc.change_workingcalendar"),
    )

    @admin.display(description=_("public holidays of"), ordering="country")
    def holidays_of(self, obj: WorkingCalendar) -> str:
        return " · ".join(filter(None, (str(country_names.name(obj.country)), obj.region))) if obj.country else ""

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Show it as it is now where somebody changed it since it was opened: its rows are others than were sent."""
        calendar = self.get_object(request, object_id) if object_id and request.method == "POST" else None
        may_change = calendar is not None and self.has_change_permission(request, calendar)
        if may_change and request.POST.get("seen", "") not in ("", str(calendar.version)):
            self.message_user(request, hours.ChangedMeanwhile.default_message, messages.ERROR)
            return HttpResponseRedirect(reverse("admin:poc_workingcalendar_change", args=[calendar.pk]))
        return super().changeform_view(request, object_id, form_url, extra_context)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Wait for the rows: a calendar is written by one action, with all that belongs to it."""

    def save_related(self, request: HttpRequest, form: Any, formsets: Sequence[Any], change: bool) -> None:
        """Write the calendar from its form and its rows."""
        week, days = (_rows(formset) for formset in formsets)
        asked = {
            "name": form.cleaned_data["name"], "zone": form.cleaned_data["zone"], "week": _week(week),
            "days": _days(days), "by": actor(request), "at": clock.of(request),
        }  # fmt: skip
        if change:
            asked |= {"since": _listed_since(request), "seen": form.cleaned_data["seen"]}
        saved = hours.change_calendar(calendar=form.instance, **asked) if change else hours.open_calendar(**asked)
        form.instance.__dict__.update(saved.__dict__)

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        obj = kwargs.get("obj")
        if obj is not None:
            users = list(_users(obj)[: MOST_SHOWN + 1])
            unconfirmed = obj.exceptions.filter(is_confirmed=False, day__gte=clock.of(request).date()).exists()
            context |= {
                "users": users[:MOST_SHOWN], "has_more": len(users) > MOST_SHOWN, "holidays_of": self.holidays_of(obj),
                "has_unconfirmed": unconfirmed,
            }  # fmt: skip
        return super().render_change_form(request, context, *args, **kwargs)

    def copy_form(self, request: HttpRequest, calendar: WorkingCalendar) -> HttpResponse:
        """Ask what the copy is called, and open it."""
        form = CopyForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            values = {**form.cleaned_data, "by": actor(request), "at": clock.of(request)}
            copy = attempt(form, lambda: hours.copy_calendar(calendar=calendar, **values))
            if copy is not None:
                self.message_user(request, _t("Here is the copy."), messages.SUCCESS)
                return HttpResponseRedirect(reverse("admin:poc_workingcalendar_change", args=[copy.pk]))
        return self.asked(request, calendar, form)

    def holidays_form(self, request: HttpRequest, calendar: WorkingCalendar) -> HttpResponse:
        """Ask whose public holidays it follows."""

        def act(values: dict[str, Any]) -> str:
            public_holidays.follow(calendar=calendar, **values, by=actor(request), at=clock.of(request))
            if not values["country"]:
                return _t("It follows no country’s public holidays any more.")
            language = get_language_info(public_holidays.named_in(values["country"])[:2])["name_translated"]
            said = _t(
                "The public holidays of this year and the next are in the calendar, named in this language: %(name)s."
            )
            return said % {"name": language}

        first = {"country": calendar.country, "region": calendar.region}
        return self.act_page(request, calendar, HolidaysForm, act, initial=first)


def _listed_since(request: HttpRequest) -> date:
    """Return the first day of those that differ which is shown; what lies before it stays as it is."""
    return clock.of(request).date().replace(month=1, day=1)


def _rows(formset: Any) -> list[dict[str, Any]]:
    """Return what the rows of a valid formset say, without those that are taken out or were left empty."""
    return [
        form.cleaned_data
        for form in formset.forms
        if form.cleaned_data and not form.cleaned_data.get("DELETE") and (form.instance.pk or form.has_changed())
    ]


def _week(rows: Sequence[dict[str, Any]]) -> dict[int, list[tuple[time, time]]]:
    week: dict[int, list[tuple[time, time]]] = defaultdict(list)
    for row in rows:
        week[row["weekday"]].append((row["starts"], row["ends"]))
    return week


def _days(rows: Sequence[dict[str, Any]]) -> dict[date, hours.Day]:
    """Return the days that differ: a day in several rows is open in several intervals, and called as the first says."""
    found: dict[date, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        found[row["day"]].append(row)
    return {
        day: hours.Day(
            tuple((row["starts"], row["ends"]) for row in of_day if row["starts"] is not None),
            of_day[0]["name"],
            all(row["is_confirmed"] for row in of_day),
        )
        for day, of_day in found.items()
    }


def _users(calendar: WorkingCalendar) -> QuerySet[PointOfContact]:
    """Return who works by a calendar because it was given to them; the house's own: everybody without another."""
    return PointOfContact.objects.active().filter(calendar=calendar).order_by("name_key", "pk")
