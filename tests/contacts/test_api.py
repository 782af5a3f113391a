"""Contacts through the API."""

import pytest

from tests.doors import ask_as, ids, problem
from tests.factories import AT
from tests.factories.accounts import AccountFactory
from tests.factories.contacts import ContactFactory, role

URL = "/api/v1/contacts/"


@pytest.fixture
def user(db, clock, api):
    clock.freeze(AT)
    return ask_as(api)


def test_a_contact_is_opened_with_addresses_numbers_and_roles(user, api):
    account = AccountFactory(country="PT")
    body = {
        "name": "Maria Lima", "account": account.pk, "emails": ["Maria@Example.com", "maria@example.com"],
        "phones": ["211 234 567"], "roles": ["billing"], "preferred_channel": "email",
    }  # fmt: skip
    made = api.post(URL, body, format="json")
    assert made.status_code == 201, made.content
    shown = made.json()
    assert [e["address"] for e in shown["emails"]] == ["Maria@Example.com"]
    assert [(p["number"], p["e164"]) for p in shown["phones"]] == [("211 234 567", "+351211234567")]
    assert (shown["account"]["id"], shown["roles"], shown["preferred_channel"]) == (account.pk, ["billing"], "email")
    assert api.get(made["Location"]).json() == shown


def test_lists_replace_what_is_there_and_are_left_when_not_given(user, api):
    contact = ContactFactory(emails=["a@example.com"], phones=["+351 211 234 567"], roles=[role()])
    changed = api.patch(f"{URL}{contact.pk}/", {"phones": []}, format="json").json()
    assert changed["phones"] == []
    assert [e["address"] for e in changed["emails"]] == ["a@example.com"]
    assert changed["roles"] == ["decision_maker"]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"emails": ["no address"]}, (422, "bad_email", [("emails", "bad_email")])),
        ({"phones": ["12"]}, (422, "bad_phone", [("phones", "bad_phone")])),
        ({"phones": [[555]]}, (400, "bad_values", [("phones.0", "invalid")])),
        ({"emails": "a@example.com"}, (400, "bad_values", [("emails", "not_a_list")])),
        ({"emails": [None]}, (400, "bad_values", [("emails.0", "null")])),
        ({"roles": ["king"]}, (400, "bad_values", [("roles.0", "unknown")])),
        ({"phones": ["1" * 10] * 21}, (400, "bad_values", [("phones", "max_length")])),
    ],
)
def test_what_is_wrong_is_said_by_field(user, api, body, expected):
    assert problem(api.post(URL, {"name": "Maria"} | body, format="json")) == expected


def test_contacts_are_found_by_whole_numbers_addresses_accounts_and_roles(user, api):
    contact = ContactFactory(
        at_account=True, emails=["Maria@example.com"], phones=["+351 211 234 567"], roles=[role("billing")]
    )
    ContactFactory(emails=["joao@example.com"], phones=["+351 211 234 568"])
    for query in (
        "email=maria@EXAMPLE.com", "phone=%2B351211234567", "phone=351211234567", f"account={contact.account.pk}",
        "role=billing",
    ):  # fmt: skip
        assert ids(api.get(f"{URL}?{query}")) == [contact.pk], query
    assert ids(api.get(f"{URL}?role=buyer")) == ids(api.get(f"{URL}?email=aria@example.com")) == []
