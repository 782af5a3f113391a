"""Contacts."""

from __future__ import annotations

from typing import Any

from django.db.models import BigAutoField, CharField, DateTimeField
from django.db.models.functions import Coalesce
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from contacts.actions import change_contact, open_contact
from contacts.api.filters import ContactFilterSet
from contacts.api.serializers import ContactInput, ContactSerializer, EmployerInput
from contacts.models import Contact
from crm.core.paging import LONG_AGO, Order
from crm.core.rest.views import RecordViewSet
from crm.handovers.rest import Archivable
from crm.poc.rest import AnsweredFor
from interactions.employers import change_employer


class ContactViewSet(Archivable, AnsweredFor, RecordViewSet):
    """People outside, usually at an account."""

    queryset = Contact.objects.all()
    serializer_class = ContactSerializer
    filterset_class = ContactFilterSet
    orders = {
        "name": Order("dossier__title_key", CharField()),
        "id": Order("pk", BigAutoField()),
        "last_touch_at": Order(Coalesce("last_touch_at", LONG_AGO), DateTimeField()),
    }
    ordering = "name"
    conflicts = Archivable.conflicts | {"same_employer"}

    def get_queryset(self) -> Any:
        return Contact.objects.visible_to(self.request.user).for_list().select_related("preferred_channel")

    @extend_schema(request=ContactInput, responses={201: ContactSerializer})
    def create(self, request: Request) -> Response:
        """Open a contact."""
        contact = open_contact(**self.read(ContactInput), by=self.by, at=self.at)
        return self.created(contact, Contact.objects.for_list().select_related("preferred_channel"))

    @extend_schema(request=ContactInput)
    def partial_update(self, request: Request, id: int) -> Response:
        """Change what is given; the rest stays. What happened stays with the account it happened at."""
        contact = self.get_object()
        stays = {"name": contact.name, "tier": contact.dossier.tier, "account": contact.account}
        change_contact(contact=contact, **(stays | self.read(ContactInput, partial=True)), by=self.by, at=self.at)
        return self.again(contact)

    @extend_schema(request=EmployerInput)
    @action(detail=True, methods=["post"])
    def employer(self, request: Request, id: int) -> Response:
        """Let them be at another account: history stays with the old one, what is to come goes with them."""
        moved = change_employer(contact=self.get_object(), **self.read(EmployerInput), by=self.by, at=self.at)
        return self.again(moved, Contact.objects.for_list().select_related("preferred_channel"))
