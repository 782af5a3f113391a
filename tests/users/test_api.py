"""Who may ask the API, with which key, and how often."""

import pytest
from django.core.cache.backends.locmem import LocMemCache
from rest_framework.test import APIClient

from crm.commitments.models import Commitment
from crm.core import limits
from crm.core.actor import Actor
from crm.dossiers.models import Event, Firm
from crm.users import tokens
from crm.users.models import User
from tests.doors import ask_as, problem
from tests.factories import AT
from tests.factories.accounts import AccountFactory
from tests.factories.contacts import ContactFactory
from tests.factories.users import UserFactory


def client_with(secret: str) -> APIClient:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
    return client


def token(*scopes: str, role: str = "account_manager") -> tuple[tokens.ApiToken, str]:
    user = UserFactory(role=role)
    return tokens.make(user=user, name="Phone system", scopes=scopes, expires_at=None, by=Actor(user), at=AT)


CALL = {"channel": "phone", "direction": "in", "caller": "Maria"}


def test_without_signing_in_nothing_is_told(db, api):
    for path in ("accounts/", "accounts/1/", "resolve/?account=1", "words/", "schema/"):
        response = api.get(f"/api/v1/{path}")
        assert problem(response)[:2] == (401, "not_authenticated")
        assert response["WWW-Authenticate"] == 'Bearer realm="api"'


def test_the_description_is_for_people_who_signed_in(db, client):
    assert client.get("/api/v1/docs/")["Location"] == "/auth/login/?next=/api/v1/docs/"
    client.force_login(UserFactory())
    assert client.get("/api/v1/docs/").status_code == 200


@pytest.mark.parametrize(
    "header", ["Bearer", "Bearer ", "Bearer x", "Bearer lia_x", "bearer lia_é", "Bearer lia_" + "x" * 9000]
)
def test_a_wrong_token_is_refused(db, api, header):
    response = api.get("/api/v1/accounts/", HTTP_AUTHORIZATION=header)
    assert problem(response)[:2] == (401, "bad_token")


def test_a_token_reads_with_its_owners_rights(db):
    _token, secret = token("read")
    assert client_with(secret).get("/api/v1/accounts/").status_code == 200
    _token, secret = token("read", role="")
    assert problem(client_with(secret).get("/api/v1/accounts/"))[0] == 403


def test_a_token_may_do_no_more_than_its_scopes(db):
    account = AccountFactory()
    asks = {
        "read": lambda c: c.get("/api/v1/accounts/"),
        "write": lambda c: c.post("/api/v1/accounts/", {"name": "New"}, format="json"),
        "resolve": lambda c: c.get(f"/api/v1/resolve/?account={account.pk}"),
        "log": lambda c: c.post("/api/v1/interactions/", CALL, format="json"),
    }
    opened = {}
    for scope in asks:
        client = client_with(token(scope)[1])
        opened[scope] = {name for name, ask in asks.items() if ask(client).status_code < 400}
    assert opened == {
        "read": {"read", "resolve"},
        "write": {"write", "log"},
        "resolve": {"resolve"},
        "log": {"log"},
    }


@pytest.mark.parametrize(
    ("role", "status"), [("account_manager", 201), ("sales_rep", 201), ("support", 403), ("read_only", 403)]
)
def test_a_role_may_write_only_what_it_was_given(db, api, role, status):
    ask_as(api, role)
    response = api.post("/api/v1/accounts/", {"name": "New"}, format="json")
    assert response.status_code == status
    if status == 403:
        assert problem(response)[1] == "permission_denied"


def test_what_a_token_writes_is_recorded_with_it(db):
    made, secret = token("write")
    client_with(secret).post("/api/v1/accounts/", {"name": "New"}, format="json")
    event = Event.objects.filter(facts__kind="account").get()
    assert (event.source, event.token, event.actor) == ("api", made.pk, made.user)


def test_a_browser_writes_only_with_its_csrf_token(db):
    client = APIClient(enforce_csrf_checks=True)
    client.force_login(UserFactory(role="account_manager"))
    assert client.get("/api/v1/accounts/").status_code == 200
    assert problem(client.post("/api/v1/accounts/", {"name": "New"}, format="json"))[0] == 403


def test_whoever_asks_too_often_waits(db, settings, monkeypatch):
    settings.API_REQUESTS_PER_MINUTE = 2
    monkeypatch.setattr(limits, "caches", {"process": LocMemCache("throttles", {})})  # the tests' own keeps nothing
    client = client_with(token("read")[1])
    assert [client.get("/api/v1/words/").status_code for _n in range(2)] == [200, 200]
    waits = client.get("/api/v1/words/")
    assert problem(waits)[:2] == (429, "throttled")
    assert 0 < int(waits["Retry-After"]) <= 60
    assert client_with(token("read")[1]).get("/api/v1/words/").status_code == 200


def test_problems_are_told_in_the_callers_language(db, api):
    ask_as(api)
    ContactFactory()
    response = api.post("/api/v1/accounts/", {"name": ""}, format="json", HTTP_ACCEPT_LANGUAGE="es")
    assert response["Content-Language"] == "es"
    assert response.json()["errors"][0]["detail"] == "Este campo no puede estar en blanco."


@pytest.mark.parametrize(
    ("own", "header", "title"),
    [
        ("", "", "Rispondere a Maria: richiesta"),
        ("es", "", "Responder a Maria: consulta"),
        ("es", "ru", "Ответить, Maria: вопрос"),
    ],
    ids=["the house's", "its owner's", "asked for"],
)
def test_a_program_opens_things_in_the_language_it_asks_for_else_its_owners_else_the_houses(db, own, header, title):
    Firm.objects.update(language="it")
    key, secret = token("log")
    User.objects.filter(pk=key.user_id).update(language=own)
    headers = {"Accept-Language": header} if header else {}
    response = client_with(secret).post(
        "/api/v1/interactions/", CALL | {"purpose": "inquiry"}, format="json", headers=headers
    )
    assert response.status_code == 201
    assert response["Content-Language"] == (header or own or "it")
    assert Commitment.objects.get(kind="first_answer").title == title
