"""What projects are narrowed by."""

from typing import Any

import django_filters
from django.db.models import QuerySet

from crm.core.rest.filters import FlagFilter, IdFilter
from crm.poc.rest import RecordFilterSet
from projects.models import Project


class ProjectFilterSet(RecordFilterSet):
    """Narrows projects."""

    account = IdFilter("account")
    phase = django_filters.ChoiceFilter(choices=Project.Phase.choices)
    running = FlagFilter(method="still_running", help_text="Neither won, lost nor done.")

    class Meta:
        model = Project
        fields: list[str] = []

    def still_running(self, rows: QuerySet[Any], name: str, wanted: bool) -> QuerySet[Any]:
        return rows.exclude(phase__in=Project.ENDED) if wanted else rows.filter(phase__in=Project.ENDED)
