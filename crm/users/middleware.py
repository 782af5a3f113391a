"""What the product knows of its reader, for every page."""

from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation

from crm.core import clock


class ReaderMiddleware:
    """Show the page in the signed-in user's language and time zone; without one of their own, in the firm's zone."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if settings.SESSION_COOKIE_NAME not in request.COOKIES or not request.user.is_authenticated:
            return self.get_response(request)
        reader: Any = request.user  # of RolesBackend: with the moment and the firm's zone
        clock.remember(request, reader.asked_at)
        language = reader.language or translation.get_language()
        zone = zone_named(reader.time_zone or reader.firm_zone)
        with translation.override(language), timezone.override(zone):
            request.LANGUAGE_CODE = translation.get_language()
            response = self.get_response(request)
            response.headers.setdefault("Content-Language", request.LANGUAGE_CODE)
            return response


def zone_named(name: str) -> ZoneInfo:
    """Return a zone; UTC for a name that is no longer known."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")
