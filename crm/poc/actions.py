"""Open and change the people and teams who answer, and who is in which team."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from crm.core.actor import Actor
from crm.core.refusals import Refused
from crm.core.text import search_key
from crm.dossiers.actions import Happening, NameRequired, change_fields, record, record_many
from crm.dossiers.models import Event
from crm.poc.calendars import calendars_by, other_hours
from crm.poc.models import Absence, Assignment, Membership, PointOfContact

if TYPE_CHECKING:
    from crm.users.models import User

BATCH = 1000
PERSONAL = ("name", "name_key", "email", "phone")  # their old and new values can be blanked


class PersonRequired(Refused):
    field = "member"
    code = "person_required"
    default_message = _("Only a person can be in a team or have a home team.")


class TeamRequired(Refused):
    field = "team"
    code = "team_required"
    default_message = _("Choose a team: only a team has members and a lead.")


class LeadsItself(Refused):
    field = "lead"
    code = "leads_itself"
    default_message = _("A team cannot lead itself.")


class AlreadyAPoc(Refused):
    field = "user"
    code = "already_a_poc"
    default_message = _("This user is a point of contact already.")


class MailboxAddressRequired(Refused):
    field = "email"
    code = "mailbox_address_required"
    default_message = _("A shared mailbox needs an address.")


class FrontDeskStays(Refused):
    code = "front_desk_stays"
    default_message = _("The front desk answers when nobody else does: it always stays.")


class StillAnswers(Refused):
    code = "still_answers"
    default_message = _("%(name)s still answers for something. Say who follows: let them leave.")


class LastMember(Refused):
    field = "member"
    code = "last_member"
    default_message = _(
        "%(name)s is the last one in this team. Put somebody else into it first, or let the team end: "
        "then you are asked who takes over what it answers for."
    )


@dataclass(slots=True)
class NewPoc:
    """One person or team to open; `fields` are the POC's own columns. A home team gets them as a member."""

    kind: str
    name: str
    fields: dict[str, Any] = field(default_factory=dict)


@transaction.atomic
def open_poc(*, kind: str, name: str, by: Actor, at: datetime, **fields: Any) -> PointOfContact:
    """Open a person or a team who answers.

    :raises NameRequired: `name` is blank.
    :raises PersonRequired: a team was given a home team.
    :raises TeamRequired: a person was given a lead, or a home team that is none.
    :raises AlreadyAPoc: the user is one already.
    """
    user = fields.get("user")
    if user is not None and PointOfContact.objects.of_user(user).exists():
        raise AlreadyAPoc
    return open_pocs(pocs=[NewPoc(kind, name, fields)], by=by, at=at)[0]


@transaction.atomic
def open_person(*, user: User, by: Actor, at: datetime, **fields: Any) -> PointOfContact:
    """Let a user answer: a person with the user's name and address.

    :raises AlreadyAPoc: the user is one.
    """
    own = {"user": user, "email": user.email} | fields
    return open_poc(kind=PointOfContact.Kind.PERSON, name=user.name, by=by, at=at, **own)


@transaction.atomic
def open_pocs(*, pocs: Iterable[NewPoc], by: Actor, at: datetime) -> list[PointOfContact]:
    """Open people and teams in bulk; home teams and leads must be open already. Four statements a thousand."""
    opened = [_poc(new) for new in pocs]
    PointOfContact.objects.bulk_create(opened, batch_size=BATCH)
    Membership.objects.bulk_create(
        [Membership(team_id=p.home_team_id, member=p) for p in opened if p.home_team_id], batch_size=BATCH
    )
    record_many([_happening(Event.Kind.CREATED, poc, at) for poc in opened], by=by, at=at)
    return opened


def _poc(new: NewPoc) -> PointOfContact:
    poc = PointOfContact(kind=new.kind, name=_name(new.name), **new.fields)
    poc.name_key = search_key(poc.name)[:150]
    _refuse_mixed(poc)
    return poc


def _name(name: str) -> str:
    name = " ".join(name.split())
    if not name:
        raise NameRequired
    return name


def _refuse_mixed(poc: PointOfContact) -> None:
    """Keep what belongs to people and what belongs to teams apart."""
    if poc.home_team and poc.is_team:
        raise PersonRequired(field="home_team")
    if poc.home_team and not poc.home_team.is_team:
        raise TeamRequired(field="home_team")
    if poc.lead and not poc.is_team:
        raise TeamRequired(field="lead")
    if poc.user_id and poc.is_team:
        raise PersonRequired(_("Only a person can be a user."), field="user")
    if poc.delivery == PointOfContact.Delivery.MAILBOX and not poc.email:
        raise MailboxAddressRequired
    if poc.lead_id and poc.lead_id == poc.pk:
        raise LeadsItself


def _happening(kind: str, poc: PointOfContact, at: datetime, **facts: Any) -> Happening:
    return Happening(kind, [], at, {"kind": "poc", "poc": poc.pk} | facts, {"name": poc.name})


@transaction.atomic
def change_poc(*, poc: PointOfContact, by: Actor, at: datetime, **fields: Any) -> PointOfContact:
    """Change a person or a team; a new home team gets them as a member. Records old → new of what differs.

    Whoever works by another calendar then has the reminders that count in their hours looked at anew.

    :raises NameRequired: `name` is blank.
    :raises PersonRequired: a team was given a home team.
    :raises TeamRequired: a person was given a lead, or a home team that is none.
    :raises LeadsItself: a team was made its own lead.
    :raises MailboxAddressRequired: it tells a shared mailbox and has no address.
    :raises AlreadyAPoc: the user is another one already.
    """
    locked = PointOfContact.objects.select_for_update(of=("self",), no_key=True).get(pk=poc.pk)
    if "name" in fields:
        fields["name"] = _name(fields["name"])
        fields["name_key"] = search_key(fields["name"])[:150]
    changes = change_fields(locked, fields)
    if not changes:
        return locked
    _refuse_mixed(locked)
    if "user" in changes and PointOfContact.objects.exclude(pk=poc.pk).filter(user=locked.user_id or 0).exists():
        raise AlreadyAPoc
    moves = not {"calendar", "home_team"}.isdisjoint(changes)
    was = calendars_by(locked) if moves else {}
    locked.save(update_fields=list(changes))
    if moves:
        now = calendars_by(locked)
        other_hours([pk for pk, calendar in now.items() if was.get(pk) != calendar], at)
    if "home_team" in changes and locked.home_team_id:
        Membership.objects.get_or_create(team_id=locked.home_team_id, member=locked)
    changes.pop("name_key", None)
    personal = {name: changes.pop(name) for name in PERSONAL if name in changes}
    happening = _happening(Event.Kind.CHANGED, locked, at, changes=changes | {name: ["", ""] for name in personal})
    happening.personal = {**happening.personal, "changes": personal}
    record_many([happening], by=by, at=at)
    return locked


@transaction.atomic
def deactivate_many(*, pocs: Collection[PointOfContact], by: Actor, at: datetime) -> None:
    """Let people and teams answer no longer; they stay in what was. Gone already: nothing happens. Three queries.

    Nobody goes by this who answers for something: nothing is uncovered by the way.

    :raises FrontDeskStays: among them is the front desk.
    :raises StillAnswers: one of them holds a place, now or later, leads a team, stands in for
        somebody, or is the last one in a team that stays.
    """
    ids = [poc.pk for poc in pocs]
    rows = PointOfContact.objects.active().filter(pk__one_of=ids).order_by("pk")
    locked = list(rows.select_for_update(of=("self",), no_key=True))
    if any(poc.is_house for poc in locked):
        raise FrontDeskStays
    bound = rows.filter(_holding(ids, at)).first()
    if bound is not None:
        raise StillAnswers(StillAnswers.default_message % {"name": bound.name})
    rows.update(deactivated_at=at)
    changes = {"deactivated_at": ["", str(at)]}
    record_many([_happening(Event.Kind.CHANGED, poc, at, changes=changes) for poc in locked], by=by, at=at)


def _holding(leaving: Collection[int], at: datetime) -> Q:
    """True of whoever among those who leave would leave something uncovered."""
    stays = ~Q(team__one_of=list(leaving)) & Q(team__deactivated_at=None)
    members = Membership.objects.filter(member__deactivated_at=None).exclude(member__one_of=list(leaving))
    alone = Membership.objects.filter(stays, ~Exists(members.filter(team=OuterRef("team"))), member=OuterRef("pk"))
    leads = PointOfContact.objects.active().exclude(pk__one_of=list(leaving)).filter(lead=OuterRef("pk"))
    return (
        Exists(Assignment.objects.overlapping(at, None).filter(poc=OuterRef("pk")))
        | Exists(Absence.objects.overlapping(at, None).filter(cover=OuterRef("pk")))
        | Exists(leads)
        | Exists(alone)
    )


@transaction.atomic
def reactivate(*, poc: PointOfContact, by: Actor, at: datetime) -> PointOfContact:
    """Let somebody answer again. There already: nothing happens."""
    return change_poc(poc=poc, deactivated_at=None, by=by, at=at)


@transaction.atomic
def add_member(*, team: PointOfContact, member: PointOfContact, by: Actor, at: datetime) -> Membership:
    """Put a person into a team. There already: nothing happens.

    :raises TeamRequired: `team` is a person.
    :raises PersonRequired: `member` is a team.
    """
    if not team.is_team:
        raise TeamRequired
    if member.is_team:
        raise PersonRequired
    membership, is_new = Membership.objects.get_or_create(team=team, member=member)
    if is_new:
        _record_members(team, ["", member.name], by, at)
    return membership


@transaction.atomic
def remove_member(*, team: PointOfContact, member: PointOfContact, by: Actor, at: datetime) -> None:
    """Take a person out of a team, which stays their home team if it was. Not in it: nothing happens.

    :raises LastMember: nobody who answers would be left in it.
    """
    PointOfContact.objects.select_for_update(no_key=True).get(pk=team.pk)
    own = Membership.objects.filter(team=team, member=member)
    if not own.exists():
        return
    others = Membership.objects.filter(team=team).exclude(member=member)
    if not others.filter(member__deactivated_at=None).exists():
        raise LastMember(LastMember.default_message % {"name": member.name})
    own.delete()
    _record_members(team, [member.name, ""], by, at)


def _record_members(team: PointOfContact, member: list[str], by: Actor, at: datetime) -> None:
    facts = {"kind": "poc", "poc": team.pk, "changes": {"member": ["", ""]}}
    personal = {"name": team.name, "changes": {"member": member}}
    record(kind=Event.Kind.CHANGED, dossiers=[], by=by, at=at, facts=facts, personal=personal)
