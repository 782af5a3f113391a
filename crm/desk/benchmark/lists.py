"""Every list, as page and in the API: its first page, and one far down; here, and in a database a tenth as large."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.db.models import CharField, DateTimeField, QuerySet
from django.urls import URLPattern, URLResolver, get_resolver

from accounts.models import Account
from contacts.models import Contact
from crm.core import paging
from crm.core.paging import SIZE, Order
from crm.core.rest import paging as rest_paging
from crm.core.rest.views import RecordViewSet
from crm.desk.benchmark import load
from crm.desk.benchmark.door import Reader
from crm.desk.benchmark.elsewhere import Elsewhere
from crm.desk.benchmark.firm import ALL, BigFirm
from crm.desk.benchmark.measure import Budget, Case, Work, raw
from crm.dossiers import timeline
from crm.poc import directory
from crm.poc.models import PointOfContact
from interactions.models import Interaction
from projects.models import Project

FAR = 10_000 * SIZE  # rows before the far page; of a shorter list it is the last page
BY_NAME = Order("dossier__title_key", CharField())
TIMELINE = """
    SELECT * FROM dossiers_eventdossier WHERE dossier_id = %s ORDER BY happened_at DESC, event_id DESC LIMIT 51"""
ROUGHLY = 1.5  # times another page's time is "the same": what is measured is never quite the same twice


@dataclass(frozen=True, slots=True)
class Listed:
    """One list: where it is, its rows as plainly as they can be read, and how it is sorted."""

    address: str
    rows: QuerySet[Any]
    order: Order
    sort: str
    in_api: bool = False

    @property
    def is_down(self) -> bool:
        return self.sort.startswith("-")

    def sorted(self) -> QuerySet[Any]:
        minus = "-" if self.is_down else ""
        rows: QuerySet[Any] = self.rows.annotate(page_key=self.order.expression())
        return rows.order_by(f"{minus}page_key", f"{minus}pk")

    def far_address(self) -> str:
        """Return the address of the page far down, as the links from page to page would lead there."""
        last = max(self.rows.count() - SIZE - 1, 0)
        place = self.sorted().values_list("page_key", "pk")[min(FAR, last) :].first()
        if place is None:
            return self.address  # an empty list has no other page
        key, pk = place
        if self.in_api:
            return f"{self.address}?{urlencode({'cursor': rest_paging.cursor(self.sort, 'after', key, pk)})}"
        return f"{self.address}?{urlencode({'after': paging.place(key, pk)})}"


def pages() -> list[Listed]:
    return [
        Listed("/accounts/", Account.objects.current().by_title(), BY_NAME, "name"),
        Listed("/contacts/", Contact.objects.current().by_title(), BY_NAME, "name"),
        Listed("/projects/", Project.objects.running().by_title(), BY_NAME, "name"),
        Listed("/interactions/", Interaction.objects.current(), Order("occurred_at", DateTimeField()), "-when"),
        Listed(
            "/interactions/to-sort/",
            Interaction.objects.current().to_sort(),
            Order("occurred_at", DateTimeField()),
            "-when",
        ),
        Listed("/pocs/", PointOfContact.objects.active(), directory.ORDERS["name"], "name"),
    ]


def endpoints() -> Iterator[Listed]:
    """Every list of the API, as its addresses tell."""
    for address, view in _views(get_resolver().url_patterns):
        shown = getattr(view, "cls", None)
        if isinstance(shown, type) and issubclass(shown, RecordViewSet) and view.actions.get("get") == "list":
            order = shown.orders[shown.ordering.removeprefix("-")]
            rows = shown.queryset.all()
            rows = rows.by_title() if hasattr(rows, "by_title") else rows
            yield Listed(address, rows, order, shown.ordering, in_api=True)


def _views(patterns: Iterable[Any], before: str = "/") -> Iterator[tuple[str, Any]]:
    for pattern in patterns:
        address = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _views(pattern.url_patterns, address)
        elif isinstance(pattern, URLPattern) and "<" not in address:
            yield address, pattern.callback


def cases(firm: BigFirm, tenth: str = "") -> Generator[Case]:
    """Measure each list's first page and its far one; the first against the one of the database `tenth`, in turn."""
    reader, elsewhere = Reader(firm, ALL), Elsewhere(tenth) if tenth else None
    if elsewhere is None:
        yield from _cases(firm, reader, lambda _address, _in_api: None)
        return
    elsewhere.begin()
    try:
        with elsewhere.within():
            smaller = Reader(load.loaded(), ALL)

        def there(address: str, in_api: bool) -> Work:
            return elsewhere.work(smaller.listed(address) if in_api else smaller.page(address))

        yield from _cases(firm, reader, there)
    finally:
        elsewhere.end()


def _cases(firm: BigFirm, reader: Reader, there: Callable[[str, bool], Work | None]) -> Generator[Case]:
    for listed in (*pages(), *endpoints()):
        opened, plain = reader.listed if listed.in_api else reader.page, _plain(listed)
        first = opened(listed.address)
        yield _first(f"lists: {listed.address} first", first, plain, there(listed.address, listed.in_api))
        yield _far(f"lists: {listed.address} far", opened(listed.far_address()), plain, first)
    busy = firm.account(0)  # what happened to it is a list too
    deep = timeline.page(busy, homes=None, size=max(firm.n_busy - 2 * SIZE, 1)).older
    address = f"/accounts/{busy}/"
    plain, first = raw(TIMELINE, [busy]), reader.page(address)
    yield _first("lists: the timeline of a record first", first, plain, there(address, False))
    far = reader.page(f"{address}?{urlencode({'older': deep})}")
    yield _far("lists: the timeline of a record far", far, plain, first)


def _first(name: str, first: Work, plain: Work, tenth: Work | None) -> Case:
    if tenth is None:
        return Case(name, first, plain)
    return Case(name, first, plain, Budget(of_other=ROUGHLY, other="a tenth of the rows"), other=tenth)


def _far(name: str, far: Work, plain: Work, first: Work) -> Case:
    return Case(name, far, plain, Budget(of_other=ROUGHLY, other="the first page"), other=first)


def _plain(listed: Listed) -> Work:
    """The rows of the first page's own table, as the ORM asks for them, fetched through psycopg alone."""
    sql, params = listed.sorted()[: SIZE + 1].query.sql_with_params()
    return raw(sql, params)
