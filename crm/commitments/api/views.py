"""Everything that is owed."""

from __future__ import annotations

from typing import Any

from django.db.models import BigAutoField, DateTimeField
from rest_framework.response import Response

from crm.commitments.api.filters import OwedFilterSet
from crm.commitments.api.serializers import OwedSerializer
from crm.commitments.models import Commitment
from crm.commitments.rest import Acts, set_who_answers
from crm.core.paging import Order
from crm.core.rest.views import RecordViewSet


class OwedViewSet(Acts, RecordViewSet):
    """What is owed by a moment, follow-ups and first answers alike, and what can be done about it."""

    queryset = Commitment.objects.all()
    serializer_class = OwedSerializer
    filterset_class = OwedFilterSet
    orders = {"due_at": Order("due_at", DateTimeField()), "id": Order("pk", BigAutoField())}
    ordering = "due_at"

    def get_queryset(self) -> Any:
        return Commitment.objects.visible_to(self.request.user).for_list()

    def shown(self, rows: list[Any], *, whole: bool = False) -> list[dict[str, Any]]:
        set_who_answers(rows, rows, at=self.at)
        return super().shown(rows, whole=whole)

    def owed(self) -> Commitment:
        return self.get_object()  # type: ignore[no-any-return]

    def acted(self) -> Response:
        return self.answer(self.get_object())
