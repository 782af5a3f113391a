"""The scenarios by their numbers."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.faults import scenarios

if TYPE_CHECKING:
    from tests.faults.rig import Rig

POSTGRES, SQLITE = "postgres", "sqlite"
EMBEDDED = 25  # the number under which these are summed up as they went on SQLite
EMBEDDED_ARE = {2, 3, 4, 13, 14, 18}


@dataclass(frozen=True)
class Scenario:
    """One fault. `copies`: the most that any mail may have; `p99` and `worst`: seconds of lateness, at full size."""

    number: int
    name: str
    run: Callable[[Rig], None]
    quick: bool
    databases: Collection[str]
    copies: int
    p99: float | None
    worst: float | None
    stops_broker: bool = False


_scenarios: dict[int, Scenario] = {}


def scenario(
    number: int,
    name: str,
    *,
    quick: bool = False,
    databases: Collection[str] = (POSTGRES,),
    copies: int = 2,
    p99: float | None = None,
    worst: float | None = None,
    stops_broker: bool = False,
) -> Callable[[Callable[[Rig], None]], Callable[[Rig], None]]:
    """Register a function as a scenario; `quick`: a small one of it is among the ordinary tests."""

    def register(run: Callable[[Rig], None]) -> Callable[[Rig], None]:
        assert number not in _scenarios, f"There is a scenario {number} already."
        _scenarios[number] = Scenario(number, name, run, quick, databases, copies, p99, worst, stops_broker)
        return run

    return register


def all_of(database: str) -> list[Scenario]:
    """Return the scenarios for a database, by their numbers."""
    _load()
    return [each for _, each in sorted(_scenarios.items()) if database in each.databases]


def _load() -> None:
    for module in pkgutil.iter_modules(scenarios.__path__):
        importlib.import_module(f"{scenarios.__name__}.{module.name}")
