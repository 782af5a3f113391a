"""What points of contact are narrowed by."""

from typing import Any

import django_filters
from django.db.models import Exists, OuterRef, QuerySet

from crm.core.rest.filters import FlagFilter, IdFilter, NameFilter, TextFilter
from crm.poc.models import Membership, PointOfContact


class PocFilterSet(django_filters.FilterSet):
    """Narrows points of contact."""

    q = NameFilter("name_key", help_text="Part of the name.")
    kind = django_filters.ChoiceFilter(choices=PointOfContact.Kind.choices)
    email = TextFilter("email", lookup_expr="iexact")
    team = IdFilter(method="in_team", help_text="Those in this team.")
    active = FlagFilter("deactivated_at", lookup_expr="isnull")
    source = TextFilter("source")
    external_id = TextFilter("external_id")

    class Meta:
        model = PointOfContact
        fields: list[str] = []

    def in_team(self, rows: QuerySet[Any], name: str, team_id: int) -> QuerySet[Any]:
        return rows.filter(Exists(Membership.objects.filter(team=team_id, member=OuterRef("pk"))))
