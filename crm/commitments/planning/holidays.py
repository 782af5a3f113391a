"""The sweep of the public holidays: a few times a day, for as long as anything counts in working time.

It is rung like the planner, and like it done by the guard where nobody rings: without the holidays of next year
things would fall due too early.
"""

from __future__ import annotations

from datetime import timedelta

from crm.outbox import turns
from crm.poc import public_holidays

COMPONENT = "holidays"
EVERY = timedelta(hours=6)


def sweep() -> int:
    """Import what has become known, unless that was just done; return how many calendars it changed."""
    if not turns.is_silent(COMPONENT, after=EVERY):
        return 0
    n = public_holidays.extend()
    turns.beat(COMPONENT)
    return n
