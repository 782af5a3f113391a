"""Who answered when: for a record, topic by topic; for a person or a team, record by record."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from typing import TYPE_CHECKING, Any

from django.db.models import DateTimeField, F
from django.http import QueryDict
from django.utils.translation import gettext as _

from crm.core.paging import Order, Page, page
from crm.dossiers.lineage import Lineage, Merged, lineage, merged_away, merged_into
from crm.dossiers.models import Dossier, Event, Topic
from crm.dossiers.timeline import Filters, Timeline
from crm.dossiers.timeline import page as timeline
from crm.poc.models import PRIMARY, Absence, Assignment, AssignmentQuerySet, PointOfContact
from crm.poc.resolve import Question
from crm.poc.seats import Seat, seats_for, worth_showing
from crm.poc.visibility import pocs_of, visible_homes

if TYPE_CHECKING:
    from crm.users.models import User

MOST = 300  # assignments of one record on its page; all of them are in the file
ABSENCES = 200  # of those who answered, the newest
SIZE = 50
Kind = Event.Kind
HANDOVERS = (
    Kind.HANDOVER_PROPOSED, Kind.HANDOVER_OFFERED, Kind.HANDOVER_ACCEPTED, Kind.HANDOVER_DECLINED,
    Kind.HANDOVER_WITHDRAWN, Kind.PASSED_ON, Kind.RETURNED, Kind.LEFT, Kind.STAYED, Kind.MERGED, Kind.UNMERGED,
)  # fmt: skip
ORDERS = {"starts": Order("starts_at", DateTimeField())}


@dataclass(frozen=True, slots=True)
class Then:
    """Who answered for a record at a moment, about each topic for which not merely *general* did.

    `way` is what it belonged to then, the nearest first; `moved` is true where that differs from
    today, `unsure` where a move was written down without saying from where.
    """

    seats: Sequence[Seat]
    way: Sequence[str]
    moved: bool
    unsure: bool


@dataclass(frozen=True, slots=True)
class Held:
    """One assignment that ever was, and when its holder was away meanwhile."""

    assignment: Assignment
    absences: Sequence[Absence]

    @property
    def is_withdrawn(self) -> bool:
        """Planned, and taken back before it began."""
        return self.assignment.ends_at == self.assignment.starts_at


@dataclass(frozen=True, slots=True)
class Place:
    """A topic and a place at it, with whoever held it, the newest first."""

    topic: Topic
    rank: int
    held: Sequence[Held] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class RecordHistory:
    """Everything about who answered for one record."""

    places: Sequence[Place]
    is_cut: bool
    handovers: Timeline
    merged: Sequence[Merged]
    merged_away: Merged | None


def then(dossier: Dossier, *, at: datetime, topics: Iterable[Topic]) -> Then:
    """Say who answered for a record at `at`, by the rows and by what it belonged to then. At most fifteen queries."""
    up: Lineage = lineage(dossier.pk, at=at)
    questions = [Question(dossier.pk, topic.pk) for topic in topics]
    seats = seats_for(questions, at=at, parents=up.parents)
    titles = dict(Dossier.objects.filter(pk__one_of=list(up.parents)).values_list("pk", "title"))
    way = [titles[pk] for pk in up.parents if pk != dossier.pk]
    return Then(worth_showing([seats[q] for q in questions]), way, bool(up.moved), bool(up.unsure))


def of_record(dossier: Dossier, *, user: User) -> RecordHistory:
    """Return who ever answered for a record, is answering or will. Eight queries."""
    rows = list(everyone_on(dossier)[: MOST + 1])
    away = _absences_of({row.poc_id for row in rows})
    ordered = sorted(rows[:MOST], key=lambda a: (a.topic.position, a.topic_id, a.rank))  # stays newest first within
    places = [
        Place(topic, rank, [Held(a, _meanwhile(a, away[a.poc_id])) for a in held])
        for (topic, rank), held in groupby(ordered, key=lambda a: (a.topic, a.rank))
    ]
    return RecordHistory(
        places=places,
        is_cut=len(rows) > MOST,
        handovers=timeline(dossier.pk, homes=visible_homes(user), filters=Filters(kinds=HANDOVERS)),
        merged=merged_into(dossier.pk),
        merged_away=merged_away(dossier.pk),
    )


def everyone_on(dossier: Dossier) -> AssignmentQuerySet:
    """Narrow to all who ever answered for a record, the newest first."""
    return Assignment.objects.on(dossier).for_list().order_by("-starts_at", "-pk")


def of_poc(poc: PointOfContact, *, user: User) -> AssignmentQuerySet:
    """Narrow to what somebody ever answered for, where `user` may see it."""
    rows = Assignment.objects.held_by([poc.pk]).for_list()
    homes = visible_homes(user)
    return rows if homes is None else rows.filter(dossier__home__one_of=homes)


def page_of_poc(poc: PointOfContact, *, user: User, query: QueryDict) -> Page:
    """Return one page of what somebody answered for, the newest first. One query, once it is known who sees what."""
    return page(of_poc(poc, user=user), orders=ORDERS, sort="-starts", query=query, size=SIZE)


def absences_of(poc: PointOfContact, *, user: User) -> list[Absence]:
    """Return when somebody was, is or will be away, the newest first; empty where that is not the reader's business."""
    if visible_homes(user) is not None and poc.pk not in pocs_of(user, with_teams=True):
        return []
    rows = poc.absences.filter(ends_at__gt=F("starts_at")).select_related("cover", "topic")
    return list(rows.order_by("-starts_at", "-pk")[:SIZE])


def _absences_of(poc_ids: Iterable[int]) -> dict[int, list[Absence]]:
    rows = Absence.objects.filter(poc__one_of=list(poc_ids)).select_related("cover", "topic")
    found: dict[int, list[Absence]] = defaultdict(list)
    for absence in rows.order_by("-starts_at", "-pk")[:ABSENCES]:
        found[absence.poc_id].append(absence)
    return found


def _meanwhile(a: Assignment, absences: Iterable[Absence]) -> list[Absence]:
    """The absences that counted while an assignment did, for its topic."""
    return [
        x for x in absences
        if x.topic_id in (None, a.topic_id) and x.starts_at < x.ends_at and x.ends_at > a.starts_at
        and (a.ends_at is None or x.starts_at < a.ends_at)
    ]  # fmt: skip


# --- As a file


def lines(rows: AssignmentQuerySet) -> Iterator[list[Any]]:
    """Give assignments as lines of a table, the headings first; read a few hundred at a time."""
    yield [_("Record"), _("About"), _("Place"), _("Who"), _("From"), _("Until"), _("Reason"), _("Decided by")]
    for a in rows.iterator(chunk_size=500):
        place = _("answers") if a.rank == PRIMARY else _("backup %(n)s") % {"n": a.rank}
        decided_by = a.decided_by.name if a.decided_by else ""
        ends = a.ends_at.isoformat() if a.ends_at else ""
        yield [a.dossier.title, a.topic.label, place, a.poc.name, a.starts_at.isoformat(), ends, a.reason, decided_by]
