"""What is owed is narrowed by this."""

from typing import Any

import django_filters
from django.db.models import QuerySet

from crm.commitments.models import Commitment, Kind
from crm.core.rest.filters import FlagFilter, IdFilter, MomentFilter, TextFilter


class OwedFilterSet(django_filters.FilterSet):
    """Narrows what is owed."""

    kind = django_filters.ChoiceFilter(choices=Kind.choices)
    record = IdFilter("dossier", help_text="An account, contact or project: owed on it itself.")
    account = IdFilter("home", help_text="Owed on the account, its contacts and its projects.")
    given_to = IdFilter("poc", help_text="Given to this point of contact by name.")
    topic = TextFilter("topic__code")
    state = django_filters.ChoiceFilter(choices=Commitment.State.choices)
    open = FlagFilter(method="still_owed")
    due_from = MomentFilter("due_at", lookup_expr="gte")
    due_before = MomentFilter("due_at", lookup_expr="lt")

    class Meta:
        model = Commitment
        fields: list[str] = []

    def still_owed(self, rows: QuerySet[Any], name: str, wanted: bool) -> QuerySet[Any]:
        return rows.filter(closed_at__isnull=wanted)
