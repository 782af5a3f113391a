"""What accounts are narrowed by."""

import django_filters

from accounts.models import Account
from crm.core.rest.filters import IdFilter, TextFilter
from crm.poc.rest import RecordFilterSet


class AccountFilterSet(RecordFilterSet):
    """Narrows accounts."""

    kind = django_filters.ChoiceFilter(choices=Account.Kind.choices)
    parent = IdFilter("dossier__parent")
    country = TextFilter("country")

    class Meta:
        model = Account
        fields: list[str] = []
