"""A dry run over the last month: which steps of a policy would have fired, when, to whom, beside what really did.

Nothing is written. Who answered is asked for the moment of each step. Acts on the way are not repeated: a
promise counts as untouched until it was settled. Recipients are those the steps name, a team as the team.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from crm.commitments.models import Commitment, Notification, Policy, PolicyVersion
from crm.commitments.opening import target_due
from crm.commitments.planning import ladder
from crm.commitments.policy import policies
from crm.commitments.policy.policy_checks import Terms
from crm.commitments.policy.rehearsing import Fired, Slots, everybody, ladder_of, walk
from crm.core.working_time import WorkingTime
from crm.dossiers.models import Channel, Dossier, Event, EventDossier, Purpose
from crm.outbox.models import Message
from crm.poc.calendars import by_id, working_times
from crm.poc.decide import Answer
from crm.poc.models import PointOfContact
from crm.poc.resolve import Question, resolve_many

if TYPE_CHECKING:
    from crm.users.models import User

MONTH = timedelta(days=31)
MOST = 200  # promises gone through, the newest
MOST_ASKED = 1000  # of the kind, among which those that match are looked for


@dataclass(frozen=True, slots=True)
class Told:
    """Somebody told by a step: when, whom, by an escalation or a reminder. `name` empty: nobody was there."""

    at: datetime
    name: str
    is_escalation: bool
    reached: str


@dataclass(frozen=True, slots=True)
class Row:
    """One promise: when it would have been due, who would have been told, and who was."""

    commitment: Commitment
    due_at: datetime
    would: Sequence[Told]
    really: Sequence[Told]

    def is_late(self, due_at: datetime, at: datetime) -> bool:
        return (self.commitment.closed_at or at) > due_at


@dataclass(frozen=True, slots=True)
class DryRun:
    """What came of it. `is_cut`: there were more than are shown, the newest are."""

    rows: Sequence[Row]
    is_cut: bool
    since: datetime
    at: datetime

    @property
    def n_would(self) -> int:
        return sum(len(row.would) for row in self.rows)

    @property
    def n_would_escalate(self) -> int:
        return sum(told.is_escalation for row in self.rows for told in row.would)

    @property
    def n_really(self) -> int:
        return sum(len(row.really) for row in self.rows)

    @property
    def n_really_escalated(self) -> int:
        return sum(told.is_escalation for row in self.rows for told in row.really)

    @property
    def n_would_be_late(self) -> int:
        return sum(row.is_late(row.due_at, self.at) for row in self.rows)

    @property
    def n_late(self) -> int:
        return sum(row.is_late(row.commitment.due_at, self.at) for row in self.rows)


def dry_run(policy: Policy, terms: Terms, *, user: User, at: datetime) -> DryRun:
    """Return what `terms` would have done to what `policy` would have matched in the last month, as `user` may see it.

    A constant number of queries, some twenty.
    """
    found, is_cut = _matching(policy, user, at)
    rungs = ladder_of(terms)
    working = _working(found, terms)
    dues = {c.pk: _due(c, terms, working[c.pk]) for c in found}
    anybody = everybody(rungs)

    def walked(commitment: Commitment, slots_at: Callable[[datetime], Slots]) -> list[Fired]:
        return walk(
            rungs, opened_at=commitment.opened_at, due_at=dues[commitment.pk], working=working[commitment.pk],
            slots_at=slots_at, until=commitment.closed_at or at,
        )  # fmt: skip

    moments = {c.pk: [f.at for f in walked(c, lambda _at: anybody) if not f.reason] for c in found}
    known = _Then.load(found, moments, rungs)
    fired = {c.pk: walked(c, known.slots_of(c)) for c in found}
    really = _really(found)
    rows = [Row(c, dues[c.pk], known.named(fired[c.pk]), really.get(c.pk, ())) for c in found]
    return DryRun(rows, is_cut, at - MONTH, at)


# --- What matches ----------------------------------------------------------------------------------------------------


def _matching(policy: Policy, user: User, at: datetime) -> tuple[list[Commitment], bool]:
    """Return the newest promises of the last month that would come under the policy, and whether there were more."""
    rows = Commitment.objects.visible_to(user).filter(kind=policy.kind, opened_at__gt=at - MONTH, opened_at__lte=at)
    if policy.priority:
        rows = rows.filter(priority=policy.priority)
    if policy.topic_id:
        rows = rows.filter(topic=policy.topic_id)
    asked = list(rows.select_related("dossier", "topic", "poc").order_by("-pk")[:MOST_ASKED])
    book = policies.book([policy.kind])
    cases = _cases(asked, at) if asked else []
    matching = [c for c, case in zip(asked, cases, strict=True) if book.version_for(case).policy_id == policy.pk]
    return matching[:MOST], len(matching) > MOST or len(asked) == MOST_ASKED


def _cases(asked: Sequence[Commitment], at: datetime) -> list[policies.Case]:
    """What each is matched by: its own values, the tier of today, purpose and channel as its opening recorded them."""
    tiers = dict(Dossier.objects.filter(pk__one_of=list({c.home_id for c in asked})).values_list("pk", "tier_id"))
    purposes, channels = (dict(model.objects.values_list("code", "pk")) for model in (Purpose, Channel))
    opened = EventDossier.objects.filter(
        dossier__one_of=list({c.dossier_id for c in asked}), happened_at__gt=at - MONTH, event__kind=Event.Kind.OWED
    )
    facts = {f["commitment"]: f for f in opened.values_list("event__facts", flat=True) if "commitment" in f}
    return [
        policies.Case(
            c.kind, c.priority, purposes.get(facts.get(c.pk, {}).get("purpose")),
            c.dossier.tier_id or tiers.get(c.home_id), c.topic_id, channels.get(facts.get(c.pk, {}).get("channel")),
        )
        for c in asked
    ]  # fmt: skip


def _working(found: Sequence[Commitment], terms: Terms) -> dict[int, WorkingTime]:
    """Return the working time each counts in: of the terms' calendar, else of whoever answered when it was opened."""
    if terms.calendar is not None:
        working = by_id([terms.calendar.pk])[terms.calendar.pk].working
        return {c.pk: working for c in found}
    questions = {c.pk: Question(c.dossier_id, c.topic_id, c.poc_id, c.opened_at) for c in found}
    answers = resolve_many(questions.values(), at=found[0].opened_at) if found else {}
    times = working_times({answer.poc_id for answer in answers.values()})
    return {pk: times[answers[question].poc_id] for pk, question in questions.items()}


def _due(commitment: Commitment, terms: Terms, working: WorkingTime) -> datetime:
    """Return when it would have been due: by the target where that decided, or would; else as it was promised."""
    if terms.target_amount is None or commitment.counted_from is None:
        return commitment.due_at
    version = PolicyVersion(target_amount=terms.target_amount, target_unit=terms.target_unit)
    return target_due(version, commitment.counted_from, working, paused_seconds=commitment.paused_seconds)


# --- Who would have been told ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Then:
    """Who was in which slot at the moments of the steps."""

    answers: Mapping[Question, Answer]
    moments: Mapping[int, Sequence[datetime]]
    fixed: Slots  # those that steps name
    names: Mapping[int, str]

    @classmethod
    def load(
        cls, found: Sequence[Commitment], moments: Mapping[int, Sequence[datetime]], rungs: ladder.Ladder
    ) -> _Then:
        questions = [_question(c, at) for c in found for at in (c.opened_at, *moments[c.pk])]
        answers = resolve_many(questions, at=found[0].opened_at) if found else {}
        fixed = {step.slot: int(step.slot.partition(":")[2]) for step in rungs.steps if ":" in step.slot}
        ids = {pk for a in answers.values() for pk in (a.poc_id, a.backup_id, a.lead_id, a.leads_lead_id, a.house_id)}
        pocs = PointOfContact.objects.filter(pk__one_of=[pk for pk in {*ids, *fixed.values()} if pk is not None])
        rows = list(pocs.values_list("pk", "name", "deactivated_at"))
        gone = {pk for pk, _name, deactivated_at in rows if deactivated_at is not None}
        named = {slot: () if pk in gone else (pk,) for slot, pk in fixed.items()}
        return cls(answers, moments, named, {pk: name for pk, name, _gone in rows})

    def slots_of(self, commitment: Commitment) -> Callable[[datetime], Slots]:
        def at(moment: datetime) -> Slots:
            known = [each for each in self.moments[commitment.pk] if each <= moment]
            return self._slots(self.answers[_question(commitment, known[-1] if known else commitment.opened_at)])

        return at

    def _slots(self, answer: Answer) -> Slots:
        ids = (answer.poc_id, answer.backup_id, answer.lead_id, answer.leads_lead_id, answer.house_id)
        own = {slot: () if pk is None else (pk,) for slot, pk in zip(ladder.CLIMB, ids, strict=True)}
        return {**own, **self.fixed}

    def named(self, fired: Sequence[Fired]) -> list[Told]:
        """Return who would have been told, with their names; a step that reached nobody has none."""
        return [
            Told(f.at, self.names.get(f.recipient or 0, ""), f.step.kind == ladder.ESCALATION, f.reached)
            for f in fired
            if not f.reason or f.reason == ladder.NOBODY
        ]


def _question(commitment: Commitment, at: datetime) -> Question:
    return Question(commitment.dossier_id, commitment.topic_id, commitment.poc_id, at)


def _really(found: Sequence[Commitment]) -> dict[int, list[Told]]:
    """Return who was really told about each by a step. One query."""
    told: dict[int, list[Told]] = defaultdict(list)
    rows = Notification.objects.planned().filter(
        commitment__one_of=[c.pk for c in found], step__isnull=False, channel=Message.Channel.INBOX
    )
    for pk, at, name, kind, slot in rows.order_by("planned_for", "pk").values_list(
        "commitment_id", "planned_for", "recipient__name", "kind", "slot"
    ):
        told[pk].append(Told(at, name or "", kind == ladder.ESCALATION, slot))
    return told
