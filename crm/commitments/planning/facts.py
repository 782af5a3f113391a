"""What the planner has to know about a batch of rows, in a constant number of queries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple, Protocol

from django.db.models import DateTimeField, F, Value

from crm.commitments import ladder
from crm.commitments.models import Commitment, CommitmentQuerySet, Notification
from crm.commitments.policy import policies
from crm.commitments.telling import slots
from crm.commitments.telling.generations import since_act, told_or_ended
from crm.commitments.telling.notices import EMAIL, reachable
from crm.core.query import Row, RowComparison
from crm.core.working_time import WorkingTime
from crm.outbox import bulk
from crm.outbox.models import Message
from crm.poc.calendars import by_id, working_times
from crm.poc.decide import Answer
from crm.poc.recipients import Recipient, recipients
from crm.poc.resolve import Question, resolve_many

State = Commitment.State


class Owed(NamedTuple):
    """What the planner reads of one thing owed; named as the columns are."""

    pk: int
    dossier_id: int
    home_id: int
    topic_id: int
    poc_id: int | None
    title: str
    state: str
    generation: int
    cursor: int
    repeat_no: int
    anchor_at: datetime
    acted_at: datetime
    next_action_at: datetime
    hold_until: datetime | None
    handed_off_at: datetime | None
    used_up_at: datetime | None
    escalated_to_id: int | None
    escalated_at: datetime | None
    policy_version_id: int
    counted_from: datetime | None
    calendar_id: int | None
    calendar_version: int | None

    @property
    def grant_cause(self) -> str:
        return f"c:{self.pk}"


class Placed(Protocol):
    """What deciding needs of a row: an `Owed`, or a Commitment."""

    @property
    def pk(self) -> int: ...
    @property
    def dossier_id(self) -> int: ...
    @property
    def topic_id(self) -> int: ...
    @property
    def poc_id(self) -> int | None: ...
    @property
    def policy_version_id(self) -> int: ...
    @property
    def generation(self) -> int: ...
    @property
    def state(self) -> str: ...
    @property
    def cursor(self) -> int: ...
    @property
    def repeat_no(self) -> int: ...
    @property
    def anchor_at(self) -> datetime: ...
    @property
    def acted_at(self) -> datetime: ...
    @property
    def next_action_at(self) -> datetime | None: ...
    @property
    def hold_until(self) -> datetime | None: ...
    @property
    def handed_off_at(self) -> datetime | None: ...


class Notice(NamedTuple):
    """What is known of one notice."""

    commitment_id: int
    generation: int
    step: int
    repeat: int
    recipient_id: int
    channel: str
    tell_at: datetime
    message_state: str | None
    ended_at: datetime | None


@dataclass(slots=True)
class Memory:
    """What is read once for all batches of a sweep: it does not hang on the rows."""

    ladders: dict[int, ladder.Ladder] = field(default_factory=dict)
    calendars: dict[int, WorkingTime] = field(default_factory=dict)  # by their own id: those that policies name
    hours: dict[int, WorkingTime] = field(default_factory=dict)  # by POC
    people: dict[int, list[Recipient]] = field(default_factory=dict)  # by POC: who is told when it is
    ids: dict[int, list[int]] = field(default_factory=dict)  # the same, their ids alone
    persons: dict[int, Recipient] = field(default_factory=dict)

    def learn(self, versions: Iterable[int]) -> None:
        missing = set(versions) - self.ladders.keys()
        if missing:
            self.ladders |= policies.ladders(missing)
            named = {each.calendar_id for each in self.ladders.values()} - {None} - self.calendars.keys()
            self.calendars |= {pk: known.working for pk, known in by_id(pk for pk in named if pk is not None).items()}

    def meet(self, pocs: Iterable[int | None], at: datetime) -> None:
        """Learn whom to tell for these POCs."""
        missing = [pk for pk in set(pocs) if pk is not None and pk not in self.people]
        if missing:
            found = {pk: reachable(group) for pk, group in recipients(missing, at=at).items()}
            self.people |= found
            self.ids |= {pk: [p.poc_id for p in group] for pk, group in found.items()}
            self.persons |= {p.poc_id: p for group in found.values() for p in group}

    def keep_hours(self, pocs: Iterable[int]) -> None:
        """Learn the working time of these POCs."""
        missing = set(pocs) - self.hours.keys()
        if missing:
            self.hours |= working_times(missing)


@dataclass(slots=True)
class Facts:
    """Everything one batch is decided from. `notices` are those since the last act, of each row."""

    at: datetime
    memory: Memory
    answers: Mapping[int, Answer]  # by the row's key
    notices: Mapping[int, Sequence[Notice]] = field(default_factory=dict)

    @property
    def ladders(self) -> Mapping[int, ladder.Ladder]:
        return self.memory.ladders

    def answer(self, row: Placed) -> Answer:
        return self.answers[row.pk]

    def calendar(self, row: Placed) -> WorkingTime:
        """Return the working time that the row counts in: its policy's calendar, or that of whoever answers."""
        calendar_id = self.memory.ladders[row.policy_version_id].calendar_id
        if calendar_id is not None:
            return self.memory.calendars[calendar_id]
        return self.memory.hours[self.answers[row.pk].poc_id]

    def slot_pocs(self, row: Placed) -> dict[str, int | None]:
        """Return the POC in each slot of the row's ladder."""
        found = slots.by_slot(self.answers[row.pk])
        for step in self.memory.ladders[row.policy_version_id].steps:
            if ":" in step.slot:
                found[step.slot] = slots.named(step.slot)
        return found

    def told(self, row: Placed) -> dict[int, set[int]]:
        """Return who was told since the last act, per step."""
        told: dict[int, set[int]] = {}
        for notice in self.notices.get(row.pk, ()):
            told.setdefault(notice.step, set()).add(notice.recipient_id)
        return told

    def position(self, row: Placed) -> ladder.Position:
        """Return how far the row is, with the hand-off of what was told last."""
        handed_off_at, is_pending, held_until = row.handed_off_at, False, None
        if handed_off_at is None:
            of_this = [n for n in self.notices.get(row.pk, ()) if n.generation == row.generation]
            handed_off_at, is_pending, held_until = _hand_off(of_this)
        is_snoozed = row.state == State.SNOOZED
        return ladder.Position(
            anchor_at=row.anchor_at,
            quiet_until=max(row.acted_at, row.hold_until) if is_snoozed and row.hold_until else row.acted_at,
            acted_at=row.acted_at,
            cursor=row.cursor,
            repeat_no=row.repeat_no,
            handed_off_at=handed_off_at,
            is_pending=is_pending,
            held_until=held_until,
            is_acknowledged=row.state == State.ACKNOWLEDGED,
            hold_until=row.hold_until if is_snoozed else None,
        )


def claim(after: tuple[datetime, int] | None, most: int) -> list[Owed]:
    """Lock the next rows that are due for a look, past what others hold locked, and read them. One query."""
    due = Commitment.objects.due_for_a_look().order_by("next_action_at", "id")
    return _locked(due.filter(_later_than(*after)) if after else due, most)


def lock(ids: Sequence[int]) -> list[Owed]:
    """Lock those of these rows that are due for a look and that nobody else holds, and read them. One query."""
    return _locked(Commitment.objects.due_for_a_look().filter(pk__one_of=ids).order_by("id"))


def _locked(rows: CommitmentQuerySet, most: int | None = None) -> list[Owed]:
    read = rows.select_for_update(no_key=True, skip_locked=True).values_list(*Owed._fields)
    return [Owed._make(row) for row in bulk.read(read[:most])]


def _later_than(next_action_at: datetime, pk: int) -> RowComparison:
    place = Row(Value(next_action_at, DateTimeField()), Value(pk))
    return RowComparison(Row(F("next_action_at"), F("id")), ">", place)


def load(rows: Sequence[Placed], at: datetime, memory: Memory | None = None) -> Facts:
    """Load what deciding about `rows` needs: a handful of queries, however many rows.

    What `memory` holds already is not asked again.
    """
    known = ground(rows, at, memory)
    known.memory.meet(_in_reach(known.answers.values(), known.memory.ladders.values()), at)
    known.notices = told_since_act({row.pk: row.generation for row in rows if _looks_back(row, known.ladders)})
    return known


def ground(rows: Sequence[Placed], at: datetime, memory: Memory | None = None) -> Facts:
    """Load steps, answers and working times alone: what is known before it is asked who was told, and who can be."""
    memory = memory or Memory()
    memory.learn(row.policy_version_id for row in rows)
    questions = [Question(row.dossier_id, row.topic_id, row.poc_id) for row in rows]
    answers = resolve_many(questions, at=at)
    memory.keep_hours({answer.poc_id for answer in answers.values()})
    by_row = {row.pk: answers[question] for row, question in zip(rows, questions, strict=True)}
    return Facts(at=at, memory=memory, answers=by_row)


def _in_reach(answers: Iterable[Answer], ladders: Iterable[ladder.Ladder]) -> set[int | None]:
    """Whoever a step can reach."""
    named = {slots.named(step.slot) for each in ladders for step in each.steps if ":" in step.slot}
    return named.union(*((a.poc_id, a.backup_id, a.lead_id, a.leads_lead_id, a.house_id) for a in answers))


def _looks_back(row: Placed, ladders: Mapping[int, ladder.Ladder]) -> bool:
    """Say whether deciding asks who was told before: not at the beginning, nor of the reminder at the due moment."""
    steps = ladders[row.policy_version_id].steps
    if row.cursor == row.repeat_no == 0 or row.cursor >= len(steps):
        return False
    step = steps[row.cursor]
    return row.repeat_no > 0 or step.kind != ladder.REMINDER or step.may_be_skipped


def told_since_act(generations: Mapping[int, int]) -> dict[int, list[Notice]]:
    """Load what was told of each commitment since its last act, given its present generation. One query."""
    if not generations:
        return {}
    planned: dict[int, list[Notice]] = defaultdict(list)
    ended: dict[int, set[int]] = defaultdict(set)
    rows = Notification.objects.filter(told_or_ended(), commitment__one_of=list(generations))
    for *values, state in rows.values_list(
        "commitment_id", "generation", "step", "repeat", "recipient_id", "channel", "tell_at",
        "message__state", "message__ended_at", "state",
    ):  # fmt: skip
        notice = Notice._make(values)
        if state != Notification.State.PLANNED:
            ended[notice.commitment_id].add(notice.generation)
        elif notice.step is not None:
            planned[notice.commitment_id].append(notice)
    first = {pk: since_act(generation, ended[pk]) for pk, generation in generations.items()}
    return {pk: [n for n in told if first[pk] <= n.generation <= generations[pk]] for pk, told in planned.items()}


def _hand_off(notices: Sequence[Notice]) -> tuple[datetime | None, bool, datetime | None]:
    """Return when the step told last reached somebody, whether it is still on its way, and until when it is held.

    A mail counts, where there is one: the inbox alone does not show that anybody was reached
    while mails wait. What ended unsent has nobody left to wait for.
    """
    if not notices:
        return None, False, None
    last = max((n.step, n.repeat) for n in notices)
    latest = [n for n in notices if (n.step, n.repeat) == last]
    telling = [n for n in latest if n.channel == EMAIL] or latest
    sent = [n.ended_at for n in telling if n.message_state == Message.State.SENT and n.ended_at]
    if sent:
        return min(sent), False, None
    waiting = [n.tell_at for n in telling if n.ended_at is None]
    if waiting:
        return None, True, min(waiting)
    return max(n.ended_at for n in telling if n.ended_at), False, None
