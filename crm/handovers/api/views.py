"""Who answers for what, and every change of it."""

from __future__ import annotations

from typing import Any

from django.db.models import BigAutoField, DateTimeField
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from crm.core.paging import Order
from crm.core.rest.views import RecordViewSet
from crm.handovers.actions import assign, assign_many
from crm.handovers.api.filters import AssignmentFilterSet
from crm.handovers.api.serializers import (
    AssignedSerializer,
    AssignmentInput,
    AssignmentSerializer,
    EndInput,
    SelectionInput,
)
from crm.handovers.succeeding import succeed
from crm.poc.models import Assignment
from crm.poc.visibility import visible_homes


class AssignmentViewSet(RecordViewSet):
    """Who answers for which record, about what; ended ones are the history."""

    queryset = Assignment.objects.all()
    serializer_class = AssignmentSerializer
    filterset_class = AssignmentFilterSet
    orders = {"id": Order("pk", BigAutoField()), "starts_at": Order("starts_at", DateTimeField())}
    ordering = "-starts_at"
    conflicts = frozenset({"already_assigned", "another_begins"})
    field_names = {"rank": "place"}
    acts_on = {"bulk": (Assignment, "add")}

    def get_queryset(self) -> Any:
        rows = Assignment.objects.for_list()
        homes = visible_homes(self.request.user)
        return rows if homes is None else rows.filter(dossier__home__among=homes)

    @extend_schema(request=AssignmentInput, responses={201: AssignmentSerializer})
    def create(self, request: Request) -> Response:
        """Let somebody answer, at once or from a moment on. Both are told; say why when somebody is replaced."""
        made = assign(**self.read(AssignmentInput), by=self.by, at=self.at)
        return self.created(made, Assignment.objects.for_list())

    @extend_schema(request=SelectionInput, responses={201: AssignedSerializer})
    @action(detail=False, methods=["post"])
    def bulk(self, request: Request) -> Response:
        """Let one point of contact answer for up to 200 records: all of them or none. An error names its record."""
        made = assign_many(**self.read(SelectionInput), by=self.by, at=self.at)
        rows = Assignment.objects.for_list().in_bulk([assignment.pk for assignment in made])
        return Response({"assignments": self.shown([rows[assignment.pk] for assignment in made])}, status=201)

    @extend_schema(request=EndInput)
    @action(detail=True, methods=["post"])
    def end(self, request: Request, id: int) -> Response:
        """Let this place pass to a successor, or to nobody; a planned one is withdrawn. Done already: nothing happens.

        Whoever answers, and is no backup, only goes where somebody follows or `leave_open` says that nobody shall.
        """
        assignment = self.get_object()
        succeed(assignment=assignment, **self.read(EndInput), by=self.by, at=self.at)
        return self.again(assignment)
