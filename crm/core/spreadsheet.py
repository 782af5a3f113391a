"""Rows as a CSV file, streamed: as long as it needs to be, and harmless where it is opened."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from datetime import tzinfo
from typing import Any

from django.http import StreamingHttpResponse
from django.utils import timezone, translation

ODD = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet would take for a formula
MARK = "\ufeff"  # tells a spreadsheet that it is UTF-8


class _Line:
    """What csv writes to: hands each line on at once."""

    def write(self, line: str) -> str:
        return line


def download(rows: Iterable[Iterable[Any]], name: str) -> StreamingHttpResponse:
    """Answer with a file of this name, one line of it after the other, in the reader's language and zone.

    The request has ended when a file is sent, so each row is read in what is active now.
    """
    read = _read_in(iter(rows), translation.get_language(), timezone.get_current_timezone())
    response = StreamingHttpResponse(_lines(read), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _read_in(rows: Iterator[Iterable[Any]], language: str | None, zone: tzinfo) -> Iterator[Iterable[Any]]:
    while True:
        with translation.override(language), timezone.override(zone):
            row = next(rows, None)
        if row is None:
            return
        yield row


def _lines(rows: Iterable[Iterable[Any]]) -> Iterator[str]:
    writer = csv.writer(_Line())
    yield MARK
    for row in rows:
        yield writer.writerow(["" if value is None else _harmless(str(value)) for value in row])


def _harmless(text: str) -> str:
    """Keep a spreadsheet from running what somebody typed."""
    return f"'{text}" if text.startswith(ODD) else text
