"""The addresses of what is owed and of how one is told, walked by strangers, readers and whoever sends nonsense."""

import json

import pytest
from rest_framework.test import APIClient

from crm.commitments.models import Commitment, Kind
from crm.core.actor import Actor
from crm.dossiers.models import Event
from crm.users import tokens
from crm.users.models import RoleScope
from tests.doors import ask_as, problem
from tests.factories import AT
from tests.factories.commitments import CommitmentFactory
from tests.factories.contacts import ContactFactory
from tests.factories.interactions import FollowUpFactory
from tests.factories.poc import AssignmentFactory, PersonFactory
from tests.factories.users import narrow

ROOT = "/api/v1"
UNTIL = "2026-03-05T09:00:00Z"
NUMBER = object()  # stands for the id of a contact or of somebody who answers
ACTS = {  # with every field each may have
    "acknowledge": {}, "snooze": {"until": UNTIL}, "wait": {"reason": "The contract"}, "resume": {},
    "done": {"for_good": True}, "cancel": {"reason": "Sold"}, "reassign": {"poc": NUMBER, "reason": "Knows them"},
}  # fmt: skip
OWED_ACTS = ACTS | {"pass-on": {"to": NUMBER, "note": "The pump"}, "hand-back": {"resolution": "Mended"}}
OPENED = {"contact": NUMBER, "topic": "general", "due_at": UNTIL, "poc": None}
MADE = {
    "owed/updates/": OPENED | {"to": [NUMBER], "about": "the delivery", "priority": "high"},
    "follow-ups/": OPENED | {
        "title": "Call", "text": "…", "channel": "phone", "location": "Lisbon",
        "recurs": {"every": 2, "unit": "weeks"},
    },
}  # fmt: skip
TOLD = {"by_email": {"news": "never"}, "digest_at": "09:00", "quiet_from": "22:00", "quiet_until": "07:00"}


def addresses():
    """Every address that takes a body: its method, its path, and a body that is right."""
    for name, body in OWED_ACTS.items():
        yield "post", f"owed/{{owed}}/{name}/", body
    for name, body in ACTS.items():
        yield "post", f"follow-ups/{{follow_up}}/{name}/", body
    yield "patch", "follow-ups/{follow_up}/", {"due_at": UNTIL}
    for path, body in MADE.items():
        yield "post", path, body
    yield "patch", "me/notices/", TOLD
    yield "patch", "pocs/{poc}/notices/", TOLD


ADDRESSES = list(addresses())
ON_SOMETHING = [each for each in ADDRESSES if "{owed}" in each[1] or "{follow_up}" in each[1]]
IN_WORDS = ("post", "owed/updates/", {"contact": NUMBER, "to": [NUMBER], "due_text": "tomorrow 9"})
WITH_A_BODY = [each for each in ADDRESSES if each[2] and not ("{follow_up}" in each[1] and each[0] == "post")]
WITH_A_BODY.append(IN_WORDS)


@pytest.fixture
def house(db, clock):
    """One thing to be solved, one follow-up, somebody who answers; and who may do everything with them."""
    clock.freeze(AT)
    user = ask_as(APIClient(), "administrator")
    contact = ContactFactory(at_account=True)
    poc = AssignmentFactory(dossier=contact.account.dossier, poc=PersonFactory(user=user)).poc
    owed = CommitmentFactory(dossier=contact.dossier, kind=Kind.RESOLUTION)
    follow_up = FollowUpFactory(commitment__dossier=contact.dossier)
    ids = {"owed": owed.pk, "follow_up": follow_up.pk, "poc": poc.pk}
    return {"user": user, "ids": ids, "contact": contact.pk, "other": PersonFactory().pk}


def filled(body, house, path):
    """A body with ids: of a contact, or of somebody who answers."""

    def value(name, given):
        if isinstance(given, list):
            return [value(name, each) for each in given]
        is_poc = name == "poc" or "pass-on" in path
        return (house["other"] if is_poc else house["contact"]) if given is NUMBER else given

    return {name: value(name, given) for name, given in body.items()}


def send(api, method, path, body, house, **headers):
    url = f"{ROOT}/{path.format(**house['ids'])}"
    return getattr(api, method)(url, body, format="json", headers=headers)


@pytest.fixture
def api(house):
    client = APIClient()
    client.force_authenticate(house["user"])
    return client


@pytest.mark.parametrize(("method", "path", "body"), ADDRESSES, ids=[path for _method, path, _body in ADDRESSES])
def test_what_is_right_is_taken(house, api, method, path, body):
    answer = send(api, method, path, filled(body, house, path), house)
    expected = 409 if "hand-back" in path else 201 if path in MADE else 200  # it was never passed on
    assert answer.status_code == expected, answer.content


MOMENTS = [
    "2026-03-05T09:00:00", "2026-02-30T09:00:00Z", "2026-03-05T25:00:00Z", "2026-03-05", "0001-01-01T00:00:00+23:59",
    "9999-12-31T23:59:59-23:59", "1900-01-01T00:00:00+14:00", "2199-12-31T23:59:59-12:00", "2026-03-05T09:00:00+99:99",
]  # fmt: skip
NONSENSE = [
    None, True, 0, -1, 1.5, 2**63, 10**400, "", "x", "\0", "a\0b", "x" * 70_000, "1", [], [[]], {}, {"a": 1}, [None],
    [2**63], ["\0"],
]  # fmt: skip


@pytest.mark.postgres
@pytest.mark.parametrize(("method", "path", "body"), WITH_A_BODY, ids=[path for _method, path, _body in WITH_A_BODY])
def test_nonsense_in_one_field_is_refused_or_taken_and_never_our_fault(house, api, method, path, body):
    right = filled(body, house, path)
    for name in right:
        for wrong in [*NONSENSE, *(MOMENTS if name in ("due_at", "until", "due_text", "digest_at") else [])]:
            answer = send(api, method, path, right | {name: wrong}, house)
            assert answer.status_code < 500, (name, wrong)
            if answer.status_code >= 400:
                number, _code, errors = problem(answer)
                assert number in (400, 409, 422) and errors, (name, wrong)
    strange = problem(send(api, method, path, right | {"no_such_field": 1}, house))
    assert strange == (400, "bad_values", [("no_such_field", "no_such_field")])


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2026-03-05T09:00:00", (400, "invalid")),  # no offset
        ("2026-02-30T09:00:00Z", (400, "invalid")),
        ("2026-03-05", (400, "invalid")),
        (1772701200, (400, "invalid")),
        ("0001-01-01T00:00:00+23:59", (400, "unlikely")),
        ("9999-12-31T23:59:59-23:59", (400, "unlikely")),
        ("2199-12-31T23:59:59-12:00", (422, "odd_moment")),
        ("2060-01-01T00:00:00Z", (422, "odd_moment")),
    ],
)
def test_a_moment_that_cannot_be_meant_is_named(house, api, moment, expected):
    places = [
        ("post", "owed/{owed}/snooze/", "until"), ("patch", "follow-ups/{follow_up}/", "due_at"),
        ("post", "owed/updates/", "due_at"), ("post", "follow-ups/", "due_at"),
    ]  # fmt: skip
    for method, path, field in places:
        body = filled(MADE.get(path, {}), house, path) | {field: moment}
        number, _code, errors = problem(send(api, method, path, body, house))
        assert (number, errors) == (expected[0], [(field, expected[1])]), path


BODIES = [
    b"[]", b'"x"', b"null", b"1", b"true", b"{", b"\xff\xfe", b'{"until": "\xff"}', b'{"until": "\\ud800"}',
    b"[" * 9000, b'{"a": NaN}', b'{"a": ' + b"9" * 5000 + b"}", b"a=1",
]  # fmt: skip


def test_a_body_that_is_no_object_is_refused(house, api):
    before = Event.objects.count()
    for method, path, _body in WITH_A_BODY:
        url = f"{ROOT}/{path.format(**house['ids'])}"
        for sent in BODIES:
            answer = api.generic(method.upper(), url, sent, content_type="application/json")
            assert problem(answer)[0] == 400, (path, sent)
        answer = api.generic(method.upper(), url, b"a=1", content_type="application/x-www-form-urlencoded")
        assert problem(answer)[0] == 415, path
    assert Event.objects.count() == before


HEADERS = ["", '"', "*, x", ",", 'W/"1"', "x" * 9000, "\xe9", "😀".encode().decode("latin-1"), '"0-0"', "a\0b"]


@pytest.mark.parametrize("name", ["If-Match", "Idempotency-Key"])
def test_whatever_stands_in_a_header_is_no_fault_of_ours(house, api, name):
    for method, path, body in [*ON_SOMETHING, *ADDRESSES[-4:]]:
        for value in HEADERS:
            answer = send(api, method, path, filled(body, house, path), house, **{name: value})
            assert answer.status_code in (200, 201, 400, 409, 412), (path, value, answer.content)


def test_what_is_not_there_is_not_found(house, api):
    for pk in (0, 2**31, 2**63, 10**60):
        elsewhere = house | {"ids": dict.fromkeys(house["ids"], pk)}
        for method, path, body in [*ON_SOMETHING, ADDRESSES[-1]]:
            assert problem(send(api, method, path, filled(body, house, path), elsewhere))[0] == 404, (path, pk)


def test_whoever_may_not_see_the_record_finds_nothing_there(house):
    narrow("account_manager", RoleScope.Sees.OWN)
    stranger = APIClient()
    ask_as(stranger, "account_manager")
    before = Event.objects.count()
    for method, path, body in ON_SOMETHING:
        assert problem(send(stranger, method, path, filled(body, house, path), house))[0] == 404, path
    for path, body in MADE.items():  # a contact whose id means nothing to them
        answer = problem(send(stranger, "post", path, filled(body, house, path), house))
        assert (answer[0], ("contact", "unknown") in answer[2]) == (400, True), path
    assert Event.objects.count() == before
    assert {c.generation for c in Commitment.objects.all()} == {1}


@pytest.mark.parametrize("scopes", [["read"], ["log", "resolve"], []])
def test_a_token_that_may_not_write_does_nothing(house, scopes):
    user = house["user"]
    token, secret = tokens.make(user=user, name="Chat", scopes=["read"], expires_at=None, by=Actor(user), at=AT)
    token.scopes = scopes
    token.save()
    asks = APIClient(headers={"Authorization": f"Bearer {secret}"})
    for method, path, body in ADDRESSES:
        answer = send(asks, method, path, filled(body, house, path), house)
        assert problem(answer)[:2] == (403, "permission_denied"), path
    assert (asks.get(f"{ROOT}/owed/").status_code == 200) is ("read" in scopes)


def test_nobody_is_let_in_without_a_token_or_a_session(house):
    for method, path, body in ADDRESSES:
        assert problem(send(APIClient(), method, path, filled(body, house, path), house))[0] == 401, path


def test_what_changed_since_it_was_read_is_not_acted_on(house, api):
    for method, path, body in ON_SOMETHING:
        answer = send(api, method, path, filled(body, house, path), house, **{"If-Match": '"1-7"'})
        assert problem(answer) == (412, "stale", []), path
    assert {c.generation for c in Commitment.objects.all()} == {1}


FILTERS = [
    "kind", "record", "account", "given_to", "topic", "state", "open", "due_from", "due_before", "cursor", "size",
    "ordering",
]  # fmt: skip


@pytest.mark.parametrize("path", ["owed/", "follow-ups/", "me/notices/"])
def test_nonsense_in_an_address_is_refused(house, api, path):
    for name in FILTERS:
        for wrong in [each for each in (*NONSENSE, *MOMENTS) if isinstance(each, str | int)]:
            value = wrong if isinstance(wrong, str) else json.dumps(wrong)
            answer = api.get(f"{ROOT}/{path}", {name: value[:3000]})
            assert answer.status_code in (200, 400), (name, value)
