"""Share links through the API."""

from datetime import timedelta

import pytest

from crm.poc import feeds, sharing
from crm.poc.models import ShareLink
from crm.users import tokens
from crm.users.models import RoleScope
from tests.doors import ask_as, ids, problem
from tests.factories import AT
from tests.factories.accounts import AccountFactory
from tests.factories.contacts import ContactFactory
from tests.factories.poc import PersonFactory, ShareLinkFactory
from tests.factories.projects import ProjectFactory
from tests.factories.users import UserFactory, actor, narrow

URL = "/api/v1/share-links/"


@pytest.fixture
def user(db, clock, api):
    clock.freeze(AT)
    return ask_as(api)


def test_a_card_is_shared_and_its_address_told_this_once(user, api):
    ann = PersonFactory(name="Ann")
    made = api.post(URL, {"poc": ann.pk, "label": "Ms Lima", "shown": ["phone", "name"]}, format="json")
    assert made.status_code == 201, made.content
    assert made["Cache-Control"] == "no-store"
    shown = made.json()
    assert (shown["kind"], shown["poc"], shown["record"]) == ("card", {"id": ann.pk, "name": "Ann"}, None)
    assert (shown["shown"], shown["expires_at"], shown["opened"]) == (["name", "phone"], "2026-06-02T12:00:00Z", 0)
    secret = shown["address"].rstrip("/").rsplit("/", 1)[1]
    assert sharing.opened_by(secret).pk == shown["id"]
    again = api.get(made["Location"]).json()
    assert "address" not in again
    assert secret not in api.get(URL).content.decode()


@pytest.mark.parametrize("kind", ["account", "project"])
def test_who_to_contact_is_shared_for_a_record(user, api, kind):
    record = AccountFactory() if kind == "account" else ProjectFactory()
    made = api.post(URL, {kind: record.pk, "language": "es"}, format="json").json()
    assert (made["record"]["kind"], made["record"]["id"], made["language"]) == (kind, record.pk, "es")
    assert made["shown"] == [field.value for field in sharing.USUALLY_SHOWN]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, (400, "bad_values", [("", "one_subject")])),
        ({"poc": "poc", "account": "account"}, (400, "bad_values", [("", "one_subject")])),
        ({"account": "contact"}, (400, "bad_values", [("account", "unknown")])),
        ({"poc": 10**9}, (400, "bad_values", [("poc", "unknown")])),
        ({"poc": "poc", "shown": ["name"]}, (422, "no_reach", [("shown", "no_reach")])),
        ({"poc": "poc", "shown": ["photo"]}, (400, "bad_values", [("shown", "invalid_choice")])),
        ({"poc": "poc", "expires_at": "2026-03-04T12:00:00Z"}, (422, "expired", [("expires_at", "expired")])),
        ({"poc": "poc", "expires_at": "2029-03-04T12:00:00Z"}, (422, "too_long", [("expires_at", "too_long")])),
        ({"poc": "poc", "secret": "mine"}, (400, "bad_values", [("secret", "no_such_field")])),
    ],
)
def test_what_is_wrong_is_said_by_field(user, api, body, expected):
    rows = {"poc": PersonFactory, "account": AccountFactory, "contact": ContactFactory}
    body = {
        name: rows[value]().pk if isinstance(value, str) and value in rows else value for name, value in body.items()
    }
    assert problem(api.post(URL, body, format="json")) == expected
    assert not ShareLink.objects.exists()


def test_a_link_is_revoked_once_and_for_all(user, api):
    link = ShareLinkFactory(secret="s")
    for _n in range(2):
        answer = api.post(f"{URL}{link.pk}/revoke/")
        assert (answer.status_code, answer.json()["revoked_at"]) == (200, "2026-03-04T12:00:00Z")
    assert sharing.opened_by("s") is None


def test_they_are_narrowed_by_what_they_show_and_whether_they_open(user, api):
    card, record = ShareLinkFactory(), ShareLinkFactory(dossier=AccountFactory().dossier)
    old = ShareLinkFactory(poc=card.poc, expires_at=AT - timedelta(hours=1))
    gone = ShareLinkFactory(revoked_at=AT)
    assert set(ids(api.get(f"{URL}?poc={card.poc_id}"))) == {card.pk, old.pk}
    assert ids(api.get(f"{URL}?record={record.dossier_id}")) == [record.pk]
    assert set(ids(api.get(f"{URL}?open=true"))) == {card.pk, record.pk}
    assert set(ids(api.get(f"{URL}?open=false"))) == {old.pk, gone.pk}


def test_nobody_shares_nor_sees_what_is_not_theirs(db, clock, api):
    clock.freeze(AT)
    narrow("sales_rep", RoleScope.Sees.OWN)
    me = PersonFactory(user=UserFactory(role="sales_rep"))
    api.force_authenticate(me.user)
    ann, account, project = PersonFactory(), AccountFactory(), ProjectFactory()
    for body in ({"poc": ann.pk}, {"account": account.pk}, {"project": project.pk}):
        assert problem(api.post(URL, body, format="json"))[:2] == (400, "bad_values")
    theirs = [ShareLinkFactory(poc=ann), ShareLinkFactory(dossier=account.dossier)]
    assert api.get(URL).json()["results"] == []
    for link in theirs:
        assert api.get(f"{URL}{link.pk}/").status_code == 404
        assert api.post(f"{URL}{link.pk}/revoke/").status_code == 404
    assert api.post(URL, {"poc": me.pk}, format="json").status_code == 201


def test_ones_own_calendar_is_made_its_address_told_once_and_ended(user, api):
    me = PersonFactory(user=user)
    made = api.post(f"{URL}calendar/", {"with_names": False}, format="json")
    assert (made.status_code, made["Cache-Control"]) == (201, "no-store")
    shown = made.json()
    assert (shown["kind"], shown["poc"]["id"], shown["shown"]) == ("feed", me.pk, [])
    secret = shown["address"].rpartition("/")[2].removesuffix(".ics")
    assert feeds.feed_opened_by(secret).pk == shown["id"]
    assert ids(api.get(URL)) == [shown["id"]]
    assert secret not in api.get(URL).content.decode()
    again = api.post(f"{URL}calendar/", {}, format="json").json()
    assert (again["shown"], feeds.feed_opened_by(secret)) == (["name"], None)
    assert api.post(f"{URL}{again['id']}/revoke/").status_code == 200
    assert feeds.feed_of(user) is None


def test_a_calendar_is_for_who_answers_and_may_read_what_is_owed(user, api):
    assert problem(api.post(f"{URL}calendar/", {}, format="json"))[:2] == (422, "owes_nothing")
    stranger = PersonFactory(signs_in=True)
    api.force_authenticate(stranger.user)
    assert problem(api.post(f"{URL}calendar/", {}, format="json"))[0] == 403


@pytest.mark.parametrize(("scopes", "status"), [(["write"], 403), (["read"], 403), (["read", "write"], 201)])
def test_a_token_that_may_not_read_makes_no_calendar_to_read(user, api, scopes, status):
    PersonFactory(user=user)
    _token, secret = tokens.make(user=user, name="Sync", scopes=scopes, expires_at=None, by=actor(user), at=AT)
    api.force_authenticate(None)
    api.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
    assert api.post(f"{URL}calendar/", {}, format="json").status_code == status


def test_a_token_needs_its_scope(db, api):
    assert problem(api.get(URL))[0] == 401


@pytest.mark.parametrize("n", [1, 20])
def test_the_list_costs_the_same_however_long(user, api, n, django_assert_num_queries):
    for _n in range(n):
        ShareLinkFactory(created_by=UserFactory())
        ShareLinkFactory(dossier=AccountFactory().dossier)
    api.get(URL)
    with django_assert_num_queries(1):  # the page
        assert len(api.get(URL).json()["results"]) == 2 * n
