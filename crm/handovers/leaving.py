"""Somebody no longer answers: whoever follows takes the places over in the same act."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import Q

from crm.core.actor import Actor
from crm.handovers.actions import Change, Deactivated, ReasonRequired, assign_many, end_assignment
from crm.poc import actions as pocs
from crm.poc.models import Assignment, PointOfContact


def held_places(poc: PointOfContact, at: datetime) -> list[Assignment]:
    """Return what somebody holds now or is to hold. One query."""
    rows = Assignment.objects.filter(Q(ends_at=None) | Q(ends_at__gt=at), poc=poc)
    return list(rows.for_list().order_by("dossier__title_key", "pk"))


@transaction.atomic
def leave(*, poc: PointOfContact, successor: PointOfContact | None, reason: str, by: Actor, at: datetime) -> int:
    """Let `poc` answer no longer, and `successor` in all their places; return how many these were.

    Without a successor the places are gaps from now on: the backup, the lead or the front desk
    answers. What was planned for later is withdrawn.

    :raises FrontDeskStays: it is the front desk.
    :raises ReasonRequired: there are places and `reason` is blank.
    :raises Deactivated: `successor` no longer answers.
    """
    held = held_places(poc, at)
    if held and not reason.strip():
        raise ReasonRequired
    if successor is not None and (successor.pk == poc.pk or successor.deactivated_at is not None):
        raise Deactivated(field="successor")
    for assignment in held:
        if assignment.starts_at > at:
            end_assignment(assignment=assignment, reason=reason, by=by, at=at)
    now = [a for a in held if a.starts_at <= at]
    if successor is not None:
        changes = [Change(a.dossier, a.topic, successor, a.rank) for a in now if a.ends_at is None]
        assign_many(changes=changes, reason=reason, skip_held=True, by=by, at=at)
    pocs.deactivate(poc=poc, by=by, at=at)
    return len(now)
