"""The addresses of a view set: its list, its rows by number, its acts."""

from __future__ import annotations

from django.urls import URLPattern
from rest_framework.routers import SimpleRouter
from rest_framework.viewsets import GenericViewSet


def routes(resource: str, view_set: type[GenericViewSet], name: str) -> list[URLPattern]:
    """Return the addresses of `view_set` below `resource`, named `name`-list, `name`-detail, `name`-<act>."""
    router = SimpleRouter(use_regex_path=False)
    router.register(resource, view_set, basename=name)
    return router.urls  # type: ignore[no-any-return]
