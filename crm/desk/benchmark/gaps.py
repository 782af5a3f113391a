"""Who is not really answered for: all counts, and the first page of each."""

from __future__ import annotations

from collections.abc import Generator

from crm.core.clock import now
from crm.desk import gaps
from crm.desk.benchmark.door import Reader
from crm.desk.benchmark.firm import ALL, BigFirm
from crm.desk.benchmark.measure import Budget, Case, raw
from crm.users.models import User

COUNTING = 15  # queries
SECONDS = 1.0
UNANSWERED = """
    SELECT d.id FROM dossiers_dossier d
    WHERE d.kind = 'account' AND d.archived_at IS NULL AND NOT EXISTS (
        SELECT FROM poc_assignment a WHERE a.dossier_id = d.id AND a.rank = 0 AND a.ends_at IS NULL
    ) ORDER BY d.title_key, d.id"""  # the least that has to be found out: accounts without anybody


def cases(firm: BigFirm) -> Generator[Case]:
    user, at = User.objects.get(pk=firm.person(ALL)), now()
    yield Case(
        "gaps: all counts",
        lambda: len(gaps.counts(user, at=at)),
        raw(UNANSWERED),
        Budget(queries=COUNTING, seconds=SECONDS),
    )
    page = Reader(firm, ALL).page("/gaps/")
    yield Case("gaps: the page with all counts", page, raw(UNANSWERED), Budget(seconds=SECONDS))
    for code in gaps.GAPS:
        yield Case(
            f"gaps: first page of {code}",
            lambda code=code: len(gaps.rows(code, user, at=at)[0]),
            raw(f"{UNANSWERED} LIMIT 51"),
            Budget(queries=COUNTING, seconds=SECONDS),
        )
