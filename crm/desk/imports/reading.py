"""Read tables nobody promised anything about: what is wrong with a line is said of that line alone."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TypeVar

from django.core.exceptions import ValidationError
from django.utils.text import get_text_list
from django.utils.translation import gettext as _

from crm.desk.imports.rows import BadRow, Origin, RefusedRow

T = TypeVar("T")
BOM = b"\xef\xbb\xbf"
YEARS = range(1900, 2101)
DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


class InputMissing(ValidationError):
    """Files or columns are missing: nothing was read. One plain sentence names them."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a table. With a `problem` it has no values."""

    file: str
    number: int
    values: Mapping[str, str] = field(default_factory=dict)
    problem: str = ""


def require(folder: Path, tables: Mapping[str, Sequence[str]]) -> None:
    """Check that every file is there with its columns.

    :raises InputMissing: one is not; the sentence names all that are missing.
    """
    if not folder.is_dir():
        raise InputMissing(_("There is no folder %(folder)s.") % {"folder": folder})
    missing = [name for name in tables if not (folder / name).is_file()]
    if missing:
        values = {"folder": folder, "files": get_text_list(missing, _("and"))}
        raise InputMissing(_("The folder %(folder)s lacks %(files)s.") % values)
    lacking = []
    for name, columns in tables.items():
        there = _header(folder / name)
        absent = [column for column in columns if column not in there]
        if absent:
            values = {"file": name, "columns": get_text_list(absent, _("and"))}
            lacking.append(_("%(file)s lacks %(columns)s") % values)
    if lacking:
        raise InputMissing(_("Columns are missing: %(what)s.") % {"what": "; ".join(lacking)})


def table(path: Path) -> Iterator[Line]:
    """Yield the lines below the header, empty ones left out. One row a line: a stray quote spoils its line only.

    UTF-8, with or without a byte order mark; any line ends; values without spaces around them.
    """
    columns = _header(path)
    for number, raw in enumerate(_lines(path), 1):
        if number > 1 and raw.strip():
            yield _line(path.name, number, raw, columns)


def _lines(path: Path) -> list[bytes]:
    return path.read_bytes().removeprefix(BOM).replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")


def _header(path: Path) -> list[str]:
    first = _lines(path)[0].decode("utf-8", errors="replace")
    return [name.strip() for name in next(csv.reader([first]), [])]


def _line(file: str, number: int, raw: bytes, columns: Sequence[str]) -> Line:
    try:
        values = next(csv.reader([raw.decode("utf-8")], strict=True))
    except UnicodeDecodeError:
        return Line(file, number, problem=_("The line is not in UTF-8."))
    except csv.Error:
        return Line(file, number, problem=_("The quotes in the line do not match."))
    if len(values) != len(columns):
        counts = {"there": len(values), "columns": len(columns)}
        return Line(file, number, problem=_("The line has %(there)d values for %(columns)d columns.") % counts)
    if "\0" in raw.decode("utf-8"):
        return Line(file, number, problem=_("The line holds characters that are no text."))
    return Line(file, number, {name: " ".join(v.split()) for name, v in zip(columns, values, strict=True)})


def sheet(path: Path, *, key: str, record: str, parse: Callable[[Line], T]) -> tuple[dict[str, T], list[RefusedRow]]:
    """Read a table whose column `key` names its rows; return what `parse` makes of them, and what it refused.

    `parse` raises BadRow. A key that appears again is refused: its first line counts.
    """
    items: dict[str, T] = {}
    first: dict[str, int] = {}
    refused = []
    for line in table(path):
        name = line.values.get(key, "")
        try:
            _refuse_unnamed(line, key, name, first)
            first[name] = line.number
            items[name] = parse(line)
        except BadRow as error:
            origin = Origin(file=line.file, line=line.number, key=name)
            refused.append(RefusedRow(origin=origin, record=record, reason=error.messages[0]))
    return items, refused


def _refuse_unnamed(line: Line, key: str, name: str, first: Mapping[str, int]) -> None:
    if line.problem:
        raise BadRow(line.problem)
    if not name:
        raise BadRow(_("The column %(column)s is empty.") % {"column": key})
    if name in first:
        raise BadRow(_("%(name)s stands in line %(line)d already.") % {"name": name, "line": first[name]})


def origin_of(line: Line, key: str, *notes: str) -> Origin:
    """Return where a row comes from; empty notes are left out."""
    return Origin(file=line.file, line=line.number, key=key, notes=tuple(note for note in notes if note))


def read_as(written: str, read: str) -> str:
    """Say that something was read otherwise than it is written."""
    return _("written %(written)s, read as %(read)s") % {"written": written, "read": read}


def refuse_unknown(file: str, name: str, known: Collection[str]) -> None:
    """:raises BadRow: `name` does not stand in `file`."""
    if name not in known:
        raise BadRow(_("%(name)s does not stand in %(file)s.") % {"name": name or "–", "file": file})


def day_of(values: Mapping[str, str], column: str, today: date) -> date | None:
    """Return the day written in a column as 2026-03-04; None where it is empty.

    :raises BadRow: it is no date, or still to come.
    """
    written = values[column]
    if not written:
        return None
    try:
        day = date.fromisoformat(written) if DAY.fullmatch(written) else None
    except ValueError:
        day = None
    if day is None or day.year not in YEARS:
        raise BadRow(_("%(value)s in %(column)s is no date.") % {"value": written, "column": column})
    if day > today:
        raise BadRow(_("%(day)s is still to come.") % {"day": day})
    return day
