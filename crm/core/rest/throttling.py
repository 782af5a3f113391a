"""How many requests one caller may make of the API in a minute, of each process."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from crm.core import limits


class PerMinute(BaseThrottle):
    """Let each token, or each signed-in user, make `API_REQUESTS_PER_MINUTE` requests per process."""

    def allow_request(self, request: Request, view: Any) -> bool:
        caller = f"t{request.auth.pk}" if request.auth else f"u{request.user.pk}"
        return limits.within(f"api:{caller}", settings.API_REQUESTS_PER_MINUTE)

    def wait(self) -> float:
        return limits.wait()
