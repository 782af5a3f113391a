"""The engine's numbers for a Prometheus server: by an administrator's token, or their session."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST
from rest_framework.exceptions import AuthenticationFailed

from crm.core import clock
from crm.desk import metrics as numbers
from crm.desk.engine import snapshot
from crm.users.authentication import TokenAuthentication
from crm.users.models import ApiToken, User

MAY = "commitments.view_finding"  # administrators


@require_safe
@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """Give the numbers; 401 for a stranger, 404 for whoever is no administrator."""
    try:
        found = TokenAuthentication().authenticate(request)
    except AuthenticationFailed:
        return _who_are_you()
    user, token = found or (request.user, None)
    if not user.is_authenticated:
        return _who_are_you()
    if not _may(user, token):
        raise Http404
    return HttpResponse(numbers.text(snapshot(at=clock.of(request))), content_type=CONTENT_TYPE_LATEST)


def _may(user: User, token: ApiToken | None) -> bool:
    return user.has_perm(MAY) and (token is None or ApiToken.Scope.READ in token.scopes)


def _who_are_you() -> HttpResponse:
    scheme = TokenAuthentication().authenticate_header(None)
    return HttpResponse(status=401, headers={"WWW-Authenticate": scheme}, content_type="text/plain")
