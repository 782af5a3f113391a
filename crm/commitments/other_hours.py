"""Whoever gets another calendar: what they answer for is looked at again, for its next step counts in other hours.

A due moment that was counted stays as it was promised; only its steps follow. Who answers for a promise that was given
to nobody is decided when it is looked at, so some are looked at that come out the same.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from crm.commitments.inbox import perhaps_of
from crm.commitments.models import Commitment
from crm.poc import calendars


def register() -> None:
    calendars.register(look_again)


def look_again(poc_ids: Collection[int], at: datetime) -> None:
    """Have the planner look at what these may answer for; not at what counts in its policy's calendar, or waits."""
    rows = Commitment.objects.open().filter(policy_version__calendar=None, next_action_at__gt=at)
    rows = perhaps_of(rows.exclude(state=Commitment.State.WAITING), poc_ids, at)
    locked = rows.order_by("pk").select_for_update(no_key=True, of=("self",)).values_list("pk", flat=True)
    Commitment.objects.filter(pk__one_of=list(locked)).update(next_action_at=at)
