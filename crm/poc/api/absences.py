"""Who is away, and who covers."""

from __future__ import annotations

from typing import Any

import django_filters
from django.db.models import BigAutoField, DateTimeField, Q, QuerySet
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from crm.core.clock import Now
from crm.core.paging import Order
from crm.core.rest.fields import CodeField, Input, MomentField, NamedSerializer, RecordField
from crm.core.rest.filters import FlagFilter, IdFilter, MomentFilter, TextFilter
from crm.core.rest.views import RecordViewSet
from crm.dossiers.models import Topic
from crm.handovers.absences import Cover, change_absence, end_absence, set_absences, set_away_by
from crm.poc.models import Absence, PointOfContact
from crm.poc.visibility import teams_of

NOT_YOURS = _("Somebody is entered as away by themselves, by their lead, or by an account manager.")
MOST_COVERS = 20


def pocs(user: Any) -> Any:
    return PointOfContact.objects.all()  # one who answers no more is refused by the act, and said so


def refuse_strangers(user: Any, poc: PointOfContact) -> None:
    """:raises PermissionDenied: `user` may not enter `poc` as away."""
    if not set_away_by(user).filter(pk=poc.pk).exists():
        raise PermissionDenied(NOT_YOURS)


class AbsenceRowSerializer(serializers.Serializer):
    """Somebody is away from a moment until before another."""

    id = serializers.IntegerField()
    poc = NamedSerializer()
    cover = NamedSerializer(allow_null=True, help_text="Null: the backup, or else the lead.")
    topic = serializers.CharField(source="topic.code", allow_null=True, help_text="Null: about everything else.")
    starts_at = MomentField()
    ends_at = MomentField(help_text="Equal to `starts_at`: it was withdrawn before it began.")
    reason = serializers.CharField(help_text="Given to those who may enter it; empty for others.")


class CoverInput(Input):
    """Who covers about one topic; without one, about everything else."""

    topic = CodeField(Topic.objects.in_use, required=False, allow_null=True, default=None)
    cover = RecordField(pocs, required=False, allow_null=True, default=None)


class AbsencesInput(Input):
    """An absence to enter: with one cover, or with several in `covers`, one per topic."""

    default_error_messages = {"one_way": _("Give either covers, or cover and topic.")}

    poc = RecordField(pocs)
    starts_at = MomentField()
    ends_at = MomentField()
    cover = RecordField(pocs, required=False, allow_null=True)
    topic = CodeField(Topic.objects.in_use, required=False, allow_null=True)
    covers = CoverInput(many=True, required=False, allow_empty=False, max_length=MOST_COVERS)
    reason = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")

    def validate(self, values: dict[str, Any]) -> dict[str, Any]:
        """Turn who covers into what the action takes; a refusal names the field it was given in."""
        several = values.pop("covers", None)
        single = {name: values.pop(name) for name in ("cover", "topic") if name in values}
        if several is not None and single:
            self.fail("one_way")
        if several is None:
            values["covers"] = [Cover(single.get("cover"), single.get("topic"))]
        else:
            values["covers"] = [
                Cover(each["cover"], each["topic"], f"covers.{n}.cover") for n, each in enumerate(several)
            ]
        return values


class AbsenceChangeInput(Input):
    """What changes about an absence."""

    starts_at = MomentField()
    ends_at = MomentField()
    cover = RecordField(pocs, allow_null=True)
    reason = serializers.CharField(max_length=200, allow_blank=True)


class AbsenceFilterSet(django_filters.FilterSet):
    """Narrows absences."""

    poc = IdFilter("poc")
    cover = IdFilter("cover")
    topic = TextFilter("topic__code")
    current = FlagFilter(method="counting_now", help_text="true: those away now; false: who was or will be.")
    ends_after = MomentFilter("ends_at", lookup_expr="gt")
    starts_before = MomentFilter("starts_at", lookup_expr="lt")

    class Meta:
        model = Absence
        fields: list[str] = []

    def counting_now(self, rows: QuerySet[Any], name: str, wanted: bool) -> QuerySet[Any]:
        now = Absence.objects.at(Now()).values("pk")
        return rows.filter(pk__in=now) if wanted else rows.exclude(pk__in=now)


class AbsenceViewSet(RecordViewSet):
    """Who is away: oneself, those one leads and those one covers; for account managers everybody."""

    queryset = Absence.objects.all()
    serializer_class = AbsenceRowSerializer
    filterset_class = AbsenceFilterSet
    orders = {"id": Order("pk", BigAutoField()), "starts_at": Order("starts_at", DateTimeField())}
    ordering = "-starts_at"
    conflicts = frozenset({"overlaps", "begun_already", "ended_already"})
    acts_on = {"partial_update": (Absence, "add"), "end": (Absence, "add")}

    def get_queryset(self) -> Any:
        user = self.request.user
        covering = Q(cover__user=user) | Q(cover__in=teams_of(user))
        return Absence.objects.for_list().filter(Q(poc__in=set_away_by(user).values("pk")) | covering)

    def shown(self, rows: list[Any], *, whole: bool = False) -> list[dict[str, Any]]:
        ids = [row.poc_id for row in rows]
        mine = set(set_away_by(self.request.user).filter(pk__one_of=ids).values_list("pk", flat=True))
        for row in rows:
            row.reason = row.reason if row.poc_id in mine else ""
        return super().shown(rows, whole=whole)

    @extend_schema(request=AbsencesInput, responses={201: AbsenceRowSerializer(many=True)})
    def create(self, request: Request) -> Response:
        """Enter an absence, a row per topic; those who cover are told. All or nothing."""
        values = self.read(AbsencesInput)
        refuse_strangers(request.user, values["poc"])
        made = set_absences(**values, by=self.by, at=self.at)
        return Response(self.shown(made), status=201)

    @extend_schema(request=AbsenceChangeInput)
    def partial_update(self, request: Request, id: int) -> Response:
        """Move it, or let somebody else cover; those who cover are told.

        Another cover while it runs leaves what was as it was: the absence ends now, and the one
        answered with goes on under an id of its own.
        """
        absence = self._own()
        known = {name: getattr(absence, name) for name in ("starts_at", "ends_at", "cover", "reason")}
        values = known | self.read(AbsenceChangeInput, partial=True)
        return self.again(change_absence(absence=absence, **values, by=self.by, at=self.at))

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    def end(self, request: Request, id: int) -> Response:
        """End it now; one that has not begun is withdrawn. Ended already: nothing happens."""
        absence = self._own()
        end_absence(absence=absence, by=self.by, at=self.at)
        return self.again(absence)

    def _own(self) -> Absence:
        absence: Absence = self.get_object()
        refuse_strangers(self.request.user, absence.poc)
        return absence
