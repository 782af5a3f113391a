"""What the product knows of its reader, for every page."""

from collections.abc import Callable
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings
from django.core.cache import caches
from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation

from crm.dossiers.models import Firm

FIRM_ZONE_KEPT = 60  # seconds


class ReaderMiddleware:
    """Show the page in the signed-in user's language and time zone; without one of their own, in the firm's zone."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if settings.SESSION_COOKIE_NAME not in request.COOKIES or not request.user.is_authenticated:
            return self.get_response(request)
        language = request.user.language or translation.get_language()
        zone = _zone(request.user.time_zone or _firm_zone())
        with translation.override(language), timezone.override(zone):
            request.LANGUAGE_CODE = translation.get_language()
            response = self.get_response(request)
            response.headers.setdefault("Content-Language", request.LANGUAGE_CODE)
            return response


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def _firm_zone() -> str:
    zone: str | None = caches["process"].get("firm-zone")
    if zone is None:
        zone = Firm.objects.values_list("zone", flat=True).first() or "UTC"
        caches["process"].set("firm-zone", zone, FIRM_ZONE_KEPT)
    return zone
