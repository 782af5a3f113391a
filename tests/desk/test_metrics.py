"""The engine's numbers for Prometheus: what they are called, and who may read them."""

import pytest
from prometheus_client.parser import text_string_to_metric_families as parsed

from crm.outbox import turns
from crm.outbox.models import Message
from crm.users import tokens
from tests.factories import AT
from tests.factories.commitments import CommitmentFactory
from tests.factories.outbox import MessageFactory
from tests.factories.users import UserFactory, actor

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def running(clock):
    clock.freeze(AT)
    for component in ("planner", "sender", "auditor", "guard"):
        turns.beat(component)


def numbers(response):
    assert response.headers["Content-Type"].startswith("text/plain; version=")
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in parsed(response.content.decode())
        for sample in family.samples
    }


def bearer(user, *scopes):
    _token, secret = tokens.make(user=user, name="watch", scopes=scopes, expires_at=None, by=actor(user), at=AT)
    return {"Authorization": f"Bearer {secret}"}


def test_an_administrators_token_that_may_read_gets_the_numbers(client):
    CommitmentFactory(next_action_at=AT)
    MessageFactory(state=Message.State.UNCERTAIN, ended_at=AT)
    found = numbers(client.get("/metrics", headers=bearer(UserFactory(administrator=True), "read")))
    assert found["liaison_engine_level",] == 1
    assert found["liaison_engine_due", "looks"] == 1
    assert found["liaison_engine_oldest_due_seconds", "mails"] == 0
    assert found["liaison_engine_undelivered", "uncertain"] == 1
    assert found["liaison_engine_silent", "planner"] == 0
    assert found["liaison_engine_heartbeat_age_seconds", "guard"] == 0
    assert found["liaison_engine_breaker_open",] == 0
    assert found["liaison_engine_mails_last_hour",] == 0
    assert not any(key[0].startswith(("python_", "process_")) for key in found)


def test_an_administrators_session_gets_them_too(client):
    client.force_login(UserFactory(administrator=True))
    assert ("liaison_engine_findings",) in numbers(client.get("/metrics"))


def test_a_stranger_is_asked_who_they_are(client):
    UserFactory()  # the house is set up
    for headers in ({}, {"Authorization": "Bearer lia_wrong"}):
        response = client.get("/metrics", headers=headers)
        assert (response.status_code, response.headers["WWW-Authenticate"]) == (401, 'Bearer realm="api"')


def test_nobody_else_finds_anything(client):
    administrator = UserFactory(administrator=True)
    assert client.get("/metrics", headers=bearer(administrator, "log")).status_code == 404
    assert client.get("/metrics", headers=bearer(UserFactory(role="support"), "read")).status_code == 404
    client.force_login(UserFactory(account_manager=True))
    assert client.get("/metrics").status_code == 404
