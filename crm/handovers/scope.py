"""What a handover takes along: places, and what was promised by the giver's name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.db.models import Count, Q

from crm.commitments.models import OWNER_KEPT, Commitment, CommitmentQuerySet
from crm.dossiers.models import Dossier, Topic
from crm.poc.models import Assignment, AssignmentQuerySet, PointOfContact

if TYPE_CHECKING:
    from crm.handovers.models import Handover

BELOW = (Dossier.Kind.PROJECT, Dossier.Kind.CONTACT)  # what an account may take along


@dataclass(frozen=True, slots=True)
class Scope:
    """What of `giver`'s on a record passes on. No `topics`: all of them.

    An account may take its projects and contacts along. It is read when it is asked, so a
    project that was opened meanwhile is in it, and what the giver no longer holds is not.
    """

    dossier: Dossier
    giver: PointOfContact
    topics: Sequence[Topic] = ()
    with_projects: bool = True
    with_contacts: bool = True
    with_owed: bool = True

    def places(self, at: datetime) -> AssignmentQuerySet:
        """Narrow to the places the giver holds now, as the one who answers or as a backup.

        One that ends already, because somebody else is planned, stays as it was decided.
        """
        held = Assignment.objects.at(at).filter(self._within(), poc=self.giver, ends_at=None)
        return held.filter(topic__in=self.topics) if self.topics else held

    def promised(self) -> CommitmentQuerySet:
        """Narrow to what is owed by the giver by name; what only its owner settles stays theirs."""
        owed = Commitment.objects.open().filter(self._within(), poc=self.giver).exclude(kind__in=OWNER_KEPT)
        return owed.filter(topic__in=self.topics) if self.topics else owed

    def owed(self, at: datetime) -> CommitmentQuerySet:
        """Narrow to what the receiver will owe: what moves by name, and what follows whoever answers."""
        held = self.places(at).primary().values("dossier")
        floating = Commitment.objects.open().floating().filter(dossier__in=held)
        if self.topics:
            floating = floating.filter(topic__in=self.topics)
        return floating | self.promised() if self.with_owed else floating

    def _within(self) -> Q:
        wanted = zip(BELOW, (self.with_projects, self.with_contacts), strict=True)
        return _within(self.dossier, [kind for kind, is_wanted in wanted if is_wanted])


@dataclass(frozen=True, slots=True)
class Counts:
    """How much the giver holds: on the record itself, on how many projects and contacts, and owes by name."""

    own: int = 0
    projects: int = 0
    contacts: int = 0
    owed: int = 0


def scope_of(handover: Handover) -> Scope:
    """Return what a handover takes along. One query, none where `topics` were read before."""
    return Scope(
        handover.dossier, handover.giver, list(handover.topics.all()),
        handover.with_projects, handover.with_contacts, handover.with_owed,
    )  # fmt: skip


def count(scope: Scope, at: datetime) -> Counts:
    """Count what is in a scope. Two queries."""
    kinds = scope.places(at).order_by().values("dossier__kind").annotate(n=Count("dossier", distinct=True))
    n = {row["dossier__kind"]: row["n"] for row in kinds}
    below = {"projects": n.pop(Dossier.Kind.PROJECT, 0), "contacts": n.pop(Dossier.Kind.CONTACT, 0)}
    if scope.dossier.kind != Dossier.Kind.ACCOUNT:
        return Counts(own=sum(below.values()) + sum(n.values()), owed=scope.promised().count())
    return Counts(own=sum(n.values()), **below, owed=scope.promised().count())


def givers(dossier: Dossier, at: datetime) -> list[PointOfContact]:
    """Return who holds something on a record or below it, whoever answers for the record itself first. One query."""
    held = Assignment.objects.at(at).filter(_within(dossier, BELOW), ends_at=None, poc__is_house=False)
    nearest = sorted(held.select_related("poc"), key=lambda a: (a.dossier_id != dossier.pk, a.rank, a.topic_id, a.pk))
    return list({a.poc_id: a.poc for a in nearest}.values())


def _within(dossier: Dossier, kinds: Sequence[str]) -> Q:
    """The record, and what of these kinds belongs to it; that has its home there, where it is an account."""
    own = Q(dossier=dossier)
    is_account = dossier.kind == Dossier.Kind.ACCOUNT
    return own | Q(dossier__home=dossier, dossier__kind__in=kinds) if is_account and kinds else own
