"""Projects."""

from __future__ import annotations

from typing import Any

from django.db.models import BigAutoField, CharField, DateField, Value
from django.db.models.functions import Coalesce
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from crm.core.paging import FAR_AWAY, Order
from crm.core.rest.views import RecordViewSet
from crm.handovers.rest import Archivable
from crm.poc.rest import AnsweredFor
from projects.actions import change_project, open_project
from projects.api.filters import ProjectFilterSet
from projects.api.serializers import ProjectInput, ProjectSerializer
from projects.models import Project


class ProjectViewSet(Archivable, AnsweredFor, RecordViewSet):
    """Pieces of work for accounts."""

    queryset = Project.objects.all()
    serializer_class = ProjectSerializer
    filterset_class = ProjectFilterSet
    orders = {
        "name": Order("dossier__title_key", CharField()),
        "id": Order("pk", BigAutoField()),
        "ends_on": Order(Coalesce("ends_on", Value(FAR_AWAY, output_field=DateField())), DateField()),
    }
    ordering = "name"

    def get_queryset(self) -> Any:
        return Project.objects.visible_to(self.request.user).for_list()

    @extend_schema(request=ProjectInput, responses={201: ProjectSerializer})
    def create(self, request: Request) -> Response:
        """Open a project for an account."""
        project = open_project(**self.read(ProjectInput), by=self.by, at=self.at)
        return self.created(project, Project.objects.for_list())

    @extend_schema(request=ProjectInput)
    def partial_update(self, request: Request, id: int) -> Response:
        """Change what is given; the rest stays."""
        project = self.get_object()
        stays = {"name": project.name, "tier": project.dossier.tier, "account": project.account}
        change_project(project=project, **(stays | self.read(ProjectInput, partial=True)), by=self.by, at=self.at)
        return self.again(project)
