"""Who may see what: the one door to rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.db.models import Exists, OuterRef, Q

from crm.core.clock import Now
from crm.core.query import ids_condition
from crm.dossiers.models import Dossier, DossierQuerySet
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
    mine = pocs_of(user, with_teams=sees == RoleScope.Sees.TEAM)
    if PointOfContact.objects.house().filter(Q(memberships__member__user=user) | Q(lead__user=user)).exists():
        return None
    return below(_answered_for(mine))


def scope_of(user: User) -> str:
    """Return the widest scope of a user's roles; somebody without a role sees only their own."""
    scopes = rights_of(user).sees
    for sees in (RoleScope.Sees.ALL, RoleScope.Sees.TEAM):
        if sees in scopes:
            return sees
    return RoleScope.Sees.OWN


def pocs_of(user: User, *, with_teams: bool = False) -> set[int]:
    """Return the POC `user` is and those they cover now; with their teams and these teams' members if wanted."""
    covered = Absence.objects.at(Now()).filter(poc=OuterRef("pk"), cover__user=user)
    mine = set(PointOfContact.objects.filter(Q(user=user) | Exists(covered)).values_list("pk", flat=True))
    if not with_teams:
        return mine
    teams = set(teams_of(user))
    return mine | teams | set(Membership.objects.filter(team__one_of=list(teams)).values_list("member_id", flat=True))


def teams_of(user: User) -> list[int]:
    """Return the teams `user` belongs to, is at home in or leads."""
    own = Q(memberships__member__user=user) | Q(lead__user=user) | Q(at_home__user=user)
    return list(PointOfContact.objects.teams().filter(own).values_list("pk", flat=True).distinct())


def _answered_for(poc_ids: set[int]) -> set[int]:
    """The homes where one of these answers, or was told about something."""
    ids = list(poc_ids)
    answered = Assignment.objects.at(Now()).held_by(ids).values_list("dossier__home_id", flat=True)
    told = Grant.objects.filter(ended_at=None, poc__one_of=ids).values_list("home_id", flat=True)
    return set(answered.union(told))


def below(homes: set[int]) -> list[int]:
    """These homes and those of the accounts below them."""
    if not homes:
        return []
    condition, ids = ids_condition("id", homes)
    sql = f"""
        WITH RECURSIVE below (id) AS (
            SELECT id FROM dossiers_dossier WHERE {condition}
            UNION
            SELECT d.id FROM dossiers_dossier d JOIN below ON d.parent_id = below.id WHERE d.kind = 'account'
        )
        SELECT id FROM below"""
    with connection.cursor() as cursor:
        cursor.execute(sql, [ids])
        return [row[0] for row in cursor.fetchall()]
