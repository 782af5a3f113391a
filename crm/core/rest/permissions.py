"""What a role may do, and what a token was given."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework.permissions import SAFE_METHODS, BasePermission, IsAuthenticated
from rest_framework.request import Request


class RoleAllows(IsAuthenticated):
    """The caller's role may view, add or change what the view is about (`view.model`; None: everybody may).

    `view.verbs` names the permission of an act where it is not the method's own.
    """

    message = _("Your role does not allow this.")

    def has_permission(self, request: Request, view: Any) -> bool:
        if not super().has_permission(request, view):
            return False
        if view.model is None:
            return True
        options = view.model._meta
        return request.user.has_perm(f"{options.app_label}.{self.verb(request, view)}_{options.model_name}")

    @staticmethod
    def verb(request: Request, view: Any) -> str:
        if request.method in SAFE_METHODS:
            return "view"
        default = "add" if view.action == "create" else "change"
        return getattr(view, "verbs", {}).get(view.action, default)


class TokenAllows(BasePermission):
    """The token was given this scope; whoever is signed in with a browser needs none.

    `read` and `write` count for everything; `view.scopes` names others that open this one view.
    """

    message = _("This token was not given the scope for this.")

    def has_permission(self, request: Request, view: Any) -> bool:
        if request.auth is None:
            return True
        needed = "read" if request.method in SAFE_METHODS else "write"
        also = getattr(view, "scopes", {}).get(view.action, ())
        return any(scope in request.auth.scopes for scope in (needed, *also))
