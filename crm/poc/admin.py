"""Points of contact, what they answer for, absences and working calendars, in the administration."""

from __future__ import annotations

from functools import partial
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from crm.commitments.telling.preferring import prefer, wishes_of
from crm.core import clock
from crm.core.admin_base import AdminForm, Inline, Section
from crm.core.forms import MomentInput, ZoneField
from crm.core.templatetags.moments import city
from crm.desk.acts import Act, ActsAdmin
from crm.desk.administration import ToldActedAdmin, actor
from crm.desk.calendar_admin import CalendarAdmin
from crm.desk.share_admin import ShareLinkAdmin
from crm.desk.wishes_form import WishesForm, initial_of, wished
from crm.dossiers.models import Topic
from crm.handovers import actions as handovers
from crm.handovers.forms import ChangeForm
from crm.handovers.succeeding import succeed
from crm.poc import actions
from crm.poc.models import (
    MANAGES,
    Absence,
    Assignment,
    Membership,
    PointOfContact,
    ShareLink,
    WorkingCalendar,
)
from crm.poc.recipients import reach
from crm.poc.visibility import pocs_of, visible_dossiers, visible_homes

admin.site.register(ShareLink, ShareLinkAdmin)
admin.site.register(WorkingCalendar, CalendarAdmin)


_TOLD_BY_MAIL = _(
    "Mails to %(name)s go to %(address)s; times are those of %(zone)s. Escalations and alarms always come at once."
)
_TOLD_ON_PAGES = _("No address of %(name)s is known: no mail is sent, whatever is chosen here.")


class StateFilter(admin.SimpleListFilter):
    """Who no longer answers is shown only when asked for."""

    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("gone", _("No longer answers"))]

    def choices(self, changelist: Any) -> Any:
        first, *others = super().choices(changelist)
        return [first | {"display": pgettext_lazy("somebody", "Answers")}, *others]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(deactivated_at__isnull=self.value() != "gone")


class PocForm(AdminForm, forms.ModelForm):
    """A person or a team."""

    zone = ZoneField(label=_("Time zone"), max_length=64, required=False, help_text=_("Empty: the firm’s."))

    class Meta:
        model = PointOfContact
        fields = (
            "kind", "name", "email", "phone", "languages", "zone", "calendar", "user", "home_team", "lead", "delivery",
        )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "calendar" in self.fields:
            self.fields["calendar"].empty_label = _("The home team’s, or else the house’s")

    def values(self) -> dict[str, Any]:
        return dict(self.cleaned_data)

    def _post_clean(self) -> None:
        """The action validates and writes; the form's own instance stays as it was read."""


class MemberInline(Inline):
    """Who is in a team."""

    model = Membership
    fk_name = "team"
    autocomplete_fields = ("member",)
    verbose_name = _("member")
    verbose_name_plural = _("members")


@admin.register(PointOfContact)
class PocAdmin(ActsAdmin, ToldActedAdmin):
    section = Section.ANSWERS
    place = 10
    event_key = "poc"
    form = PocForm
    list_display = ("name", "kind", "email", "phone", "home_team", "lead", "is_house")
    list_filter = ("kind", StateFilter)
    search_fields = ("name_key",)
    ordering = ("name_key", "pk")
    autocomplete_fields = ("user", "home_team", "lead")
    actions = ("answer_again",)
    acts = (
        Act(
            "leave", _("Answers no longer"), "leave_form", "poc.change_pointofcontact",
            unless=lambda poc: poc.is_house or poc.deactivated_at is not None,
        ),
        Act(
            "notices", _("How they are told"), "notices_form", MANAGES,
            unless=lambda poc: poc.deactivated_at is not None,
        ),
        Act(
            "stay", _("Undo that they left"), "leave_form", "poc.change_pointofcontact",
            unless=lambda poc: poc.deactivated_at is None,
        ),
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[PointOfContact]:
        return super().get_queryset(request).select_related("home_team", "lead", "calendar", "user")

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        if request.resolver_match and request.resolver_match.url_name == "autocomplete":
            queryset = queryset.active()
        return super().get_search_results(request, queryset, search_term)

    def get_fields(self, request: HttpRequest, obj: PointOfContact | None = None) -> Any:
        common = ("name", "email", "phone", "languages", "zone", "calendar")
        if obj is None:
            return ("kind", *common, "user", "home_team", "lead", "delivery")
        own = ("lead", "delivery") if obj.is_team else ("user", "home_team")
        refused = ("refused_address", "refused_at") if obj.refused_address else ()
        return (*common, *own, *refused, "deactivated_at")

    def get_readonly_fields(self, request: HttpRequest, obj: PointOfContact | None = None) -> Any:
        return ("refused_address", "refused_at", "deactivated_at") if obj else ()

    def get_inlines(self, request: HttpRequest, obj: PointOfContact | None) -> Any:
        return (MemberInline,) if obj and obj.is_team else ()

    def act(self, request: HttpRequest, form: Any, changed: PointOfContact | None) -> PointOfContact:
        values = {"by": actor(request), "at": clock.of(request), **form.values()}
        return actions.change_poc(poc=changed, **values) if changed else actions.open_poc(**values)

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        """Members come and go by their actions; those who come first, so that nobody is the last to go."""
        values = {"team": form.instance, "by": actor(request), "at": clock.of(request)}
        for row in formset.forms:
            if row.cleaned_data and not row.cleaned_data.get("DELETE") and row.has_changed():
                actions.add_member(member=row.cleaned_data["member"], **values)
        for row in formset.initial_forms:
            member = PointOfContact.objects.get(teams=row.instance.pk)
            if row.cleaned_data.get("DELETE") or row.cleaned_data["member"] != member:
                actions.remove_member(member=member, **values)

    def leave_form(self, request: HttpRequest, poc: PointOfContact) -> HttpResponse:
        """Go where one says who follows."""
        return redirect("handovers:leave", poc.pk)

    def notices_form(self, request: HttpRequest, poc: PointOfContact) -> HttpResponse:
        """Say how a team's mailbox, or a person, is told by mail."""

        def act(values: dict[str, Any]) -> str:
            prefer(poc=poc, **wished(values), by=actor(request), at=clock.of(request))
            return _t("From now on %(name)s is told so.") % {"name": poc.name}

        person = reach([poc.pk])[poc.pk]
        values = {"name": poc.name, "address": person.address, "zone": city(person.zone)}
        form = partial(WishesForm, name=poc.name)
        note = _TOLD_BY_MAIL if person.address else _TOLD_ON_PAGES
        context = {"note": note % values, "button": _("Save")}
        return self.act_page(request, poc, form, act, initial=initial_of(wishes_of(poc)), context=context)

    @admin.action(description=_("Answer again"), permissions=["change"])
    def answer_again(self, request: HttpRequest, queryset: QuerySet[PointOfContact]) -> None:
        gone = list(queryset.exclude(deactivated_at=None))
        for poc in gone:
            actions.reactivate(poc=poc, by=actor(request), at=clock.of(request))
        self.message_user(request, ", ".join(poc.name for poc in gone) or _t("They answer already."), messages.SUCCESS)


class PlanFilter(admin.SimpleListFilter):
    """Who answers now; what was is shown when asked for."""

    title = _("when")
    parameter_name = "when"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("later", _("Planned")), ("all", _("All, the past too"))]

    def choices(self, changelist: Any) -> Any:
        first, *others = super().choices(changelist)
        return [first | {"display": _("Now")}, *others]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() == "all":
            return queryset
        if self.value() == "later":
            return queryset.filter(starts_at__gt=clock.of(request))
        return queryset.at(clock.of(request))


class HolderFilter(admin.SimpleListFilter):
    title = _("who answers")
    parameter_name = "who"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("mine", _("Me")), ("team", _("My team"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() not in ("mine", "team"):
            return queryset
        return queryset.filter(poc__one_of=list(pocs_of(request.user, with_teams=self.value() == "team")))  # type: ignore[arg-type]


class AssignmentForm(AdminForm, forms.ModelForm):
    """Somebody new answers; whoever held the place until now is told."""

    rank = forms.TypedChoiceField(label=_("Place"), choices=ChangeForm.PLACES, coerce=int, initial=0)
    starts_at = forms.DateTimeField(
        label=_("From"), required=False, help_text=_("Empty: at once."), widget=MomentInput()
    )

    class Meta:
        model = Assignment
        fields = ("dossier", "topic", "rank", "poc", "reason", "starts_at")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "dossier" in self.fields:
            self.fields["dossier"].queryset = visible_dossiers(self.request.user)
            self.fields["topic"].queryset = Topic.objects.in_use()

    def _post_clean(self) -> None:
        """The action validates and writes."""


class EndForm(forms.Form):
    """Why somebody answers no longer, and who follows."""

    successor = forms.ModelChoiceField(PointOfContact.objects.active(), label=_("Who follows"), required=False)
    leave_open = forms.BooleanField(
        label=_("Leave it open"), required=False,
        help_text=_("The backup, the lead or the front desk answers until somebody is named."),
    )  # fmt: skip
    reason = forms.CharField(label=_("Why"), max_length=500)


@admin.register(Assignment)
class AssignmentAdmin(ActsAdmin, ToldActedAdmin):
    """Never edited: ended, and a new one begins."""

    section = Section.ANSWERS
    place = 20
    form = AssignmentForm
    list_display = ("dossier", "topic", "place_name", "poc", "starts_at", "ends_at", "reason")
    list_filter = (PlanFilter, HolderFilter, "topic")
    search_fields = ("dossier__title_key", "poc__name_key")
    ordering = ("-starts_at", "-pk")
    autocomplete_fields = ("dossier", "poc")
    acts = (
        Act(
            "end", _("Nobody answers here any more"), "end_form", "poc.change_assignment",
            unless=lambda assignment: assignment.ends_at is not None,
        ),
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Assignment]:
        homes = visible_homes(request.user)
        rows = super().get_queryset(request).for_list()
        return rows if homes is None else rows.filter(dossier__home__one_of=homes)

    def get_fields(self, request: HttpRequest, obj: Assignment | None = None) -> Any:
        asked = ("dossier", "topic", "rank", "poc", "reason", "starts_at")
        return (
            ("dossier", "topic", "place_name", "poc", "reason", "starts_at", "ends_at", "decided_by") if obj else asked
        )

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.display(description=_("place"), ordering="rank")
    def place_name(self, obj: Assignment) -> str:
        return str(dict(ChangeForm.PLACES).get(obj.rank, obj.rank))

    def get_readonly_fields(self, request: HttpRequest, obj: Assignment | None = None) -> Any:
        return ("place_name",) if obj else ()

    def act(self, request: HttpRequest, form: Any, changed: None) -> Assignment:
        return handovers.assign(**form.cleaned_data, by=actor(request), at=clock.of(request))

    def end_form(self, request: HttpRequest, assignment: Assignment) -> HttpResponse:
        """Ask why nobody answers any more."""

        def act(values: dict[str, Any]) -> str:
            succeed(assignment=assignment, by=actor(request), at=clock.of(request), **values)
            return _t("%(name)s no longer answers here.") % {"name": assignment.poc.name}

        fields = {"successor": Assignment._meta.get_field("poc")}
        return self.act_page(request, assignment, EndForm, act, fields=fields, dangerous=True)


class AbsenceForm(AdminForm, forms.ModelForm):
    """Somebody is away, covered by another."""

    starts_at = forms.DateTimeField(label=_("From"), widget=MomentInput())
    ends_at = forms.DateTimeField(label=_("Until"), widget=MomentInput())

    class Meta:
        model = Absence
        fields = ("poc", "topic", "cover", "starts_at", "ends_at", "reason")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "topic" in self.fields:
            self.fields["topic"].queryset = Topic.objects.in_use()
            self.fields["topic"].empty_label = _("Everything")

    def _post_clean(self) -> None:
        """The action validates and writes."""


@admin.register(Absence)
class AbsenceAdmin(ToldActedAdmin):
    """Entered and ended, never edited."""

    section = Section.ANSWERS
    place = 30
    form = AbsenceForm
    list_display = ("poc", "topic", "starts_at", "ends_at", "cover", "reason")
    list_select_related = ("poc", "topic", "cover", "entered_by")
    search_fields = ("poc__name_key",)
    ordering = ("-ends_at", "-pk")
    autocomplete_fields = ("poc", "cover")
    actions = ("end_now",)

    def get_fields(self, request: HttpRequest, obj: Absence | None = None) -> Any:
        asked = ("poc", "topic", "cover", "starts_at", "ends_at", "reason")
        return (*asked, "entered_by") if obj else asked

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Here anybody may be entered: the pages are for oneself and one's team."""
        return super().has_add_permission(request) and request.user.has_perm(MANAGES)

    def has_end_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(MANAGES)

    def act(self, request: HttpRequest, form: Any, changed: None) -> Absence:
        return handovers.set_absence(**form.cleaned_data, by=actor(request), at=clock.of(request))

    @admin.action(description=_("Back again: end now"), permissions=["end"])
    def end_now(self, request: HttpRequest, queryset: QuerySet[Absence]) -> None:
        absences = list(queryset)
        for absence in absences:
            handovers.end_absence(absence=absence, by=actor(request), at=clock.of(request))
        names = ", ".join(absence.poc.name for absence in absences)
        self.message_user(request, _t("Back again: %(names)s") % {"names": names})
