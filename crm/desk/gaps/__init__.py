"""Who is not really answered for: seven questions, each a count that opens its rows."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import QueryDict

from crm.core.paging import SIZE
from crm.core.paging import page as page_of
from crm.desk.gaps.catalogue import GAPS, Gap
from crm.desk.gaps.rows import Row, describe
from crm.desk.gaps.scope import Scope

__all__ = ["GAPS", "Gap", "Row", "Scope", "counts", "rows"]


def counts(user: Any, *, at: datetime, **narrowed: Any) -> dict[str, int]:
    """Return how many gaps of each kind `user` may see, in a constant number of queries; see `Scope`."""
    scope = Scope(user, at, **narrowed)
    return {code: gap.find(scope).count() for code, gap in GAPS.items()}


def rows(
    code: str, user: Any, *, at: datetime, cursor: str = "", size: int = SIZE, **narrowed: Any
) -> tuple[list[Row], str]:
    """Return one page of a list and the cursor of the next ("": none), in a constant number of queries.

    :raises KeyError: there is no such question.
    """
    gap, scope = GAPS[code], Scope(user, at, **narrowed)
    found = gap.find(scope)
    asked = QueryDict(mutable=True)
    if cursor:
        asked["after"] = cursor
    page = page_of(found.rows, orders=gap.orders, sort=gap.ordering, query=asked, size=size)
    following = QueryDict(page.older_query).get("after", "")
    return describe(gap.code, list(page), scope, found.n), following
