"""Handovers: offered, and decided by those concerned."""

from __future__ import annotations

from typing import Any

import django_filters
from django.db.models import BigAutoField, DateTimeField
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from crm.core.paging import Order
from crm.core.rest.filters import FlagFilter, IdFilter
from crm.core.rest.views import RecordViewSet
from crm.handovers import handing_over
from crm.handovers.api.handover_serializers import DeclineInput, HandoverSerializer, OfferInput, WithdrawInput
from crm.handovers.models import Handover


class HandoverFilterSet(django_filters.FilterSet):
    """Narrows handovers."""

    record = IdFilter("dossier", help_text="An account, contact or project.")
    giver = IdFilter("giver")
    receiver = IdFilter("receiver")
    state = django_filters.ChoiceFilter(choices=Handover.State.choices)
    open = FlagFilter("decided_at", lookup_expr="isnull", help_text="true: not decided yet.")

    class Meta:
        model = Handover
        fields: list[str] = []


class HandoverViewSet(RecordViewSet):
    """Handovers of the records one may see, and those one is party to."""

    queryset = Handover.objects.all()
    serializer_class = HandoverSerializer
    filterset_class = HandoverFilterSet
    orders = {"opened_at": Order("opened_at", DateTimeField()), "id": Order("pk", BigAutoField())}
    ordering = "-opened_at"
    conflicts = frozenset({"offered_already", "decided_already", "not_offered"})
    acts_on = dict.fromkeys(("accept", "decline", "withdraw"), (Handover, "view"))  # the acts know whom it concerns

    def get_queryset(self) -> Any:
        return Handover.objects.visible_to(self.request.user).for_list().prefetch_related("topics")

    @extend_schema(request=OfferInput, responses={201: HandoverSerializer})
    def create(self, request: Request) -> Response:
        """Offer somebody what another answers for. They are told, and owe an answer; until then nothing changes."""
        made = handing_over.offer(**self.read(OfferInput), by=self.by, at=self.at)
        return self.created(made, Handover.objects.for_list().prefetch_related("topics"))

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    def accept(self, request: Request, id: int) -> Response:
        """Take over, for the receiver's side: they answer from now on. Done already: nothing happens."""
        return self._acted(handing_over.accept(handover=self.get_object(), by=self.by, at=self.at))

    @extend_schema(request=DeclineInput)
    @action(detail=True, methods=["post"])
    def decline(self, request: Request, id: int) -> Response:
        """Say no, for the receiver's side, and why. Done already: nothing happens."""
        values = self.read(DeclineInput)
        return self._acted(handing_over.decline(handover=self.get_object(), **values, by=self.by, at=self.at))

    @extend_schema(request=WithdrawInput)
    @action(detail=True, methods=["post"])
    def withdraw(self, request: Request, id: int) -> Response:
        """Take an offer or a proposal back, for the giver's side. Done already: nothing happens."""
        values = self.read(WithdrawInput)
        return self._acted(handing_over.withdraw(handover=self.get_object(), **values, by=self.by, at=self.at))

    def _acted(self, handover: Handover) -> Response:
        """Show it as it is now, also to a receiver who could see it for the offer's sake alone."""
        return self.again(handover, Handover.objects.for_list().prefetch_related("topics"))
