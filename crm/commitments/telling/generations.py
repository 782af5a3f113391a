"""Which generations of something owed belong together: those since its last act.

An act begins a generation in which nobody counts as told yet. One that begins because a reader was
not there any more goes on where the one before it was: whoever was told then is not told again.
"""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import Q, Value

from crm.commitments.models import Notification
from crm.core.query import WithKey

ENDED_BY = "began"  # in the facts of the notice because of which the next generation began: that one


def end_by(n: Notification, *, began: int) -> None:
    """Write down that the generation of a notice ended because of it, and without an act."""
    Notification.objects.filter(pk=n.pk).update(facts=WithKey("facts", ENDED_BY, Value(began)))


def told_or_ended() -> Q:
    """Narrow notices to what was told, or is, and to those because of which a generation ended."""
    return Q(state=Notification.State.PLANNED) | Q(state=Notification.State.SUPERSEDED, facts__has_key=ENDED_BY)


def since_act(generation: int, ended: Collection[int]) -> int:
    """Return the first generation since the last act; `ended` are those that ended without one."""
    while generation - 1 in ended:
        generation -= 1
    return generation
