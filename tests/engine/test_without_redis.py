"""Redis is only the bell: without one, every door answers as quickly as ever. What it costs otherwise: tests/faults."""

import time

import pytest
from django.test import Client
from rest_framework.test import APIClient

from tests.factories.commitments import CommitmentFactory
from tests.factories.users import UserFactory

PASSWORD = "correct horse battery"
QUICK = 1.5  # seconds
DOORS = {
    "alive": lambda page, api, stranger, user, c: stranger.get("/healthz"),
    "ready": lambda page, api, stranger, user, c: stranger.get("/readyz"),
    "signing in": lambda page, api, stranger, user, c: stranger.post(
        "/auth/login/", {"login": user.email, "password": PASSWORD}
    ),
    "my day": lambda page, api, stranger, user, c: page.get("/"),
    "done": lambda page, api, stranger, user, c: page.post(f"/owed/{c.pk}/done/"),
    "api": lambda page, api, stranger, user, c: api.get("/api/v1/accounts/"),
}


@pytest.mark.parametrize("door", DOORS)
def test_without_a_broker_every_door_answers(door, db, settings):
    settings.CELERY_BROKER_URL = "redis://127.0.0.1:1/0"
    user = UserFactory(email="rep@firm.example", password=PASSWORD, role="sales_rep")
    page, api, stranger = Client(), APIClient(), Client()
    page.force_login(user)
    api.force_authenticate(user)
    commitment = CommitmentFactory()
    stranger.get("/healthz")  # the first answer of a process reads its templates; it is the broker that is measured
    begun = time.monotonic()
    assert DOORS[door](page, api, stranger, user, commitment).status_code in (200, 302)
    assert time.monotonic() - begun < QUICK
