"""What a client may send, and what it is told: never an error of ours."""

import json

import pytest

from tests.doors import ask_as, problem
from tests.factories.accounts import AccountFactory

URL = "/api/v1/accounts/"


@pytest.fixture
def user(db, api):
    return ask_as(api)


def post(api, body: bytes, content_type: str = "application/json"):
    return api.generic("POST", URL, body, content_type=content_type)


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"\xff\xfe", b'{"name": NaN}', b'{"name": Infinity}', b"[" * 100_000, b'{"a":' * 100_000,
        b'{"name": ' + b"9" * 5000 + b"}", b'{"name": "\\ud800"}', b'{"\\udfff": 1}', b"[1]", b'"text"', b"null", b"1",
        '{"name": "Ä"}'.encode("latin-1"), b'\xef\xbb\xbf{"name": "A"}',
    ],
)  # fmt: skip
def test_a_body_that_is_no_json_object_is_refused(user, api, body):
    assert problem(post(api, body))[:2] in [(400, "parse_error"), (400, "bad_values")]


@pytest.mark.parametrize("charset", ["latin-1", "utf-16", "base64", "idna", "no-such", "undefined"])
def test_a_body_is_utf_8_whatever_the_header_says(user, api, charset):
    made = post(api, '{"name": "Ä"}'.encode(), f"application/json; charset={charset}")
    assert (made.status_code, made.json()["name"]) == (201, "Ä")


def test_other_formats_are_refused(user, api):
    assert problem(post(api, b"name=A", "application/x-www-form-urlencoded"))[:2] == (415, "unsupported_media_type")
    assert problem(api.get(URL, HTTP_ACCEPT="text/html"))[:2] == (406, "not_acceptable")
    assert api.get(URL, HTTP_ACCEPT="*/*")["Content-Type"] == "application/json"


def test_a_body_too_large_is_refused(user, api, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    assert problem(post(api, json.dumps({"name": "A" * 1000}).encode()))[:2] == (413, "too_large")


def test_a_body_of_unknown_length_is_refused_instead_of_lost(user, api):
    refused = api.post(URL, {"name": "A"}, format="json", headers={"Transfer-Encoding": "chunked"})
    assert problem(refused)[:2] == (411, "length_required")


def test_too_many_parameters_are_refused(user, api):
    response = api.get(f"{URL}?" + "&".join(f"a{n}=1" for n in range(1200)))
    assert problem(response)[0] == 400


@pytest.mark.parametrize("path", ["", "nothing/", "accounts", "accounts/x/", "accounts/1/x/", "accounts/-1/", "%00/"])
@pytest.mark.parametrize("method", ["get", "post", "delete"])
def test_an_address_that_is_none_is_a_problem_too(db, api, path, method):
    assert problem(getattr(api, method)(f"/api/v1/{path}"))[:2] == (404, "no_such_address")


def test_a_missing_row_and_a_wrong_method_are_problems(user, api):
    assert problem(api.get(f"{URL}4711/"))[:2] == (404, "not_found")
    refused = api.delete(f"{URL}{AccountFactory().pk}/")
    assert problem(refused)[:2] == (405, "method_not_allowed")
    assert "PATCH" in refused["Allow"]


def test_several_errors_are_told_at_once_each_by_its_field(user, api):
    response = api.post(
        "/api/v1/interactions/", {"channel": "pigeon", "follow_up": {"due_at": "soon", "poc": "Ann"}}, format="json"
    )
    assert set(problem(response)[2]) == {
        ("channel", "unknown"), ("direction", "required"), ("follow_up.due_at", "invalid"),
        ("follow_up.poc", "invalid"),
    }  # fmt: skip
