"""What escalation steps would do to one promise: alone, or with what was done to it meanwhile done again.

As if every notice were handed off at once. Nothing is written and nothing is fetched: who answers, and in which
hours, a scene says.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import NamedTuple, Protocol

from crm.commitments import ladder
from crm.commitments.policy.policy_checks import Terms
from crm.commitments.waiting import AT_LEAST
from crm.core.working_time import WorkingTime
from crm.dossiers.models import Event
from crm.poc.resolve import Question

MOST_LOOKS = 500  # between two acts; a ladder of twenty steps, each repeated twenty times
FOREVER = datetime.max.replace(tzinfo=UTC)
Kind = Event.Kind
Slots = Mapping[str, Sequence[int]]
CLOSED, OPEN, WAITING = "closed", "open", "waiting"


@dataclass(frozen=True, slots=True)
class Fired:
    """One step that ran, or was skipped (`reason` says why): when, and who was reached in which slot."""

    step: ladder.Step
    repeat_no: int
    at: datetime
    reached: str
    recipient: int | None = None
    reason: str = ""


def ladder_of(terms: Terms) -> ladder.Ladder:
    """Return the ladder of terms as the pure function wants it."""
    steps = tuple(
        ladder.Step(
            ordinal=n, kind=step.kind, amount=step.amount, unit=step.unit, anchor=step.anchor,
            slot=ladder.named(step.poc.pk) if step.poc else step.slot, repeat_amount=step.repeat_amount,
            repeat_unit=step.repeat_unit, max_repeats=step.max_repeats, by_email=step.by_email, urgent=step.urgent,
        )
        for n, step in enumerate(terms.steps)
    )  # fmt: skip
    calendar_id = terms.calendar.pk if terms.calendar else None
    return ladder.Ladder(steps, terms.ack_amount, terms.ack_unit, terms.wait_amount, terms.wait_unit, calendar_id)


class Act(NamedTuple):
    """Something done to a promise, as its event tells it."""

    kind: str  # of the event
    at: datetime
    due_at: datetime | None = None  # where it is due from then on; of what was done, for the next time
    until: datetime | None = None  # of a snooze
    poc_id: int | None = None  # whose it is from then on, where it was given away
    dossier_id: int | None = None  # the record it is on from then on, where it was moved
    by: int | None = None  # the user
    is_told: bool = True  # whoever has it now was told by the act itself
    is_again: bool = False  # it waits as it did before it went on by mistake
    is_recount: bool = False  # because its calendar changed


class Scene(Protocol):
    """Who could be told about what lies at a place at a moment, and in which hours it counts."""

    def slots(self, place: Question, at: datetime) -> Slots: ...

    def working(self, place: Question, at: datetime) -> WorkingTime: ...

    def people(self, place: Question, at: datetime, *, but: int | None) -> tuple[Sequence[int], Sequence[int]]:
        """Return who is told when it is given to whoever answers there: everybody, and all but the user who gave it."""
        ...


class Replayed(NamedTuple):
    """What came of it: the steps, and when it is due in the end."""

    fired: Sequence[Fired]
    due_at: datetime


def replay(
    rungs: ladder.Ladder,
    scene: Scene,
    *,
    place: Question,
    opened_at: datetime,
    due_at: datetime,
    acts: Sequence[Act],
    until: datetime,
) -> Replayed:
    """Go through the acts in their order, and look at the steps in between as the planner does, until a moment."""
    run = _Run(rungs, scene, place, due_at, ladder.Position(due_at, opened_at, opened_at), opened_at)
    for act in acts:
        run.look_until(act.at)
        run.take(act)
    run.look_until(until)
    return Replayed(run.fired, run.due_at)


@dataclass(frozen=True, slots=True)
class _Alone:
    """The scene of something that nobody acts on: the hours are the same all the time."""

    hours: WorkingTime
    slots_at: Callable[[datetime], Slots]

    def slots(self, place: Question, at: datetime) -> Slots:
        return self.slots_at(at)

    def working(self, place: Question, at: datetime) -> WorkingTime:
        return self.hours

    def people(self, place: Question, at: datetime, *, but: int | None) -> tuple[Sequence[int], Sequence[int]]:
        return (), ()


def walk(
    rungs: ladder.Ladder,
    *,
    opened_at: datetime,
    due_at: datetime,
    working: WorkingTime,
    slots_at: Callable[[datetime], Slots],
    until: datetime = FOREVER,
) -> Sequence[Fired]:
    """Return what the steps would do to something opened and due at these moments, if nobody acts.

    `slots_at` says who is in each slot at a moment.
    """
    scene, nowhere = _Alone(working, slots_at), Question(None, 0)
    run = replay(rungs, scene, place=nowhere, opened_at=opened_at, due_at=due_at, acts=(), until=until)
    return run.fired


def everybody(rungs: ladder.Ladder) -> Slots:
    """Return slots with somebody else in each, so that every step reaches somebody."""
    slots = dict.fromkeys([*ladder.CLIMB, *(step.slot for step in rungs.steps)])
    return {slot: (n,) for n, slot in enumerate(slots)}


def fired_by(notice: ladder.Notice, now: datetime) -> Fired:
    at = notice.planned_for if notice.reason == ladder.TOO_LATE else now
    return Fired(notice.step, notice.repeat_no, at, notice.reached, notice.recipient, notice.reason)


@dataclass(slots=True)
class _Run:
    """One promise on its way; named as the columns are."""

    rungs: ladder.Ladder
    scene: Scene
    place: Question
    due_at: datetime
    position: ladder.Position
    next_at: datetime | None
    state: str = OPEN
    told: dict[int, set[int]] = field(default_factory=dict)  # in this generation, per step
    remaining: int | None = None  # working seconds; None: it does not wait
    before: tuple[datetime, int] | None = None  # due moment and rest as they were before it went on
    fired: list[Fired] = field(default_factory=list)

    # --- The planner's part ---

    def look_until(self, until: datetime) -> None:
        for _look in range(MOST_LOOKS):
            if self.next_at is None or self.next_at > until:
                return
            self._look(self.next_at)

    def _look(self, now: datetime) -> None:
        working, slots = self.scene.working(self.place, now), self.scene.slots(self.place, now)
        if self.state == WAITING:
            look = ladder.look_at_waiting(
                ladder=self.rungs, position=self.position, moment=now, now=now, calendar=working, slots=slots
            )
        else:
            look = ladder.look(
                ladder=self.rungs, position=self.position, now=now, calendar=working, slots=slots, told=self.told
            )
        for notice in look.notices:
            self.fired.append(fired_by(notice, now))
            if notice.recipient is not None:
                self.told.setdefault(notice.step.ordinal, set()).add(notice.recipient)
        self.position, self.next_at = look.position._replace(is_pending=False), look.next_at
        if look.is_awake:
            self.position = self.position._replace(quiet_until=self.position.acted_at)
        if look.is_used_up:
            self.next_at = None  # each working day, without a word

    # --- The acts, as `actions`, `waiting` and `moving` do them ---

    def take(self, act: Act) -> None:
        if act.kind in (Kind.KEPT, Kind.CANCELLED) and act.due_at is None:
            self.state, self.next_at = CLOSED, None
        elif act.kind == Kind.REOPENED:
            self._begin(act.at, self.due_at)
            if self.remaining is not None:
                self.state, self.next_at = WAITING, self._check_back(act.at)
        elif act.kind == Kind.CHANGED:
            self.place = self.place._replace(dossier_id=act.dossier_id)
        elif self.state != CLOSED:
            _ACTS[act.kind](self, act)

    def _begin(self, at: datetime, anchor_at: datetime) -> None:
        """The steps begin anew, in another generation."""
        self.position = ladder.Position(anchor_at=anchor_at, quiet_until=at, acted_at=at)
        self.state, self.next_at, self.told = OPEN, at, {}

    def _acknowledge(self, act: Act) -> None:
        is_reached = self.position.cursor > 0 or self.position.repeat_no > 0
        self.position = self.position._replace(
            acted_at=act.at, quiet_until=act.at, handed_off_at=act.at if is_reached else None,
            is_acknowledged=True, hold_until=None,
        )  # fmt: skip
        self.next_at, self.told = act.at, {}

    def _snooze(self, act: Act) -> None:
        until = act.until or act.at
        self._begin(act.at, max(until, self.due_at))
        self.position = self.position._replace(hold_until=until, quiet_until=max(act.at, until))

    def _wait(self, act: Act) -> None:
        if act.is_again and self.before is not None:
            self.due_at, self.remaining = self.before
        else:
            self.remaining = max(0, self.scene.working(self.place, act.at).between(act.at, self.due_at))
        self._begin(act.at, self.due_at)
        self.state, self.next_at = WAITING, self._check_back(act.at)

    def _check_back(self, at: datetime) -> datetime:
        return ladder.shift(at, self.rungs.wait_amount, self.rungs.wait_unit, self.scene.working(self.place, at))

    def _resume(self, act: Act) -> None:
        left = self.remaining or 0
        self.before = self.due_at, left
        working = self.scene.working(self.place, act.at)
        end = ladder.shift(act.at, max(left, AT_LEAST), ladder.WORKING_SECONDS, working)
        self.due_at, self.remaining = max(self.due_at, end), None
        self._begin(act.at, self.due_at)

    def _redue(self, act: Act) -> None:
        self.due_at = act.due_at or self.due_at
        if act.is_recount:
            self._recount(act.at)
            return
        self.remaining = None
        self._begin(act.at, self.due_at)

    def _recount(self, at: datetime) -> None:
        """The steps count from another due moment; an acknowledgement or a snooze goes on."""
        was = self.position
        self._begin(at, self.due_at)
        if was.is_acknowledged:
            self.position = self.position._replace(
                acted_at=was.acted_at, quiet_until=was.acted_at, is_acknowledged=True
            )
        elif was.hold_until is not None:
            self.position = self.position._replace(
                anchor_at=max(self.due_at, was.hold_until), hold_until=was.hold_until,
                quiet_until=max(at, was.hold_until),
            )  # fmt: skip

    def _give(self, act: Act) -> None:
        self.place = self.place._replace(poc_id=act.poc_id)
        ask_at, is_waiting = self.next_at, self.state == WAITING
        self._begin(act.at, max(self.due_at, act.at))
        if is_waiting:
            self.state, self.next_at = WAITING, ask_at
        elif act.is_told and self.due_at <= act.at:
            self._tell_of_both(act)

    def _tell_of_both(self, act: Act) -> None:
        """Overdue already: the one notice of the act is also the step at the due moment."""
        at_due = [n for n, s in enumerate(self.rungs.steps) if s.kind == ladder.REMINDER and not s.may_be_skipped]
        everybody, others = self.scene.people(self.place, act.at, but=act.by)
        if not at_due or not everybody:
            return
        step = self.rungs.steps[at_due[-1]]
        self.fired += [Fired(step, 0, act.at, ladder.POC, person) for person in others]
        self.told = {step.ordinal: set(others)} if others else {}
        self.position = self.position._replace(
            cursor=at_due[-1] + 1, handed_off_at=act.at, is_pending=bool(others)
        )  # on its way yet when the planner looks at once


_ACTS: Mapping[str, Callable[[_Run, Act], None]] = {
    Kind.ACKNOWLEDGED: _Run._acknowledge,
    Kind.SNOOZED: _Run._snooze,
    Kind.WAITING: _Run._wait,
    Kind.RESUMED: _Run._resume,
    Kind.REDUE: _Run._redue,
    Kind.KEPT: _Run._redue,  # again
    Kind.REASSIGNED: _Run._give,
    Kind.PASSED_ON: _Run._give,
    Kind.RETURNED: _Run._give,
}
