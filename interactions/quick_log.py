"""What the quick-log form shows, filled in as far as can be known, in a constant number of queries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Account
from contacts.models import Contact
from crm.commitments.models import OWNER_KEPT, Commitment, Kind
from crm.dossiers import vocabulary
from crm.dossiers.models import Channel, Dossier, Outcome, OutcomeQuerySet, Purpose, Topic
from crm.poc import words
from crm.poc.calendars import working_times
from crm.poc.decide import Answer, decide
from crm.poc.models import PointOfContact
from crm.poc.resolve import Question, fetch
from crm.poc.visibility import visible_homes
from crm.users.models import User
from interactions import due, recurrence
from interactions.look_up import KINDS
from interactions.models import Interaction
from interactions.recurrence import Recurrence
from projects.models import Project

OFFERED = 3  # things a log may settle
CONTACTS = 50  # to choose among, at one account
PROJECTS = 20
AHEAD = timedelta(days=60)  # how far the offered follow-ups may lie, over holidays too
CALLS = "phone"
IN, OUT = Interaction.Direction.INBOUND, Interaction.Direction.OUTBOUND


@dataclass(slots=True)
class Subject:
    """Whom a log is about. Outside the reader's view nothing is filled in: only the record itself is known."""

    dossier: Dossier
    is_visible: bool
    account: Account | None = None
    contact: Contact | None = None
    project: Project | None = None
    contacts: Sequence[Contact] = ()
    projects: Sequence[Project] = ()

    @property
    def place(self) -> Dossier:
        """The record the log will lie on."""
        record = self.project or self.contact or self.account
        return record.dossier if record else self.dossier


@dataclass(frozen=True, slots=True)
class Options:
    """The words one may choose among, for a channel and a direction."""

    channels: Sequence[Channel]
    purposes: Sequence[Purpose]
    outcomes: Sequence[Outcome]
    topics: Sequence[Topic]
    every_topic: Sequence[Topic]  # retired ones too: what was assigned may name them
    channel: Channel
    direction: str

    def one(self, rows: Sequence[Any], code: str) -> Any:
        return next((row for row in rows if row.code == code), None)


@dataclass(frozen=True, slots=True)
class Choice:
    """One follow-up offered by a digit: when, who will do it, and why they."""

    key: str
    label: Any
    at: datetime
    poc: PointOfContact
    why: str

    @property
    def value(self) -> str:
        return self.at.isoformat()


@dataclass(frozen=True, slots=True)
class Ahead:
    """Who answers now, and the follow-ups offered."""

    answer: Answer
    poc: PointOfContact
    why: str
    choices: Sequence[Choice] = field(default_factory=list)


def subject_of(record_id: int, *, user: User, chosen: Mapping[str, str]) -> Subject | None:
    """Return whom a log is about; `chosen` may name a contact and a project of the account. At most four queries.

    What `chosen` does not name is filled in where there is only one.
    """
    rows = Dossier.objects.current().filter(kind__in=KINDS)
    dossier = rows.select_related("parent", *(f"{kind}__account__dossier" for kind in ("contact", "project")))
    found = dossier.select_related("account", "contact__dossier", "project__dossier").filter(pk=record_id).first()
    if found is None:
        return None
    homes = visible_homes(user)
    subject = Subject(found, is_visible=homes is None or found.home_id in homes)
    _name_itself(subject)
    if subject.is_visible:
        _fill_in(subject, chosen)
    return subject


def _name_itself(subject: Subject) -> None:
    """Set the account, contact or project the record is; an account knows its dossier."""
    dossier = subject.dossier
    if dossier.kind == Dossier.Kind.ACCOUNT:
        subject.account = dossier.account
        subject.account.dossier = dossier
    elif dossier.kind == Dossier.Kind.CONTACT:
        subject.contact = dossier.contact
        subject.account = subject.contact.account
    else:
        subject.project = dossier.project
        subject.account = subject.project.account


def _fill_in(subject: Subject, chosen: Mapping[str, str]) -> None:
    if subject.account is None:
        return
    contacts = Contact.objects.filter(account=subject.account).current().select_related("dossier", "account__dossier")
    subject.contacts = list(contacts.order_by("dossier__title_key", "pk")[:CONTACTS])
    projects = Project.objects.running().filter(account=subject.account).select_related("dossier", "account__dossier")
    subject.projects = list(projects.order_by("dossier__title_key", "pk")[:PROJECTS])
    subject.contact = subject.contact or _picked(subject.contacts, chosen.get("contact"))
    subject.project = subject.project or _picked(subject.projects, chosen.get("project"))


def _picked(rows: Sequence[Any], wanted: str | None) -> Any:
    """The one that was chosen; where nothing was, the only one there is."""
    if wanted is None:
        return rows[0] if len(rows) == 1 else None
    return next((row for row in rows if str(row.pk) == wanted), None)


def options(*, channel: str, direction: str) -> Options:
    """Return the words to choose among; those of the first channel where there is none with this code. One query."""
    channels, purposes, outcomes, topics = vocabulary.read(
        Channel.objects.in_use(), Purpose.objects.in_use(), _outcomes(channel, direction), Topic.objects.all()
    )
    chosen = next((c for c in channels if c.code == channel), None)
    if chosen is None:
        return options(channel=channels[0].code, direction=direction)
    return Options(
        channels=channels,
        purposes=purposes,
        outcomes=outcomes,
        topics=[topic for topic in topics if topic.retired_at is None],
        every_topic=topics,
        channel=chosen,
        direction=direction,
    )


def _outcomes(channel: str, direction: str) -> OutcomeQuerySet:
    """Those that make sense on a channel, in a direction."""
    outcomes = Outcome.objects.in_use().for_channel(channel)
    return outcomes if direction == IN else outcomes.filter(is_inbound_only=False)


def outcomes_of_a_call() -> OutcomeQuerySet:
    """Those offered on a record's own page, before the form opens."""
    return _outcomes(CALLS, OUT)


def last_topic(subject: Subject) -> int | None:
    """Return what was talked about last in this home. One query."""
    touches = Interaction.objects.current().filter(home=subject.dossier.home_id)
    return touches.order_by("-occurred_at", "-pk").values_list("topic_id", flat=True).first()


def look_ahead(place: Dossier, topic: Topic, *, topics: Sequence[Topic], at: datetime) -> Ahead:
    """Return who answers now, and the follow-ups one digit away with whoever will answer then. Four queries.

    `topics` are all there are, read already.
    """
    asked = [Question(place.pk, topic.pk), Question(place.pk, topic.pk, at=at + AHEAD)]
    fetched = fetch(asked, at)
    now = decide(dossier_id=place.pk, topic_id=topic.pk, at=at, facts=fetched.facts)
    working = working_times([now.poc_id])[now.poc_id]
    offered = [
        ("1", _("Tomorrow"), due.tomorrow(at=at, working=working)),
        ("2", _("In 3 working days"), due.in_working_days(3, at=at, working=working)),
        ("3", _("In a week"), due.in_a_week(at=at, working=working)),
    ]
    answers = [
        decide(dossier_id=place.pk, topic_id=topic.pk, at=moment, facts=fetched.facts) for *_k, moment in offered
    ]
    named = words.names(fetched, topics)

    def why(answer: Answer) -> str:
        return words.why(answer, named, dossier_id=place.pk, topic_id=topic.pk)

    choices = [
        Choice(key, label, moment, named.pocs[answer.poc_id], why(answer))
        for (key, label, moment), answer in zip(offered, answers, strict=True)
    ]
    return Ahead(now, named.pocs[now.poc_id], why(now), choices)


def offered_to_settle(subject: Subject, *, direction: str = OUT, at: datetime) -> list[Commitment]:
    """Return what this log may settle, soonest first; `is_suggested` where it is due by tomorrow. One query.

    What is to be solved is suggested whenever it is due: only an outcome that solves it settles it. A
    promised update is offered with those it was promised to, where we are in touch with them.
    """
    if not subject.is_visible:
        return []
    places = [r.dossier_id for r in (subject.contact, subject.project, subject.account) if r is not None]
    here = Q(dossier__one_of=places or [subject.dossier.pk])
    told = subject.contact.pk if subject.contact and direction == OUT else 0
    theirs = Q(kind=Kind.NEXT_UPDATE, pk__in=_promised_to(told))
    if subject.contact is not None:
        here &= Q(follow_up=None) | Q(follow_up__contact=None) | Q(follow_up__contact=subject.contact)
        here |= Q(follow_up__contact=subject.contact)
    here = (here & ~Q(kind=Kind.NEXT_UPDATE)) | theirs
    owed = Commitment.objects.open().filter(here, home=subject.dossier.home_id).exclude(kind__in=OWNER_KEPT)
    found = list(owed.select_related("follow_up__contact__dossier").order_by("due_at", "pk")[:OFFERED])
    tomorrow = (timezone.localtime(at) + timedelta(days=2)).replace(hour=0, minute=0, second=0, microsecond=0)
    for commitment in found:
        commitment.is_suggested = commitment.kind == Kind.RESOLUTION or commitment.due_at < tomorrow  # type: ignore[attr-defined]
    return found


class When(NamedTuple):
    """What plain words mean: a moment, who will answer then, and how often again (None: once)."""

    moment: datetime
    poc: PointOfContact
    recurs: Recurrence | None


def _promised_to(contact_id: int) -> Any:
    """The updates promised to a contact."""
    return Commitment.addressees.through.objects.filter(dossier=contact_id).values("commitment")


def read_due(text: str, *, place: Dossier, topic: Topic, at: datetime) -> When:
    """Return what plain words mean by the calendar of whoever answers.

    :raises due.Unreadable: they say no moment.
    :raises due.TooFar: it lies years ahead.
    """
    asked = [Question(place.pk, topic.pk), Question(place.pk, topic.pk, at=at + due.FURTHEST)]
    fetched = fetch(asked, at)
    now = decide(dossier_id=place.pk, topic_id=topic.pk, at=at, facts=fetched.facts)
    moment, recurs = recurrence.read(text, at=at, working=working_times([now.poc_id])[now.poc_id])
    then = decide(dossier_id=place.pk, topic_id=topic.pk, at=moment, facts=fetched.facts)
    return When(moment, fetched.pocs[then.poc_id], recurs)


def logged_a_moment_ago(place: Dossier, *, outcome: Outcome | None, user: User, at: datetime) -> Interaction | None:
    """Return what the same person logged on the same record with the same outcome in the last two minutes."""
    same = Interaction.objects.current().filter(dossier=place, outcome=outcome, logged_by=user)
    return same.filter(logged_at__gt=at - timedelta(minutes=2)).order_by("-pk").first()


def inline(dossier: Dossier, outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Return what the form on a record's own page shows before it opens; `outcomes` are those of a call."""
    return {"record": dossier.pk, "outcomes": outcomes}


def is_logged(client_key: UUID) -> bool:
    """True when a touch was saved under this key."""
    return Interaction.objects.filter(client_key=client_key).exists()
