"""Where rows are written to, and what all kinds of them share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from django.db import models
from django.utils.translation import gettext as _

from accounts.models import Account
from crm.core.actor import Actor
from crm.core.clock import now
from crm.core.working_time import combine
from crm.desk.imports.report import Result, Verdict
from crm.desk.imports.rows import BadRow, Origin
from crm.desk.merging import survivors
from crm.dossiers.models import Dossier, Firm, Topic
from crm.handovers.actions import Change, assign_many
from crm.poc.models import Assignment, PointOfContact

M = TypeVar("M", bound=models.Model)
MORNING = time(9)  # when things happened of which only the day is known


@dataclass(frozen=True, slots=True)
class Target:
    """What one chunk is written with: the input's name, who imports, when, and the house's zone."""

    source: str
    by: Actor
    at: datetime
    zone: str

    @classmethod
    def of(cls, source: str, by: Actor) -> Target:
        zone = Firm.objects.values_list("zone", flat=True).first()
        return cls(source=source, by=by, at=now(), zone=zone or "UTC")

    @property
    def reason(self) -> str:
        """The reason of assignments that the import made; others are left alone."""
        return _("Import: %(source)s") % {"source": self.source}

    def moment(self, day: date, clock: time = MORNING) -> datetime:
        """Return `clock` on `day` in the house's zone; today not later than now.

        :raises BadRow: the day is still to come.
        """
        if day > self.today:
            raise BadRow(_("%(day)s is still to come.") % {"day": day})
        return min(combine(self.zone, day, clock), self.at)

    @property
    def today(self) -> date:
        """The day it is in the house's zone."""
        return self.at.astimezone(ZoneInfo(self.zone)).date()

    def known(self, rows: models.QuerySet[M], external_ids: Iterable[str]) -> dict[str, M]:
        """Return what was imported before, by its external id. One query."""
        found = rows.filter(source=self.source, external_id__in=set(external_ids) - {""})
        return {row.external_id: row for row in found}  # type: ignore[attr-defined]

    def accounts(self, external_ids: Iterable[str]) -> dict[str, Account]:
        """Return the accounts imported before; in the place of one that was merged, the one it was merged into.

        Two queries, one where none was merged.
        """
        rows = Account.objects.select_related("dossier__tier", "dossier__parent")
        return survivors(self.known(rows, external_ids))


def refuse_long(model: type[models.Model], **values: str) -> None:
    """:raises BadRow: a value is longer than its column, which not every database would notice."""
    for name, value in values.items():
        longest = getattr(model._meta.get_field(name), "max_length", None)
        if longest is not None and len(value) > longest:
            said = {"value": f"{value[:40]}…", "longest": longest}
            raise BadRow(_("%(value)s is longer than %(longest)d characters.") % said)


def differing(record: Any, wanted: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Return old and new of what differs; what is wanted empty says nothing."""
    found = {name: (getattr(record, name), value) for name, value in wanted.items() if value not in ("", None)}
    return {name: (old, new) for name, (old, new) in found.items() if old != new}


def said(changes: Mapping[str, tuple[Any, Any]]) -> list[str]:
    """Say what changed, for the report."""
    return [f"{name}: {old or '–'} → {new or '–'}" for name, (old, new) in changes.items()]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Who is to answer for a record on *general*, and since when it was so."""

    dossier: Dossier
    poc: PointOfContact
    since: datetime | None


@dataclass(frozen=True, slots=True)
class Answering:
    """What became of these: the records that got somebody, and those where somebody decided otherwise by hand."""

    changed: Mapping[int, str]
    by_hand: Mapping[int, str]

    def verdict(self, origin: Origin, record: str, pk: int, changes: list[str] | None) -> Verdict:
        """Return what became of the row of record `pk`; `changes` None: it is new."""
        if changes is None:
            return Verdict(origin, record, Result.CREATED)
        if pk in self.changed:
            changes = [*changes, _("answered for by %(name)s") % {"name": self.changed[pk]}]
        notes = (self.by_hand[pk],) if pk in self.by_hand else ()
        return Verdict(origin, record, Result.UPDATED if changes else Result.UNCHANGED, "; ".join(changes), notes)


def let_answer(wanted: Iterable[Wanted], target: Target) -> Answering:
    """Let people answer where nobody was ever named, or where an import named somebody else. A few queries."""
    wants = {w.dossier.pk: w for w in wanted}
    general = Topic.objects.get(code=Topic.GENERAL)
    last: dict[int, Assignment] = {}
    rows = Assignment.objects.primary().filter(topic=general, dossier__one_of=list(wants)).select_related("poc")
    for row in rows.order_by("starts_at", "pk"):
        last[row.dossier_id] = row
    changes: list[Change] = []
    by_hand: dict[int, str] = {}
    for pk, want in wants.items():
        held = last.get(pk)
        if held is None:
            changes.append(Change(want.dossier, general, want.poc, starts_at=want.since or target.at))
        elif held.poc_id == want.poc.pk and held.ends_at is None:
            continue
        elif held.reason != target.reason or held.ends_at is not None:
            by_hand[pk] = _("who answers was changed by hand and stays: %(name)s") % {"name": held.poc.name}
        else:
            start = want.since if want.since and want.since > held.starts_at else target.at
            changes.append(Change(want.dossier, general, want.poc, starts_at=start))
    if changes:
        assign_many(changes=changes, reason=target.reason, by=target.by, at=target.at, tell=False)
    return Answering({c.dossier.pk: c.poc.name for c in changes}, by_hand)
