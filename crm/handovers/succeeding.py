"""Whoever answers here no longer does: somebody follows, or it is left open and said so."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from crm.core.actor import Actor
from crm.handovers.actions import assign, end_assignment
from crm.poc.models import Assignment, PointOfContact


@transaction.atomic
def succeed(
    *,
    assignment: Assignment,
    successor: PointOfContact | None,
    leave_open: bool = False,
    reason: str,
    by: Actor,
    at: datetime,
) -> Assignment:
    """Let `successor` hold this place from now on (one planned for later: from then on); None: nobody.

    Returns what holds the place now, or what has ended. Ended already: nothing happens.

    :raises WouldBeOpen: nobody follows the one who answers, and `leave_open` does not say that this is meant.
    :raises ReasonRequired: `reason` is blank.
    :raises Refused: as `assign`.
    """
    if successor is None:
        return end_assignment(assignment=assignment, reason=reason, leave_open=leave_open, by=by, at=at)
    current: Assignment = Assignment.objects.for_list().get(pk=assignment.pk)
    if current.ends_at is not None and current.ends_at <= at:
        return current
    if current.starts_at > at:
        end_assignment(assignment=current, reason=reason, leave_open=True, by=by, at=at)
    return assign(
        dossier=current.dossier, topic=current.topic, poc=successor, rank=current.rank, reason=reason,
        starts_at=max(current.starts_at, at), by=by, at=at,
    )  # fmt: skip
