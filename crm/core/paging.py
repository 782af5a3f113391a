"""Lists without counting: the next page begins after the last row of this one, however far down it is."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import DateTimeField, F, Field, Model, QuerySet, Value
from django.db.models.expressions import Combinable
from django.http import QueryDict
from django.utils.dateparse import parse_datetime

from crm.core.query import Row, RowComparison

SIZE = 50
LONG_AGO = Value(datetime(1970, 1, 1, tzinfo=UTC), output_field=DateTimeField())  # sorts what never happened
FAR_AWAY = date(9999, 12, 31)  # sorts what has no end


@dataclass(frozen=True, slots=True)
class Order:
    """One way to sort a list: by an expression that is never null, its output field, ties broken by the key."""

    by: Combinable | str
    output_field: Field[Any, Any]

    def expression(self) -> Combinable:
        return F(self.by) if isinstance(self.by, str) else self.by


@dataclass(frozen=True, slots=True)
class Page:
    """The rows of one page, and the addresses of its neighbours ("" where there is none)."""

    rows: list[Any]
    newer_query: str = ""
    older_query: str = ""

    def __iter__(self) -> Any:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)


def page(rows: QuerySet[Any], *, orders: Mapping[str, Order], sort: str, query: QueryDict, size: int = SIZE) -> Page:
    """Read one page of `rows`, sorted by `sort` (a key of `orders`, with a minus the other way round). One query.

    The place comes from `after` or `before` in the address; one that cannot be read is the beginning.
    """
    order = orders[sort.removeprefix("-")]
    down = sort.startswith("-")
    backward = "before" in query and "after" not in query
    here = _read(query.get("before" if backward else "after", ""), order)
    backward = backward and here is not None
    rows = rows.annotate(page_key=order.expression())
    if here:
        rows = beyond(rows, order, here, down=down != backward)
    minus = "-" if down != backward else ""
    found = list(rows.order_by(f"{minus}page_key", f"{minus}pk")[: size + 1])
    more, found = len(found) > size, found[:size]
    if backward:
        found.reverse()
    return _with_neighbours(found, query, more=more, placed=here is not None, backward=backward)


def _with_neighbours(found: list[Any], query: QueryDict, *, more: bool, placed: bool, backward: bool) -> Page:
    newer = more if backward else placed
    older = placed if backward else more
    return Page(
        found,
        newer_query=_address(query, "before", found[0]) if newer and found else "",
        older_query=_address(query, "after", found[-1]) if older and found else "",
    )


def _address(query: QueryDict, key: str, row: Model) -> str:
    query = query.copy()
    for old in ("after", "before"):
        query.pop(old, None)
    query[key] = place(row.page_key, row.pk)  # type: ignore[attr-defined]
    return query.urlencode()


def place(value: Any, pk: int) -> str:
    """Return what `after` and `before` in an address say: the sorted-by value and the key of a row."""
    value = value.isoformat() if isinstance(value, date) else value
    return base64.urlsafe_b64encode(json.dumps([value, pk]).encode()).decode().rstrip("=")


def _read(text: str, order: Order) -> tuple[Any, int] | None:
    """Return the place an address names, or None for one that was made up."""
    try:
        value, pk = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        if order.output_field.get_internal_type() == "DateTimeField":
            value = parse_datetime(value)  # keeps the zone; to_python warns without one
        place = order.output_field.to_python(value), int(pk)
    except (binascii.Error, ValueError, TypeError, AttributeError, OverflowError, RecursionError, ValidationError):
        return None
    return place if _storable(place[0]) and _storable(place[1]) else None


def _storable(value: Any) -> bool:
    """False for what a database cannot even compare: no text holds a NUL, no number passes 63 bits."""
    if isinstance(value, str):
        return "\0" not in value
    return value is not None and (not isinstance(value, int) or abs(value) < 2**63)


def beyond(rows: QuerySet[Any], order: Order, here: tuple[Any, int], *, down: bool) -> QuerySet[Any]:
    """Narrow rows with their `page_key` to those after a place, in the direction given.

    The comparison of the key alone says nothing new: where key and pk are of two tables, it is the
    one that an index can begin at.
    """
    key, pk = Value(here[0], output_field=order.output_field), Value(here[1])
    rows = rows.filter(**{"page_key__lte" if down else "page_key__gte": key})
    return rows.filter(RowComparison(Row(F("page_key"), F("pk")), "<" if down else ">", Row(key, pk)))
