"""The page of the account with thousands of events."""

from __future__ import annotations

from collections.abc import Generator

from crm.desk.benchmark.door import Reader
from crm.desk.benchmark.firm import ALL, MANY, BigFirm
from crm.desk.benchmark.measure import Budget, Case, raw

TIMELINE = """
    SELECT e.*, p.values FROM dossiers_eventdossier t
    JOIN dossiers_event e ON e.id = t.event_id LEFT JOIN dossiers_eventpersonal p ON p.event_id = e.id
    WHERE t.dossier_id = %s ORDER BY t.happened_at DESC, t.event_id DESC LIMIT 51"""


def cases(firm: BigFirm) -> Generator[Case]:
    busy, budget = firm.account(0), Budget(queries=12, seconds=0.1)
    work = Reader(firm, ALL).page(f"/accounts/{busy}/")
    yield Case(f"account: page with {firm.n_busy:,} events", work, raw(TIMELINE, [busy]), budget)
    theirs = next(firm.account(i) for i, held in enumerate(firm.holders) if held == firm.person(MANY))
    work = Reader(firm, MANY).page(f"/accounts/{theirs}/")
    more = Budget(queries=12 + 4, seconds=0.1)  # what a rep may see is asked first
    yield Case("account: page of one of a rep's own", work, raw(TIMELINE, [theirs]), more)
