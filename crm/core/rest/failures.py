"""What a caller is told when the fault is ours."""

from __future__ import annotations

from http import HTTPStatus

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from django.views import defaults

API = "/api/"
MEDIA_TYPE = "application/problem+json"  # RFC 9457


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer a program with a problem, and a person with a page; what went wrong is in the log."""
    if not request.path.startswith(API):
        return defaults.server_error(request)
    number = HTTPStatus.INTERNAL_SERVER_ERROR
    data = {
        "type": "about:blank",
        "title": _("Our fault"),
        "status": number,
        "code": "server_error",
        "detail": _("Something went wrong on our side; it is written down. Nothing was changed. Try again later."),
    }
    return JsonResponse(data, status=number, content_type=MEDIA_TYPE)
