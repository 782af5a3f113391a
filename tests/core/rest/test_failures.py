"""What a caller is told when the fault is ours."""

import pytest
from django.test import Client
from django.urls import path


def fail(request):
    raise RuntimeError("as no client can cause it")


urlpatterns = [path("api/v1/broken/", fail), path("broken/", fail)]
handler500 = "crm.core.rest.failures.server_error"


@pytest.fixture
def client(settings, db):
    settings.ROOT_URLCONF = __name__
    settings.MIDDLEWARE = []
    return Client(raise_request_exception=False)


def test_a_program_gets_a_problem(client):
    answer = client.get("/api/v1/broken/")
    assert (answer.status_code, answer["Content-Type"]) == (500, "application/problem+json")
    assert answer.json()["code"] == "server_error"
    assert "RuntimeError" not in answer.content.decode()


def test_a_person_gets_a_page(client):
    answer = client.get("/broken/")
    assert (answer.status_code, answer["Content-Type"]) == (500, "text/html; charset=utf-8")
