"""Write what a profile yields: in chunks, each in a transaction of its own, so that a second start goes on."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby, islice
from pathlib import Path
from types import ModuleType
from typing import Any

from django.core.exceptions import ValidationError
from django.db import DataError, IntegrityError, transaction
from django.utils.translation import gettext as _

from crm.core.actor import Actor
from crm.core.refusals import Refused
from crm.desk.imports import accounts, contacts, people, projects, touches
from crm.desk.imports.report import Report, Result, Verdict
from crm.desk.imports.rows import (
    AccountRow,
    ContactRow,
    InteractionRow,
    PersonRow,
    ProjectRow,
    RefusedRow,
    Row,
    TeamRow,
)
from crm.desk.imports.target import Target

CHUNK = 500  # rows written in one transaction
FOLDER = Path(__file__).resolve().parent.parent / "profiles"


class UnknownProfile(ValidationError):
    """There is no profile of this name."""


def profile(name: str) -> ModuleType:
    """Return the profile called `name`.

    :raises UnknownProfile: there is none; the sentence names those there are.
    """
    there = sorted(path.stem for path in FOLDER.glob("*.py") if path.stem != "__init__")
    if name not in there:
        values = {"name": name, "there": ", ".join(there)}
        raise UnknownProfile(_("There is no profile called %(name)s. There are: %(there)s.") % values)
    return importlib.import_module(f"crm.desk.profiles.{name}")


def write(rows: Iterable[Row], *, source: str, by: Actor, report: Report, advance: Callable[[int], Any]) -> None:
    """Write rows through the actions and add a verdict for each to `report`.

    A row that cannot be written is refused and holds nothing up. `advance` is told how many
    rows are through. What was written stays when the process ends midway.
    """
    for kind, chunk in _chunks(rows):
        report.add(_written(kind, chunk, Target.of(source, by)))
        advance(len(chunk))


def _chunks(rows: Iterable[Row]) -> Iterator[tuple[type[Row], list[Row]]]:
    """Cut rows where their kind or level changes, and into pieces that fit a transaction."""
    for (kind, _level), alike in groupby(rows, key=lambda row: (type(row), getattr(row, "level", 0))):
        while chunk := list(islice(alike, CHUNK)):
            yield kind, chunk


def _written(kind: type[Row], chunk: Sequence[Any], target: Target) -> Iterable[Verdict]:
    """Write a chunk at once; where something in it is refused, one row at a time."""
    if kind is RefusedRow:
        return [Verdict(row.origin, row.record, Result.REFUSED, row.reason) for row in chunk]
    try:
        with transaction.atomic():
            return _writer(kind)(chunk, target)
    except (Refused, DataError, IntegrityError) as error:
        if len(chunk) == 1:
            return [Verdict(chunk[0].origin, _record(kind), Result.REFUSED, _sentence(error))]
    return [verdict for row in chunk for verdict in _written(kind, [row], target)]


def _writer(kind: type[Row]) -> Callable[[Sequence[Any], Target], list[Verdict]]:
    writers: dict[type[Row], Callable[[Sequence[Any], Target], list[Verdict]]] = {
        PersonRow: people.write_people,
        TeamRow: people.write_teams,
        AccountRow: accounts.write,
        ContactRow: contacts.write,
        InteractionRow: touches.write,
        ProjectRow: projects.write,
    }
    return writers[kind]


def _record(kind: type[Row]) -> str:
    names = {
        PersonRow: _("person"), TeamRow: _("team"), AccountRow: _("account"), ContactRow: _("contact"),
        InteractionRow: _("interaction"), ProjectRow: _("project"),
    }  # fmt: skip
    return names[kind]


def _sentence(error: Exception) -> str:
    if isinstance(error, Refused):
        return " ".join(error.messages)
    return _("The database does not take it: %(error)s") % {"error": str(error).splitlines()[0]}
