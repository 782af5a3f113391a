"""The people and teams who answer."""

from __future__ import annotations

from typing import Any

from django.db.models import BigAutoField, CharField, Exists, OuterRef
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from crm.core.clock import Now
from crm.core.paging import Order
from crm.core.rest.views import RecordViewSet
from crm.handovers.absences import set_absence
from crm.handovers.leave_rest import Leaving
from crm.poc.actions import change_poc, open_poc
from crm.poc.api.absences import refuse_strangers
from crm.poc.api.filters import PocFilterSet
from crm.poc.api.serializers import AbsenceInput, AbsenceSerializer, PocChangeInput, PocInput, PocSerializer
from crm.poc.models import Absence, PointOfContact


class PocViewSet(Leaving, RecordViewSet):
    """People and teams on our side who answer: the directory. Everybody signed in may read it."""

    queryset = PointOfContact.objects.all()
    serializer_class = PocSerializer
    filterset_class = PocFilterSet
    orders = {"name": Order("name_key", CharField()), "id": Order("pk", BigAutoField())}
    ordering = "name"
    conflicts = frozenset({"overlaps", "not_left", "too_late"})
    field_names = Leaving.leaving_fields
    acts_on = {"absences": (Absence, "add")}

    def get_queryset(self) -> Any:
        away = Absence.objects.at(Now()).filter(poc=OuterRef("pk"), topic=None)
        return PointOfContact.objects.for_list().annotate(is_away=Exists(away))

    def shown(self, rows: list[Any], *, whole: bool = False) -> list[dict[str, Any]]:
        if whole:
            for row in rows:
                row.members = PointOfContact.objects.filter(teams__team=row.pk).order_by("name_key", "pk")
        return super().shown(rows, whole=whole)

    @extend_schema(request=PocInput, responses={201: PocSerializer})
    def create(self, request: Request) -> Response:
        """Open a person or a team."""
        return self.created(open_poc(**self.read(PocInput), by=self.by, at=self.at))

    @extend_schema(request=PocChangeInput)
    def partial_update(self, request: Request, id: int) -> Response:
        """Change what is given; the rest stays."""
        poc = self.get_object()
        change_poc(poc=poc, **self.read(PocChangeInput, partial=True), by=self.by, at=self.at)
        return self.again(poc)

    @extend_schema(request=AbsenceInput, responses={201: AbsenceSerializer})
    @action(detail=True, methods=["post"])
    def absences(self, request: Request, id: int) -> Response:
        """Enter an absence: whoever covers answers meanwhile."""
        poc = self.get_object()
        refuse_strangers(request.user, poc)
        absence = set_absence(poc=poc, **self.read(AbsenceInput), by=self.by, at=self.at)
        return Response(AbsenceSerializer(absence).data, status=201)
