"""Log a touch, with what it settles and what is to follow, in one transaction."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from accounts import keeping_in_touch
from accounts.models import Account
from contacts.models import Contact, ContactPhone
from crm.commitments import actions as commitments
from crm.commitments.ladder import POC
from crm.commitments.models import Commitment, Kind, Priority
from crm.commitments.opening import FARTHEST, open_unrecorded
from crm.commitments.telling.notices import because
from crm.commitments.titles import Title
from crm.core.actor import Actor
from crm.core.refusals import Refused
from crm.dossiers.actions import Happening, record_many, refuse_archived
from crm.dossiers.models import Channel, Dossier, Event, Outcome, Purpose, Topic
from crm.dossiers.once import KeyTaken
from crm.poc.decide import Answer, Reason
from crm.poc.models import PointOfContact
from crm.poc.resolve import Question, ask
from interactions.follow_ups import NewFollowUp, keep_promised, promised_in
from interactions.models import FollowUp, Interaction, TouchPoint
from interactions.settling import let_go_on, settle
from projects.models import Project

MAX_NOTE = 20_000  # characters


class WhoRequired(Refused):
    field = "who"
    code = "who_required"
    default_message = _("Say who it was: a contact, an account, a project, or the number or name of the caller.")


class InTheFuture(Refused):
    field = "occurred_at"
    code = "in_the_future"
    default_message = _("It cannot have happened later than now. Plan it as a follow-up.")


class TooLongAgo(Refused):
    field = "occurred_at"
    code = "too_long_ago"
    default_message = _("It happened more than 30 years ago, as it stands there. Look at the year.")


class OutcomeMismatch(Refused):
    field = "outcome"
    code = "outcome_mismatch"
    default_message = _("This outcome does not belong to this channel or direction.")


class AccountMismatch(Refused):
    field = "project"
    code = "account_mismatch"
    default_message = _("The project belongs to another account.")


class NoteTooLong(Refused):
    field = "note"
    code = "note_too_long"
    default_message = _("The note may have at most 20,000 characters.")


@dataclass(slots=True)
class Touch:
    """One touch to log. `occurred_at` None is now; `caller` is a number, address or name nobody knew.

    `phone` is the number that was dialled, where it is known: a wrong one is marked. `priority` is
    that of what it asks for; empty: as its reason says.
    """

    channel: Channel
    direction: str
    topic: Topic
    account: Account | None = None
    contact: Contact | None = None
    project: Project | None = None
    touch_point: TouchPoint | None = None
    purpose: Purpose | None = None
    outcome: Outcome | None = None
    phone: ContactPhone | None = None
    occurred_at: datetime | None = None
    seconds: int | None = None
    note: str = ""
    caller: str = ""
    client_key: UUID | None = None
    priority: str = ""


@dataclass(frozen=True, slots=True)
class Logged:
    """What logging did: `is_new` is False where the client key had been logged already."""

    interaction: Interaction
    follow_up: FollowUp | None = None
    answer: Commitment | None = None  # the first answer that is owed now
    resolution: Commitment | None = None  # what is to be solved now
    told: PointOfContact | None = None
    resumed: Sequence[int] = ()  # ids of what waited for the customer, and goes on
    is_new: bool = True


def log(
    *, touch: Touch, follow_up: NewFollowUp | None = None, settles: Sequence[Commitment] = (), by: Actor, at: datetime
) -> Logged:
    """Log a touch, open what follows from it, and settle what it settles. The same client key is saved once.

    :raises WhoRequired: nobody is named.
    :raises InTheFuture: it happened later than `at`.
    :raises TooLongAgo: it happened decades before.
    :raises OutcomeMismatch: the outcome does not fit channel or direction.
    :raises AccountMismatch: the project belongs to another account.
    :raises SettlesElsewhere: something settled is closed or lies elsewhere.
    :raises KeyTaken: somebody else used this client key.
    :raises Archived: one of its records is archived.
    """
    try:
        with transaction.atomic():
            return _repeated(touch, by) or _log(touch, follow_up, settles, by, at)
    except IntegrityError:
        # A retry that overtook its first try: that one is saved, so this one is a repeat.
        repeated = _repeated(touch, by)
        if repeated is None:
            raise
        return repeated


def _repeated(touch: Touch, by: Actor) -> Logged | None:
    """What the client key saved before.

    :raises KeyTaken: somebody else used it.
    """
    if touch.client_key is None:
        return None
    interaction = Interaction.objects.for_list().filter(client_key=touch.client_key).first()
    if interaction is None:
        return None
    if interaction.logged_by_id != by.user_id:
        raise KeyTaken
    return Logged(interaction, interaction.follow_ups.for_list().first(), is_new=False)


def _log(touch: Touch, follow_up: NewFollowUp | None, settles: Sequence[Commitment], by: Actor, at: datetime) -> Logged:
    _complete(touch)
    _refuse(touch, at)
    dossier = place_of(touch)
    moment = touch.occurred_at or at
    question = Question(dossier.pk, touch.topic.pk)
    answers, fetched = ask([question], at=moment)
    interaction = interaction_of(touch, dossier, answers[question], moment, by, at)
    interaction.poc = fetched.pocs[interaction.poc_id]
    interaction.save(force_insert=True)
    follows = settle(interaction, settles, by, at)
    follows["resumed"] = let_go_on(interaction, by, at)
    owed, happened = _promise(interaction, follow_up, touch.priority, at)
    promised = owed.pop(Kind.FOLLOW_UP, None)
    planned = (
        keep_promised(new=follow_up, commitment=promised, interaction=interaction) if follow_up and promised else None
    )
    _touched(interaction, touch.phone, at)
    follows["opened"] = [c.pk for c in owed.values()]
    event = record_many([*happened, _happening(interaction, planned, follows)], by=by, at=at)[-1]
    told = _tell(interaction, event, because(answers[question], POC), by, at)
    resumed = [facts["id"] for facts in follows["resumed"]]
    return Logged(interaction, planned, owed.get(Kind.FIRST_ANSWER), owed.get(Kind.RESOLUTION), told, resumed)


def _complete(touch: Touch) -> None:
    """Fill in the account from project or contact; strangers are kept at the default touch point."""
    if touch.account is None:
        touch.account = touch.project.account if touch.project else touch.contact.account if touch.contact else None
    if not any((touch.account, touch.contact, touch.project, touch.touch_point)) and touch.caller.strip():
        touch.touch_point = TouchPoint.objects.for_list().get(is_default=True)


def _refuse(touch: Touch, at: datetime) -> None:
    refuse_impossible(touch, at)
    if touch.outcome:
        refuse_mismatch(touch, touch.outcome.channels.values_list("pk", flat=True))


def refuse_impossible(touch: Touch, at: datetime) -> None:
    """:raises WhoRequired, InTheFuture, TooLongAgo, AccountMismatch, NoteTooLong, Archived: as `log`."""
    if not any((touch.account, touch.contact, touch.project, touch.touch_point)):
        raise WhoRequired
    if touch.occurred_at is not None:
        refuse_odd_moment(touch.occurred_at, at)
    if touch.project and touch.account and touch.project.account_id != touch.account.pk:
        raise AccountMismatch
    if len(touch.note) > MAX_NOTE:
        raise NoteTooLong
    records = (touch.project, touch.contact, touch.account)
    refuse_archived(*(r.dossier for r in records if r), field="who")


def refuse_odd_moment(occurred_at: datetime, at: datetime) -> None:
    """:raises InTheFuture, TooLongAgo: as `log`."""
    if occurred_at > at:
        raise InTheFuture
    if at - occurred_at > FARTHEST:
        raise TooLongAgo


def refuse_mismatch(touch: Touch, channel_ids: Collection[int]) -> None:
    """:raises OutcomeMismatch: the outcome fits the channels `channel_ids`, not this one, or not this direction."""
    wrong_way = touch.outcome and touch.outcome.is_inbound_only and touch.direction != Interaction.Direction.INBOUND
    if wrong_way or touch.channel.pk not in channel_ids:
        raise OutcomeMismatch


def place_of(touch: Touch) -> Dossier:
    """The dossier a touch belongs to: its project's, else its contact's, account's or touch point's."""
    record = touch.project or touch.contact or touch.account or touch.touch_point
    assert record is not None  # noqa: S101  # refused before
    return record.dossier


def interaction_of(
    touch: Touch, dossier: Dossier, answer: Answer, moment: datetime, by: Actor, at: datetime
) -> Interaction:
    """The row of a touch, not saved yet, with the answer of its moment."""
    return Interaction(
        dossier=dossier, home_id=dossier.home_id, account=touch.account, contact=touch.contact, project=touch.project,
        touch_point=touch.touch_point, channel=touch.channel, purpose=touch.purpose, outcome=touch.outcome,
        topic=touch.topic, poc_id=answer.poc_id, poc_why=[reason_values(r) for r in answer.reasons],
        logged_by=by.user, direction=touch.direction, occurred_at=moment, logged_at=at, seconds=touch.seconds,
        note=touch.note.strip(), caller=touch.caller.strip()[:254], via=by.source, client_key=touch.client_key,
        is_touch=touch.outcome.is_touch if touch.outcome else True,
    )  # fmt: skip


def reason_values(reason: Reason) -> dict[str, Any]:
    """A reason as it is stored and given by the API; empty values are left out."""
    values = {k: v.isoformat() if isinstance(v, datetime) else v for k, v in asdict(reason).items()}
    return {k: v for k, v in values.items() if v is not None}


def _promise(
    interaction: Interaction, follow_up: NewFollowUp | None, priority: str, at: datetime
) -> tuple[dict[str, Commitment], list[Happening]]:
    """Open what the touch asks for and what was promised in it, at once; return it by its kind, and what to record.

    Owed from now, however late it was logged.
    """
    promises = _answers_to(interaction, priority or priority_of(interaction.purpose), at)
    if follow_up:
        promises.append(promised_in(new=follow_up, interaction=interaction, at=at))
    if not promises:
        return {}, []
    opened, happenings = open_unrecorded(promises, at=at)
    return {c.kind: c for c in opened}, happenings


def priority_of(purpose: Purpose | None) -> str:
    """How pressing what somebody asks for is, where nobody says so: what is told at once is high."""
    return (Priority.HIGH if purpose and purpose.tells_at_once else Priority.NORMAL).value


def _answers_to(interaction: Interaction, priority: str, at: datetime) -> list[commitments.Promise]:
    """Return the first answer and the resolution that an inbound touch asks for."""
    outcome, purpose = interaction.outcome, interaction.purpose
    if interaction.direction != Interaction.Direction.INBOUND or (outcome and outcome.is_final):
        return []
    titles: dict[str, Title] = {}
    if (purpose and purpose.expects_answer) or (outcome and outcome.expects_answer):
        titles[Kind.FIRST_ANSWER] = _answer_title(interaction)
    if purpose and purpose.wants_resolution:
        titles[Kind.RESOLUTION] = resolution_title(interaction)
    return [
        commitments.Promise(
            dossier=interaction.dossier, topic=interaction.topic, kind=kind, title=title, purpose=purpose,
            channel=interaction.channel, priority=priority,
            answers=interaction.poc_id if interaction.occurred_at == at else None,
        )
        for kind, title in titles.items()
    ]  # fmt: skip


def _answer_title(interaction: Interaction) -> Title:
    """What is owed, in a few words."""
    who = {"who": interaction.them}
    if interaction.outcome and interaction.outcome.expects_answer:
        return Title(gettext_noop("Call %(who)s back"), who)
    purpose = interaction.purpose.name if interaction.purpose else ""
    return Title(gettext_noop("Answer %(who)s: %(purpose)s"), who, {"purpose": purpose})


def resolution_title(interaction: Interaction) -> Title:
    """What is to be solved, in a few words."""
    purpose = interaction.purpose.name if interaction.purpose else gettext_noop("Question")
    return Title(gettext_noop("Solve for %(who)s: %(purpose)s"), {"who": interaction.them}, {"purpose": purpose})


def _touched(interaction: Interaction, phone: ContactPhone | None, at: datetime) -> None:
    """Move the touch clocks of contact and account, and when the next touch is asked for; mark a wrong number."""
    if interaction.is_touch:
        earlier = Q(last_touch_at=None) | Q(last_touch_at__lt=interaction.occurred_at)
        if interaction.contact_id:
            Contact.objects.filter(earlier, pk=interaction.contact_id).update(last_touch_at=interaction.occurred_at)
        if interaction.account_id:
            Account.objects.filter(earlier, pk=interaction.account_id).update(last_touch_at=interaction.occurred_at)
    if interaction.is_touch and interaction.account:
        keeping_in_touch.touched(account=interaction.account, touched_at=interaction.occurred_at, at=at)
    if interaction.outcome and interaction.outcome.number_is_wrong and phone:
        ContactPhone.objects.filter(pk=phone.pk).update(is_wrong=True)


def touched_dossiers(interaction: Interaction) -> list[Dossier]:
    """The records on whose timelines it lies; the first one's home is the event's."""
    records = (interaction.project, interaction.contact, interaction.account)
    return list({d.pk: d for d in (interaction.dossier, *(r.dossier for r in records if r))}.values())


def facts_of(interaction: Interaction) -> dict[str, Any]:
    """What the timeline shows of an interaction, without what is personal."""
    outcome, purpose = interaction.outcome, interaction.purpose
    return {
        "interaction": interaction.pk, "channel": interaction.channel.name, "icon": interaction.channel.icon,
        "verb": interaction.channel.verb, "direction": interaction.direction, "seconds": interaction.seconds,
        "outcome": outcome.name if outcome else "", "purpose": purpose.name if purpose else "",
        "topic": interaction.topic.name, "topic_id": interaction.topic_id, "is_touch": interaction.is_touch,
        "is_bad": bool(purpose and purpose.wants_resolution), "poc": interaction.poc_id,
    }  # fmt: skip


def personal_of(interaction: Interaction) -> dict[str, str]:
    """The names and the note of an interaction."""
    return {
        "contact": interaction.them,
        "user": interaction.logged_by.name if interaction.logged_by else "",
        "poc": interaction.poc.name,
        "note": interaction.note,
    }


def _happening(interaction: Interaction, planned: FollowUp | None, consequences: Mapping[str, Any]) -> Happening:
    promised = {"promised": planned.commitment.due_at.isoformat()} if planned else {}
    return Happening(
        Event.Kind.LOGGED,
        touched_dossiers(interaction),
        interaction.occurred_at,
        facts_of(interaction) | promised | {name: ids for name, ids in consequences.items() if ids},
        personal_of(interaction) | ({"promised": planned.commitment.title} if planned else {}),
    )


def _tell(
    interaction: Interaction, event: Event, why: dict[str, Any], by: Actor, at: datetime
) -> PointOfContact | None:
    """Tell whoever answers, where somebody else logged it; complaints and call-backs by mail too."""
    if interaction.poc.user_id is not None and interaction.poc.user_id == by.user_id:
        return None
    urgent = any(word and word.tells_at_once for word in (interaction.purpose, interaction.outcome))
    commitments.notify(
        idem_key=f"e:{event.pk}:logged",
        kind="logged",
        recipient_poc_ids=[interaction.poc_id],
        dossier=interaction.dossier,
        context=facts_of(interaction) | personal_of(interaction) | why,
        channels=("inbox", "email") if urgent else ("inbox",),
        urgent=urgent,
        by=by,
        at=at,
    )
    return interaction.poc
