"""For whom, when and about what gaps are asked."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q, QuerySet

from crm.dossiers.models import Dossier
from crm.poc import standing
from crm.poc.models import Assignment, AssignmentQuerySet
from crm.poc.standing import Standing
from crm.poc.visibility import visible_homes

SOON = 7  # days ahead in which an absence is shown before it begins
MOST_DAYS = 90


@dataclass(slots=True)
class Scope:
    """What a reader may see, narrowed by kind, tier and topic ("": any); `over`: records one person may have."""

    user: Any
    at: datetime
    kind: str = ""
    tier: str = ""
    topic: str = ""
    over: int | None = None
    days: int = SOON
    _house: Standing | None = field(default=None, init=False)

    @property
    def house(self) -> Standing:
        """Everybody on our side. Three queries, once."""
        if self._house is None:
            self._house = standing.read(at=self.at, until=self.until)
        return self._house

    @property
    def until(self) -> datetime:
        return self.at + timedelta(days=self.days)

    @property
    def topic_id(self) -> int | None:
        """The topic asked about, None for any."""
        return next((topic.pk for topic in self.house.topics if topic.code == self.topic), None)

    def records(self) -> QuerySet[Dossier]:
        """Narrow all records to the current ones asked about."""
        return Dossier.objects.within(visible_homes(self.user)).current().filter(self.narrowed())

    def narrowed(self, record: str = "") -> Q:
        """Return what kind and tier ask of a record; `record` is the way to it, with its underscores.

        What has no tier of its own has its account's.
        """
        wanted = Q()
        if self.tier:
            own = Q(**{f"{record}tier__code": self.tier})
            wanted &= own | Q(**{f"{record}tier": None, f"{record}home__tier__code": self.tier})
        if self.kind:
            wanted &= Q(**{f"{record}kind": self.kind})
        return wanted

    def held_through(self, way: str = "") -> Q:
        """Return what is asked of an assignment; `way` leads to it, with its underscores."""
        homes = visible_homes(self.user)
        wanted = self.narrowed(f"{way}dossier__") & Q(**{f"{way}dossier__archived_at": None})
        if homes is not None:
            wanted &= Q(**{f"{way}dossier__home__one_of": homes})
        return wanted if self.topic_id is None else wanted & Q(**{f"{way}topic": self.topic_id})

    def assignments(self) -> AssignmentQuerySet:
        """Narrow to what is and was held on the records asked about, on the topic asked about."""
        return Assignment.objects.filter(self.held_through())
