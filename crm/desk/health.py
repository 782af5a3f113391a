"""Is it alive, and can it work: for supervisors and load balancers. Nobody signs in for it."""

from functools import cache

import redis
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

BROKER_PATIENCE = 0.5  # seconds


@require_safe
@never_cache
def healthz(request: HttpRequest) -> JsonResponse:
    """Say that this process answers; asks nobody else."""
    return JsonResponse({"status": "ok"})


@require_safe
@never_cache
def readyz(request: HttpRequest) -> JsonResponse:
    """Say whether pages can be served (503 if not).

    The broker's state is told, not required: without it mails are only later.
    """
    states = {"database": "ok", "migrations": "ok"}
    try:
        missing = _migrations_missing()
        if missing:
            states["migrations"] = f"{missing} missing"
    except DatabaseError:
        states = {"database": "down", "migrations": "unknown"}
    ready = set(states.values()) == {"ok"}
    return JsonResponse(
        {"status": "ok" if ready else "not ready", **states, "broker": _broker()}, status=200 if ready else 503
    )


def _migrations_missing() -> int:
    return len(_shipped() - set(MigrationRecorder(connection).applied_migrations()))


@cache
def _shipped() -> frozenset[tuple[str, str]]:
    return frozenset(MigrationLoader(None, ignore_no_migrations=True).disk_migrations or ())


def _broker() -> str:
    url = settings.CELERY_BROKER_URL.replace("redis+socket://", "unix://", 1)
    try:
        with redis.Redis.from_url(
            url, socket_timeout=BROKER_PATIENCE, socket_connect_timeout=BROKER_PATIENCE, retry=None
        ) as client:
            client.ping()
    except (redis.RedisError, OSError):
        return "down"
    return "ok"
