"""How many requests one caller may make, counted by each process for itself: no store is shared for it."""

from __future__ import annotations

import time
from typing import Any

from django.conf import settings
from django.core.cache import caches
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

WINDOW = 60  # seconds


class PerMinute(BaseThrottle):
    """Let each token, or each signed-in user, make `API_REQUESTS_PER_MINUTE` requests per process."""

    def allow_request(self, request: Request, view: Any) -> bool:
        caller = f"t{request.auth.pk}" if request.auth else f"u{request.user.pk}"
        key = f"api:{caller}:{int(time.monotonic()) // WINDOW}"
        cache = caches["process"]
        cache.add(key, 0, WINDOW)
        try:
            return cache.incr(key) <= settings.API_REQUESTS_PER_MINUTE
        except ValueError:  # made room for others, or a cache that keeps nothing
            return True

    def wait(self) -> float:
        return WINDOW - time.monotonic() % WINDOW
