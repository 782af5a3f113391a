"""Promising a customer to tell them how it stands: by when, to whom; kept once each of them was reached."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from contacts.models import Contact, ContactQuerySet
from crm.commitments import actions as commitments
from crm.commitments.models import Commitment, Kind, Priority
from crm.commitments.opening import due_by_target
from crm.commitments.refusals import DueRequired
from crm.commitments.titles import Title
from crm.core.actor import Actor
from crm.core.refusals import Refused
from crm.core.text import search_key
from crm.dossiers.actions import refuse_archived
from crm.dossiers.models import Dossier, Topic
from crm.poc.models import PointOfContact
from interactions.follow_ups import DueInThePast
from interactions.models import Interaction
from projects.models import Stakeholder

NAMED = 2  # people a title names; the others are counted
MOST = 50  # people one update is promised to
DIGITS = 18  # of an id
OFFERED = 20  # shown to be ticked at a time; the others are found by name


class ToWhomRequired(Refused):
    field = "to"
    code = "to_whom_required"
    default_message = _("Say to whom it is promised: one contact at least.")


class TooMany(Refused):
    field = "to"
    code = "too_many"
    default_message = _("An update is promised to 50 people at most.")


class NotOnRecord(Refused):
    field = "to"
    code = "not_on_record"
    default_message = _("Somebody named has no part in this record.")


@dataclass(slots=True)
class NewUpdate:
    """An update to promise; `due_at` None: as soon as the house wants it, `poc` None: by whoever answers then."""

    to: Sequence[Contact]
    about: str = ""
    due_at: datetime | None = None
    poc: PointOfContact | None = None
    priority: str = Priority.NORMAL.value


@transaction.atomic
def promise(*, new: NewUpdate, dossier: Dossier, topic: Topic, by: Actor, at: datetime) -> Commitment:
    """Promise contacts of a record that they will be told how it stands.

    :raises ToWhomRequired: nobody is named.
    :raises TooMany: more than `MOST` are named.
    :raises NotOnRecord: a contact belongs neither to its account nor to the project.
    :raises DueInThePast: it would be due before `at`.
    :raises Archived: the record is archived, or a contact.
    """
    people = list({contact.pk: contact for contact in new.to}.values())
    if not people:
        raise ToWhomRequired
    if len(people) > MOST:
        raise TooMany
    if new.due_at is not None and new.due_at < at:
        raise DueInThePast
    refuse_archived(*(contact.dossier for contact in people), field="to")
    if len(offered_to(dossier).filter(pk__in=[contact.pk for contact in people])) < len(people):
        raise NotOnRecord
    promised = commitments.Promise(
        dossier=dossier, topic=topic, kind=Kind.NEXT_UPDATE, title=title_of(people, new.about), due_at=new.due_at,
        poc=new.poc, priority=new.priority,
    )  # fmt: skip
    commitment = commitments.open_commitments([promised], by=by, at=at)[0]
    commitment.addressees.set([contact.dossier for contact in people])
    return commitment


def usual_moment(dossier: Dossier, topic: Topic, *, at: datetime) -> datetime | None:
    """Return by when the house wants an update that is promised now; None: it says nothing. Five queries at most."""
    promise = commitments.Promise(dossier=dossier, topic=topic, kind=Kind.NEXT_UPDATE, title="-")
    try:
        return due_by_target(promise, at=at)
    except DueRequired:
        return None


def offered_to(dossier: Dossier) -> ContactQuerySet:
    """Narrow to whom an update on a record may be promised: whoever is at its account, or has a part in the project."""
    theirs = Contact.objects.current().filter(dossier__home=dossier.home_id)
    stakes = Stakeholder.objects.filter(project=dossier.pk).values("contact")
    return (theirs | Contact.objects.current().filter(pk__in=stakes)).select_related("dossier").distinct()


@dataclass(frozen=True, slots=True)
class Offer:
    """Whom a page offers: those ticked, then some of those whose name holds what was typed; `is_more`: not all."""

    people: Sequence[Contact]
    is_more: bool


def offer(contacts: ContactQuerySet, *, ticked: Iterable[str], text: str = "") -> Offer:
    """Return whom to show of `contacts`, so that a record with hundreds stays a short page. Two queries at most."""
    ids = [int(pk) for pk in dict.fromkeys(ticked) if pk.isascii() and pk.isdigit() and len(pk) <= DIGITS][:MOST]
    rows = contacts.order_by("dossier__title_key", "pk")
    kept = list(rows.filter(pk__in=ids)) if ids else []
    found = list(rows.exclude(pk__in=ids).filter(dossier__title_key__contains=search_key(text[:200]))[: OFFERED + 1])
    return Offer([*kept, *found[:OFFERED]], len(found) > OFFERED)


def title_of(people: Sequence[Contact], about: str) -> Title:
    """What is owed, in a few words."""
    who = ", ".join(contact.name for contact in people[:NAMED])
    if len(people) > NAMED:
        who = f"{who} +{len(people) - NAMED}"
    if not about.strip():
        return Title(gettext_noop("Tell %(who)s how it stands"), {"who": who})
    return Title(gettext_noop("Tell %(who)s: %(about)s"), {"who": who, "about": about.strip()})


def are_all_reached(commitment: Commitment, interaction: Interaction) -> bool:
    """Say whether a touch of ours reached the last of those an update was promised to. Two queries at most."""
    if interaction.direction != Interaction.Direction.OUTBOUND or not interaction.is_touch:
        return False
    wanted = set(commitment.addressees.values_list("pk", flat=True))
    if interaction.contact_id not in wanted:
        return not wanted
    return not wanted - reached_since([commitment])[commitment.pk]


def reached_since(owed: Iterable[Commitment]) -> dict[int, set[int]]:
    """Return which of those each update was promised to have been reached by us since. Two queries."""
    owed = list(owed)
    pairs = Commitment.addressees.through.objects.filter(commitment__in=[c.pk for c in owed])
    named: dict[int, set[int]] = {c.pk: set() for c in owed}
    for commitment_id, dossier_id in pairs.values_list("commitment_id", "dossier_id"):
        named[commitment_id].add(dossier_id)
    everybody = {pk for people in named.values() for pk in people}
    since = min((c.opened_at for c in owed), default=None)
    if since is None or not everybody:
        return {pk: set() for pk in named}
    touches = (
        Interaction.objects.current()
        .touches()
        .filter(direction=Interaction.Direction.OUTBOUND, contact__in=everybody, occurred_at__gte=since)
    )
    latest: dict[int, datetime] = {}
    for contact_id, occurred_at in touches.values_list("contact_id", "occurred_at"):
        latest[contact_id] = max(occurred_at, latest.get(contact_id, occurred_at))
    return {c.pk: {pk for pk in named[c.pk] if pk in latest and latest[pk] >= c.opened_at} for c in owed}


def named_in(owed: Iterable[Commitment]) -> dict[int, list[dict[str, object]]]:
    """Return id and name of those each update was promised to. One query, none where there is no update."""
    ids = [c.pk for c in owed if c.kind == Kind.NEXT_UPDATE]
    named: dict[int, list[dict[str, object]]] = {pk: [] for pk in ids}
    rows = Commitment.addressees.through.objects.filter(commitment__in=ids).order_by("dossier__title_key", "dossier")
    for pk, dossier_id, name in rows.values_list("commitment_id", "dossier_id", "dossier__title") if ids else ():
        named[pk].append({"id": dossier_id, "name": name})
    return named
