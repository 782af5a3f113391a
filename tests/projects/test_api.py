"""Projects through the API."""

import pytest

from tests.doors import ask_as, ids, problem
from tests.factories import AT
from tests.factories.accounts import AccountFactory
from tests.factories.poc import AssignmentFactory
from tests.factories.projects import ProjectFactory

URL = "/api/v1/projects/"


@pytest.fixture
def user(db, clock, api):
    clock.freeze(AT)
    return ask_as(api, "project_manager")


def test_a_project_is_opened_for_an_account_whose_poc_answers_for_it(user, api):
    account = AccountFactory()
    ann = AssignmentFactory(dossier=account.dossier).poc
    body = {"name": "New line", "account": account.pk, "phase": "running", "starts_on": "2026-03-01"}
    made = api.post(URL, body, format="json")
    assert made.status_code == 201, made.content
    shown = made.json()
    answers = {answer["topic"]: answer for answer in shown["who_answers"]}
    assert (answers["general"]["poc"]["id"], answers["general"]["why"]) == (ann.pk, f"From {account.name}")
    assert ids(api.get(f"{URL}?account={account.pk}&phase=running&running=true")) == [shown["id"]]
    assert ids(api.get(f"{URL}?running=false")) == []


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"account": None}, (400, "bad_values", [("account", "null")])),
        ({"ends_on": "2026-02-28"}, (422, "ends_before_start", [("ends_on", "ends_before_start")])),
        ({"starts_on": "soon"}, (400, "bad_values", [("starts_on", "invalid")])),
    ],
)
def test_what_is_wrong_is_said_by_field(user, api, body, expected):
    body = {"name": "New line", "account": AccountFactory().pk, "starts_on": "2026-03-01"} | body
    assert problem(api.post(URL, body, format="json")) == expected


def test_its_end_may_not_move_before_its_start(user, api):
    project = ProjectFactory(starts_on="2026-03-01")
    refused = api.patch(f"{URL}{project.pk}/", {"ends_on": "2026-02-28"}, format="json")
    assert problem(refused)[1] == "ends_before_start"
    assert api.patch(f"{URL}{project.pk}/", {"phase": "done"}, format="json").json()["phase"] == "done"
