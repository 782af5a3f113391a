"""What can be measured, by name. A new measurement is a module with `cases`, and a line here."""

from __future__ import annotations

from collections.abc import Callable, Generator

from crm.desk.benchmark import account, gaps, lists, log, resolve, search, visible
from crm.desk.benchmark.firm import BigFirm
from crm.desk.benchmark.measure import Case

NAMES: dict[str, Callable[[BigFirm], Generator[Case]]] = {
    "resolve": resolve.cases,
    "gaps": gaps.cases,
    "visible": visible.cases,
    "lists": lists.cases,
    "account": account.cases,
    "search": search.cases,
    "log": log.cases,
}
ENGINE = "engine"  # measured in databases of its own, not in the firm's
EVERYTHING = "all"
