"""Pages without counting: a cursor names the row after which the next page begins."""

from __future__ import annotations

import base64
import binascii
import json
from datetime import UTC
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _
from rest_framework import exceptions
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import remove_query_param, replace_query_param

from crm.core.paging import SIZE, Order, beyond

LARGEST = 200
BAD_CURSOR = _("This cursor cannot be read. Take it from `next` or `previous`, with the same ordering.")
BAD_SIZE = _("The size is a whole number between 1 and 200.")
BAD_ORDER = _("It cannot be sorted by this. Known are: %(names)s")


class KeysetPagination(BasePagination):
    """Pages by `view.orders` (a mapping as for pages), `view.ordering` where the address names none.

    The cursor holds the ordering, the direction and the place of a row; it costs no more on the
    ten-thousandth page than on the first. Rows are model instances, or dicts for `.values()`.
    """

    parameters = ("cursor", "size", "ordering")

    def paginate_queryset(self, queryset: QuerySet[Any], request: Request, view: Any = None) -> list[Any]:
        self.request = request
        self.sort, order = _order(request, view)
        size = _size(request)
        place = _read(request.query_params["cursor"], self.sort, order) if "cursor" in request.query_params else None
        backward = place is not None and place[0] == "before"
        down = self.sort.startswith("-") != backward
        rows = queryset.annotate(page_key=order.expression())
        if place is not None:
            rows = beyond(rows, order, place[1:], down=down)
        minus = "-" if down else ""
        found = list(rows.order_by(f"{minus}page_key", f"{minus}pk")[: size + 1])
        more, found = len(found) > size, found[:size]
        if backward:
            found.reverse()
        self.has_next = bool(found) and (backward or more)
        self.has_previous = bool(found) and (more if backward else place is not None)
        self.edges = (_place(found[0]), _place(found[-1])) if found else None
        return found

    def get_paginated_response(self, data: Any) -> Response:
        return Response({"next": self._link("after", 1), "previous": self._link("before", 0), "results": data})

    def _link(self, side: str, edge: int) -> str | None:
        if not (self.has_next if side == "after" else self.has_previous) or self.edges is None:
            return None
        address = remove_query_param(self.request.build_absolute_uri(), "cursor")
        return replace_query_param(address, "cursor", cursor(self.sort, side, *self.edges[edge]))

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        link = {"type": "string", "format": "uri", "nullable": True}
        return {
            "type": "object",
            "required": ["next", "previous", "results"],
            "properties": {"next": link, "previous": link, "results": schema},
        }

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        orders = [sign + name for name in view.orders for sign in ("", "-")]
        size = {"type": "integer", "minimum": 1, "maximum": LARGEST, "default": SIZE}
        return [
            _parameter("cursor", {"type": "string"}, "The page's place, from `next` or `previous`."),
            _parameter("size", size, "Rows on a page."),
            _parameter(
                "ordering", {"type": "string", "enum": orders, "default": view.ordering}, "Sorted by; minus: down."
            ),
        ]


def _parameter(name: str, schema: dict[str, Any], description: str) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": False, "description": description, "schema": schema}


def _refuse(field: str, message: Any) -> exceptions.ValidationError:
    return exceptions.ValidationError({field: exceptions.ErrorDetail(message, "invalid")})


def _order(request: Request, view: Any) -> tuple[str, Order]:
    sort = request.query_params.get("ordering") or view.ordering
    if sort.removeprefix("-") not in view.orders:
        raise _refuse("ordering", BAD_ORDER % {"names": ", ".join(view.orders)})
    return sort, view.orders[sort.removeprefix("-")]


def _size(request: Request) -> int:
    text = request.query_params.get("size") or str(SIZE)
    if not (text.isascii() and text.isdigit() and len(text) <= 4 and 1 <= int(text) <= LARGEST):
        raise _refuse("size", BAD_SIZE)
    return int(text)


def _place(row: Any) -> tuple[Any, int]:
    """The sorted-by value and the key of a row."""
    return (row["page_key"], row["pk"]) if isinstance(row, dict) else (row.page_key, row.pk)


def cursor(sort: str, side: str, value: Any, pk: int) -> str:
    """Return the cursor of the page `after` or `before` a row with this sorted-by value and key."""
    value = value.isoformat() if hasattr(value, "isoformat") else value
    return base64.urlsafe_b64encode(json.dumps([sort, side, value, pk]).encode()).decode().rstrip("=")


def _read(text: str, sort: str, order: Order) -> tuple[str, Any, int]:
    """Read the place a cursor names.

    :raises ValidationError: it was made up, or belongs to another ordering.
    """
    try:
        named, side, value, pk = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        if order.output_field.get_internal_type() == "DateTimeField":
            value = parse_datetime(value).astimezone(UTC)
        value, pk = order.output_field.to_python(value), int(pk)
    except (binascii.Error, ValueError, TypeError, AttributeError, OverflowError, RecursionError, ValidationError):
        raise _refuse("cursor", BAD_CURSOR) from None
    if named != sort or side not in ("after", "before") or not (_storable(value) and _storable(pk)):
        raise _refuse("cursor", BAD_CURSOR)
    return side, value, pk


def _storable(value: Any) -> bool:
    """False for what a database cannot even compare."""
    if isinstance(value, str):
        return "\0" not in value and not any("\ud800" <= c <= "\udfff" for c in value)
    if isinstance(value, int):
        return abs(value) < 2**63
    return value is not None
