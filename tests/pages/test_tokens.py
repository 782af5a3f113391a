"""One's own keys to the API, on their page; and the page that describes the API."""

import re

import pytest

from crm.core.actor import Actor
from crm.users import tokens
from crm.users.models import ApiToken
from tests import browser
from tests.factories import AT
from tests.factories.users import UserFactory

URL = "/tokens/"


def mine(user, name="Phone system"):
    return tokens.make(user=user, name=name, scopes=["read"], expires_at=None, by=Actor(user), at=AT)[0]


def test_a_secret_is_shown_once_and_opens_the_api(as_rep, rep, client, api):
    made = as_rep.post(URL, {"name": "Phone system", "scopes": ["resolve", "log"], "days": "365"})
    assert made.status_code == 201
    assert "no-store" in made["Cache-Control"]
    secret = re.search(r"lia_[\w-]{43}", made.content.decode())[0]
    assert secret not in as_rep.get(URL).content.decode()
    token = ApiToken.objects.get(user=rep)
    assert (token.scopes, token.expires_at.isoformat()) == (["resolve", "log"], "2027-03-04T12:00:00+00:00")
    assert api.get("/api/v1/words/", headers={"Authorization": f"Bearer {secret}"}).status_code == 200


@pytest.mark.parametrize(
    "data",
    [
        {}, {"name": " "}, {"scopes": ["all"]}, {"days": "1e9"}, {"days": ""}, {"name": "a\0b"},
        {"name": "x" * 101}, {"scopes": []},
    ],
)  # fmt: skip
def test_what_makes_no_token_is_told_beside_its_field(as_rep, data):
    data = data and {"name": "Phone system", "scopes": ["read"], "days": "30"} | data
    response = as_rep.post(URL, data)
    assert response.status_code == 422
    assert 'class="err"' in response.content.decode()
    assert not ApiToken.objects.exists()


def test_a_token_is_revoked_by_its_owner_alone(as_rep, rep):
    token, other = mine(rep), mine(UserFactory())
    assert as_rep.post(f"{URL}{other.pk}/revoke/").status_code == 404
    assert as_rep.get(f"{URL}{token.pk}/revoke/").status_code == 405
    assert as_rep.post(f"{URL}{token.pk}/revoke/").status_code == 302
    assert list(ApiToken.objects.valid()) == [other]
    assert token.prefix not in as_rep.get(URL).content.decode()


@pytest.mark.parametrize("held", [1, 9])
def test_the_page_costs_the_same_however_many_one_has(as_rep, rep, held, django_assert_num_queries):
    for number in range(held):
        mine(rep, f"Program {number}")
    as_rep.get(URL)
    with django_assert_num_queries(3):  # session, reader, tokens
        as_rep.get(URL)


def test_strangers_sign_in_first(client, rep):
    assert client.get(URL)["Location"].startswith("/auth/login/")


@pytest.mark.browser
def test_a_token_is_made_and_revoked_with_the_keyboard_and_the_page_has_no_flaw(page):
    user = UserFactory(role="sales_rep", name="Marta Ruiz")
    browser.sign_in(page, user)
    page.goto(URL)
    page.get_by_label("What it is for").fill("Phone system")
    page.get_by_role("checkbox", name="ask who answers").check()
    page.get_by_role("button", name="Make the token").press("Enter")
    secret = page.locator("code", has_text=re.compile(r"^lia_.{43}$")).inner_text()
    assert tokens.check(secret).user == user
    browser.picture(page, "tokens")
    assert browser.violations(page) == []
    page.get_by_role("button", name="Revoke Phone system").press("Enter")
    page.get_by_text("No token yet").wait_for()
    assert tokens.check(secret) is None


@pytest.mark.browser
def test_the_page_that_describes_the_api_works_under_the_strict_policy(page):
    browser.sign_in(page, UserFactory(role="sales_rep"))
    page.goto("/api/v1/docs/")
    page.get_by_text("/api/v1/interactions/", exact=True).first.wait_for()
    browser.picture(page, "docs")
