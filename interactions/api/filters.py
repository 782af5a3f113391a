"""What touches and follow-ups are narrowed by."""

from typing import Any

import django_filters
from django.db.models import QuerySet

from crm.commitments.models import Commitment
from crm.core.rest.filters import FlagFilter, IdFilter, MomentFilter, TextFilter
from interactions.models import FollowUp, Interaction


class InteractionFilterSet(django_filters.FilterSet):
    """Narrows touches. Those undone only with `withdrawn=true`."""

    account = IdFilter("home", help_text="With the account, its contacts and its projects, as it was then.")
    contact = IdFilter("contact")
    project = IdFilter("project")
    poc = IdFilter("poc", help_text="Who answered at that moment.")
    logged_by = IdFilter("logged_by", help_text="The user's id.")
    direction = django_filters.ChoiceFilter(choices=Interaction.Direction.choices)
    channel = TextFilter("channel__code")
    purpose = TextFilter("purpose__code")
    outcome = TextFilter("outcome__code")
    topic = TextFilter("topic__code")
    occurred_from = MomentFilter("occurred_at", lookup_expr="gte")
    occurred_before = MomentFilter("occurred_at", lookup_expr="lt")
    to_sort = FlagFilter(method="not_sorted", help_text="Of callers nobody knew.")
    withdrawn = FlagFilter(method="as_they_are")
    source = TextFilter("source")
    external_id = TextFilter("external_id")

    class Meta:
        model = Interaction
        fields: list[str] = []

    @staticmethod
    def unasked(queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Leave out what was undone, where nobody asks for it."""
        return queryset.filter(withdrawn_at=None)

    def filter_queryset(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        withdrawn = bool(self.form.cleaned_data["withdrawn"])
        return super().filter_queryset(queryset).filter(withdrawn_at__isnull=not withdrawn)

    def not_sorted(self, rows: QuerySet[Any], name: str, wanted: bool) -> QuerySet[Any]:
        unknown = {"contact": None, "account": None, "project": None}
        return rows.filter(**unknown) if wanted else rows.exclude(**unknown)

    def as_they_are(self, rows: QuerySet[Any], name: str, wanted: bool) -> QuerySet[Any]:
        return rows


class FollowUpFilterSet(django_filters.FilterSet):
    """Narrows follow-ups."""

    record = IdFilter("commitment__dossier", help_text="An account, contact or project: planned on it itself.")
    account = IdFilter("commitment__home", help_text="Planned on the account, its contacts and its projects.")
    contact = IdFilter("contact")
    given_to = IdFilter("commitment__poc", help_text="Given to this point of contact by name.")
    topic = TextFilter("commitment__topic__code")
    state = django_filters.ChoiceFilter("commitment__state", choices=Commitment.State.choices)
    open = FlagFilter("commitment__closed_at", lookup_expr="isnull")
    due_from = MomentFilter("commitment__due_at", lookup_expr="gte")
    due_before = MomentFilter("commitment__due_at", lookup_expr="lt")
    source = TextFilter("source")
    external_id = TextFilter("external_id")

    class Meta:
        model = FollowUp
        fields: list[str] = []
