"""What one person has to see today, in a constant number of queries."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import Case, DurationField, Exists, ExpressionWrapper, F, OuterRef, Q, When
from django.utils import timezone
from django.utils.translation import ngettext

from crm.commitments import inbox, waiting
from crm.commitments.models import Commitment, Kind, Notification
from crm.core.working_time import WorkingTime
from crm.dossiers.models import Topic
from crm.handovers.models import Handover
from crm.poc.calendars import working_times
from crm.poc.models import Absence, Membership, PointOfContact
from crm.poc.resolve import Question, ask
from crm.poc.words import last_day
from crm.users.models import User
from interactions.passing import passings

AHEAD = timedelta(days=14)  # how far "coming next" looks
COMING = 10  # rows of it
ABSENCES = 12
NOTICES = 12  # told and not read, the newest
MOST_UNREAD = 99  # counted; more are "99+"
SOON = 0.85  # of the days a tier allows, from which on an account is being lost
# Notices whose matter stands in the lists itself.
SHOWN_AS_ROWS = {
    "reminder", "due_reminder", "late_reminder", "escalation", "handover_offered", "handover_covered", "passed_on",
}  # fmt: skip


@dataclass(slots=True)
class Day:
    """My day: what is owed comes first, then what to keep an eye on."""

    is_poc: bool = True
    late: list[Commitment] = field(default_factory=list)  # overdue, and escalated to me
    today: list[Commitment] = field(default_factory=list)
    handovers: list[Commitment] = field(default_factory=list)  # to accept
    proposals: list[Handover] = field(default_factory=list)  # to offer to somebody
    answers: list[Commitment] = field(default_factory=list)  # owed to customers; each has `left`
    passed: list[Commitment] = field(default_factory=list)  # to solve for others; each has its `passing`
    waiting: list[Commitment] = field(default_factory=list)  # for customers; the longest first
    put_off: list[Commitment] = field(default_factory=list)  # quiet until a moment; the soonest first
    coming: list[Commitment] = field(default_factory=list)
    losing: list[Commitment] = field(default_factory=list)  # touches asked for; the longest silent first
    absences: list[Absence] = field(default_factory=list)
    away: Absence | None = None  # I am away now
    instead: PointOfContact | None = None  # who answers for me meanwhile, where no cover was named and no backup is
    used_up: list[Commitment] = field(default_factory=list)
    notices: list[inbox.Entry] = field(default_factory=list)
    is_cut: bool = False  # more is owed than was read
    n_unread: int = 0  # at most one over MOST_UNREAD

    @property
    def away_until(self) -> str:
        """The last day of my absence, in words."""
        return last_day(self.away.ends_at) if self.away else ""

    @property
    def unread(self) -> str:
        """How many things were told and not read yet, those included that are not shown."""
        return f"{MOST_UNREAD}+" if self.n_unread > MOST_UNREAD else str(self.n_unread)

    @property
    def is_clear(self) -> bool:
        """True when nothing wants to be done today."""
        return not (self.late or self.today or self.handovers or self.proposals or self.answers or self.passed)


def of(user: User, *, at: datetime) -> Day:
    """Return one person's day, in the language and zone that are active."""
    pocs = inbox.pocs_of(user)
    if not pocs:
        return Day(is_poc=False)
    also = ["follow_up__channel", "dossier__account"]
    read = inbox.read(pocs, at=at, before=at + AHEAD, also=also, resting=True)
    resting = {c.pk for c in read.owed if _is_resting(c, at)}
    day = _sorted([c for c in read.owed if c.pk not in resting], read.escalated, at)
    day.put_off = sorted((c for c in read.owed if c.pk in resting), key=_quiet_until)
    day.used_up, day.waiting = read.used_up, read.waiting
    day.is_cut = len(read.owed) + len(read.waiting) == inbox.MOST
    _say_what_is_left([*day.answers, *day.passed], at)
    _say_what_is_waited_for(day.waiting)
    proposed = Handover.objects.proposed().filter(giver__one_of=pocs, dossier__archived_at=None).for_list()
    day.proposals = list(proposed.order_by("opened_at", "pk"))
    _absences(day, user, pocs, at)
    _notices(day, pocs, at)
    return day


def _sorted(mine: Sequence[Commitment], escalated: Sequence[Commitment], at: datetime) -> Day:
    """Put each thing owed where it belongs, each once."""
    day = Day()
    tomorrow = (timezone.localtime(at) + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    day.late = sorted(
        {c.pk: c for c in (*escalated, *(c for c in mine if c.due_at < at and c.kind != Kind.TOUCH))}.values(), key=_due
    )
    taken = {c.pk for c in day.late}
    passed = passings((*day.late, *mine))
    for commitment in (*day.late, *mine):
        commitment.passing = passed.get(commitment.pk)  # type: ignore[attr-defined]
    for commitment in mine:
        if commitment.pk in taken:
            continue
        if commitment.kind == Kind.HANDOVER:
            day.handovers.append(commitment)
        elif commitment.kind == Kind.TOUCH:
            if _is_losing(commitment, at):
                day.losing.append(commitment)
        elif commitment.pk in passed and not passed[commitment.pk].is_back:
            day.passed.append(commitment)
        elif commitment.kind in (Kind.FIRST_ANSWER, Kind.RESOLUTION, Kind.NEXT_UPDATE):
            day.answers.append(commitment)
        elif commitment.due_at < tomorrow:
            day.today.append(commitment)
        elif len(day.coming) < COMING:
            day.coming.append(commitment)
    return day


def _is_resting(commitment: Commitment, at: datetime) -> bool:
    is_snoozed = commitment.state == Commitment.State.SNOOZED
    return is_snoozed and commitment.hold_until is not None and commitment.hold_until > at


def _quiet_until(commitment: Commitment) -> tuple[datetime, int]:
    return commitment.hold_until or commitment.due_at, commitment.pk


def _due(commitment: Commitment) -> tuple[datetime, int]:
    return commitment.due_at, commitment.pk


def _say_what_is_left(answers: Iterable[Commitment], at: datetime) -> None:
    """Give each answer owed its `left`: the working time of whoever owes it."""
    answers = list(answers)
    if not answers:
        return
    times = working_times({c.owner.pk for c in answers})  # type: ignore[attr-defined]
    for commitment in answers:
        commitment.left = _left(times[commitment.owner.pk], at, commitment.due_at)  # type: ignore[attr-defined]


def _say_what_is_waited_for(owed: Sequence[Commitment]) -> None:
    """Give each thing that waits for a customer its `waits_for`, as it was said. One query, or none."""
    said = waiting.reasons(owed)
    for commitment in owed:
        commitment.waits_for = said.get(commitment.pk, "")  # type: ignore[attr-defined]


def _left(working: WorkingTime, at: datetime, due_at: datetime) -> str:
    minutes = max(working.between(at, due_at) // 60, 0)
    if minutes < 60:
        return ngettext("%(n)s working minute left", "%(n)s working minutes left", minutes) % {"n": minutes}
    hours = minutes // 60
    return ngettext("%(n)s working hour left", "%(n)s working hours left", hours) % {"n": hours}


def _is_losing(commitment: Commitment, at: datetime) -> bool:
    """True of a touch that is asked for soon, or overdue, as the touch clock shows it."""
    since = commitment.recur_from or commitment.opened_at
    return at - since >= timedelta(days=(commitment.recur_every or 0) * SOON)


def _absences(day: Day, user: User, pocs: Collection[int], at: datetime) -> None:
    """Who of my teams is away now or soon, myself included; and whether I am away now."""
    members = Membership.objects.filter(team__one_of=list(pocs)).values("member")
    at_home = PointOfContact.objects.filter(Q(home_team__one_of=list(pocs)) | Q(user=user)).values("pk")
    near = Absence.objects.overlapping(at, at + AHEAD).filter(Q(poc__in=members) | Q(poc__in=at_home))
    length = ExpressionWrapper(F("ends_at") - F("starts_at"), output_field=DurationField())
    is_mine = Case(When(poc__user=user, then=True), default=False)
    rows = near.annotate(length=length, is_mine=is_mine).filter(length__gt=timedelta(0)).for_list()
    found = list(rows.order_by("-is_mine", "starts_at", "pk")[:ABSENCES])
    mine = [a for a in found if a.is_mine and a.starts_at <= at]
    day.away = next((a for a in mine if a.topic_id is None), None)
    if day.away and day.away.cover is None:
        day.instead = _instead_of(day.away.poc, at)
    day.absences = sorted(found, key=lambda a: (a.starts_at, a.pk))


def _instead_of(poc: PointOfContact, at: datetime) -> PointOfContact:
    """Whoever answers when somebody is asked for who is away: as their card says. Three queries."""
    question = Question(None, Topic.objects.values_list("pk", flat=True).get(code=Topic.GENERAL), poc.pk)
    answers, fetched = ask([question], at=at)
    return fetched.pocs[answers[question].poc_id]


def _notices(day: Day, pocs: Collection[int], at: datetime) -> None:
    """What was told and not read yet; reminders stand in the lists already. Two queries; three where not all fit."""
    news = Notification.objects.exclude(kind__in=SHOWN_AS_ROWS)
    unread = inbox.notices_to(pocs).unread().filter(Exists(news.filter(message=OuterRef("pk"))))
    newest = list(unread[: NOTICES + 1])
    day.notices = inbox.entries(newest[:NOTICES], at=at)
    for entry in day.notices:
        entry.lines[:] = [line for line in entry.lines if line.kind not in SHOWN_AS_ROWS]
    day.n_unread = sum(len(entry.lines) for entry in day.notices)
    if len(newest) > NOTICES:
        told = news.filter(message__in=inbox.notices_to(pocs).unread().order_by())
        day.n_unread = told[: MOST_UNREAD + 1].count()
