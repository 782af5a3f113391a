"""Who may see what: the one door to rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.db.models import Exists, OuterRef, Q

from crm.core.clock import Now
from crm.core.query import ids_condition
from crm.dossiers.models import Dossier, DossierQuerySet
from crm.poc.decide import MAX_HOPS
from crm.poc.models import Absence, Assignment, Grant, Membership, PointOfContact
from crm.users.models import RoleScope
from crm.users.rights import rights_of

if TYPE_CHECKING:
    from crm.users.models import User


def visible_dossiers(user: User | AnonymousUser) -> DossierQuerySet:
    """Narrow all records to those `user` may see. The homes are evaluated once per request."""
    return Dossier.objects.within(visible_homes(user))


def visible_homes(user: User | AnonymousUser) -> list[int] | None:
    """Return the homes `user` may see, None for all of them. Evaluated once per user object.

    The widest of the user's roles counts; whoever belongs to the front desk sees all.
    """
    if not hasattr(user, "_visible_homes"):
        user._visible_homes = _homes(user)  # type: ignore[union-attr]
    return user._visible_homes  # type: ignore[union-attr,no-any-return]


def _homes(user: User | AnonymousUser) -> list[int] | None:
    if not user.is_authenticated or not user.is_active:
        return []
    sees = RoleScope.Sees.ALL if user.is_superuser else scope_of(user)
    if sees == RoleScope.Sees.ALL:
        return None
    mine = _mine(user)
    if mine.at_front_desk:
        return None
    return below(_answered_for(_with_teams(mine, with_teams=sees == RoleScope.Sees.TEAM)))


def scope_of(user: User) -> str:
    """Return the widest scope of a user's roles; somebody without a role sees only their own."""
    scopes = rights_of(user).sees
    for sees in (RoleScope.Sees.ALL, RoleScope.Sees.TEAM):
        if sees in scopes:
            return sees
    return RoleScope.Sees.OWN


def pocs_of(user: User, *, with_teams: bool = False) -> set[int]:
    """Return the POC `user` is and those they cover now; with their teams and these teams' members if wanted.

    One covers whom one's team covers too, and whom somebody covered by oneself would cover.
    """
    return _with_teams(_mine(user), with_teams=with_teams)


class _Mine(NamedTuple):
    """What somebody is: their own POC (none or one), their teams, and whether they belong to the front desk."""

    own: set[int]
    teams: set[int]
    at_front_desk: bool


def _mine(user: User) -> _Mine:
    member = Membership.objects.filter(team=OuterRef("pk"), member__user=user)
    rows = PointOfContact.objects.filter(Q(user=user) | _mine_of(user)).annotate(is_member=Exists(member)).distinct()
    found = list(rows.values_list("pk", "kind", "is_house", "is_member", "lead__user_id"))
    teams = {pk for pk, kind, *_rest in found if kind == PointOfContact.Kind.TEAM}
    at_desk = any(is_house and (is_member or lead == user.pk) for _pk, _kind, is_house, is_member, lead in found)
    return _Mine({pk for pk, *_rest in found} - teams, teams, at_desk)


def _with_teams(mine: _Mine, *, with_teams: bool) -> set[int]:
    own = mine.own | _covered_by(mine.own | mine.teams)
    if not with_teams:
        return own
    members = Membership.objects.filter(team__one_of=list(mine.teams)).values_list("member_id", flat=True)
    return own | mine.teams | set(members)


def _covered_by(poc_ids: set[int]) -> set[int]:
    """Return those for whom one of these stands in now, over as many hops as the decision follows."""
    covers = list(Absence.objects.at(Now()).filter(cover__isnull=False).values_list("poc_id", "cover_id"))
    covered: set[int] = set()
    for _hop in range(MAX_HOPS):
        covered |= {poc_id for poc_id, cover_id in covers if cover_id in poc_ids | covered}
    return covered


def teams_of(user: User) -> list[int]:
    """Return the teams `user` belongs to, is at home in or leads."""
    return list(PointOfContact.objects.teams().filter(_mine_of(user)).values_list("pk", flat=True).distinct())


def _mine_of(user: User) -> Q:
    """True of the teams `user` belongs to, is at home in or leads."""
    return Q(memberships__member__user=user) | Q(lead__user=user) | Q(at_home__user=user)


def _answered_for(poc_ids: set[int]) -> set[int]:
    """The homes where one of these answers, or was told about something."""
    ids = list(poc_ids)
    answered = Assignment.objects.at(Now()).held_by(ids).values_list("dossier__home_id", flat=True)
    told = Grant.objects.at(Now()).filter(poc__one_of=ids).values_list("home_id", flat=True)
    return set(answered.union(told))


def below(homes: set[int]) -> list[int]:
    """These homes, those of the accounts below them, and those that were merged into them: at home there."""
    if not homes:
        return []
    condition, ids = ids_condition("id", homes)
    sql = f"""
        WITH RECURSIVE edge (id, above) AS (
            SELECT id, parent_id FROM dossiers_dossier WHERE kind = 'account' AND parent_id IS NOT NULL
            UNION ALL
            SELECT id, home_id FROM dossiers_dossier WHERE kind = 'account' AND (home_id < id OR home_id > id)
        ), below (id) AS (
            SELECT id FROM dossiers_dossier WHERE {condition}
            UNION
            SELECT edge.id FROM edge JOIN below ON edge.above = below.id
        )
        SELECT id FROM below"""
    with connection.cursor() as cursor:
        cursor.execute(sql, [ids])
        return [row[0] for row in cursor.fetchall()]
