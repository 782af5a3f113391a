"""Narrow lists of records by who holds them. For use on a model with `dossier`."""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import Exists, OuterRef

from crm.core.clock import Now
from crm.poc.models import Assignment


def is_held_by(poc_ids: Collection[int]) -> Exists:
    """True of a record for which one of these is named now, as the one who answers, on any topic."""
    held = Assignment.objects.at(Now()).primary().held_by(list(poc_ids))
    return Exists(held.filter(dossier=OuterRef("dossier_id")))
