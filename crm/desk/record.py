"""What the pages of accounts, contacts and projects have in common."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.http import HttpRequest
from django.urls import reverse

from crm.commitments.models import Commitment, CommitmentQuerySet
from crm.core import clock
from crm.dossiers.models import Channel, Dossier, Event, Topic
from crm.dossiers.timeline import Filters, page
from crm.poc.models import PointOfContact
from crm.poc.resolve import Question, resolve_many
from crm.poc.seats import Seat, answering, seats_of, worth_showing
from crm.poc.visibility import visible_homes
from interactions.models import Interaction
from projects.models import Project

SHOWN = 25  # things owed, on a record's page
YEAR = timedelta(days=365)
Kind = Event.Kind
KINDS = {  # what the address calls it → events
    "talks": (Kind.LOGGED,),
    "owed": (
        Kind.OWED, Kind.ACKNOWLEDGED, Kind.SNOOZED, Kind.REDUE, Kind.REASSIGNED, Kind.KEPT, Kind.CANCELLED,
        Kind.ESCALATED,
    ),
    "changes": (Kind.CREATED, Kind.CHANGED, Kind.ARCHIVED, Kind.ASSIGNED, Kind.UNASSIGNED),
}  # fmt: skip


def partial(request: HttpRequest, page: str, part: str) -> str:
    """Choose the whole page, or the part htmx asked for."""
    return part if request.htmx and not request.htmx.boosted and not request.htmx.history_restore_request else page


def preset(rows: QuerySet[Any], number: str | None) -> Any:
    """Return the record a link named, where there is such a one to be seen."""
    if number is None or not number.isascii() or not number.isdigit() or len(number) > 18:
        return None
    return rows.select_related("dossier").filter(pk=number).first()


def context(request: HttpRequest, dossier: Dossier, *, all_topics: bool = False) -> dict[str, Any]:
    """Return who answers, what is owed, what happened, and through which channels; a constant number of queries."""
    at = clock.of(request)
    seats = seats_of(dossier.pk, topics=Topic.objects.in_use(), at=at)
    items = list(owed_on(dossier).select_related("follow_up__channel").order_by("due_at", "pk")[:SHOWN])
    may_assign = request.user.has_perm("poc.add_assignment")
    return {
        "dossier": dossier,
        "dossier_text": str(dossier.pk),
        "seats": seats if all_topics else worth_showing(seats),
        "items": with_owners(items, at=at),
        "n_escalated": sum(1 for item in items if item.escalated_at),
        "mix": channel_mix(dossier, at=at),
        "change_href": reverse("handovers:change", args=[dossier.pk]) if may_assign else "",
        "log_href": f"/log/?record={dossier.pk}",
        **timeline(request, dossier),
    }


def owed_on(dossier: Dossier) -> CommitmentQuerySet:
    """What is owed on a record: for an account on everything that is at home there."""
    owed = Commitment.objects.open().for_list()
    if dossier.kind == Dossier.Kind.ACCOUNT:
        return owed.filter(home=dossier)
    if dossier.kind == Dossier.Kind.CONTACT:
        return owed.filter(Q(dossier=dossier) | Q(follow_up__contact_id=dossier.pk))
    return owed.filter(dossier=dossier)


def with_owners(items: Iterable[Commitment], *, at: datetime) -> list[Commitment]:
    """Give each thing owed an `owner`: the one it was given to, else whoever answers now. Constant queries."""
    items = list(items)
    floating = {item.pk: Question(item.dossier_id, item.topic_id) for item in items if item.poc_id is None}
    answers = resolve_many(floating.values(), at=at)
    pocs = PointOfContact.objects.in_bulk({answer.poc_id for answer in answers.values()}) if answers else {}
    for item in items:
        item.owner = item.poc or pocs[answers[floating[item.pk]].poc_id]  # type: ignore[attr-defined]
    return items


def next_owed(*, homes: Iterable[int] = (), dossiers: Iterable[int] = ()) -> dict[int, Commitment]:
    """Return what is owed next on each of many records: on all that is at home there, or on the record alone.

    Two queries, one look into the index per record.
    """
    homes = list(homes)
    place = "home" if homes else "dossier"
    ids = homes or list(dossiers)
    first = Commitment.objects.open().filter(**{place: OuterRef("pk")}, closed_at=None).order_by("due_at", "pk")
    rows = Dossier.objects.filter(pk__one_of=ids).annotate(next_id=Subquery(first.values("pk")[:1]))
    next_ids = dict(rows.exclude(next_id=None).values_list("pk", "next_id"))
    found = Commitment.objects.for_list().in_bulk(list(next_ids.values()))
    return {pk: found[next_id] for pk, next_id in next_ids.items() if next_id in found}


def projects_of(account_id: int, *, at: datetime) -> list[tuple[Project, Seat]]:
    """Return an account's running projects, each with whoever answers for it on *general*."""
    rows = Project.objects.running().filter(account=account_id).for_list().order_by("dossier__title_key", "pk")[:12]
    found = list(rows)
    seats = answering([project.pk for project in found], topic=Topic.objects.get(code=Topic.GENERAL), at=at)
    return [(project, seats[project.pk]) for project in found]


def channel_mix(dossier: Dossier, *, at: datetime) -> list[tuple[Channel, int, int]]:
    """Return how many touches came or went through each channel in a year, and the share of the largest in percent."""
    if dossier.kind != Dossier.Kind.ACCOUNT:
        return []
    touches = Interaction.objects.current().touches().filter(home=dossier, occurred_at__gt=at - YEAR)
    counts = list(touches.order_by().values("channel").annotate(n=Count("pk")).order_by("-n", "channel"))
    channels = Channel.objects.in_bulk([row["channel"] for row in counts])
    most = counts[0]["n"] if counts else 1
    return [(channels[row["channel"]], row["n"], round(100 * row["n"] / most)) for row in counts]


def timeline(request: HttpRequest, dossier: Dossier) -> dict[str, Any]:
    """Return one page of a record's timeline, narrowed by what the address says. Two queries."""
    kinds = KINDS.get(request.GET.get("show", ""), ())
    topic = next((t for t in Topic.objects.in_use() if t.code == request.GET.get("about")), None)
    mine = request.GET.get("by") == "me"
    filters = Filters(
        kinds=kinds, actor_id=request.user.pk if mine else None, topic_id=topic.pk if topic else None
    )
    homes = visible_homes(request.user)
    found = page(dossier.pk, homes=homes, cursor=request.GET.get("older", ""), filters=filters)
    return {
        "dossier": dossier,
        "timeline": found,
        "tl_topic": topic,
        "tl_mine": mine,
        "tl_narrowed": bool(kinds or topic or mine),
        "tl_older": "older" in request.GET,
        "topics": Topic.objects.in_use(),
    }


def wants_older(request: HttpRequest) -> bool:
    """True when htmx asks for the next entries of the timeline alone."""
    return bool(request.htmx) and request.htmx.target == "timeline-more"
