"""The administration of accounts, contacts, projects and touch points: who answers, in lists and on each."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin import SimpleListFilter
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext, pgettext

from accounts import keeping_in_touch
from accounts.models import Account
from contacts.models import Contact
from crm.core import clock
from crm.core.admin_base import ActedAdmin, AdminForm, RowSelect, Section
from crm.core.forms import attempt
from crm.core.templatetags import touch
from crm.desk import record
from crm.desk.administration import ToldAdmin, actor, chosen
from crm.desk.archive_admin import ArchivingAdmin
from crm.desk.hand_over_admin import HandOverAdmin
from crm.desk.tier_admin import TieringAdmin
from crm.dossiers import timeline
from crm.dossiers.models import Dossier, Tier, Topic
from crm.dossiers.timeline import Entry
from crm.handovers.actions import Change, assign_many
from crm.handovers.forms import ChangeForm
from crm.poc.held import is_held_by
from crm.poc.models import Assignment
from crm.poc.seats import answering, seats_of, worth_showing
from crm.poc.unanswered import unanswered
from crm.poc.visibility import pocs_of, visible_homes
from interactions import twins
from interactions.look_up import Match
from interactions.models import Interaction
from projects.models import Project

MOST_AT_ONCE = 500  # records whose POC is changed in one act
SHOWN = 10  # rows in a panel
STALE = 90  # days without a touch


def kind_of(model: type[Any]) -> str:
    """What the records of a model are called."""
    return model._meta.get_field("dossier").remote_field.related_name


class AnswersFilter(SimpleListFilter):
    """Only the front desk answers, as in the gaps; I am named, or whom I cover; my teams and their members are."""

    title = _("who answers")
    parameter_name = "answers"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("nobody", _("Nobody")), ("mine", _("Me")), ("team", _("My team"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() == "nobody":
            return queryset.filter(unanswered(clock.of(request), kind=kind_of(queryset.model)))
        if self.value() in ("mine", "team"):
            return queryset.filter(is_held_by(pocs_of(request.user, with_teams=self.value() == "team")))  # type: ignore[arg-type]
        return queryset


class TierFilter(SimpleListFilter):
    title = _("tier")
    parameter_name = "tier"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(tier.code, tier.label) for tier in Tier.objects.in_use()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(dossier__tier__code=self.value()) if self.value() else queryset


class TouchFilter(SimpleListFilter):
    """Not in touch for 90 days, whatever the tier; never at all."""

    title = _("last touch")
    parameter_name = "touch"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("stale", _("Not for %(days)s days") % {"days": STALE}), ("never", _("Never"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        before = Q(last_touch_at=None)
        if self.value() == "stale":
            before |= Q(last_touch_at__lt=clock.of(request) - timedelta(days=STALE))
        return queryset.filter(before) if self.value() in ("never", "stale") else queryset


class AccountTouchFilter(TouchFilter):
    """The same, and losing touch: longer than the tier asks, as on My day and in the list of accounts."""

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("losing", _("Losing touch: longer than the tier asks")), *super().lookups(request, model_admin)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() == "losing":
            return queryset.filter(keeping_in_touch.is_overdue(clock.of(request)))
        return super().queryset(request, queryset)


class ArchivedFilter(SimpleListFilter):
    """What is archived is shown only when asked for."""

    title = _("state")
    parameter_name = "archived"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("yes", pgettext("records", "Archived")), ("all", _("Archived too"))]

    def choices(self, changelist: Any) -> Any:
        first, *others = super().choices(changelist)
        return [first | {"display": _("Current")}, *others]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() == "all":
            return queryset
        return queryset.filter(dossier__archived_at__isnull=self.value() != "yes")


class OpeningForm(AdminForm):
    """Mixed into the forms of accounts and contacts: what may be there already stops the first save."""

    twins: Sequence[Match] = ()

    def clean(self) -> Any:
        values = super().clean()  # type: ignore[misc]
        if self.instance.pk is None and not self.errors:  # type: ignore[attr-defined]
            told = self.data.get(twins.TOLD, "")  # type: ignore[attr-defined]
            self.twins = self.like(told=told, user=self.request.user, at=clock.of(self.request))
        if self.twins:
            raise ValidationError(_t("Not saved: look first whether it is one of these."), code="twins")
        return values

    def like(self, **asked: Any) -> list[Match]:
        """Return what may be there already."""
        raise NotImplementedError


class WhoForm(ChangeForm):
    """Who answers from now on, for all the records chosen."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["poc"].widget = RowSelect(Assignment._meta.get_field("poc"), admin.site)
        self.fields["poc"].widget.choices = self.fields["poc"].choices


class RecordAdmin(ArchivingAdmin, HandOverAdmin, TieringAdmin, ToldAdmin, ActedAdmin):
    """The base of what has a dossier: its name, its tier, who answers for it, and its timeline as history."""

    section = Section.RECORDS
    search_fields = ("dossier__title_key",)
    ordering = ("dossier__title_key", "pk")
    list_filter: Sequence[Any] = (AnswersFilter, TierFilter, ArchivedFilter)
    actions = ("change_poc", "hand_over_chosen", "tier_chosen", "archive_chosen", "restore_chosen")
    change_form_template = "admin/records/change_form.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Name the kind too: only then is a list sorted by name read off the index."""
        return super().get_queryset(request).filter(dossier__kind=kind_of(self.model)).for_list()

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        if request.resolver_match and request.resolver_match.url_name == "autocomplete":
            queryset = queryset.filter(dossier__archived_at=None)
        return super().get_search_results(request, queryset, search_term)

    # --- Columns

    @admin.display(description=_("name"), ordering="dossier__title_key")
    def title(self, obj: Any) -> str:
        return str(obj.dossier.title)

    @admin.display(description=_("who answers"))
    def who_answers(self, obj: Any) -> str:
        return render_to_string("partials/seat_cell.html", {"seat": obj.seat, "request": obj.request})

    @admin.display(description=_("tier"), ordering="dossier__tier__position")
    def tier(self, obj: Any) -> Any:
        return obj.dossier.tier

    @admin.display(description=_("last touch"), ordering="last_touch_at")
    def last_touch(self, obj: Any) -> str:
        every = obj.dossier.tier.touch_every_days if obj.dossier.tier else None
        return touch.state(obj.last_touch_at, clock.of(obj.request), every)["text"]

    @admin.display(description=_("next owed"))
    def next_owed(self, obj: Any) -> str:
        return render_to_string("partials/owed_cell.html", {"next": obj.next, "request": obj.request})

    def prepare_rows(self, request: HttpRequest, rows: Sequence[Any]) -> None:
        ids = [row.pk for row in rows]
        seats = answering(ids, at=clock.of(request))
        owed = record.next_owed(**{"homes" if self.model is Account else "dossiers": ids})
        for row in rows:
            row.seat, row.next, row.request = seats[row.pk], owed.get(row.pk), request

    # --- Change who answers

    def get_urls(self) -> list[Any]:
        name = f"{self.opts.app_label}_{self.opts.model_name}_who"
        who = path("<path:object_id>/who/", self.admin_site.admin_view(self.who_view), name=name)
        return [who, *super().get_urls()]

    def has_assign_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("poc.add_assignment")

    @admin.action(description=_("Change who answers"), permissions=["assign"])
    def change_poc(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
        rows = chosen(queryset, MOST_AT_ONCE)
        if rows is None:
            most = {"most": MOST_AT_ONCE}
            self.message_user(request, _t("Choose at most %(most)s at once.") % most, messages.ERROR)
            return None
        back = reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist")
        return self._who(request, rows, back)

    def who_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Change who answers for one record."""
        obj = self.get_object(request, object_id)
        if obj is None:
            raise Http404
        if not self.has_assign_permission(request):
            raise PermissionDenied
        back = reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_change", args=[obj.pk])
        return self._who(request, [obj], back)

    def _who(self, request: HttpRequest, rows: Sequence[Any], back: str) -> HttpResponse:
        """Ask once for topic, POC and reason; then change all of the records in one act."""
        general = Topic.objects.get(code=Topic.GENERAL)
        form = WhoForm(request.POST if "apply" in request.POST else None, initial={"topic": general.pk})
        if form.is_bound and form.is_valid():
            made = attempt(form, lambda: self._assign(request, rows, form.cleaned_data))
            if made is not None:
                self._tell(request, made)
                return HttpResponseRedirect(back)
        seats = answering([row.pk for row in rows], at=clock.of(request))
        context = self.admin_site.each_context(request) | {
            "title": _t("Change who answers"),
            "opts": self.opts,
            "form": form,
            "media": self.media + form.media,
            "rows": [(row, seats[row.pk]) for row in rows],
            "back": back,
            "is_action": "action" in request.POST,
        }
        return TemplateResponse(request, "admin/records/who.html", context, status=422 if form.errors else 200)

    def _assign(self, request: HttpRequest, rows: Sequence[Any], values: dict[str, Any]) -> list[Assignment]:
        changes = [Change(row.dossier, values["topic"], values["poc"], values["rank"]) for row in rows]
        return assign_many(
            changes=changes, reason=values["reason"], starts_at=values["starts_at"], skip_held=True,
            by=actor(request), at=clock.of(request),
        )  # fmt: skip

    def _tell(self, request: HttpRequest, made: Sequence[Assignment]) -> None:
        if not made:
            self.message_user(request, _t("Nothing has changed: they answer there already."), messages.INFO)
            return
        words = {"name": made[0].poc.name, "topic": made[0].topic.label.lower(), "n": len(made)}
        text = ngettext(
            "%(name)s answers about %(topic)s for %(n)s record. Those concerned are told.",
            "%(name)s answers about %(topic)s for %(n)s records. Those concerned are told.",
            len(made),
        )
        self.message_user(request, text % words, messages.SUCCESS)

    # --- One record

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        obj = kwargs.get("obj")
        if obj is not None:
            context |= self.panels(request, obj)
        return super().render_change_form(request, context, *args, **kwargs)

    def panels(self, request: HttpRequest, obj: Any) -> dict[str, Any]:
        """What stands beside the form, to be read: who answers and why, what is owed, what was said last."""
        at = clock.of(request)
        owed = record.owed_on(obj.dossier).order_by("due_at", "pk")[:SHOWN]
        touches = Interaction.objects.visible_to(request.user).current().filter(self.touched_by(obj)).for_list()
        return {
            "seats": worth_showing(seats_of(obj.pk, topics=Topic.objects.in_use(), at=at)),
            "owed": record.with_owners(owed, at=at),
            "touches": touches.order_by("-occurred_at", "-pk")[:SHOWN],
            "who_href": reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_who", args=[obj.pk]),
            "may_assign": obj.dossier.archived_at is None and self.has_assign_permission(request),
            "archive_href": "" if obj.dossier.archived_at else self.archive_href(obj),
        }

    def touched_by(self, obj: Any) -> Q:
        """Which interactions are those of a record."""
        return Q(home=obj.pk) if obj.dossier.kind == Dossier.Kind.ACCOUNT else Q(**{obj.dossier.kind: obj.pk})

    def history_of(self, request: HttpRequest, obj: Any) -> tuple[list[Entry], str]:
        shown = timeline.page(obj.pk, homes=visible_homes(request.user), cursor=request.GET.get("older", ""))  # type: ignore[arg-type]
        return shown.entries, shown.older


def below(account_id: int) -> dict[str, Any]:
    """An account's projects and contacts, for its page."""
    projects = Project.objects.current().filter(account=account_id).for_list()
    contacts = Contact.objects.current().filter(account=account_id).select_related("dossier")
    return {
        "projects": projects.order_by("dossier__title_key", "pk")[:SHOWN],
        "contacts": contacts.order_by("dossier__title_key", "pk")[:SHOWN],
    }


def autocomplete(form: Any, name: str, field: Any) -> None:
    """Let a form's field be found by typing; `field` is any foreign key to the same model."""
    form.fields[name].widget = RowSelect(field, admin.site)
    form.fields[name].widget.choices = form.fields[name].choices
    form.fields[name].label = capfirst(form.fields[name].label)
