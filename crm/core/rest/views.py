"""What the API's view sets share: who asks and when, reading input, showing rows."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from django.db.models import Model, QuerySet
from django.http import Http404
from django.urls import reverse
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework.viewsets import GenericViewSet

from crm.core import clock
from crm.core.actor import Actor, Source
from crm.core.paging import Order
from crm.core.rest.fields import BIGGEST_ID
from crm.core.rest.problems import LengthRequired, NoSuchAddress


class Door:
    """Who asks, and when; for a view or a view set.

    `conflicts` names the codes of refusals that are in conflict with what is there (409);
    `field_names` what a refusal's field is called here, where that differs; `acts_on` the model
    and the permission an act asks for, where they are not the view's own.
    """

    request: Request
    conflicts: ClassVar[frozenset[str]] = frozenset()
    field_names: ClassVar[dict[str, str]] = {}
    acts_on: ClassVar[dict[str, tuple[type[Model], str]]] = {}
    queryset: Any = None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)  # type: ignore[misc]
        if request.headers.get("Transfer-Encoding"):
            raise LengthRequired  # Django would read such a body as none

    @property
    def by(self) -> Actor:
        token = self.request.auth
        return Actor(self.request.user, Source.API, token.pk if token else None)

    @property
    def at(self) -> datetime:
        return clock.of(self.request)

    def read(self, serializer_class: type[serializers.Serializer], *, partial: bool = False) -> dict[str, Any]:
        """Return what the client sent, checked.

        :raises ValidationError: some of it is wrong.
        """
        serializer = serializer_class(data=self.request.data, partial=partial, context={"request": self.request})
        serializer.is_valid(raise_exception=True)
        return serializer.validated_data  # type: ignore[no-any-return]


class RecordViewSet(Door, GenericViewSet):
    """Rows in keyset pages and one by one. Each offers only the acts it defines; nothing is ever deleted.

    `get_queryset` narrows to what the caller may see, `shown` gives rows as the API does.
    """

    lookup_url_kwarg = "id"
    lookup_value_converter = "int"
    orders: ClassVar[dict[str, Order]] = {}
    ordering = ""

    def shown(self, rows: list[Any], *, whole: bool = False) -> list[dict[str, Any]]:
        """Give rows as the API does; `whole`: with what only the detail has."""
        return self.get_serializer(rows, many=True).data  # type: ignore[no-any-return]

    def get_object(self) -> Any:
        """Return the row named in the address, or 404: for a stranger's too."""
        pk = self.kwargs["id"]
        row = self.get_queryset().filter(pk=pk).first() if pk <= BIGGEST_ID else None
        if row is None:
            raise Http404
        return row

    def list(self, request: Request) -> Response:
        rows = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response(self.shown(rows))

    def retrieve(self, request: Request, id: int) -> Response:
        return self.answer(self.get_object())

    def answer(self, row: Model, *, status: int = status.HTTP_200_OK) -> Response:
        """Show one row whole."""
        return Response(self.shown([row], whole=True)[0], status=status)

    def again(self, row: Model, rows: QuerySet[Any] | None = None) -> Response:
        """Show one row as it stands now, after an act."""
        return self.answer((self.get_queryset() if rows is None else rows).get(pk=row.pk))

    def created(self, row: Model, rows: QuerySet[Any] | None = None) -> Response:
        """Show a row that was just made, and where it is found."""
        response = self.again(row, rows)
        response.status_code = status.HTTP_201_CREATED
        response["Location"] = self.address(row)
        return response

    def address(self, row: Model) -> str:
        """Where a row is found."""
        return self.request.build_absolute_uri(reverse(f"api:{self.basename}-detail", args=[row.pk]))


class NothingHere(APIView):
    """Every address below the API that is none of its own."""

    permission_classes = ()
    authentication_classes = ()
    throttle_classes = ()
    schema = None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        raise NoSuchAddress
