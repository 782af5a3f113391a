"""What came of a replay, counted in its database. The outcomes of parts of a log add up to that of the whole."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Count, Sum

from crm.commitments.models import Commitment, Kind, Notification, Priority, Step
from crm.desk.replay.acts import Kind as Do
from crm.desk.replay.acts import acts_of
from crm.desk.replay.log import Incident
from crm.desk.replay.play import Case, Played
from crm.dossiers.models import Event
from crm.outbox.models import Message
from crm.poc.models import PointOfContact
from interactions.models import Interaction

MOVES = (Event.Kind.REASSIGNED, Event.Kind.PASSED_ON, Event.Kind.RETURNED)
KEPT, MISSED, OPEN = "kept", "missed", "open"


@dataclass(frozen=True, slots=True)
class Rung:
    """A step of the ladder of a kind: what it is, and who is asked."""

    owed: str
    step: int
    kind: str
    asked: str


@dataclass(slots=True)
class Outcome:
    """Counts, and what was judged of each incident."""

    kept: Counter[tuple[str, str, str]] = field(default_factory=Counter)  # kind, priority, kept or missed or open
    missed: dict[str, bool] = field(default_factory=dict)  # an incident's number → its solution came late
    rungs: list[Rung] = field(default_factory=list)
    told: Counter[tuple[str, int | None, str, bool]] = field(default_factory=Counter)  # kind, step, slot, once solved
    skipped: Counter[tuple[str, int | None, str]] = field(default_factory=Counter)  # kind, step, why
    done: Counter[str] = field(default_factory=Counter)
    refusals: Counter[tuple[str, str, str]] = field(default_factory=Counter)  # an incident's number, act, code
    moved: Counter[str] = field(default_factory=Counter)  # by an incident's number: how often it was given away
    reopened: Counter[str] = field(default_factory=Counter)  # by the number: how often its customer came back
    notices: Counter[str] = field(default_factory=Counter)  # by their state
    counts: Counter[str] = field(default_factory=Counter)
    recipients: set[str] = field(default_factory=set)

    @property
    def refused(self) -> Counter[tuple[str, str]]:
        """How often each act was refused, by the refusal's code."""
        found: Counter[tuple[str, str]] = Counter()
        for (_number, act, code), n in self.refusals.items():
            found[act, code] += n
        return found

    def __add__(self, other: Outcome) -> Outcome:
        return Outcome(
            self.kept + other.kept, self.missed | other.missed, self.rungs or other.rungs, self.told + other.told,
            self.skipped + other.skipped, self.done + other.done, self.refusals + other.refusals,
            self.moved + other.moved, self.reopened + other.reopened,
            self.notices + other.notices, self.counts + other.counts, self.recipients | other.recipients,
        )  # fmt: skip


def count(played: Played) -> Outcome:
    """Count what stands in the database that a log was played in."""
    outcome = Outcome(rungs=_rungs(), done=played.done, refusals=played.refusals)
    _judge(played.cases, outcome)
    _tell(played.cases, outcome)
    _follow(played.cases, outcome)
    notices = Notification.objects.order_by()
    outcome.notices = Counter(dict(notices.values_list("state").annotate(n=Count("pk"))))
    told = notices.exclude(recipient=None).values("recipient").distinct()
    outcome.recipients = set(PointOfContact.objects.filter(pk__in=told).values_list("name", flat=True))
    outcome.counts = _counts(played)
    return outcome


def _judge(cases: Iterable[Case], outcome: Outcome) -> None:
    """Say of each promise whether it was kept by its due moment."""
    rows = Commitment.objects.values_list("pk", "due_at", "closed_at")
    late = {pk: None if closed_at is None else closed_at > due_at for pk, due_at, closed_at in rows}
    for case in cases:
        for owed in (case.answer, case.solution):
            if owed is not None:
                is_late = late[owed.pk]
                verdict = OPEN if is_late is None else MISSED if is_late else KEPT
                outcome.kept[str(owed.kind), case.incident.priority, verdict] += 1
        if case.solution is not None and (is_late := late[case.solution.pk]) is not None:
            outcome.missed[case.incident.number] = is_late


def _tell(cases: Iterable[Case], outcome: Outcome) -> None:
    """Count who was told at which step; a step of a promise counts once, however many of a slot it told."""
    solved = {case.solution.pk: _solved_at(case.incident) for case in cases if case.solution}
    seen: set[tuple[int | None, ...]] = set()
    rows = Notification.objects.filter(step__isnull=False).exclude(commitment=None).order_by("pk")
    for kind, pk, generation, step, repeat, slot, state, reason, at in rows.values_list(
        "commitment__kind", "commitment_id", "generation", "step", "repeat", "slot", "state", "reason", "created_at"
    ).iterator():
        if state == Notification.State.SKIPPED:
            outcome.skipped[kind, step, reason] += 1
        elif (pk, generation, step, repeat) not in seen:
            seen.add((pk, generation, step, repeat))
            moment = solved.get(pk)
            outcome.told[kind, step, slot, moment is not None and at >= moment] += 1


def _follow(cases: Iterable[Case], outcome: Outcome) -> None:
    """Count for each incident how often it was given away, and how often its customer came back."""
    numbers = {case.solution.pk: case.incident.number for case in cases if case.solution}
    for facts in Event.objects.filter(kind__in=MOVES).order_by().values_list("facts", flat=True).iterator():
        outcome.moved[numbers.get(facts["commitment"], "")] += 1
    came = Interaction.objects.filter(direction=Interaction.Direction.INBOUND).order_by()
    outcome.reopened = Counter(dict(came.values_list("note").annotate(n=Count("pk") - 1).filter(n__gt=0)))


def _solved_at(incident: Incident) -> datetime | None:
    return next((act.at for act in acts_of(incident) if act.kind == Do.SOLVE), None)


def _rungs() -> list[Rung]:
    """Return the steps of answers and solutions: those of every priority are the same."""
    kinds = (Kind.FIRST_ANSWER, Kind.RESOLUTION)
    rows = Step.objects.filter(version__policy__kind__in=kinds, version__policy__priority=Priority.NORMAL)
    ordered = rows.order_by("version__policy__kind", "ordinal")
    return [Rung(*row) for row in ordered.values_list("version__policy__kind", "ordinal", "kind", "slot")]


def _counts(played: Played) -> Counter[str]:
    events = Event.objects
    return Counter(
        incidents=Commitment.objects.filter(kind=Kind.RESOLUTION).count(),
        moves=events.filter(kind__in=MOVES).count(),
        waited=events.filter(kind=Event.Kind.WAITING).count(),
        resumed=events.filter(kind=Event.Kind.RESUMED).count(),
        escalated=events.filter(kind=Event.Kind.ESCALATED).count(),
        paused_seconds=Commitment.objects.aggregate(n=Sum("paused_seconds"))["n"] or 0,
        set_aside=Commitment.objects.exclude(quarantined_at=None).count(),
        messages=Message.objects.count(),
        touches=played.n_touches,
        looks=played.n_looks,
        looked_at=played.n_looked_at,
    )
