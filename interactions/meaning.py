"""Which moment somebody means, by the clock of whoever will act."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from crm.dossiers.models import Dossier, Topic
from crm.poc.calendars import working_times
from crm.poc.models import PointOfContact
from crm.poc.resolve import resolve
from interactions import recurrence
from interactions.forms import readable
from interactions.recurrence import Recurrence


class Said(NamedTuple):
    """A due moment, given or said in words, and how often it is owed again (None: once)."""

    moment: datetime
    recurs: Recurrence | None = None


def meant(text: str, *, place: Dossier, topic: Topic, poc: PointOfContact | None, at: datetime) -> Said:
    """Return what plain words mean for whoever acts: `poc`, or whoever answers for `place`.

    :raises ValidationError: they do not say when (Django's, with what is allowed).
    """
    acting = resolve(dossier_id=place.pk, topic_id=topic.pk, poc_id=poc.pk if poc else None, at=at).poc_id
    working = working_times([acting])[acting]
    return Said(*readable(lambda words: recurrence.read(words, at=at, working=working), text))
