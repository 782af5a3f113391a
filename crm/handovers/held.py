"""Everything a person or a team answers for, in groups: read before they leave, and shown to whoever decides."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Case, CharField, Count, Exists, OuterRef, QuerySet, TextChoices, Value, When
from django.utils.translation import gettext_lazy as _

from crm.commitments.models import OWNER_KEPT, Commitment, CommitmentQuerySet
from crm.dossiers.models import Dossier
from crm.handovers.models import Handover, HandoverQuerySet
from crm.poc.models import PRIMARY, Absence, Assignment, AssignmentQuerySet, Membership, PointOfContact


class Group(TextChoices):
    """What one decides about in one go when somebody leaves."""

    ACCOUNTS = "accounts", _("Accounts")
    PROJECTS = "projects", _("Projects")
    CONTACTS = "contacts", _("Contacts")
    TOUCH_POINTS = "touch_points", _("Touch points")
    BACKUPS = "backups", _("Backup for somebody else")
    PLANNED = "planned", _("Planned for later")
    OWED = "owed", _("Owed, given to them by name")
    LEADS = "leads", _("Teams they lead")
    LAST_IN = "last_in", _("Teams with nobody else in them")
    COVERS = "covers", _("People they stand in for")


KINDS = {
    Dossier.Kind.ACCOUNT: Group.ACCOUNTS,
    Dossier.Kind.PROJECT: Group.PROJECTS,
    Dossier.Kind.CONTACT: Group.CONTACTS,
    Dossier.Kind.TOUCH_POINT: Group.TOUCH_POINTS,
}
PLACES = (*KINDS.values(), Group.BACKUPS, Group.PLANNED)  # the groups whose rows are assignments
LETTERS = {Group.OWED: "c", Group.LEADS: "l", Group.LAST_IN: "m", Group.COVERS: "v"}  # of a row's key; a place's is "a"


def key_of(group: str, pk: int) -> str:
    """Name one row: `a12` is the place with the id 12."""
    return f"{LETTERS.get(Group(group), 'a')}{pk}"


def group_of(assignment: Assignment, at: datetime) -> Group:
    """Say what kind of place it is; its record must be loaded."""
    if assignment.starts_at > at:
        return Group.PLANNED
    return KINDS[Dossier.Kind(assignment.dossier.kind)] if assignment.rank == PRIMARY else Group.BACKUPS


def places(poc_ids: Collection[int], at: datetime) -> AssignmentQuerySet:
    """Narrow to what these hold now or are to hold."""
    return Assignment.objects.overlapping(at, None).held_by(list(poc_ids))


def owed(poc_ids: Collection[int]) -> CommitmentQuerySet:
    """Narrow to what was given to these by name, and is still owed; a handover to accept is none of it."""
    return Commitment.objects.open().mine(poc_ids).exclude(kind__in=OWNER_KEPT)


def led_by(poc_ids: Collection[int]) -> QuerySet[PointOfContact]:
    return PointOfContact.objects.active().filter(lead__one_of=list(poc_ids))


def last_in(poc: PointOfContact) -> QuerySet[PointOfContact]:
    """Narrow to the teams in which nobody else is who answers."""
    mine = Membership.objects.filter(team=OuterRef("pk"), member=poc, member__deactivated_at=None)
    others = Membership.objects.filter(team=OuterRef("pk"), member__deactivated_at=None).exclude(member=poc)
    return PointOfContact.objects.active().teams().filter(Exists(mine), ~Exists(others))


def covered_by(poc_ids: Collection[int], at: datetime) -> QuerySet[Absence]:
    """Narrow to the absences, now and later, in which these stand in."""
    return Absence.objects.overlapping(at, None).filter(cover__one_of=list(poc_ids))


def handovers(poc_ids: Collection[int]) -> HandoverQuerySet:
    """Narrow to what is offered or proposed by or to these, and not decided."""
    return Handover.objects.open().party_to(poc_ids).order_by("pk")


@dataclass(slots=True)
class Held:
    """All of it, loaded: what is locked, decided about and moved."""

    places: list[Assignment]
    owed: list[Commitment]
    leads: list[PointOfContact]
    last_in: list[PointOfContact]
    covers: list[Absence]

    def __bool__(self) -> bool:
        return bool(self.places or self.owed or self.leads or self.last_in or self.covers)

    def rows(self, at: datetime) -> Iterator[tuple[Group, Any]]:
        """Yield each row with its group."""
        yield from ((group_of(row, at), row) for row in self.places)
        yield from ((Group.OWED, row) for row in self.owed)
        yield from ((Group.LEADS, row) for row in self.leads)
        yield from ((Group.LAST_IN, row) for row in self.last_in)
        yield from ((Group.COVERS, row) for row in self.covers)


def load(poc_ids: Collection[int], *, last: list[PointOfContact], at: datetime) -> Held:
    """Lock and load what these hold; `last` are the teams that were found to lose their last one. Five queries."""
    rows = places(poc_ids, at)
    ids = rows.values("dossier")
    list(Dossier.objects.select_for_update(no_key=True).filter(pk__in=ids).order_by("pk").values_list("pk"))
    return Held(
        places=list(rows.select_related("dossier", "topic", "poc").order_by("pk")),
        owed=list(owed(poc_ids).order_by("pk")),
        leads=list(led_by(poc_ids).select_related("lead").order_by("pk")),
        last_in=last,
        covers=list(covered_by(poc_ids, at).select_related("poc", "topic").order_by("pk")),
    )


@dataclass(slots=True)
class Counted:
    """How much one group holds, and about what."""

    group: Group
    n: int
    about: list[tuple[str, str, int]] = field(default_factory=list)  # topics, code and name: the most often first


def count(poc: PointOfContact, *, at: datetime) -> list[Counted]:
    """Count what somebody answers for; groups with nothing are left out. Five queries."""
    found: dict[Group, Counted] = {}
    for group, code, name, n in _places_by_topic(poc, at):
        counted = found.setdefault(Group(group), Counted(Group(group), 0))
        counted.n += n
        counted.about.append((code, name, n))
    plain: Mapping[Group, QuerySet[Any]] = {
        Group.OWED: owed([poc.pk]),
        Group.LEADS: led_by([poc.pk]),
        Group.LAST_IN: last_in(poc),
        Group.COVERS: covered_by([poc.pk], at),
    }
    for group, rows in plain.items():
        if n := rows.count():
            found[group] = Counted(group, n)
    return [found[group] for group in Group if group in found]


def _places_by_topic(poc: PointOfContact, at: datetime) -> QuerySet[Any]:
    kind = Case(
        When(starts_at__gt=at, then=Value(Group.PLANNED.value)),
        When(rank__gt=PRIMARY, then=Value(Group.BACKUPS.value)),
        *(When(dossier__kind=kind, then=Value(group.value)) for kind, group in KINDS.items()),
        output_field=CharField(),
    )
    rows = places([poc.pk], at).annotate(group=kind).values("group", "topic__code", "topic__name")
    rows = rows.annotate(n=Count("pk")).order_by("-n", "topic__code")
    return rows.values_list("group", "topic__code", "topic__name", "n")  # type: ignore[no-any-return]


def rows_of(group: str, poc: PointOfContact, *, at: datetime) -> QuerySet[Any]:
    """The rows of one group, as they are shown one by one."""
    if group in PLACES:
        rows = places([poc.pk], at).select_related("dossier", "topic")
        if group == Group.PLANNED:
            return rows.filter(starts_at__gt=at)
        rows = rows.filter(starts_at__lte=at)
        if group == Group.BACKUPS:
            return rows.filter(rank__gt=PRIMARY)
        kinds = [kind for kind, its in KINDS.items() if its == group]
        return rows.filter(rank=PRIMARY, dossier__kind__in=kinds)
    if group == Group.OWED:
        return owed([poc.pk]).select_related("dossier", "topic")
    if group == Group.COVERS:
        return covered_by([poc.pk], at).select_related("poc", "topic")
    return led_by([poc.pk]) if group == Group.LEADS else last_in(poc)


@dataclass(frozen=True, slots=True)
class Suggested:
    """Somebody who could follow, and why: `why` is a code, `n` how many places they are the backup of."""

    poc: PointOfContact
    why: str
    n: int = 0


BACKUP, HOME_TEAM, LEAD, MOST_BACKUPS = "backup", "home_team", "lead", 2


def suggested(poc: PointOfContact, *, at: datetime) -> list[Suggested]:
    """Return who could follow: the most frequent backups, the home team, the lead. Four queries."""
    mine = places([poc.pk], at).primary().filter(dossier=OuterRef("dossier"), topic=OuterRef("topic"))
    behind = Assignment.objects.at(at).filter(Exists(mine), rank__gt=PRIMARY, poc__deactivated_at=None)
    often = behind.exclude(poc=poc).values("poc").annotate(n=Count("pk")).order_by("-n", "poc")
    backups = dict(often.values_list("poc", "n")[:MOST_BACKUPS])
    team = poc.home_team if poc.home_team_id else None
    lead_id = team.lead_id if team else poc.lead_id
    wanted = [*backups, *(pk for pk in (poc.home_team_id, lead_id) if pk)]
    rows = PointOfContact.objects.active().with_members().exclude(pk=poc.pk).filter(pk__one_of=wanted)
    alone = set(last_in(poc).values_list("pk", flat=True))
    able = {row.pk: row for row in rows if not row.is_team or (has_members(row) and row.pk not in alone)}
    found: dict[int, Suggested] = {}
    for pk, why in [*((pk, BACKUP) for pk in backups), (poc.home_team_id, HOME_TEAM), (lead_id, LEAD)]:
        if pk in able and pk not in found:
            found[pk] = Suggested(able[pk], why, backups.get(pk, 0) if why == BACKUP else 0)
    return list(found.values())


def has_members(team: PointOfContact) -> bool:
    """True of a team with somebody in it who answers; of a row of `with_members`."""
    return bool(team.has_members)  # type: ignore[attr-defined]  # annotated


def grouped(rows: Collection[tuple[Any, PointOfContact | None]]) -> dict[PointOfContact | None, list[Any]]:
    """Sort rows by whom they go to."""
    by: dict[PointOfContact | None, list[Any]] = defaultdict(list)
    for row, poc in rows:
        by[poc].append(row)
    return by
