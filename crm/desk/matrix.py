"""The table of a project: topic by topic, who answers on both sides, the last touch and what is owed next."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import OuterRef, Subquery

from contacts.models import Contact
from crm.commitments.models import Commitment
from crm.dossiers.models import Topic
from crm.poc.seats import Seat
from interactions.models import Interaction
from projects.models import Project, Stakeholder


@dataclass(frozen=True, slots=True)
class Row:
    """One topic of a project. `stakeholder` is whoever has a role that carries the topic."""

    seat: Seat
    stakeholder: Stakeholder | None
    touch: Interaction | None
    owed: Commitment | None

    @property
    def contact(self) -> Contact | None:
        return self.stakeholder.contact if self.stakeholder else None


def context(
    project: Project,
    *,
    seats: Sequence[Seat],
    stakeholders: Sequence[Stakeholder],
    items: Iterable[Commitment],
    at: datetime,
) -> dict[str, Any]:
    """Return what the table and the line about risks are drawn from; `items` are owed. Two queries."""
    shown = rows(project, seats=seats, stakeholders=stakeholders)
    return {
        "project": project,
        "rows": shown,
        "gaps": [row.seat.topic for row in shown if row.seat.is_gap],
        "late": [item for item in items if item.due_at and item.due_at < at],
    }


def rows(project: Project, *, seats: Sequence[Seat], stakeholders: Sequence[Stakeholder]) -> list[Row]:
    """Return the rows in the order of the topics. Two queries; `stakeholders` are of `for_list`."""
    touches = Interaction.objects.current().touches().filter(project=project).order_by("-occurred_at", "-pk")
    owed = Commitment.objects.open().filter(dossier=project.pk, closed_at=None).order_by("due_at", "pk")
    last = {touch.topic_id: touch for touch in _first_per_topic(touches).select_related("channel")}
    next_ = {item.topic_id: item for item in _first_per_topic(owed).for_list()}
    carried = _carried(stakeholders)
    topic_ids = [seat.topic.pk for seat in seats]
    return [Row(seat, carried.get(pk), last.get(pk), next_.get(pk)) for seat, pk in zip(seats, topic_ids, strict=True)]


def _first_per_topic(rows: Any) -> Any:
    """Narrow ordered rows to the first about each topic, by one look into the index per topic."""
    first = Subquery(rows.filter(topic=OuterRef("pk")).values("pk")[:1])
    return rows.model._default_manager.filter(pk__in=Topic.objects.annotate(first=first).values("first"))


def _carried(stakeholders: Sequence[Stakeholder]) -> dict[int, Stakeholder]:
    """Topic → the stakeholder asked about it; the most influential first."""
    weight = list(Stakeholder.Influence.values)
    carried: dict[int, Stakeholder] = {}
    for stakeholder in sorted(stakeholders, key=lambda s: -weight.index(s.influence)):
        for topic_id in stakeholder.topic_ids:  # type: ignore[attr-defined]  # annotated by for_list
            carried.setdefault(topic_id, stakeholder)
    return carried
