"""What is owed and how it escalates, to be read in the administration: it is acted on where it is shown."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from crm.commitments.models import Commitment, Policy, PolicyVersion, Step, Unit
from crm.core import clock
from crm.core.admin_base import Section
from crm.desk.administration import ReadAdmin


class OwedFilter(admin.SimpleListFilter):
    title = _("state")
    parameter_name = "owed"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [
            ("overdue", _("Overdue")), ("escalated", _("Escalated")), ("used_up", _("Everybody was told")),
            ("closed", _("Done or cancelled")), ("all", _("All")),
        ]  # fmt: skip

    def choices(self, changelist: Any) -> Any:
        first, *others = super().choices(changelist)
        return [first | {"display": _("Owed")}, *others]

    def queryset(self, request: HttpRequest, queryset: Any) -> QuerySet[Any]:
        narrowed = {
            "overdue": lambda: queryset.overdue(clock.of(request)),
            "escalated": queryset.escalated,
            "used_up": queryset.used_up,
            "closed": queryset.closed,
            "all": queryset.all,
        }
        return narrowed.get(self.value() or "", queryset.open)()


@admin.register(Commitment)
class CommitmentAdmin(ReadAdmin):
    section = Section.OWED
    place = 10
    fact = "commitment"
    search_fields = ("dossier__title_key",)
    list_display = ("title", "dossier", "kind", "due_at", "state", "poc", "escalated_to")
    list_filter = (OwedFilter, "kind")
    ordering = ("due_at", "pk")
    fields = (
        "title", "dossier", "topic", "kind", "state", "priority", "due_at", "poc", "opened_at", "closed_at",
        "hold_until", "escalated_to", "escalated_at", "used_up_at",
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Commitment]:
        return super().get_queryset(request).for_list()


@admin.register(Policy)
class PolicyAdmin(ReadAdmin):
    """What each kind of promise asks for: its target, and its escalation steps in their order."""

    section = Section.OWED
    place = 20
    list_display = ("name", "kind", "retired_at")
    ordering = ("kind", "pk")
    fields = ("name", "kind", "retired_at")
    change_form_template = "admin/commitments/policy.html"

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        version = kwargs["obj"].versions.order_by("-number").first()
        if version is not None:
            steps = Step.objects.filter(version=version).select_related("poc").order_by("ordinal")
            context |= {
                "version": version,
                "target": _due_after(version),
                "hold": _t("Whoever takes it on holds the next step off for %(span)s.")
                % {"span": span(version.ack_amount, version.ack_unit)},
                "steps": [(step, when(step)) for step in steps],
            }
        return super().render_change_form(request, context, *args, **kwargs)


def _due_after(version: PolicyVersion) -> str:
    if version.target_amount is None:
        return _t("It is due when whoever promises it says.")
    return _t("It is due after %(span)s.") % {"span": span(version.target_amount, version.target_unit)}


def when(step: Step) -> str:
    """Say when a step runs."""
    if step.amount == 0:
        return _t("At that moment")
    words = {"span": span(abs(step.amount), step.unit)}
    return (_t("%(span)s before") if step.amount < 0 else _t("%(span)s after")) % words


def span(n: int, unit: str) -> str:
    """Say an amount of time."""
    words = {
        Unit.MINUTES: ngettext("%(n)s minute", "%(n)s minutes", n),
        Unit.HOURS: ngettext("%(n)s hour", "%(n)s hours", n),
        Unit.WORKING_MINUTES: ngettext("%(n)s working minute", "%(n)s working minutes", n),
        Unit.WORKING_HOURS: ngettext("%(n)s working hour", "%(n)s working hours", n),
        Unit.WORKING_DAYS: ngettext("%(n)s working day", "%(n)s working days", n),
    }
    return words[Unit(unit)] % {"n": n}
