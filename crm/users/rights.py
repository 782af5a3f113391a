"""What a user may and sees: what their roles allow, in one query."""

from __future__ import annotations

from typing import NamedTuple

from django.contrib.auth.models import Group
from django.db.models import OuterRef, QuerySet, Value
from django.db.models.functions import Coalesce, Concat

from crm.core.query import ListOf
from crm.users.models import RoleScope, User


class Rights(NamedTuple):
    """`may` are permissions as Django names them, `accounts.view_account`; `sees` the scope of each role."""

    may: frozenset[str]
    sees: frozenset[str]


def with_rights(users: QuerySet[User]) -> QuerySet[User]:
    """Annotate what `rights_of` then returns without a query."""
    granted = Group.permissions.through.objects.filter(group__user=OuterRef("pk"))
    permission = Concat("permission__content_type__app_label", Value("."), "permission__codename")
    roles = User.groups.through.objects.filter(user=OuterRef("pk"))
    scope = Coalesce("group__scope__sees", Value(RoleScope.Sees.ALL))
    return users.annotate(may=ListOf(granted, permission), sees=ListOf(roles, scope))


def rights_of(user: User) -> Rights:
    """Return what a user's roles allow. Read once per user object; with the user, for who asks for a page."""
    if not hasattr(user, "_rights"):
        row = user if hasattr(user, "may") else with_rights(User.objects.all()).get(pk=user.pk)
        user._rights = Rights(frozenset(row.may), frozenset(row.sees))  # type: ignore[attr-defined]
    return user._rights  # type: ignore[attr-defined,no-any-return]
