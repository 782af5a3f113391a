"""Who is signed in, and what they may."""

from __future__ import annotations

from typing import Any

from allauth.account.auth_backends import AuthenticationBackend
from django.db.models import Subquery, Value
from django.db.models.functions import Coalesce

from crm.core.clock import Now
from crm.dossiers.models import Firm
from crm.users.models import User
from crm.users.rights import rights_of, with_rights


class RolesBackend(AuthenticationBackend):
    """Signs in as django-allauth does; what somebody may is what their roles may: no door gives more to one user."""

    def get_user(self, user_id: Any) -> User | None:
        """Load whoever asks for a page with what every page asks: their rights, the moment, the firm's zone."""
        firm_zone = Coalesce(Subquery(Firm.objects.values("zone")), Value("UTC"))
        users = with_rights(User.objects.annotate(asked_at=Now(), firm_zone=firm_zone))
        user = users.filter(pk=user_id).first()
        return user if user is not None and self.user_can_authenticate(user) else None

    def get_all_permissions(self, user_obj: Any, obj: Any = None) -> Any:
        if user_obj.is_anonymous or not user_obj.is_active or user_obj.is_superuser or obj is not None:
            return super().get_all_permissions(user_obj, obj)
        return rights_of(user_obj).may
