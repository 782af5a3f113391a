"""Archive a record with what belongs to it: nothing that is open is left behind unseen."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models.expressions import RawSQL
from django.utils.translation import gettext_lazy as _

from crm.commitments.actions import Telling, notify_many
from crm.commitments.filing import cancel_many, put_many
from crm.commitments.models import OWNER_KEPT, Commitment, Kind
from crm.core.actor import Actor
from crm.core.query import ids_condition
from crm.core.refusals import Refused
from crm.dossiers.actions import Happening, record_many
from crm.dossiers.models import Dossier, Event
from crm.handovers.actions import forget_told
from crm.handovers.refusals import ReasonRequired
from crm.poc.models import Assignment

BATCH = 500

Ended = tuple[int, str | None]  # an assignment's id, and when it was to end before it was ended: the events keep it


class StillOwed(Refused):
    field = "owed"
    code = "still_owed"
    default_message = _("Something is still owed here. Say what becomes of it.")


class HasRecords(Refused):
    field = "along"
    code = "has_records"
    default_message = _("Records belong to it. Archive them along, or move them first.")


class HandoverWaits(Refused):
    code = "handover_waits"
    default_message = _("A handover is still open here. Accept, decline or withdraw it first.")


class CallersKept(Refused):
    code = "callers_kept"
    default_message = _("Callers whom nobody knows are kept here. This touch point stays.")


class GoesToo(Refused):
    field = "move_to"
    code = "goes_too"
    default_message = _("This one is archived too. Choose another record.")


@dataclass(frozen=True, slots=True)
class Standing:
    """What stands open before records are archived: the current ones below them, what is owed, who answers.

    `named` are those who answer now or are planned to, on all of these.
    """

    roots: Sequence[Dossier]
    below: Sequence[Dossier]
    owed: Sequence[Commitment]
    named: Sequence[Assignment]

    @property
    def records(self) -> list[Dossier]:
        return [*self.roots, *self.below]

    @property
    def handovers(self) -> list[Commitment]:
        """What waits to be accepted: settled on its own page only."""
        return [c for c in self.owed if c.kind in OWNER_KEPT]


def standing(dossiers: Sequence[Dossier], *, at: datetime) -> Standing:
    """Return what archiving these records would touch. Three queries."""
    records = {d.pk: d for d in _with_below([d.pk for d in dossiers])}
    chosen = {d.pk for d in dossiers}
    roots = [d for pk, d in records.items() if pk in chosen and not _above(d, records) & chosen]
    below = [d for pk, d in records.items() if d not in roots]
    owed = (
        Commitment.objects.open().filter(dossier__one_of=list(records)).exclude(kind=Kind.TOUCH)
    )  # that ends by itself
    owed = owed.for_list().order_by("due_at", "pk")
    named = Assignment.objects.filter(dossier__one_of=list(records)).overlapping(at, None).for_list().order_by("pk")
    return Standing(roots, below, list(owed), list(named))


def _with_below(ids: Collection[int]) -> list[Dossier]:
    """These records and every current one below them, by id. One query."""
    condition, wanted = ids_condition("id", ids)
    sql = f"""
        WITH RECURSIVE below (id) AS (
            SELECT id FROM dossiers_dossier WHERE {condition}
            UNION
            SELECT d.id FROM dossiers_dossier d JOIN below ON d.parent_id = below.id WHERE d.archived_at IS NULL
        )
        SELECT id FROM below"""
    rows = Dossier.objects.filter(pk__in=RawSQL(sql, [wanted])).select_related("parent")  # noqa: S611  # our own text
    return list(rows.order_by("pk"))


def _above(dossier: Dossier, records: Mapping[int, Dossier]) -> set[int]:
    """The ids above a record, as far as they are among `records`."""
    above: set[int] = set()
    place = dossier.parent_id
    while place is not None and place not in above:
        above.add(place)
        place = records[place].parent_id if place in records else None
    return above


def archive(
    *,
    dossier: Dossier,
    along: bool = False,
    settle: bool = False,
    move_to: Dossier | None = None,
    reason: str = "",
    by: Actor,
    at: datetime,
) -> Event | None:
    """Take a record out of lists, with what belongs to it. Archived already: nothing happens. See `archive_many`."""
    chosen = {"along": along, "settle": settle, "move_to": move_to, "reason": reason}
    events = archive_many(dossiers=[dossier], **chosen, by=by, at=at)  # type: ignore[arg-type]
    return events[0] if events else None


@transaction.atomic
def archive_many(
    *,
    dossiers: Sequence[Dossier],
    along: bool = False,
    settle: bool = False,
    move_to: Dossier | None = None,
    reason: str = "",
    by: Actor,
    at: datetime,
) -> list[Event]:
    """Take records out of lists; constant queries. All or nothing; returns an event for each that was current.

    What is owed is cancelled with `reason` (`settle`) or owed on `move_to` from then on. What
    belongs to them is archived with them where `along` says so. Nobody answers there any more:
    those who did are told. What came along, and who answered, comes back with `restore`.

    :raises HasRecords: something belongs to them and `along` does not say that it goes too.
    :raises StillOwed: something is owed and nothing says what becomes of it.
    :raises ReasonRequired: what is owed is cancelled and `reason` is blank.
    :raises HandoverWaits: somebody is to accept a handover there.
    :raises CallersKept: among them is the touch point where strangers are kept.
    :raises GoesToo: `move_to` is archived, or would be.
    """
    _lock([*dossiers, *([move_to] if move_to else [])])
    open_now = standing(list(Dossier.objects.current().filter(pk__one_of=[d.pk for d in dossiers])), at=at)
    if not open_now.roots:
        return []
    _refuse(open_now, along, settle, move_to, reason)
    touched: dict[str, Any] = {"moved": [], "cancelled": []}
    if move_to is not None:
        touched["moved"] = [c.pk for c in put_many(commitments=open_now.owed, to=move_to, by=by, at=at)]
        touched["moved_to"] = move_to.pk
    elif settle:
        touched["cancelled"] = [c.pk for c in cancel_many(commitments=open_now.owed, reason=reason, by=by, at=at)]
    ended = end_all(open_now.named, at=at)
    Dossier.objects.filter(pk__one_of=[d.pk for d in open_now.records]).update(archived_at=at)
    return _recorded(open_now, ended, touched, reason.strip(), by, at)


def _lock(dossiers: Sequence[Dossier]) -> None:
    """Lock the records and what is below them, ids ascending. What is filed below them meanwhile stays current."""
    ids = sorted(d.pk for d in _with_below([d.pk for d in dossiers]))
    list(Dossier.objects.select_for_update(no_key=True).filter(pk__one_of=ids).order_by("pk").values_list("pk"))


def _refuse(open_now: Standing, along: bool, settle: bool, move_to: Dossier | None, reason: str) -> None:
    doors = [root.pk for root in open_now.roots if root.kind == Dossier.Kind.TOUCH_POINT]
    if doors and Dossier.objects.filter(pk__in=doors, touch_point__is_default=True).exists():
        raise CallersKept
    if open_now.below and not along:
        raise HasRecords
    if open_now.handovers:
        raise HandoverWaits
    if open_now.owed and not settle and move_to is None:
        raise StillOwed
    if open_now.owed and settle and move_to is None and not reason.strip():
        raise ReasonRequired(_("Say why: it is read where something was owed."))
    if move_to is not None:
        going = {d.pk for d in open_now.records}
        if move_to.pk in going or Dossier.objects.filter(pk=move_to.pk, archived_at__isnull=False).exists():
            raise GoesToo


def end_all(named: Sequence[Assignment], *, at: datetime) -> dict[int, list[Ended]]:
    """End these assignments now, those planned before they begin; return, by record, what brings them back."""
    ended: dict[int, list[Ended]] = {}
    for assignment in named:
        until = assignment.ends_at.isoformat() if assignment.ends_at else None
        ended.setdefault(assignment.dossier_id, []).append((assignment.pk, until))
        assignment.ends_at = max(at, assignment.starts_at)
    Assignment.objects.bulk_update(named, ["ends_at"], batch_size=BATCH)
    forget_told(named, at)
    return ended


def _recorded(
    open_now: Standing, ended: Mapping[int, list[Ended]], touched: dict[str, Any], reason: str, by: Actor, at: datetime
) -> list[Event]:
    """Record an event on each record, and tell those who answered, once for each that was chosen."""
    chosen = {root.pk for root in open_now.roots}
    records = {d.pk: d for d in open_now.records}
    root_of = {d.pk: next(iter(_above(d, records) & chosen), d.pk) for d in open_now.records}
    happenings = []
    for dossier in open_now.records:
        facts: dict[str, Any] = {
            "record": dossier.pk, "with": root_of[dossier.pk], "ended": ended.get(dossier.pk, []), "reason": reason,
        }  # fmt: skip
        if dossier.pk in chosen:
            facts["below"] = [pk for pk, root in root_of.items() if root == dossier.pk and pk != dossier.pk]
            facts |= touched
        happenings.append(Happening(Event.Kind.ARCHIVED, told_on(dossier, chosen), at, facts))
    events = record_many(happenings, by=by, at=at)
    answered: dict[int, set[int]] = {pk: set() for pk in chosen}
    for assignment in open_now.named:
        answered[root_of[assignment.dossier_id]].add(assignment.poc_id)
    tell("archived", open_now.roots, events, answered, {"reason": reason}, by, at)
    return events[: len(open_now.roots)]


def told_on(dossier: Dossier, chosen: Collection[int]) -> list[Dossier]:
    """A record's own timeline; where it was chosen itself, also that of what it belongs to."""
    return [dossier, dossier.parent] if dossier.parent and dossier.pk in chosen else [dossier]


def tell(
    kind: str, roots: Sequence[Dossier], events: Sequence[Event], pocs: Mapping[int, Collection[int]],
    context: Mapping[str, Any], by: Actor, at: datetime,
) -> None:  # fmt: skip
    context = {"by": str(by.user or "")} | dict(context)
    tellings = [
        Telling(f"e:{event.pk}:{kind}", kind, sorted(pocs[root.pk]), root, context)
        for root, event in zip(roots, events, strict=False)
        if pocs.get(root.pk)
    ]
    if tellings:
        notify_many(tellings=tellings, by=by, at=at)
