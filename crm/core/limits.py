"""How often one caller may do something in a minute, counted by each process for itself: no store is shared for it."""

from __future__ import annotations

import time
from ipaddress import ip_network

from django.conf import settings
from django.core.cache import caches
from django.http import HttpRequest

WINDOW = 60  # seconds
SUBNET = 64  # bits that one household or office holds of IPv6


def within(key: str, most: int) -> bool:
    """Count one more for `key`; False once it were more than `most` in this minute."""
    counted = f"{key}:{int(time.monotonic()) // WINDOW}"
    cache = caches["process"]
    cache.add(counted, 0, WINDOW)
    try:
        return bool(cache.incr(counted) <= most)
    except ValueError:  # made room for others, or a cache that keeps nothing
        return True


def wait() -> int:
    """Return the seconds until it is counted anew, at least one."""
    return int(WINDOW - time.monotonic() % WINDOW) + 1


def address_of(request: HttpRequest) -> str:
    """Return where a request comes from: what the proxies we trust say, else its own address; IPv6 by its network."""
    proxies = settings.ALLAUTH_TRUSTED_PROXY_COUNT
    passed = [part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",") if part.strip()]
    address = passed[-min(proxies, len(passed))] if proxies and passed else request.META.get("REMOTE_ADDR", "")
    try:
        return str(ip_network(f"{address}/{SUBNET}" if ":" in address else address, strict=False))
    except ValueError:
        return "nowhere"
