"""Undo a leaving within a day: as it was, but for what somebody changed since.

Whatever still stands as the leaving left it goes back to how it stood before: the very rows
count again, and those of whoever followed become empty periods. The rest stays, and is said.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models import F
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _

from crm.commitments.actions import Telling, notify_many
from crm.commitments.models import Commitment
from crm.commitments.moving import move_many
from crm.core.actor import Actor
from crm.core.refusals import Refused
from crm.dossiers.actions import Happening, record, record_many
from crm.dossiers.models import Dossier, Event
from crm.handovers.absences import entered
from crm.handovers.actions import assigned, causes_of, forget_told
from crm.handovers.held import grouped
from crm.handovers.models import Handover
from crm.handovers.switching import team_changed
from crm.outbox import bulk
from crm.poc import actions as pocs
from crm.poc.models import Absence, Assignment, Grant, Membership, PointOfContact
from crm.users.actions import set_active

UNDO_FOR = timedelta(hours=24)


class TooLate(Refused):
    code = "too_late"
    default_message = _(
        "That was more than 24 hours ago. %(name)s can answer again, but has to be named anew wherever that is wanted."
    )


class NotLeft(Refused):
    code = "not_left"
    default_message = _("%(name)s has not left.")


class Kept(NamedTuple):
    """Something that stays as it is: somebody changed it since."""

    kind: str  # place, owed, lead, member, cover, handover
    name: str


@dataclass(slots=True)
class Stayed:
    """What was restored and what was not. `event` None: it was undone already."""

    event: Event | None
    n_restored: int = 0
    kept: list[Kept] = field(default_factory=list)


@dataclass(slots=True)
class _Undo:
    """One leaving, being undone: who is there to be named, who lost what, and what stays."""

    left: Event
    poc: PointOfContact
    pocs: Mapping[int, PointOfContact]
    by: Actor
    at: datetime
    lost: dict[int, int] = field(default_factory=dict)  # whoever had followed → how much goes back
    n: int = 0
    kept: list[Kept] = field(default_factory=list)

    @property
    def moment(self) -> datetime:
        return self.left.happened_at

    def restored(self, to: int | None) -> None:
        self.n += 1
        if to is not None:
            self.lost[to] = self.lost.get(to, 0) + 1


def last_left(poc: PointOfContact) -> Event | None:
    """Return the event of somebody's leaving that was not undone; None: there is none. One query."""
    kinds = [Event.Kind.LEFT, Event.Kind.STAYED]
    rows = Event.objects.filter(home=None, kind__in=kinds, facts__kind="poc", facts__poc=poc.pk)
    last = rows.select_related("actor", "personal").order_by("-happened_at", "-pk").first()
    return last if last is not None and last.kind == Event.Kind.LEFT else None


def can_stay(left: Event | None, at: datetime) -> bool:
    """True while a leaving can be undone."""
    return left is not None and at - left.happened_at <= UNDO_FOR


class Became(NamedTuple):
    """How much somebody else has since, and how much was left open."""

    n_moved: int
    n_open: int


def became_of(left: Event) -> Became:
    """Say what a leaving did, from its event."""
    facts = left.facts
    to = [row[1] for name in ("places", "owed", "leads") for row in facts[name]] + [row[3] for row in facts["covers"]]
    n_moved = sum(pk is not None for pk in to)
    return Became(n_moved + len(facts["joined"]), len(to) - n_moved)


@transaction.atomic
def stay(*, poc: PointOfContact, by: Actor, at: datetime) -> Stayed:
    """Undo that somebody left, within 24 hours; whoever had followed is told once. Done already: nothing happens.

    :raises NotLeft: they never left.
    :raises TooLate: that was longer ago.
    """
    rows = PointOfContact.objects.select_for_update(of=("self",), no_key=True).select_related("user")
    locked = rows.get(pk=poc.pk)
    left = last_left(locked)
    if left is None:
        if locked.deactivated_at is None and _stayed_before(locked):
            return Stayed(None)
        raise NotLeft(NotLeft.default_message % {"name": locked.name})
    if not can_stay(left, at):
        raise TooLate(TooLate.default_message % {"name": locked.name})
    undo = _Undo(left, locked, PointOfContact.objects.in_bulk(_named_in(left.facts)), by, at)
    _answer_again(undo)
    _restore_teams(undo)
    _restore_leads(undo)
    _restore_covers(undo)
    _restore_places(undo)
    _restore_owed(undo)
    undo.kept += [Kept("handover", row.dossier.title) for row in _handovers(left)]
    event = _recorded(undo)
    _tell(undo, event)
    return Stayed(event, undo.n, undo.kept)


def _stayed_before(poc: PointOfContact) -> bool:
    rows = Event.objects.filter(home=None, kind=Event.Kind.STAYED, facts__kind="poc", facts__poc=poc.pk)
    return rows.exists()


def _named_in(facts: Mapping[str, Any]) -> list[int]:
    """Everybody whom what is to be undone names."""
    ids = {facts["poc"], *facts["ended_teams"], *facts["left_teams"]}
    ids |= {pk for pair in facts["joined"] for pk in pair}
    ids |= {pk for row in facts["leads"] for pk in row}
    ids |= {pk for row in facts["owed"] for pk in row[1:3]} | {pk for row in facts["covers"] for pk in row[3:5]}
    return sorted(ids - {None})


def _answer_again(undo: _Undo) -> None:
    """Whoever left, and the teams that ended with them, answer again; the user signs in again."""
    ended = [undo.pocs[pk] for pk in undo.left.facts["ended_teams"]]
    undo.kept += [Kept("member", team.name) for team in ended if team.deactivated_at not in (undo.moment, None)]
    for poc in [undo.pocs[undo.poc.pk], *(team for team in ended if team.deactivated_at == undo.moment)]:
        pocs.reactivate(poc=poc, by=undo.by, at=undo.at)
        poc.deactivated_at = None
    if undo.left.facts["user"] and undo.poc.user is not None:
        set_active(user=undo.poc.user, is_active=True, by=undo.by, at=undo.at)


def _restore_teams(undo: _Undo) -> None:
    facts = undo.left.facts
    there = set(Membership.objects.filter(member=undo.poc).values_list("team", flat=True))
    back = [undo.pocs[pk] for pk in facts["left_teams"] if pk not in there]
    undo.kept += [Kept("member", team.name) for team in back if team.deactivated_at is not None]
    back = [team for team in back if team.deactivated_at is None]
    Membership.objects.bulk_create([Membership(team=team, member=undo.poc) for team in back])
    told = [team_changed(team, "member", None, undo.poc, undo.at) for team in back]
    joined = {tuple(pair) for pair in facts["joined"]}
    rows = Membership.objects.filter(team__one_of=[team for team, _who in joined]).select_related("team", "member")
    gone = [row for row in rows if (row.team_id, row.member_id) in joined]
    Membership.objects.filter(pk__one_of=[row.pk for row in gone]).delete()
    told += [team_changed(row.team, "member", row.member, None, undo.at) for row in gone]
    record_many(told, by=undo.by, at=undo.at)
    for row in gone:
        undo.restored(row.member_id)
    undo.n += len(back)


def _restore_leads(undo: _Undo) -> None:
    told, back = [], []
    for team_id, to, was in undo.left.facts["leads"]:
        team = undo.pocs[team_id]
        if team.lead_id != to:
            undo.kept.append(Kept("lead", team.name))
            continue
        back.append((team_id, was))
        told.append(team_changed(team, "lead", undo.pocs.get(to), undo.pocs[was], undo.at))
        undo.restored(to)
    bulk.update(PointOfContact, ["lead_id"], back)
    record_many(told, by=undo.by, at=undo.at)


def _restore_covers(undo: _Undo) -> None:
    """Let absences that run go on in their own row, and those ahead be covered as before."""
    facts = undo.left.facts["covers"]
    ids = [pk for row in facts for pk in row[:2] if pk is not None]
    rows = {row.pk: row for row in Absence.objects.for_list().filter(pk__one_of=ids)}
    emptied, back = [], []
    for pk, new_id, until, to, was in facts:
        row, new, ends_at = rows[pk], rows.get(new_id), parse_datetime(until)
        now = new or row
        as_left = now.cover_id == to and now.ends_at == ends_at and (new is None or row.ends_at == undo.moment)
        if not as_left:
            undo.kept.append(Kept("cover", row.poc.name))
            continue
        if new is not None:
            emptied.append(new.pk)
        row.ends_at, row.cover, row.summed_up_at = ends_at, undo.pocs[was], now.summed_up_at
        back.append(row)
        undo.restored(to)
    Absence.objects.filter(pk__one_of=emptied).update(ends_at=F("starts_at"), summed_up_at=undo.at)
    values = [(row.pk, row.ends_at, row.cover_id, row.summed_up_at) for row in back]
    bulk.update(Absence, ["ends_at", "cover_id", "summed_up_at"], values)
    record_many([entered(row, undo.at) for row in back], by=undo.by, at=undo.at)


def _restore_places(undo: _Undo) -> None:
    """Let the very assignments hold again whose places nobody touched since."""
    facts = undo.left.facts["places"]
    ids = [pk for row in facts for pk in row[:2] if pk is not None]
    named = Assignment.objects.filter(pk__one_of=ids)
    records = Dossier.objects.filter(pk__in=named.values("dossier")).order_by("pk")
    list(records.select_for_update(no_key=True).values_list("pk"))
    rows = {row.pk: row for row in named.select_related("dossier", "topic", "poc")}
    taken = _taken(rows.values(), undo.moment)
    emptied, back, told = [], [], []
    for pk, new_id, until in facts:
        row, new, ends_at = rows[pk], rows.get(new_id), parse_datetime(until) if until else None
        is_archived = row.dossier.archived_at is not None
        if is_archived or not _as_left(row, new, ends_at, undo.moment) or _overlaps(row, ends_at, taken):
            undo.kept.append(Kept("place", row.dossier.title))
            continue
        told.append(_held_again(row, new, undo.at))
        undo.restored(new.poc_id if new else None)
        row.ends_at = ends_at
        back.append(row)
        if new is not None:
            new.ends_at = new.starts_at
            emptied.append(new)
    Assignment.objects.filter(pk__one_of=[row.pk for row in emptied]).update(ends_at=F("starts_at"))
    bulk.update(Assignment, ["ends_at"], [(row.pk, row.ends_at) for row in back])
    record_many(told, by=undo.by, at=undo.at)
    forget_told(emptied, undo.at)
    _open_again(back, undo.moment)


def _open_again(back: Iterable[Assignment], moment: datetime) -> None:
    """Let whoever was told of these assignments open the record again, for as long as they hold."""
    until = {cause: row.ends_at for row in back for cause in causes_of([row.pk])}
    ended = Grant.objects.filter(cause__one_of=list(until), ended_at=moment).values_list("pk", "cause")
    bulk.update(Grant, ["ended_at"], [(pk, until[cause]) for pk, cause in ended])


def _taken(rows: Iterable[Assignment], moment: datetime) -> dict[tuple[int, int, int], list[Assignment]]:
    """Whoever else holds, or will hold, these places since then."""
    mine = {row.pk for row in rows}
    found: dict[tuple[int, int, int], list[Assignment]] = {}
    others = Assignment.objects.overlapping(moment, None).filter(dossier__one_of={row.dossier_id for row in rows})
    for row in others:
        if row.pk not in mine:
            found.setdefault((row.dossier_id, row.topic_id, row.rank), []).append(row)
    return found


def _as_left(row: Assignment, new: Assignment | None, until: datetime | None, moment: datetime) -> bool:
    """True when both rows still stand as the leaving wrote them."""
    return row.ends_at == max(moment, row.starts_at) and (new is None or new.ends_at == until)


def _overlaps(
    row: Assignment, until: datetime | None, taken: Mapping[tuple[int, int, int], Iterable[Assignment]]
) -> bool:
    others = taken.get((row.dossier_id, row.topic_id, row.rank), ())
    return any(
        (until is None or other.starts_at < until) and (other.ends_at is None or other.ends_at > row.starts_at)
        for other in others
    )


def _held_again(row: Assignment, new: Assignment | None, at: datetime) -> Happening:
    happening = assigned(row, new, at)
    happening.facts = {**happening.facts, "from": max(at, row.starts_at).isoformat(), "reason": ""}
    return happening


def _restore_owed(undo: _Undo) -> None:
    facts = undo.left.facts["owed"]
    rows = Commitment.objects.in_bulk([row[0] for row in facts])
    back = []
    for pk, to, was, generation in facts:
        row = rows[pk]
        if row.is_closed:
            continue  # done since: nothing is owed any more
        if row.poc_id != to or row.generation != generation:
            undo.kept.append(Kept("owed", str(row)))
            continue
        back.append((row, undo.pocs[was]))
        undo.restored(to)
    for poc, owed in grouped(back).items():
        move_many(commitments=owed, to=poc, tell=False, by=undo.by, at=undo.at)


def _handovers(left: Event) -> Iterable[Handover]:
    """What was withdrawn, and has to be offered anew."""
    return Handover.objects.filter(pk__one_of=left.facts["handovers"]).select_related("dossier").order_by("pk")


def _recorded(undo: _Undo) -> Event:
    facts = {"kind": "poc", "poc": undo.poc.pk, "left": undo.left.pk, "n": undo.n, "n_kept": len(undo.kept)}
    personal = {"name": undo.poc.name, "kept": [list(kept) for kept in undo.kept]}
    kind = Event.Kind.STAYED
    return record(kind=kind, dossiers=[], by=undo.by, at=undo.at, facts=facts, personal=personal)


def _tell(undo: _Undo, event: Event) -> None:
    """Tell whoever had followed, once, that it is theirs no more."""
    tellings = [
        Telling(
            f"e:{event.pk}:to{pk}", "stayed", [pk], None,
            {"name": undo.poc.name, "by": str(undo.by.user or ""), "n": n},
        )
        for pk, n in undo.lost.items()
    ]  # fmt: skip
    notify_many(tellings=tellings, by=undo.by, at=undo.at)
