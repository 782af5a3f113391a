"""What accounts are narrowed by."""

from typing import Any

import django_filters
from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts.models import Account
from crm.core.rest.filters import IdFilter, TextFilter
from crm.poc.rest import RecordFilterSet


class AccountFilterSet(RecordFilterSet):
    """Narrows accounts."""

    kind = django_filters.ChoiceFilter(choices=Account.Kind.choices)
    parent = IdFilter("dossier__parent")
    country = TextFilter("country")
    source = TextFilter(method="from_source", help_text="Its own, or that of an account merged into it.")
    external_id = TextFilter(method="known_as", help_text="Its own, or that of an account merged into it.")

    class Meta:
        model = Account
        fields: list[str] = []

    def from_source(self, rows: QuerySet[Any], name: str, source: str) -> QuerySet[Any]:
        return rows.filter(Q(source=source) | _merged(source=source))

    def known_as(self, rows: QuerySet[Any], name: str, external_id: str) -> QuerySet[Any]:
        return rows.filter(Q(external_id=external_id) | _merged(external_id=external_id))


def _merged(**known: str) -> Exists:
    """True of an account that one known so was merged into."""
    return Exists(Account.objects.filter(dossier__home=OuterRef("pk"), **known).exclude(pk=OuterRef("pk")))
