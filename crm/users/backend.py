"""Who is signed in, and what they may."""

from __future__ import annotations

from typing import Any

from allauth.account.auth_backends import AuthenticationBackend

from crm.core.clock import Now
from crm.users.models import User
from crm.users.reader import FIRM_ZONE
from crm.users.rights import rights_of, with_rights


class RolesBackend(AuthenticationBackend):
    """Signs in as django-allauth does; what somebody may is what their roles may: no door gives more to one user."""

    def get_user(self, user_id: Any) -> User | None:
        """Load whoever asks for a page with what every page asks: their rights, the moment, the firm's zone."""
        users = with_rights(User.objects.annotate(asked_at=Now(), firm_zone=FIRM_ZONE))
        user = users.filter(pk=user_id).first()
        return user if user is not None and self.user_can_authenticate(user) else None

    def get_all_permissions(self, user_obj: Any, obj: Any = None) -> Any:
        if user_obj.is_anonymous or not user_obj.is_active or user_obj.is_superuser or obj is not None:
            return super().get_all_permissions(user_obj, obj)
        return rights_of(user_obj).may
