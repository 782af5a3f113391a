"""What is owed, to be read in the administration (it is acted on where it is shown), and its policies."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from crm.commitments.models import Commitment, Policy
from crm.core import clock
from crm.core.admin_base import Section
from crm.desk.administration import ReadAdmin
from crm.desk.policy_admin import PolicyAdmin

admin.site.register(Policy, PolicyAdmin)


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
    list_display = ("what", "dossier", "kind", "due_at", "state", "poc", "escalated_to")
    list_filter = (OwedFilter, "kind")
    ordering = ("due_at", "pk")
    fields = (
        "what", "dossier", "topic", "kind", "state", "priority", "due_at", "poc", "opened_at", "closed_at",
        "hold_until", "escalated_to", "escalated_at", "used_up_at",
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Commitment]:
        return super().get_queryset(request).for_list()

    @admin.display(description=_("what is owed"), ordering="title")
    def what(self, obj: Commitment) -> str:
        return str(obj)
