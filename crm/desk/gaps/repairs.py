"""Where a gap is mended: one step from its row, for whoever may."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from django.urls import reverse
from django.utils.translation import gettext as _

from crm.desk.gaps.rows import Row
from crm.dossiers.models import Dossier
from crm.handovers.absences import set_away_by

ASSIGN = "poc.add_assignment"


class Repair(NamedTuple):
    label: str
    href: str


def repairs(code: str, rows: Sequence[Row], user: Any) -> list[Repair | None]:
    """Return the step that mends each of these gaps; None where `user` may not take it. At most one query."""
    if code == "absent":
        return _covers(rows, user)
    return [_REPAIRS[code](row, user) for row in rows]


def _change(row: Row, user: Any) -> Repair | None:
    """Name who answers, about what the gap is about."""
    if row.record is None or not user.has_perm(ASSIGN):
        return None
    if row.record.kind == Dossier.Kind.TOUCH_POINT:
        href = reverse("admin:interactions_touchpoint_who", args=[row.record.pk])
        return Repair(_("Name somebody"), href) if user.is_staff else None
    about = f"?topic={row.topics[0].code}" if row.topics else ""
    return Repair(_("Name somebody"), reverse("handovers:change", args=[row.record.pk]) + about)


def _covers(rows: Sequence[Row], user: Any) -> list[Repair | None]:
    """Name a cover, where one may enter whoever is away as away."""
    ids = [row.poc.pk for row in rows if row.poc is not None]
    may = user.has_perm("poc.add_absence")
    mine = set(set_away_by(user).filter(pk__one_of=ids).values_list("pk", flat=True)) if may else set()
    return [
        Repair(_("Name a cover"), reverse("desk:away_change", args=[row.id]))
        if row.poc and row.poc.pk in mine
        else None
        for row in rows
    ]


def _follow(row: Row, user: Any) -> Repair | None:
    if not user.has_perm(ASSIGN):
        return None
    return Repair(_("Let somebody follow"), reverse("desk:gap_follow", args=[row.id]))


def _card(row: Row, user: Any) -> Repair | None:
    return Repair(_("See the records"), reverse("poc:card", args=[row.id]))


def _backups(row: Row, user: Any) -> Repair | None:
    return Repair(_("Name backups"), reverse("desk:gap_resting", args=[row.id]))


def _contact(row: Row, user: Any) -> Repair | None:
    if not user.has_perm("contacts.add_contact"):
        return None
    return Repair(_("Add a contact"), f"{reverse('contacts:new')}?account={row.id}")


_REPAIRS: dict[str, Callable[[Row, Any], Repair | None]] = {
    "unanswered": _change,
    "inactive": _follow,
    "past_end": _change,
    "overloaded": _card,
    "single_point": _backups,
    "their_side": _contact,
}
