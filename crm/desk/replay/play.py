"""Do again what a log tells, in its order, through the product's own actions, while the clock moves.

Every act happens at its own minute. The planner looks at full hours (or every so many), when something is due for a
look; touches of ours are logged then too, with the moments at which they happened.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Any

from django.db.models import Min

from crm.commitments import actions as commitments
from crm.commitments import waiting
from crm.commitments.models import Commitment, Kind, PolicyVersion
from crm.commitments.opening import target_due
from crm.commitments.planning import planner
from crm.commitments.policy import policies
from crm.core.actor import Actor, Source
from crm.core.refusals import Refused
from crm.desk.replay import acts
from crm.desk.replay.acts import Act, acts_of
from crm.desk.replay.firm import Staff
from crm.desk.replay.log import Incident, State
from crm.desk.replay.scratch import Clock
from crm.dossiers.models import Outcome
from crm.poc.calendars import house_working_time
from interactions.history import PastTouch, log_many
from interactions.models import Interaction
from interactions.passing import pass_on

HOUR = timedelta(hours=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
BY = Actor.system(Source.IMPORT)
Do = acts.Kind


@dataclass(slots=True)
class Case:
    """One incident in the product: what is owed for it, which team it was given to by name, how long it has waited."""

    incident: Incident
    answer: Commitment | None = None
    solution: Commitment | None = None
    team: int | None = None
    waited: int = 0  # working seconds that the row itself has forgotten


@dataclass(slots=True)
class Played:
    """What was done, and what was refused: the incident's number, the act, the refusal's code."""

    done: Counter[str] = field(default_factory=Counter)
    refusals: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    n_touches: int = 0
    n_looks: int = 0
    n_looked_at: int = 0
    cases: list[Case] = field(default_factory=list)


class Play:
    """One replay. `end` is when what is to be solved is settled: when an incident is closed, or when it is solved.

    The planner looks every `every`.
    """

    def __init__(self, staff: Staff, clock: Clock, *, end: State, every: timedelta = HOUR) -> None:
        self.staff, self.clock, self.end, self.every = staff, clock, end, every
        self.played = Played()
        self.touches: list[PastTouch] = []
        self.next_look = self._round_up(clock.at)
        self.due: datetime | None = None  # when the planner has something to look at; None: never
        self.does: Mapping[Do, Callable[[Case, Act], Any]] = {
            Do.REOPEN: self._reopen, Do.RAISE: self._raise, Do.MOVE: self._move, Do.TAKE: self._take,
            Do.RESUME: self._resume, Do.WAIT: self._wait, Do.ANSWER: self._answer, Do.SOLVE: self._solve,
            Do.CLOSE: self._close,
        }  # fmt: skip

    def run(self, incidents: Iterable[Incident]) -> Iterator[tuple[int, int]]:
        """Do everything, in the order of time; yield after each minute how many acts it had, of how many in all."""
        self.played.cases = [Case(incident) for incident in incidents]
        everything = [(case, act) for case in self.played.cases for act in acts_of(case.incident)]
        everything.sort(key=lambda item: item[1].at)  # what happened in the same minute stays in its order
        for moment, together in groupby(everything, key=lambda item: item[1].at):
            self._advance(moment)
            minute = list(together)
            self._open([(case, act) for case, act in minute if act.kind == Do.OPEN])
            for case, act in minute:
                if act.kind != Do.OPEN:
                    self._do(case, act)
            self.due = min(self.due or moment, moment)
            yield len(minute), len(everything)
        self._look()

    def _do(self, case: Case, act: Act) -> None:
        """Do one act; what the product refuses is counted, and holds nothing up."""
        try:
            self.does[act.kind](case, act)
        except Refused as refusal:
            self.played.refusals[case.incident.number, act.kind, refusal.code] += 1
        else:
            self.played.done[act.kind] += 1

    # --- Time ---------------------------------------------------------------------------------------------------------

    def _advance(self, moment: datetime) -> None:
        """Let the clock run to `moment`, the planner looking whenever it is time and something is due."""
        while self.due is not None and (look := max(self.next_look, self._round_up(self.due))) <= moment:
            self.clock.move(look)
            self._look()
            self.next_look = look + self.every
        self.clock.move(moment)

    def _round_up(self, moment: datetime) -> datetime:
        """Return the first look not before `moment`."""
        return moment + (EPOCH - moment) % self.every

    def _look(self) -> None:
        log_many(touches=self.touches, by=BY, at=self.clock.at)
        self.played.n_touches += len(self.touches)
        self.touches = []
        self.played.n_looked_at += planner.sweep()
        self.played.n_looks += 1
        open_rows = Commitment.objects.filter(next_action_at__isnull=False, quarantined_at=None)
        self.due = open_rows.aggregate(at=Min("next_action_at"))["at"]

    # --- Acts ---------------------------------------------------------------------------------------------------------

    def _open(self, opened: Sequence[tuple[Case, Act]]) -> None:
        """Log that they came to us, and promise an answer and a solution, given to their groups by name."""
        if not opened:
            return
        at = self.clock.at
        came = [self._touch(case, Interaction.Direction.INBOUND, at) for case, _act in opened]
        interactions = log_many(touches=came, by=BY, at=at)
        promises = []
        for (case, act), interaction in zip(opened, interactions, strict=True):
            case.team = self._team(act.value)
            promises += self._promises(case, act, interaction)
        owed = commitments.open_commitments(promises, by=BY, at=at)
        for n, (case, _act) in enumerate(opened):
            case.answer, case.solution = owed[2 * n], owed[2 * n + 1]
        self.played.n_touches += len(came)
        self.played.done[Do.OPEN] += len(opened)

    def _promises(self, case: Case, act: Act, interaction: Interaction) -> list[commitments.Promise]:
        words, first = self.staff.words, case.incident.first
        team = self.staff.teams.get(act.value)
        return [
            commitments.Promise(
                dossier=interaction.dossier, topic=words.topic, kind=kind, priority=first.priority,
                title=f"{case.incident.number}: {Kind(kind).label}", poc=team if kind == Kind.RESOLUTION else None,
                purpose=words.purpose, channel=interaction.channel, interaction=interaction.pk,
            )
            for kind in (Kind.FIRST_ANSWER, Kind.RESOLUTION)
        ]  # fmt: skip

    def _answer(self, case: Case, act: Act) -> None:
        self._touched(case, act.at, self.staff.words.answered.get(case.incident.channel))
        commitments.keep(commitment=_owed(case.answer), by=BY, at=act.at)

    def _move(self, case: Case, act: Act) -> None:
        """Pass it on to another group; to the one that answers anyway it is given by name, to nobody's taken back."""
        owed, team = _owed(case.solution), self.staff.teams.get(act.value)
        case.team = team.pk if team else None
        if team is None or team.pk == self.staff.answering.get(self.staff.account(case.incident).pk):
            commitments.reassign(commitment=owed, poc=team, by=BY, at=act.at)
        else:
            pass_on(commitment=owed, to=team, by=BY, at=act.at)

    def _take(self, case: Case, act: Act) -> None:
        commitments.acknowledge(commitment=_owed(case.solution), by=BY, at=act.at)

    def _wait(self, case: Case, act: Act) -> None:
        waiting.wait(commitment=_owed(case.solution), by=BY, at=act.at)

    def _resume(self, case: Case, act: Act) -> None:
        waiting.resume(commitment=_owed(case.solution), by=BY, at=act.at)

    def _raise(self, case: Case, act: Act) -> None:
        """Its new priority's target, counted from the opening and later by what it waited, is its due moment now."""
        owed = Commitment.objects.get(pk=_owed(case.solution).pk)
        is_waiting = owed.state == Commitment.State.WAITING
        if is_waiting:  # another due moment would end the waiting
            owed = waiting.resume(commitment=owed, by=BY, at=act.at)
        waited = case.waited + owed.paused_seconds
        due_at = target_due(self._version(owed, act.value), owed.opened_at, house_working_time(), paused_seconds=waited)
        owed = commitments.redue(commitment=owed, due_at=due_at, by=BY, at=act.at)
        case.waited = waited - owed.paused_seconds  # another due moment forgets it
        if is_waiting:
            waiting.wait(commitment=owed, by=BY, at=act.at)

    def _solve(self, case: Case, act: Act) -> None:
        """It is told to the customer; where it is owed until it is closed, somebody has it in hand until then."""
        self._touched(case, act.at, self.staff.words.solved.get(case.incident.channel))
        if self.end == State.SOLVED:
            commitments.keep(commitment=_owed(case.solution), by=BY, at=act.at)
        else:
            commitments.acknowledge(commitment=_owed(case.solution), by=BY, at=act.at)

    def _close(self, case: Case, act: Act) -> None:
        if self.end == State.CLOSED:
            commitments.keep(commitment=_owed(case.solution), by=BY, at=act.at)

    def _reopen(self, case: Case, act: Act) -> None:
        self.touches.append(self._touch(case, Interaction.Direction.INBOUND, act.at))
        commitments.reopen(commitment=_owed(case.solution), by=BY, at=act.at)

    # --- What they need -----------------------------------------------------------------------------------------------

    def _team(self, group: str) -> int | None:
        team = self.staff.teams.get(group)
        return team.pk if team else None

    def _touched(self, case: Case, at: datetime, outcome: Outcome | None) -> None:
        self.touches.append(self._touch(case, Interaction.Direction.OUTBOUND, at, outcome))

    def _touch(self, case: Case, direction: str, at: datetime, outcome: Outcome | None = None) -> PastTouch:
        staff, incident = self.staff, case.incident
        return PastTouch(
            channel=staff.words.channels[incident.channel], direction=direction, topic=staff.words.topic,
            account=staff.account(incident), contact=staff.contact(incident), touch_point=staff.doors[incident.channel],
            purpose=staff.words.purpose, outcome=outcome, occurred_at=at, note=incident.number,
        )  # fmt: skip

    def _version(self, owed: Commitment, priority: str) -> PolicyVersion:
        words = self.staff.words
        case = policies.Case(owed.kind, priority, words.purpose.pk, None, words.topic.pk, None)
        return policies.current([case])[case]


def _owed(commitment: Commitment | None) -> Commitment:
    assert commitment is not None  # noqa: S101  # an incident's first act opens both
    return commitment
