"""The seven questions: how each is asked, called and sorted, and where its gaps are mended."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import CharField, DateTimeField, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from crm.core.paging import Order
from crm.desk.gaps import people, records
from crm.desk.gaps.scope import Scope
from crm.poc.models import Absence, PointOfContact

NAME = {"name": Order("title_key", CharField())}
POC_NAME = {"name": Order("name_key", CharField())}


@dataclass(frozen=True, slots=True)
class Found:
    """The rows of one question, and, where these are people, how many records each is about."""

    rows: QuerySet[Any]
    n: Mapping[int, Any] | None = None  # of absences: the topics they are about

    def count(self) -> int:
        return self.rows.count() if self.n is None else len(self.n)


@dataclass(frozen=True, slots=True)
class Gap:
    """One question about who is not really answered for."""

    code: str
    title: Promise | str
    help: Promise | str
    icon: str
    find: Callable[[Scope], Found]
    orders: Mapping[str, Order]
    ordering: str


def _of_records(find: Callable[[Scope], QuerySet[Any]]) -> Callable[[Scope], Found]:
    return lambda scope: Found(find(scope))


def _of_people(find: Callable[[Scope], dict[int, int]]) -> Callable[[Scope], Found]:
    def found(scope: Scope) -> Found:
        n = find(scope)
        return Found(PointOfContact.objects.filter(pk__one_of=list(n)).select_related("home_team"), n)

    return found


def _absences(scope: Scope) -> Found:
    n = people.absent(scope)
    return Found(Absence.objects.filter(pk__one_of=list(n)).select_related("poc", "cover", "topic"), n)


GAPS = {
    gap.code: gap
    for gap in (
        Gap(
            "unanswered",
            _("Nobody answers"),
            _("Only the front desk would. Name somebody."),
            "alert",
            _of_records(records.unanswered),
            NAME,
            "name",
        ),
        Gap(
            "absent",
            _("Away without cover"),
            _("Now, or within the next days, for something they answer for. Name a cover."),
            "calendar",
            _absences,
            {"starts_at": Order("starts_at", DateTimeField()), "name": Order("poc__name_key", CharField())},
            "starts_at",
        ),
        Gap(
            "inactive",
            _("Gone but still named"),
            _("They no longer answer, or nobody is in the team. Let somebody follow."),
            "out",
            _of_people(people.inactive),
            POC_NAME,
            "name",
        ),
        Gap(
            "past_end",
            _("Ended, and nobody follows"),
            _("In the last 90 days, or in the next 14. Name who follows, or leave it to whoever answers above."),
            "clock",
            _of_records(records.past_end),
            {"ends_at": Order("ends_at", DateTimeField()), "name": Order("dossier__title_key", CharField())},
            "-ends_at",
        ),
        Gap(
            "overloaded",
            _("Too many for one person"),
            _("More than one person can know. Hand some over, or let a team answer."),
            "escalate",
            _of_people(people.overloaded),
            POC_NAME,
            "name",
        ),
        Gap(
            "single_point",
            _("Rests on one person"),
            _("Should they be missing, nobody would come in. Name a backup, or give their team a lead."),
            "person",
            _of_people(people.single_point),
            POC_NAME,
            "name",
        ),
        Gap(
            "their_side",
            _("Nobody on their side"),
            _("No contact at all, or none for something we answer for. Add one, or give one the role."),
            "firm",
            _of_records(records.their_side),
            NAME,
            "name",
        ),
    )
}
