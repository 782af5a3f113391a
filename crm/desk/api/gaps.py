"""Who is not really answered for: how many, and which."""

from __future__ import annotations

from typing import Any

from django.http import Http404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from crm.core.rest.fields import CodeField, Input, MomentField
from crm.core.rest.filters import refuse_unknown
from crm.core.rest.views import Door
from crm.desk.gaps.catalogue import GAPS, NAME
from crm.desk.gaps.rows import describe
from crm.desk.gaps.scope import MOST_DAYS, SOON, Scope
from crm.dossiers.models import Dossier, Tier, Topic
from crm.dossiers.rest import RecordSerializer
from crm.poc.models import Assignment
from crm.poc.rest import ReachSerializer

NUMBERS = ("over", "days")


class GapInput(Input):
    """What narrows the gaps."""

    kind = serializers.ChoiceField(Dossier.Kind.choices, required=False, help_text="Of the records concerned.")
    tier = CodeField(Tier.objects.in_use, required=False)
    topic = CodeField(Topic.objects.in_use, required=False)
    over = serializers.IntegerField(
        min_value=0, max_value=1_000_000, required=False,
        help_text="`overloaded`: from more than how many records on. Left out: by what colleagues have.",
    )  # fmt: skip
    days = serializers.IntegerField(
        min_value=0, max_value=MOST_DAYS, required=False,
        help_text=f"`absent`: those who leave within so many days count too; {SOON} where it is left out.",
    )  # fmt: skip


class GapCountSerializer(serializers.Serializer):
    """One kind of gap, and how many there are."""

    code = serializers.ChoiceField(list(GAPS))
    title = serializers.CharField(help_text="In the caller's language.")
    count = serializers.IntegerField()


class GapSerializer(serializers.Serializer):
    """One gap: on a record, or with somebody of ours, or both."""

    id = serializers.IntegerField()
    record = RecordSerializer(allow_null=True)
    poc = ReachSerializer(allow_null=True, help_text="Who is away, gone, alone, or was the last one.")
    topics = serializers.ListField(child=CodeField(Topic.objects.all), help_text="Empty: about everything.")
    records = serializers.IntegerField(source="n", help_text="How many it is about, beside the one named.")
    starts_at = MomentField(allow_null=True)
    ends_at = MomentField(allow_null=True)
    sentence = serializers.CharField(source="says", help_text="What is missing, in the caller's language.")


class GapDoor(Door):
    """What both views share: who may, and what narrows."""

    queryset = Assignment.objects.all()
    action = "gaps"

    def scope(self, *also: str) -> Scope:
        """Read what narrows, as one reads a body; numbers are numbers there too."""
        refuse_unknown(self.request, [*GapInput().fields, *also])
        data: dict[str, Any] = {n: v for n, v in self.request.query_params.items() if n not in also}
        for name in NUMBERS:
            text = data.get(name, "")
            if text.isascii() and text.isdigit() and len(text) < 10:
                data[name] = int(text)
        asked = GapInput(data=data)
        asked.is_valid(raise_exception=True)
        values = dict(asked.validated_data)
        words = {name: values.pop(name).code for name in ("tier", "topic") if name in values}
        return Scope(self.request.user, self.at, **values, **words)


class GapsView(GapDoor, APIView):
    """What is not really answered for, of what the caller may see."""

    @extend_schema(operation_id="gaps", parameters=[GapInput], responses=GapCountSerializer(many=True))
    def get(self, request: Request) -> Response:
        """Count the gaps of every kind."""
        scope = self.scope()
        found = [{"code": g.code, "title": g.title, "count": g.find(scope).count()} for g in GAPS.values()]
        return Response(GapCountSerializer(found, many=True).data)


class GapRowsView(GapDoor, GenericAPIView):
    """What is not really answered for, of what the caller may see."""

    serializer_class = GapSerializer
    filter_backends = ()
    orders = {"name": NAME["name"]}
    ordering = "name"

    @extend_schema(
        operation_id="gaps_of_a_kind",
        parameters=[GapInput, OpenApiParameter("code", OpenApiTypes.STR, OpenApiParameter.PATH, enum=list(GAPS))],
        responses=GapSerializer(many=True),
    )
    def get(self, request: Request, code: str) -> Response:
        """List the gaps of one kind."""
        if code not in GAPS:
            raise Http404
        gap, scope = GAPS[code], self.scope(*self.paginator.parameters)
        self.orders = {"name": gap.orders["name"]}
        found = gap.find(scope)
        rows = describe(code, self.paginate_queryset(found.rows), scope, found.n)
        return self.get_paginated_response(GapSerializer(rows, many=True).data)
