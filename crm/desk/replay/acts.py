"""What was done about an incident, and when: the acts that its rows, one after the other, tell of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from crm.desk.replay.log import Change, Incident, State

ENDED = (State.SOLVED, State.CLOSED)


class Kind(StrEnum):
    """One thing that is done about an incident; its values are what the report calls it."""

    OPEN = "opened"
    REOPEN = "reopened"
    RAISE = "priority changed"
    MOVE = "reassigned"
    TAKE = "taken on"
    RESUME = "resumed"
    WAIT = "waiting"
    ANSWER = "answered"
    SOLVE = "solved"
    CLOSE = "closed"


@dataclass(frozen=True, slots=True)
class Act:
    """`value` is the group of OPEN and MOVE ("": nobody's), the person of TAKE, the priority of RAISE."""

    at: datetime
    kind: Kind
    value: str = ""


def acts_of(incident: Incident) -> list[Act]:
    """Return an incident's acts in their order; none lies before its opening."""
    acts = [Act(incident.opened_at, Kind.OPEN, incident.first.group)]
    state, answered = State.NEW, False
    before: Change | None = None
    for change in incident.changes:
        now = change.state or state
        acts += [Act(change.at, kind) for kind in _back(state, now)]
        acts += _moves(before, change, now)
        acts += [Act(change.at, kind) for kind in _on(state, now, answered)]
        answered = answered or now != State.NEW
        state, before = now, change
    return acts


def _moves(before: Change | None, change: Change, state: State) -> Iterator[Act]:
    """What became of its priority, its group and whoever of it has it in hand."""
    if before is not None and change.priority != before.priority:
        yield Act(change.at, Kind.RAISE, change.priority)
    if before is not None and change.group != before.group:
        yield Act(change.at, Kind.MOVE, change.group)
    is_new = before is None or change.assignee != before.assignee
    if is_new and change.assignee and state in (State.NEW, State.WORKED):
        yield Act(change.at, Kind.TAKE, change.assignee)


def _back(before: State, now: State) -> Iterator[Kind]:
    """Return what lets an incident go on that rested: for this it is given away, not before it."""
    if before == State.CUSTOMER and now != State.CUSTOMER:
        yield Kind.RESUME
    if before in ENDED and now not in ENDED:
        yield Kind.REOPEN


def _on(before: State, now: State, answered: bool) -> Iterator[Kind]:
    """Return what brought it on from one state to the next."""
    if not answered and now != State.NEW:
        yield Kind.ANSWER
    if now == State.CUSTOMER and before != State.CUSTOMER:
        yield Kind.WAIT
    if now in ENDED and before not in ENDED:
        yield Kind.SOLVE
    if now == State.CLOSED and before != State.CLOSED:
        yield Kind.CLOSE
