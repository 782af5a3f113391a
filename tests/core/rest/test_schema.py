"""The API's description: valid, in the users' words, and kept by what the API answers."""

import re

import pytest
import schemathesis
from django.core.management import call_command
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from hypothesis import HealthCheck, Phase, given, settings
from rest_framework.test import APIClient
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from crm.core.actor import Actor
from crm.users import tokens
from crm.users.models import User
from crm.wsgi import application
from tests.factories import AT
from tests.factories.contacts import ContactFactory, role
from tests.factories.interactions import FollowUpFactory, InteractionFactory
from tests.factories.poc import AbsenceFactory, AssignmentFactory, PersonFactory
from tests.factories.projects import ProjectFactory
from tests.factories.users import UserFactory

EXAMPLES = 12  # requests per operation, sensible and senseless ones each
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
INSIDERS = re.compile(r"dossier|commitment|ladder|\brank|effective|house.?poc|is_house", re.IGNORECASE)


@pytest.fixture(scope="module")
def description(django_db_setup, django_db_blocker):
    """The schema as it is served, read once."""
    with django_db_blocker.unblock():
        client = APIClient()
        client.force_authenticate(User(email="ann@firm.example"))
        return client.get("/api/v1/schema/").json()


def test_it_is_valid_and_complete(db, tmp_path):
    call_command("spectacular", "--validate", "--fail-on-warn", "--file", str(tmp_path / "schema.yaml"))


def test_it_speaks_the_users_words(description):
    assert INSIDERS.findall(str(description)) == []


def test_every_operation_says_what_errors_look_like(description):
    for path, operations in description["paths"].items():
        for method, operation in operations.items():
            content = operation["responses"]["default"]["content"]
            assert list(content) == ["application/problem+json"], (method, path)
            assert operation["security"] == [{"token": []}, {"cookieAuth": []}], (method, path)


def test_whatever_is_done_about_what_is_owed_takes_a_key(description):
    for path, operations in description["paths"].items():
        for method in {"post", "patch"} & set(operations) if re.match("/api/v1/(owed|follow-ups)/", path) else ():
            taken = {parameter["name"] for parameter in operations[method]["parameters"]}
            assert {"Idempotency-Key"} | ({"If-Match"} if "{id}" in path else set()) <= taken, (method, path)


def test_nothing_offers_to_delete(description):
    assert {method for operations in description["paths"].values() for method in operations} <= {"get", "post", "patch"}


@pytest.fixture
def _one_connection():
    """A request ends with its connection's; here all of them share the test's."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def secret(db, clock):
    """A token that may do everything, on records of every kind."""
    clock.freeze(AT)
    project = ProjectFactory()
    contact = ContactFactory(
        account=project.account, phones=["+351 211 234 567"], emails=["a@b.example"], roles=[role()]
    )
    away = AbsenceFactory(poc=PersonFactory(signs_in=True), cover=PersonFactory()).poc
    AssignmentFactory(dossier=project.account.dossier, poc=away)
    touch = InteractionFactory(project=project, contact=contact, account=project.account)
    FollowUpFactory(commitment__dossier=project.dossier, contact=contact, interaction=touch)
    user = UserFactory(role="administrator")
    made = tokens.make(user=user, name="Tests", scopes=["read", "write"], expires_at=None, by=Actor(user), at=AT)
    return made[1]


@pytest.mark.parametrize(
    "mode",
    [
        pytest.param(GenerationMode.POSITIVE, id="sensible", marks=pytest.mark.postgres),
        pytest.param(GenerationMode.NEGATIVE, id="senseless"),
    ],
)
@pytest.mark.usefixtures("_one_connection")
def test_whatever_is_sent_the_answer_is_as_described_and_never_our_error(secret, mode):
    headers = {"Authorization": f"Bearer {secret}", "Accept-Encoding": "identity"}
    schema = schemathesis.openapi.from_wsgi("/api/v1/schema/", application, headers=headers)
    asked = 0
    for found in schema.get_all_operations():
        operation = found.ok()

        @settings(
            max_examples=EXAMPLES, derandomize=True, database=None, deadline=None, phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @given(operation.as_strategy(generation_mode=mode))
        def ask(case):
            nonlocal asked
            asked += 1
            case.call_and_validate(headers=headers, checks=CHECKS)

        ask()
    assert asked > 100
