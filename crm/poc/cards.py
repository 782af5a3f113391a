"""The card of somebody who answers, ready to be shown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from django.db.models import Exists, OuterRef

from crm.dossiers.models import Dossier, Topic
from crm.poc import words
from crm.poc.calendars import working_times
from crm.poc.models import PRIMARY, Absence, Assignment, AssignmentQuerySet, Membership, PointOfContact
from crm.poc.opening import Days, Hours, days_that_differ, hours, week
from crm.poc.resolve import Question, ask
from crm.poc.visibility import visible_homes
from crm.users.models import User

MOST = 1000  # records counted; more are "more than 1,000"
MEMBERS = 100  # people or teams shown


@dataclass(frozen=True, slots=True)
class About:
    """A topic somebody answers for: on how many records the reader may see."""

    topic: Topic
    n: int


@dataclass(frozen=True, slots=True)
class Card:
    """Everything on one card but the records themselves.

    `answering` is whoever answers instead now, and `why`; `backup` who would be next. `absences`
    are those under way and to come, `covering` those of others whom this one covers now.
    `others` are a team's members, or a person's teams.
    """

    poc: PointOfContact
    zone: str
    hours: Hours
    week: Sequence[Days]
    differing: Sequence[tuple[date, Sequence[tuple[time, time]]]]
    answering: PointOfContact | None
    why: str
    backup: PointOfContact | None
    absences: Sequence[Absence]
    covering: Sequence[Absence]
    others: Sequence[Any]
    about: Sequence[About]
    n_backup: int
    n_records: int
    touch_points: Sequence[Dossier]


def card(poc: PointOfContact, *, user: User, at: datetime) -> Card:
    """Return a POC's card as `user` may see it: everybody how to reach them, records only within one's view.

    Ten queries, whatever it holds.
    """
    topics = list(Topic.objects.in_use())
    working = working_times([poc.pk])[poc.pk]
    answering, why, backup = _now(poc, topics, at)
    absences, covering = _absences(poc, at)
    about, n_backup, n_records = _about(poc, topics, user, at)
    return Card(
        poc=poc, zone=working.zone, hours=hours(working, at), week=week(working),
        differing=days_that_differ(working, at), answering=answering, why=why, backup=backup, absences=absences,
        covering=covering, others=_others(poc, at), about=about, n_backup=n_backup, n_records=n_records,
        touch_points=_touch_points(poc, at),
    )  # fmt: skip


def records(poc: PointOfContact, *, user: User, at: datetime) -> AssignmentQuerySet:
    """Narrow to what a POC is named for now, as first or as backup, on records that `user` may see."""
    rows = Assignment.objects.at(at).filter(poc=poc).exclude(dossier__kind=Dossier.Kind.TOUCH_POINT)
    rows, homes = rows.filter(dossier__archived_at=None), visible_homes(user)
    return rows if homes is None else rows.filter(dossier__home__one_of=homes)


def _now(
    poc: PointOfContact, topics: Sequence[Topic], at: datetime
) -> tuple[PointOfContact | None, str, PointOfContact | None]:
    """Whoever stands in for a POC now, why, and who would be next. Two queries."""
    general = next(topic for topic in topics if topic.code == Topic.GENERAL)
    question = Question(None, general.pk, poc.pk)
    answers, fetched = ask([question], at=at)
    answer, named = answers[question], words.names(fetched, topics)
    backup = named.pocs.get(answer.lead_id) if answer.lead_id is not None else None
    if answer.poc_id == poc.pk:
        return None, "", backup
    return named.pocs[answer.poc_id], words.instead(answer, named), backup


def _absences(poc: PointOfContact, at: datetime) -> tuple[list[Absence], list[Absence]]:
    """A POC's own absences from now on, and those it covers now. Two queries."""
    coming = Absence.objects.filter(ends_at__gt=at).exclude(starts_at__gte=at, ends_at__lte=at)
    own = coming.filter(poc=poc).for_list().order_by("starts_at", "pk")
    covered = Absence.objects.at(at).filter(cover=poc).for_list().order_by("ends_at", "pk")
    return list(own[:MEMBERS]), list(covered[:MEMBERS])


def _others(poc: PointOfContact, at: datetime) -> list[Any]:
    """A team's members, or a person's teams, with whether they are away. One query."""
    mine = Membership.objects.filter(team=poc) if poc.is_team else Membership.objects.filter(member=poc)
    ids = mine.values("member" if poc.is_team else "team")
    away = Absence.objects.at(at).whole().filter(poc=OuterRef("pk"))
    rows = PointOfContact.objects.active().filter(pk__in=ids).annotate(is_away=Exists(away))
    return list(rows.order_by("name_key", "pk")[:MEMBERS])


def _about(poc: PointOfContact, topics: Sequence[Topic], user: User, at: datetime) -> tuple[list[About], int, int]:
    """The topics a POC answers for, on how many records the reader may see; of how many it is backup, and all.

    Two queries.
    """
    current = Assignment.objects.at(at).primary().filter(poc=poc)
    answered = set(current.order_by().values_list("topic_id", flat=True).distinct())
    seen = list(records(poc, user=user, at=at).order_by().values_list("topic_id", "rank")[: MOST + 1])
    counts = Counter(topic_id for topic_id, rank in seen if rank == PRIMARY)
    about = [About(topic, counts[topic.pk]) for topic in topics if topic.pk in answered]
    return about, len(seen) - sum(counts.values()), len(seen)


def _touch_points(poc: PointOfContact, at: datetime) -> list[Dossier]:
    """The doors of ours where a POC answers: the hotline, support@. One query."""
    named = Assignment.objects.at(at).filter(poc=poc, dossier=OuterRef("pk"))
    doors = Dossier.objects.current().filter(Exists(named), kind=Dossier.Kind.TOUCH_POINT)
    return list(doors.select_related("touch_point__channel").order_by("title_key", "pk"))
