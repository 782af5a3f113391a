"""Somebody no longer answers: everything they answer for finds somebody else in the same act, or is left open.

What is left open is a gap from that moment on: the backup, the lead or the front desk answers.
A team whose last one goes gets somebody new, or ends with them. What it takes to undo it all
within a day is kept by its one event; see `staying`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from crm.commitments.actions import Telling, notify_many
from crm.core.actor import Actor
from crm.core.refusals import Refused
from crm.dossiers.actions import record
from crm.dossiers.models import Event
from crm.handovers import held as held_by
from crm.handovers import switching
from crm.handovers.absences import Hop, leads_back
from crm.handovers.handing_over import withdraw
from crm.handovers.held import PLACES, Group, Held, key_of
from crm.handovers.refusals import CircularCover, Deactivated, ReasonRequired
from crm.poc import actions as pocs
from crm.poc.models import Absence, PointOfContact
from crm.users.actions import set_active

SHOWN = 5  # records named in the one notice that tells of all of them


class ChoiceMissing(Refused):
    code = "choice_missing"
    default_message = _("Say who follows, or that it is left open: %(group)s.")

    def __init__(self, group: Group) -> None:
        super().__init__(self.default_message % {"group": group.label}, field=group.value)


class LeavesToo(Refused):
    code = "leaves_too"
    default_message = _("%(name)s would leave too. Choose somebody else.")


class NobodyInIt(Refused):
    code = "nobody_in_it"
    default_message = _("Nobody is in %(name)s who could answer. Choose a person, or a team with people in it.")


class LeadsItself(Refused):
    field = Group.LEADS.value
    code = "leads_itself"
    default_message = _("%(name)s cannot lead itself. Choose somebody else.")


class FrontDeskNeedsSomebody(Refused):
    field = Group.LAST_IN.value
    code = "front_desk_needs_somebody"
    default_message = _("The front desk answers when nobody else does: name a person who joins it.")


@dataclass(frozen=True, slots=True)
class Choices:
    """Who follows: by group, and by row (named as `key_of` does) where it differs. None: it is left open."""

    groups: Mapping[str, PointOfContact | None]
    rows: Mapping[str, PointOfContact | None] = field(default_factory=dict)

    def of(self, group: Group, pk: int) -> PointOfContact | None:
        """:raises ChoiceMissing: neither says anything."""
        key = key_of(group, pk)
        if key in self.rows:
            return self.rows[key]
        if group.value not in self.groups:
            raise ChoiceMissing(group)
        return self.groups[group.value]


@dataclass(frozen=True, slots=True)
class Left:
    """What became of it: how much somebody else has now, how much was left open. `event` None: they had left."""

    event: Event | None
    n_moved: int = 0
    n_open: int = 0


@dataclass(slots=True)
class _Decided:
    """Rows with whom they go to, by group; the teams that end, and to whom what they hold goes."""

    by_group: dict[Group, list[tuple[Any, PointOfContact | None]]]
    ending: list[tuple[PointOfContact, PointOfContact | None]]

    def of(self, *groups: Group) -> list[tuple[Any, PointOfContact | None]]:
        return [pair for group in groups for pair in self.by_group.get(group, ())]

    def each(self) -> Iterator[tuple[Group, Any, PointOfContact | None]]:
        return ((group, row, to) for group, pairs in self.by_group.items() for row, to in pairs)


@transaction.atomic
def leave(
    *, poc: PointOfContact, choices: Choices, reason: str, ends_sign_in: bool = False, by: Actor, at: datetime
) -> Left:
    """Let `poc` answer no longer, and others in all their places; constant queries, however many these are.

    Whoever follows is told once, of all of it. `ends_sign_in`: their user cannot sign in any more
    either. Gone already: nothing happens.

    :raises FrontDeskStays: it is the front desk.
    :raises ReasonRequired: something is held and `reason` is blank.
    :raises ChoiceMissing: a group says nothing; its `field` is the group's.
    :raises Deactivated, LeavesToo, NobodyInIt: somebody chosen cannot follow.
    :raises LeadsItself, CircularCover: somebody chosen cannot follow there.
    :raises FrontDeskNeedsSomebody: the front desk would be empty.
    :raises LastAdministrator: nobody who is active would be an administrator any more.
    """
    rows = PointOfContact.objects.select_for_update(of=("self",), no_key=True).select_related("user")
    locked = rows.get(pk=poc.pk)
    if locked.is_house:
        raise pocs.FrontDeskStays
    if locked.deactivated_at is not None:
        return Left(None)
    decided = _decide(locked, choices, at)
    if any(decided.by_group.values()) and not reason.strip():
        raise ReasonRequired(_("Say why: others read it where they take over."))
    gone = [locked, *(team for team, _to in decided.ending)]
    handovers = _withdraw_handovers(gone, reason.strip(), by, at)
    facts = _switch(locked, decided, reason.strip(), by, at) | {"handovers": handovers}
    pocs.deactivate_many(pocs=gone, by=by, at=at)
    user = locked.user if ends_sign_in else None
    if user is not None and user.is_active:
        set_active(user=user, is_active=False, by=by, at=at)
        facts["user"] = user.pk
    event = _recorded(locked, facts, decided, reason.strip(), by, at)
    _tell(locked, event, decided, reason.strip(), by, at)
    moved = [to is not None for _group, _row, to in decided.each()]
    return Left(event, sum(moved), len(moved) - sum(moved))


def _decide(poc: PointOfContact, choices: Choices, at: datetime) -> _Decided:
    """Lock and load what is held, and say of each row to whom it goes; see `leave` for what is refused."""
    last = list(held_by.last_in(poc).order_by("pk"))
    ending = {}
    for team in last:
        to = choices.of(Group.LAST_IN, team.pk)
        if to is None or to.is_team:
            if team.is_house:
                raise FrontDeskNeedsSomebody
            ending[team.pk] = to
    held = held_by.load([poc.pk, *ending], last=last, at=at)
    decided = _Decided({}, [(team, ending[team.pk]) for team in last if team.pk in ending])
    for group, row in held.rows(at):
        holder = _holder(group, row)
        to = ending[holder] if holder in ending else choices.of(group, row.pk)
        decided.by_group.setdefault(group, []).append((row, to))
    _refuse(poc, held, decided, at)
    return decided


def _holder(group: Group, row: Any) -> int | None:
    if group == Group.LEADS:
        return row.lead_id  # type: ignore[no-any-return]
    if group == Group.COVERS:
        return row.cover_id  # type: ignore[no-any-return]
    return None if group == Group.LAST_IN else row.poc_id


def _refuse(poc: PointOfContact, held: Held, decided: _Decided, at: datetime) -> None:
    """Refuse whoever cannot follow. Two queries."""
    chosen = {to.pk: group for group, _row, to in decided.each() if to is not None}
    gone = {poc.pk, *(team.pk for team, _to in decided.ending)}
    for row in PointOfContact.objects.with_members().filter(pk__one_of=list(chosen)):
        where = chosen[row.pk].value
        if row.pk in gone:
            raise LeavesToo(LeavesToo.default_message % {"name": row.name}, field=where)
        if row.deactivated_at is not None:
            raise Deactivated(field=where)
        if row.is_team and not row.is_house and not held_by.has_members(row):
            raise NobodyInIt(NobodyInIt.default_message % {"name": row.name}, field=where)
    for team, to in decided.of(Group.LEADS):
        if to is not None and to.pk == team.pk:
            raise LeadsItself(LeadsItself.default_message % {"name": team.name})
    _refuse_circles(decided.of(Group.COVERS), at)


def _refuse_circles(pairs: switching.Pairs, at: datetime) -> None:
    """:raises CircularCover: somebody would be covered, in the end, by themselves. One query."""
    if not pairs:
        return
    changed = {row.pk: to for row, to in pairs}
    onward: dict[int, list[Hop]] = {}
    for row in Absence.objects.overlapping(at, None):
        cover_id = _pk(changed[row.pk]) if row.pk in changed else row.cover_id
        if cover_id is not None:
            onward.setdefault(row.poc_id, []).append(Hop(cover_id, row.topic_id, row.starts_at, row.ends_at))
    for row, to in pairs:
        if to is not None and leads_back(row.poc_id, Hop(to.pk, row.topic_id, row.starts_at, row.ends_at), onward):
            text = _("%(cover)s is away too and covered, in the end, by %(name)s. Choose somebody else.")
            raise CircularCover(text % {"cover": to.name, "name": row.poc.name}, field=Group.COVERS.value)


def _pk(poc: PointOfContact | None) -> int | None:
    return poc.pk if poc is not None else None


def _switch(poc: PointOfContact, decided: _Decided, reason: str, by: Actor, at: datetime) -> dict[str, Any]:
    """Move everything, places first: what nobody is named for goes to whoever answers then. Return how to undo it."""
    ending = [team.pk for team, _to in decided.ending]
    stays = [(team, to) for team, to in decided.of(Group.LAST_IN) if team.pk not in ending]
    return {
        "places": switching.switch_places(decided.of(*PLACES), reason=reason, by=by, at=at),
        "leads": switching.change_leads(decided.of(Group.LEADS), by=by, at=at),
        "joined": switching.join_teams(stays, by=by, at=at),
        "left_teams": switching.leave_teams(poc, besides=ending, by=by, at=at),
        "covers": switching.change_covers(decided.of(Group.COVERS), by=by, at=at),
        "owed": switching.move_owed(decided.of(Group.OWED), reason=reason, by=by, at=at),
        "ended_teams": ending,
        "user": None,
    }


def _withdraw_handovers(gone: Sequence[PointOfContact], reason: str, by: Actor, at: datetime) -> list[int]:
    """Take back what is offered by or to those who leave: what is held goes elsewhere now. Return which."""
    withdrawn = []
    for handover in held_by.handovers([poc.pk for poc in gone]):
        withdraw(handover=handover, reason=reason, by=by, at=at)
        withdrawn.append(handover.pk)
    return withdrawn


def _recorded(
    poc: PointOfContact, facts: dict[str, Any], decided: _Decided, reason: str, by: Actor, at: datetime
) -> Event:
    to = {row.pk: row.name for row in _followers(decided)}
    facts = {"kind": "poc", "poc": poc.pk, "reason": reason} | facts
    personal = {"name": poc.name, "to": list(to.values())}
    return record(kind=Event.Kind.LEFT, dossiers=[], by=by, at=at, facts=facts, personal=personal)


def _followers(decided: _Decided) -> list[PointOfContact]:
    """Whoever takes something over, each once."""
    return list({to.pk: to for _group, _row, to in decided.each() if to is not None}.values())


def _tell(poc: PointOfContact, event: Event, decided: _Decided, reason: str, by: Actor, at: datetime) -> None:
    """Tell whoever follows once, of all of it."""
    tellings = []
    for to in _followers(decided):
        own = [(group, row) for group, row, its in decided.each() if its is not None and its.pk == to.pk]
        titles = list(dict.fromkeys(row.dossier.title for group, row in own if group in PLACES))
        context = {
            "name": poc.name, "by": str(by.user or ""), "reason": reason, "n_records": len(titles),
            "n_owed": sum(group == Group.OWED for group, _row in own), "n": len(own),
            "records": ", ".join(titles[:SHOWN]) + (" …" if len(titles) > SHOWN else ""),
            "path": reverse("poc:card", args=[to.pk]),  # all they answer for
        }  # fmt: skip
        tellings.append(Telling(f"e:{event.pk}:to{to.pk}", "left", [to.pk], None, context))
    notify_many(tellings=tellings, by=by, at=at)
