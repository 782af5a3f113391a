"""Gaps that lie on records: nobody answers, the last one ended, nobody on their side."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet

from contacts.models import Contact
from crm.core.query import ListOf
from crm.desk.gaps.scope import Scope
from crm.dossiers.models import Dossier
from crm.poc.models import Assignment
from crm.poc.unanswered import gaps_among
from interactions.models import TouchPoint
from projects.models import Project

AHEAD = timedelta(days=14)  # from when on an end without a successor is shown
BEHIND = timedelta(days=90)  # what ended longer ago and is answered from above is meant to be
Kind = Dossier.Kind


# --- Nobody answers


def unanswered(scope: Scope) -> QuerySet[Dossier]:
    """Narrow to the records for which only the front desk answers, on the topic asked about, else on *general*.

    Where nobody answers on *general*, somebody may still answer on another topic; the other way
    round it cannot be. Without a kind each gap stands where it is mended, once: on the account,
    with its contacts and projects below it, and on what belongs to no current account. With a
    kind it is every record of that kind. Where unknown callers are kept, the front desk is meant
    to answer.
    """
    callers = TouchPoint.objects.filter(dossier=OuterRef("pk"), is_default=True)
    records = scope.records().filter(~Exists(callers))
    if not scope.kind:
        alone = Q(parent=None) | Q(parent__archived_at__isnull=False)
        records = records.filter(Q(kind__in=(Kind.ACCOUNT, Kind.TOUCH_POINT)) | alone)
    return Dossier.objects.filter(pk__in=gaps_among(records, _asked(scope), scope.house)).select_related("home")


def n_below(scope: Scope, ids: Collection[int]) -> dict[int, int]:
    """Return how many contacts and projects below these gaps are gaps too. One query."""
    below = Dossier.objects.current().filter(parent__one_of=list(ids), kind__in=(Kind.CONTACT, Kind.PROJECT))
    gaps = Dossier.objects.filter(pk__in=gaps_among(below, _asked(scope), scope.house))
    return dict(gaps.values_list("parent").annotate(n=Count("pk")))


def _asked(scope: Scope) -> int:
    return scope.topic_id or scope.house.general_id


# --- The last one ended


def past_end(scope: Scope) -> QuerySet[Assignment]:
    """Narrow to the last primaries of places whose end is behind us or near, and whom nobody follows.

    Behind us is the last quarter: what ended before and is answered from above is how it is
    meant; where nobody answers at all, the record is `unanswered` however long ago that was.
    """
    later = Q(ends_at=None) | Q(ends_at__gt=OuterRef("ends_at"))
    followers = Assignment.objects.primary().exclude(starts_at=F("ends_at")).filter(later)
    followers = followers.filter(dossier=OuterRef("dossier"), topic=OuterRef("topic"))
    near = Q(ends_at__gt=scope.at - BEHIND, ends_at__lte=scope.at + AHEAD)
    over = Exists(Project.objects.filter(dossier=OuterRef("dossier"), phase__in=Project.ENDED))
    rows: QuerySet[Assignment] = scope.assignments().primary().exclude(starts_at=F("ends_at"))
    return rows.filter(near, ~Exists(followers), ~over).select_related("dossier__home", "topic", "poc")


# --- Nobody on their side


def their_side(scope: Scope) -> QuerySet[Dossier]:
    """Narrow to accounts without any contact, and to those where we answer on a topic and none of theirs does.

    A topic counts where somebody of ours is named for it now, on the account or on something of
    it; on *general* any contact will do. Annotates `missing`, the ids of such topics (each once or
    more), and `has_contacts`.
    """
    if scope.kind not in ("", Kind.ACCOUNT):
        return Dossier.objects.none()
    contacts = Contact.objects.current()
    ours = Assignment.objects.at(scope.at).primary().filter(dossier__archived_at=None)
    ours = ours.exclude(topic=scope.house.general_id)
    ours = ours if scope.topic_id is None else ours.filter(topic=scope.topic_id)
    theirs = contacts.filter(account=OuterRef("dossier__home"), roles__topics=OuterRef("topic"))
    alone = ours.filter(~Exists(theirs))
    here = alone.filter(dossier__home=OuterRef("pk")).order_by("topic__position", "topic_id")
    anybody = contacts.filter(account=OuterRef("pk"))
    accounts = scope.records().filter(kind=Kind.ACCOUNT).select_related("home").annotate(has_contacts=Exists(anybody))
    found = accounts.filter(Q(pk__in=alone.values("dossier__home")) | Q(has_contacts=False))
    return found.annotate(missing=ListOf(here.distinct(), "topic_id"))
