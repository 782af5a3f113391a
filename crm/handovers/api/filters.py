"""What assignments are narrowed by."""

from datetime import datetime
from typing import Any

import django_filters
from django.db.models import QuerySet

from crm.core.clock import Now
from crm.core.rest.filters import FlagFilter, IdFilter, MomentFilter, TextFilter
from crm.dossiers.models import Dossier
from crm.poc.models import Assignment


class AssignmentFilterSet(django_filters.FilterSet):
    """Narrows who answers for what."""

    poc = IdFilter("poc")
    account = IdFilter(method="of_account", help_text="The account's own.")
    contact = IdFilter(method="of_contact")
    project = IdFilter(method="of_project")
    topic = TextFilter("topic__code")
    place = django_filters.ChoiceFilter("rank", choices=[(n, str(n)) for n in range(21)])
    record = IdFilter("dossier", help_text="An account, a contact or a project.")
    at = MomentFilter(method="counting_then", help_text="What counted, counts or will count at that moment.")
    current = FlagFilter(method="counting_now", help_text="true: what counts now; false: what ended or is planned.")

    class Meta:
        model = Assignment
        fields: list[str] = []

    def of_account(self, rows: QuerySet[Any], name: str, pk: int) -> QuerySet[Any]:
        return rows.filter(dossier=pk, dossier__kind=Dossier.Kind.ACCOUNT)

    def of_contact(self, rows: QuerySet[Any], name: str, pk: int) -> QuerySet[Any]:
        return rows.filter(dossier=pk, dossier__kind=Dossier.Kind.CONTACT)

    def of_project(self, rows: QuerySet[Any], name: str, pk: int) -> QuerySet[Any]:
        return rows.filter(dossier=pk, dossier__kind=Dossier.Kind.PROJECT)

    def counting_then(self, rows: QuerySet[Any], name: str, moment: datetime) -> QuerySet[Any]:
        return rows.filter(pk__in=Assignment.objects.at(moment).values("pk"))

    def counting_now(self, rows: QuerySet[Any], name: str, wanted: bool) -> QuerySet[Any]:
        now = Assignment.objects.at(Now())
        return rows.filter(pk__in=now.values("pk")) if wanted else rows.exclude(pk__in=now.values("pk"))
