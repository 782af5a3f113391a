"""What the pages of accounts, contacts and projects have in common."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.http import HttpRequest
from django.urls import reverse

from crm.commitments import waiting
from crm.commitments.models import Commitment, CommitmentQuerySet
from crm.core import clock
from crm.dossiers import vocabulary
from crm.dossiers.models import Channel, Dossier, Event, Topic
from crm.dossiers.timeline import Filters, page
from crm.handovers.handing_over import may_withdraw
from crm.handovers.models import Handover
from crm.handovers.restoring import archived_by
from crm.poc.resolve import Question
from crm.poc.seats import Seat, seats_for, worth_showing
from crm.poc.sharing import may_share_record
from crm.poc.visibility import visible_homes
from interactions import quick_log
from interactions.models import Interaction
from interactions.passing import passings
from projects.models import Project

SHOWN = 25  # things owed, on a record's page
YEAR = timedelta(days=365)
Kind = Event.Kind
KINDS = {  # what the address calls it → events
    "talks": (Kind.LOGGED,),
    "owed": (
        Kind.OWED, Kind.ACKNOWLEDGED, Kind.SNOOZED, Kind.WAITING, Kind.RESUMED, Kind.REDUE, Kind.REASSIGNED,
        Kind.KEPT, Kind.CANCELLED, Kind.ESCALATED, Kind.RELEASED, Kind.PASSED_ON, Kind.RETURNED,
    ),
    "changes": (
        Kind.CREATED, Kind.CHANGED, Kind.ARCHIVED, Kind.RESTORED, Kind.MERGED, Kind.UNMERGED, Kind.ASSIGNED,
        Kind.UNASSIGNED, Kind.HANDOVER_PROPOSED, Kind.HANDOVER_OFFERED, Kind.HANDOVER_ACCEPTED,
        Kind.HANDOVER_DECLINED, Kind.HANDOVER_WITHDRAWN, Kind.SHARED, Kind.UNSHARED,
    ),
}  # fmt: skip


def partial(request: HttpRequest, page: str, part: str) -> str:
    """Choose the whole page, or the part htmx asked for."""
    return part if request.htmx and not request.htmx.boosted and not request.htmx.history_restore_request else page


def preset(rows: QuerySet[Any], number: str | None) -> Any:
    """Return the record a link named, where there is such a one to be seen."""
    if number is None or not number.isascii() or not number.isdigit() or len(number) > 18:
        return None
    return rows.select_related("dossier").filter(pk=number).first()


def context(
    request: HttpRequest, dossier: Dossier, *, projects: Sequence[Project] = (), all_topics: bool = False
) -> dict[str, Any]:
    """Return who answers, what is owed, what happened, and through which channels; a constant number of queries.

    Everything that asks who answers (the record, what is owed on it, its `projects`) is asked at once.
    """
    at = clock.of(request)
    topics, outcomes = vocabulary.read(Topic.objects.all(), quick_log.outcomes_of_a_call())
    offered = [topic for topic in topics if topic.retired_at is None]
    items = list(owed_on(dossier).select_related("follow_up__channel").order_by("due_at", "pk")[:SHOWN])
    general = next(topic for topic in topics if topic.code == Topic.GENERAL)
    here = [Question(dossier.pk, topic.pk) for topic in offered]
    below = {project: Question(project.pk, general.pk) for project in projects}
    seats = seats_for([*here, *below.values(), *map(_question, items)], at=at, topics=topics)
    _say_whose(items, seats)
    own = [seats[question] for question in here]
    is_current = dossier.archived_at is None
    may_assign = is_current and request.user.has_perm("poc.add_assignment")
    may_hand_over = is_current and request.user.has_perm("handovers.add_handover")
    may_log = is_current and request.user.has_perm("interactions.add_interaction")
    return {
        "dossier": dossier,
        "dossier_text": str(dossier.pk),
        "archived": None if is_current else archived(request, dossier),
        "seats": own if all_topics else worth_showing(own),
        "projects": [(project, seats[question]) for project, question in below.items()],
        "items": items,
        "n_escalated": sum(1 for item in items if item.escalated_at),
        "pending": pending(request, dossier),
        "change_href": reverse("handovers:change", args=[dossier.pk]) if may_assign else "",
        "hand_over_href": reverse("handovers:hand_over", args=[dossier.pk]) if may_hand_over else "",
        "may_share": is_current and may_share_record(request.user, dossier),
        "quick_log": quick_log.inline(dossier, outcomes) if may_log else None,
        "log_href": f"{reverse('interactions:log')}?record={dossier.pk}",
        **timeline(request, dossier, topics=offered),
    }


def archived(request: HttpRequest, dossier: Dossier) -> dict[str, Any]:
    """Return by which event a record was archived, and whether the reader may restore it. One query."""
    may_restore = request.user.has_perm(f"{dossier.kind}s.change_{dossier.kind}")
    return {"event": archived_by(dossier), "may_restore": may_restore}


def pending(request: HttpRequest, dossier: Dossier) -> list[Handover]:
    """Return the handovers of a record that are not decided; each proposal says `may_dismiss`. One query if none is."""
    found = list(Handover.objects.open().filter(dossier=dossier).for_list().order_by("opened_at", "pk"))
    for handover in found:
        is_proposed = handover.state == Handover.State.PROPOSED
        handover.may_dismiss = is_proposed and may_withdraw(request.user, handover)  # type: ignore[attr-defined]
    return found


def _question(item: Commitment) -> Question:
    """Who owes it: the one it was given to, or their stand-in; else whoever answers."""
    return Question(item.dossier_id, item.topic_id, item.poc_id)


def owed_on(dossier: Dossier) -> CommitmentQuerySet:
    """What is owed on a record: for an account on everything that is at home there."""
    owed = Commitment.objects.open().for_list()
    if dossier.kind == Dossier.Kind.ACCOUNT:
        return owed.filter(home=dossier)
    if dossier.kind == Dossier.Kind.CONTACT:
        told = Commitment.addressees.through.objects.filter(dossier=dossier.pk).values("commitment")
        return owed.filter(Q(dossier=dossier) | Q(follow_up__contact_id=dossier.pk) | Q(pk__in=told))
    return owed.filter(dossier=dossier)


def with_owners(items: Iterable[Commitment], *, at: datetime) -> list[Commitment]:
    """Give each thing owed an `owner`: the one it was given to or their stand-in, else whoever answers now.

    Three queries; one more each where a specialist may have something, and where something waits.
    """
    items = list(items)
    seats = seats_for(map(_question, items), at=at) if items else {}
    _say_whose(items, seats)
    return items


def _say_whose(items: Sequence[Commitment], seats: Mapping[Question, Seat]) -> None:
    """Give each thing owed its `owner`, `instead` of whom, its `passing` where a specialist has it, and `waits_for`.

    At most two queries.
    """
    passed, waits_for = passings(items), waiting.reasons(items)
    for item in items:
        seat = seats[_question(item)]
        item.owner, item.instead = seat.poc, seat.instead  # type: ignore[attr-defined]
        item.passing = passed.get(item.pk)  # type: ignore[attr-defined]
        item.waits_for = waits_for.get(item.pk, "")  # type: ignore[attr-defined]


def next_owed(*, homes: Iterable[int] = (), dossiers: Iterable[int] = ()) -> dict[int, Commitment]:
    """Return what is owed next on each of many records: on all that is at home there, or on the record alone.

    One query, one look into the index per record.
    """
    homes = list(homes)
    place = "home" if homes else "dossier"
    owed = Commitment.objects.open().filter(**{place: OuterRef("pk")}, closed_at=None).order_by("due_at", "pk")
    places = Dossier.objects.filter(pk__one_of=homes or list(dossiers))
    first = places.annotate(first=Subquery(owed.values("pk")[:1])).values("first")
    return {getattr(row, f"{place}_id"): row for row in Commitment.objects.filter(pk__one_of=first).for_list()}


def channel_mix(account: Dossier, *, at: datetime) -> list[tuple[Channel, int, int]]:
    """Return how many touches came or went through each channel in a year, and the share of the largest in percent.

    One query.
    """
    touches = Interaction.objects.current().touches().filter(home=account, occurred_at__gt=at - YEAR)
    by_channel = touches.order_by().values("channel__name", "channel__icon").annotate(n=Count("pk"))
    counts = list(by_channel.order_by("-n", "channel__name"))
    most = counts[0]["n"] if counts else 1
    return [
        (Channel(name=row["channel__name"], icon=row["channel__icon"]), row["n"], round(100 * row["n"] / most))
        for row in counts
    ]


def timeline(request: HttpRequest, dossier: Dossier, *, topics: Sequence[Topic] | None = None) -> dict[str, Any]:
    """Return one page of a record's timeline, narrowed by what the address says. One query, two without topics."""
    topics = list(Topic.objects.in_use()) if topics is None else topics
    kinds = KINDS.get(request.GET.get("show", ""), ())
    topic = next((t for t in topics if t.code == request.GET.get("about")), None)
    mine = request.GET.get("by") == "me"
    filters = Filters(kinds=kinds, actor_id=request.user.pk if mine else None, topic_id=topic.pk if topic else None)
    homes = visible_homes(request.user)
    found = page(dossier.pk, homes=homes, cursor=request.GET.get("older", ""), filters=filters)
    return {
        "dossier": dossier,
        "timeline": found,
        "tl_topic": topic,
        "tl_mine": mine,
        "tl_narrowed": bool(kinds or topic or mine),
        "tl_older": "older" in request.GET,
        "topics": topics,
    }


def wants_older(request: HttpRequest) -> bool:
    """True when htmx asks for the next entries of the timeline alone."""
    return bool(request.htmx) and request.htmx.target == "timeline-more"
