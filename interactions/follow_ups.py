"""What is to be done next: opened with a touch or alone, tried again, written in plain words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from contacts.models import Contact
from crm.commitments import actions as commitments
from crm.commitments.models import Commitment, Kind
from crm.commitments.titles import Title
from crm.core.actor import Actor
from crm.core.refusals import Refused
from crm.dossiers.models import Channel, Dossier, Topic
from crm.poc.calendars import working_times
from crm.poc.models import PointOfContact
from crm.poc.resolve import resolve
from interactions.models import FollowUp, Interaction
from interactions.recurrence import Recurrence


class DueInThePast(Refused):
    field = "due"
    code = "due_in_the_past"
    default_message = _("It would be due before now. Choose a moment still to come.")


@dataclass(slots=True)
class NewFollowUp:
    """One follow-up to open: due at a moment; for `poc`, or, with None, for whoever answers then."""

    due_at: datetime
    title: str = ""
    text: str = ""
    poc: PointOfContact | None = None
    contact: Contact | None = None
    channel: Channel | None = None
    place: str = ""
    recurs: Recurrence | None = None  # None: once


def promised_in(*, new: NewFollowUp, interaction: Interaction, at: datetime) -> commitments.Promise:
    """Return what a follow-up promised in `interaction` owes, on the same record and topic; to be opened with the rest.

    :raises DueInThePast: it would be due before `at`.
    """
    contact, channel = new.contact or interaction.contact, new.channel or interaction.channel
    return _promise(new, interaction.dossier, interaction.topic, contact, channel, interaction, at)


def keep_promised(*, new: NewFollowUp, commitment: Commitment, interaction: Interaction) -> FollowUp:
    """Write the follow-up of what was opened for it, within the transaction that logs the touch."""
    contact, channel = new.contact or interaction.contact, new.channel or interaction.channel
    return _create(new, commitment, contact, channel, interaction)


@transaction.atomic
def plan(
    *,
    new: NewFollowUp,
    dossier: Dossier,
    topic: Topic,
    contact: Contact | None = None,
    channel: Channel | None = None,
    interaction: Interaction | None = None,
    by: Actor,
    at: datetime,
) -> FollowUp:
    """Open a follow-up on a record, with or without a touch before it.

    :raises DueInThePast: it would be due before `at`.
    """
    promise = _promise(new, dossier, topic, contact, channel, interaction, at)
    commitment = commitments.open_commitments([promise], by=by, at=at)[0]
    return _create(new, commitment, contact, channel, interaction)


def _promise(
    new: NewFollowUp,
    dossier: Dossier,
    topic: Topic,
    contact: Contact | None,
    channel: Channel | None,
    interaction: Interaction | None,
    at: datetime,
) -> commitments.Promise:
    if new.due_at < at:
        raise DueInThePast
    them = interaction.them if interaction else ""
    return commitments.Promise(
        dossier=dossier,
        topic=topic,
        kind=Kind.FOLLOW_UP,
        title=new.title.strip() or title_of(contact, channel, dossier, them),
        due_at=new.due_at,
        poc=new.poc,
        channel=channel,
        purpose=interaction.purpose if interaction else None,
        recur_every=new.recurs.every if new.recurs else None,
        recur_unit=new.recurs.unit if new.recurs else "",
    )


def _create(
    new: NewFollowUp,
    commitment: Commitment,
    contact: Contact | None,
    channel: Channel | None,
    interaction: Interaction | None,
) -> FollowUp:
    return FollowUp.objects.create(
        commitment=commitment, contact=contact, interaction=interaction, channel=channel, text=new.text.strip(),
        place=new.place.strip(),
    )  # fmt: skip


@dataclass(slots=True)
class Plan:
    """One follow-up of many, on a record and topic, and what it is called where it comes from."""

    new: NewFollowUp
    dossier: Dossier
    topic: Topic
    contact: Contact | None = None
    channel: Channel | None = None
    source: str = ""
    external_id: str = ""


@transaction.atomic(savepoint=False)
def plan_many(*, plans: Sequence[Plan], by: Actor, at: datetime) -> list[FollowUp]:
    """Open many follow-ups, overdue ones too, in a number of queries that does not grow with a thousand.

    All or nothing.

    :raises Refused: as `plan`.
    """
    promises = [
        commitments.Promise(
            dossier=p.dossier, topic=p.topic, kind=Kind.FOLLOW_UP, due_at=p.new.due_at, poc=p.new.poc,
            channel=p.channel, title=p.new.title.strip() or title_of(p.contact, p.channel, p.dossier),
        )
        for p in plans
    ]  # fmt: skip
    opened = commitments.open_commitments(promises, by=by, at=at)
    follow_ups = [
        FollowUp(
            commitment=commitment, contact=p.contact, channel=p.channel, text=p.new.text.strip(),
            place=p.new.place.strip(), source=p.source, external_id=p.external_id,
        )
        for commitment, p in zip(opened, plans, strict=True)
    ]  # fmt: skip
    return FollowUp.objects.bulk_create(follow_ups, batch_size=1000)


def title_of(contact: Contact | None, channel: Channel | None, dossier: Dossier, them: str = "") -> Title:
    """What is to be done, in a few words; `them` is whom the touch before it was with."""
    who = {"who": contact.name if contact else them or dossier.title}
    if channel is None or channel.verb == Channel.Verb.CALL:
        return Title(gettext_noop("Call %(who)s"), who)
    if channel.verb == Channel.Verb.MEET:
        return Title(gettext_noop("Meet %(who)s"), who)
    return Title(gettext_noop("Write to %(who)s"), who)


@transaction.atomic
def retry(*, commitment: Commitment, by: Actor, at: datetime) -> Commitment:
    """Nobody was reached: the same thing is owed again on the next working day, one attempt more."""
    FollowUp.objects.filter(commitment=commitment).update(attempt=F("attempt") + 1)
    poc_id = resolve(
        dossier_id=commitment.dossier_id, topic_id=commitment.topic_id, at=at, poc_id=commitment.poc_id
    ).poc_id
    due_at = working_times([poc_id])[poc_id].add_days(at, 1)
    return commitments.redue(commitment=commitment, due_at=due_at, this_once=True, by=by, at=at)


def count_anew(commitment: Commitment) -> None:
    """What recurs is owed for the next time: nobody has tried yet."""
    FollowUp.objects.filter(commitment=commitment, attempt__gt=1).update(attempt=1)
