"""The table of a project: topic by topic, who answers on both sides, the last touch and what is owed next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

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


def rows(project: Project, *, seats: Sequence[Seat], stakeholders: Sequence[Stakeholder]) -> list[Row]:
    """Return the rows in the order of the topics. Three queries; stakeholders come with their roles' topics."""
    touches = Interaction.objects.current().touches().filter(project=project, topic=OuterRef("pk"))
    owed = Commitment.objects.open().filter(dossier=project.pk, closed_at=None, topic=OuterRef("pk"))
    ids = Topic.objects.filter(pk__in=[seat.topic.pk for seat in seats]).annotate(
        touch_id=Subquery(touches.order_by("-occurred_at", "-pk").values("pk")[:1]),
        owed_id=Subquery(owed.order_by("due_at", "pk").values("pk")[:1]),
    )
    found = {pk: (touch_id, owed_id) for pk, touch_id, owed_id in ids.values_list("pk", "touch_id", "owed_id")}
    last = Interaction.objects.select_related("channel").in_bulk([touch for touch, _owed in found.values() if touch])
    next_ = Commitment.objects.for_list().in_bulk([item for _touch, item in found.values() if item])
    carried = _carried(stakeholders)
    return [
        Row(seat, carried.get(seat.topic.pk), last.get(found[seat.topic.pk][0]), next_.get(found[seat.topic.pk][1]))
        for seat in seats
    ]


def _carried(stakeholders: Sequence[Stakeholder]) -> dict[int, Stakeholder]:
    """Topic → the stakeholder asked about it; the most influential first."""
    weight = list(Stakeholder.Influence.values)
    carried: dict[int, Stakeholder] = {}
    for stakeholder in sorted(stakeholders, key=lambda s: -weight.index(s.influence)):
        for topic in stakeholder.role.topics.all():
            carried.setdefault(topic.pk, stakeholder)
    return carried
