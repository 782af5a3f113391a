"""How reminders and mails are doing: one snapshot, read by the engine page, the metrics and the command line.

A constant number of queries, each of a part of a table that an index holds. What waits, failed or was found is counted
up to a limit, and how late mails are is taken from the newest; only the mails of the last hour are all counted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Any, NamedTuple

from django.conf import settings
from django.db.models import Case, Count, DateTimeField, F, Min, Q, QuerySet, When
from django.db.models.functions import TruncMinute
from django.utils.functional import Promise as Lazy
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from crm.commitments.auditing import catalogue
from crm.commitments.models import Commitment, Finding, Notification
from crm.core import clock
from crm.outbox import breaker
from crm.outbox.models import DeliveryAttempt, Heartbeat, Message

MOST = 100_000  # things counted; more are "100,000 or more"
SHOWN = 20  # rows of each list
HOUR = 60  # minutes that the mails are counted over
SAMPLE = 2_000  # newest mails that the lateness is taken from
LATE = timedelta(minutes=5)  # reminders and notices
MAIL_LATE = timedelta(minutes=10)
CAUGHT_UP = timedelta(hours=1)  # of what was packed later than this, the lateness counts from then on
RECENT = timedelta(days=1)  # so long a mail that failed wants to be looked at
LISTED = timedelta(days=30)  # so long it is listed
PARTS: dict[str, Lazy] = {
    "planner": _("Reminders"), "sender": _("Mails"), "auditor": _("Auditor"), "guard": _("Guard"),
}  # fmt: skip
STOOD_IN = "guard_stood_in"  # written by the guard when it did another's work


class Level(IntEnum):
    """How bad it is; also what the command line ends with."""

    WELL = 0
    LOOK = 1
    DOWN = 2


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that is wrong, in a sentence."""

    level: Level
    says: Any


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the engine. `last_ok_at` None: it has never got through its work."""

    component: str
    label: Lazy
    last_ok_at: datetime | None
    seconds: int | None  # since then
    is_silent: bool


class Backlog(NamedTuple):
    """What is due and not done: how much (at most MOST), and the first of it."""

    n: int
    oldest: datetime | None

    @property
    def is_more(self) -> bool:
        return self.n >= MOST


@dataclass(slots=True)
class Snapshot:
    """Everything that is known of the engine at one moment."""

    at: datetime
    parts: Sequence[Part]
    stood_in_at: datetime | None
    paused_until: datetime | None
    paused_because: str  # as the mail server said it
    breaks_off: bool  # why it is paused: the mail server takes mails to their end, and then says nothing
    looks: Backlog
    notices: Backlog
    mails: Backlog
    minutes: Sequence[int]  # mails that left in each of the last sixty minutes, the oldest first
    lateness: Sequence[float]  # seconds of the newest mails, sorted
    undelivered: Sequence[Message]
    n_undelivered: dict[str, int]  # by state, those of the last 30 days
    n_failed: int  # those of the last day
    quarantined: Sequence[Commitment]
    n_quarantined: int
    n_used_up: int
    findings: Sequence[Finding]
    n_findings: int
    n_unsaid: int  # of these, those that the figures do not say already
    ended: Sequence[Finding]
    problems: list[Problem] = field(default_factory=list)

    @property
    def level(self) -> Level:
        return max((problem.level for problem in self.problems), default=Level.WELL)

    @property
    def is_by_guard(self) -> bool:
        """True where the guard, and no worker, did the last work."""
        return self.stood_in_at is not None and self.at - self.stood_in_at < timedelta(seconds=2 * settings.GUARD_AFTER)

    def seconds_late(self, share: float) -> float | None:
        """Return within how many seconds this share of the newest mails left; None where none did."""
        if not self.lateness:
            return None
        return self.lateness[min(len(self.lateness) - 1, int(share * len(self.lateness)))]

    def age(self, backlog: Backlog) -> float:
        """Return since how many seconds the first of a backlog is due."""
        return max(0.0, (self.at - backlog.oldest).total_seconds()) if backlog.oldest else 0.0


def snapshot(*, at: datetime | None = None) -> Snapshot:
    """Look at the engine as it stands. Fourteen queries; one more while no mails are sent."""
    at = at or clock.now()
    beats = {beat.component: beat for beat in Heartbeat.objects.all()}
    stood_in, sender = beats.get(STOOD_IN), beats.get("sender")
    listed = Message.objects.undelivered().filter(ended_at__gt=at - LISTED)
    set_aside = Commitment.objects.open().exclude(quarantined_at=None)
    standing = Finding.objects.standing()
    failed, found = _failed(listed, at), _found(standing)
    state = Snapshot(
        at=at,
        parts=[_part(name, label, beats.get(name), at) for name, label in PARTS.items()],
        stood_in_at=stood_in.last_ok_at if stood_in else None,
        paused_until=sender.paused_until if sender else None,
        paused_because=sender.paused_because if sender else "",
        breaks_off=bool(sender and sender.paused_until) and breaker.breaks_off(),
        looks=_backlog(Commitment.objects.due_for_a_look(), "next_action_at"),
        notices=_backlog(Notification.objects.unpacked(), "tell_at"),
        mails=_backlog(Message.objects.due(), "available_at"),
        minutes=_minutes(at),
        lateness=_lateness(at),
        undelivered=list(listed.select_related("recipient").order_by("-ended_at")[:SHOWN]),
        n_undelivered={name: failed[name] for name in ("dead", "uncertain") if failed[name]},
        n_failed=failed["recent"],
        quarantined=list(set_aside.select_related("dossier").order_by("-quarantined_at")[:SHOWN]),
        n_quarantined=set_aside[:MOST].count(),
        n_used_up=Commitment.objects.used_up()[:MOST].count(),
        findings=list(standing.order_by("-found_at", "-pk")[:SHOWN]),
        n_findings=found["n"],
        n_unsaid=found["unsaid"],
        ended=list(Finding.objects.exclude(ended_at=None).order_by("-found_at", "-pk")[:SHOWN]),
    )
    state.problems = sorted(_problems(state), key=lambda problem: -problem.level)
    return state


def _part(component: str, label: Lazy, beat: Heartbeat | None, at: datetime) -> Part:
    if beat is None:
        return Part(component, label, None, None, is_silent=component != "guard")
    seconds = int(abs((at - beat.last_ok_at).total_seconds()))
    return Part(component, label, beat.last_ok_at, seconds, is_silent=seconds > _patience(component))


def _patience(component: str) -> int:
    """How many seconds of silence mean that a part is down: the guard would have stepped in long before."""
    return 2 * settings.GUARD_AFTER + (2 * settings.AUDIT_EVERY if component == "auditor" else 0)


def _backlog(due: QuerySet[Any], moment: str) -> Backlog:
    found = due.order_by()[:MOST].aggregate(n=Count("pk"), oldest=Min(moment))
    return Backlog(found["n"], found["oldest"])


def _failed(listed: QuerySet[Message], at: datetime) -> dict[str, int]:
    """Count what was not delivered, by state, and what of it failed within a day: the newest `MOST`."""
    return listed.order_by("-ended_at")[:MOST].aggregate(
        dead=Count("pk", filter=Q(state=Message.State.DEAD)),
        uncertain=Count("pk", filter=Q(state=Message.State.UNCERTAIN)),
        recent=Count("pk", filter=Q(ended_at__gt=at - RECENT)),
    )


def _found(standing: QuerySet[Finding]) -> dict[str, int]:
    """Count what the auditor sees, and what of it nothing else on the page says."""
    return standing.order_by()[:MOST].aggregate(n=Count("pk"), unsaid=Count("pk", filter=~Q(code__in=SAID_ABOVE)))


def _minutes(at: datetime) -> list[int]:
    """Count the mails that a server took in each of the last sixty whole minutes."""
    until = at.replace(second=0, microsecond=0)
    since = until - timedelta(minutes=HOUR)
    taken = DeliveryAttempt.objects.filter(
        intent_at__gte=since, intent_at__lt=until, outcome=DeliveryAttempt.Outcome.ACCEPTED
    )
    by_minute = taken.annotate(minute=TruncMinute("intent_at")).order_by().values_list("minute").annotate(n=Count("pk"))
    counts = dict(by_minute)
    return [counts.get(since + timedelta(minutes=n), 0) for n in range(HOUR)]


def _lateness(at: datetime) -> list[float]:
    """Return after how many seconds each of the newest mails was taken, from when it was to be told.

    What was put into a mail over an hour late, after an outage or because it was entered late, counts from then on.
    """
    notice, packed = "message__notifications__", F("message__created_at")
    caught_up = When(**{f"{notice}planned_for__lt": packed - CAUGHT_UP}, then=packed)
    held = When(**{f"{notice}tell_at__gt": F(f"{notice}created_at")}, then=F(f"{notice}tell_at"))  # for a digest
    wanted = Min(Case(caught_up, held, default=F(f"{notice}planned_for"), output_field=DateTimeField()))
    taken = DeliveryAttempt.objects.filter(
        intent_at__gte=at - timedelta(minutes=HOUR), outcome=DeliveryAttempt.Outcome.ACCEPTED
    )
    newest = taken.order_by("-intent_at").values("pk")[:SAMPLE]  # before what they tell is looked at
    rows = DeliveryAttempt.objects.filter(pk__in=newest).annotate(wanted=wanted).values_list("ended_at", "wanted")
    return sorted(max(0.0, (ended - start).total_seconds()) for ended, start in rows if ended and start)


SAID_ABOVE = ("quarantined", "mail_server")  # findings that the figures say already


def _problems(state: Snapshot) -> Iterator[Problem]:
    yield from _silences(state)
    if state.breaks_off:
        says = _(
            "The mail server takes mails to their end and then breaks off: nobody knows whether they arrive. "
            "The others wait; one is tried every half minute."
        )
        yield Problem(Level.LOOK, says)
    elif state.paused_until is not None:
        yield Problem(Level.LOOK, _("The mail server cannot be reached. Mails wait, and are sent when it is back."))
    for backlog, late, says in (
        (state.looks, LATE, _("Reminders are worked out late.")),
        (state.notices, LATE, _("Notices wait to be put into mails.")),
        (state.mails, MAIL_LATE, _("Mails wait to be sent.")),
    ):
        is_said = backlog is state.mails and state.paused_until is not None
        if not is_said and state.age(backlog) > late.total_seconds():
            yield Problem(Level.LOOK, says)
    if state.n_quarantined:
        says = ngettext_lazy(
            "%(n)s thing owed was set aside after errors.", "%(n)s things owed were set aside after errors.", "n"
        )
        yield Problem(Level.LOOK, says % {"n": state.n_quarantined})
    if state.n_failed:
        says = ngettext_lazy("%(n)s mail failed within a day.", "%(n)s mails failed within a day.", "n")
        yield Problem(Level.LOOK, says % {"n": state.n_failed})
    if state.n_unsaid:
        says = ngettext_lazy("The auditor found %(n)s thing wrong.", "The auditor found %(n)s things wrong.", "n")
        yield Problem(Level.LOOK, says % {"n": state.n_unsaid})


def _silences(state: Snapshot) -> Iterator[Problem]:
    says = {
        "planner": _("Nobody works out reminders."),
        "sender": _("Nobody sends mails."),
        "auditor": _("Nobody checks whether all is well."),
        "guard": _("The guard is silent: nobody would step in."),
    }
    for part in state.parts:
        if part.is_silent:
            yield Problem(Level.DOWN if part.component in ("planner", "sender") else Level.LOOK, says[part.component])
    if state.is_by_guard:
        yield Problem(Level.LOOK, _("The guard does the work: the scheduler is silent, or no worker hears it."))


def title(finding: Finding) -> Any:
    """Return what a finding says, in words."""
    return catalogue.title(finding.code)
