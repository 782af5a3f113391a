"""What a role may do, and what a token was given."""

from __future__ import annotations

from typing import Any

from django.db.models import Model
from django.utils.translation import gettext_lazy as _
from rest_framework.permissions import SAFE_METHODS, BasePermission, IsAuthenticated
from rest_framework.request import Request


class RoleAllows(IsAuthenticated):
    """The caller's role may view, add or change the rows of the view; without a queryset everybody signed in may.

    `view.acts_on` names model and permission of an act where they are not the view's own.
    """

    message = _("Your role does not allow this.")

    def has_permission(self, request: Request, view: Any) -> bool:
        if not super().has_permission(request, view):
            return False
        if view.queryset is None:
            return True
        model, verb = self._asked(request, view)
        return request.user.has_perm(f"{model._meta.app_label}.{verb}_{model._meta.model_name}")

    @staticmethod
    def _asked(request: Request, view: Any) -> tuple[type[Model], str]:
        if view.action in view.acts_on:
            return view.acts_on[view.action]
        verb = "view" if request.method in SAFE_METHODS else "add" if view.action == "create" else "change"
        return view.queryset.model, verb


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
