"""On whose side somebody stands: for whom they may give and take over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.auth.models import AnonymousUser

from crm.poc.models import PointOfContact
from crm.poc.visibility import pocs_of, teams_of

if TYPE_CHECKING:
    from crm.users.models import User


def sides_of(user: User | AnonymousUser) -> frozenset[int]:
    """Return the POCs `user` may speak for: themselves, those they cover now, their teams, and whom they lead.

    Three queries, evaluated once per user object.
    """
    if not user.is_authenticated:
        return frozenset()
    if not hasattr(user, "_sides"):
        led = PointOfContact.objects.people().filter(home_team__lead__user=user)
        mine = frozenset({*pocs_of(user), *teams_of(user), *led.values_list("pk", flat=True)})
        user._sides = mine  # type: ignore[attr-defined]
    return user._sides  # type: ignore[attr-defined,no-any-return]
