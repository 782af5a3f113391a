"""A list of gaps as the rows of a file, however long it is."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from crm.desk.gaps.catalogue import Gap
from crm.desk.gaps.rows import Row, describe
from crm.desk.gaps.scope import Scope

CHUNK = 1000


def lines(gap: Gap, scope: Scope) -> Iterator[list[Any]]:
    """Yield a head and the same rows as the page. One query for all of them, and a few for each thousand."""
    found = gap.find(scope)
    down = gap.ordering.startswith("-")
    key = gap.orders[gap.ordering.removeprefix("-")].by
    rows = found.rows.order_by(f"{'-' if down else ''}{key}", "-pk" if down else "pk").iterator(chunk_size=CHUNK)
    yield _heads()
    while chunk := list(islice(rows, CHUNK)):
        yield from (_cells(row) for row in describe(gap.code, chunk, scope, found.n))


def _heads() -> list[Any]:
    return [
        _("Id"), _("Kind"), _("Record"), _("Account"), _("Who"), _("About"), _("What is missing"), _("Records"),
        _("From"), _("Until"),
    ]  # fmt: skip


def _cells(row: Row) -> list[Any]:
    record = row.record
    home = record.home if record is not None and record.home_id != record.pk else None
    return [
        record.pk if record else row.poc.pk if row.poc else "",
        record.get_kind_display() if record else row.poc.get_kind_display() if row.poc else "",
        record.title if record else "",
        home.title if home else "",
        row.poc.name if row.poc else "",
        ", ".join(topic.label for topic in row.topics),
        row.says,
        row.n or "",
        _moment(row.starts_at),
        _moment(row.ends_at),
    ]


def _moment(at: Any) -> str:
    return timezone.localtime(at).isoformat(timespec="minutes") if at else ""
