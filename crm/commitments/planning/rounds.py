"""What is done beside planning, once in a while: apps above register what they want done in each sweep.

Each keeps its own time and a budget of a few seconds: the planner is not to be late for it.
"""

from __future__ import annotations

from collections.abc import Callable

_rounds: list[Callable[[], None]] = []


def register(go: Callable[[], None]) -> None:
    """Have `go` called in each sweep; it returns at once where nothing is to be done yet."""
    _rounds.append(go)


def go() -> None:
    """Go all rounds, in the order in which they were registered."""
    for each in _rounds:
        each()
