"""People and teams through the API."""

from datetime import timedelta

import pytest

from tests.doors import ask_as, ids, problem
from tests.factories import AT
from tests.factories.poc import AbsenceFactory, PersonFactory, TeamFactory, front_desk

URL = "/api/v1/pocs/"


@pytest.fixture
def user(db, clock, api):
    clock.freeze(AT)
    return ask_as(api)


def test_a_person_is_opened_into_a_team(user, api):
    team = TeamFactory()
    body = {"kind": "person", "name": "Ann", "email": "ann@firm.example", "home_team": team.pk, "languages": "en, pt"}
    made = api.post(URL, body, format="json")
    assert made.status_code == 201, made.content
    shown = made.json()
    assert (shown["home_team"]["id"], shown["is_away"], shown["deactivated_at"]) == (team.pk, False, None)
    assert api.get(f"{URL}{team.pk}/").json()["members"] == [{"id": shown["id"], "name": "Ann"}]
    assert ids(api.get(f"{URL}?team={team.pk}")) == ids(api.get(f"{URL}?q=ANN&kind=person")) == [shown["id"]]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"name": " "}, (400, "bad_values", [("name", "blank")])),
        ({"kind": "robot"}, (400, "bad_values", [("kind", "invalid_choice")])),
        ({"kind": "team", "home_team": "team"}, (422, "person_required", [("home_team", "person_required")])),
        ({"lead": "team"}, (422, "team_required", [("lead", "team_required")])),
        ({"email": "ann"}, (400, "bad_values", [("email", "invalid")])),
    ],
)
def test_what_is_wrong_is_said_by_field(user, api, body, expected):
    team = TeamFactory().pk
    body = {name: team if value == "team" and name != "kind" else value for name, value in body.items()}
    assert problem(api.post(URL, {"kind": "person", "name": "Ann"} | body, format="json")) == expected


def test_only_what_is_given_changes_and_what_they_are_stays(user, api):
    ann = PersonFactory(email="ann@firm.example")
    changed = api.patch(f"{URL}{ann.pk}/", {"phone": "+351 1"}, format="json").json()
    assert (changed["email"], changed["phone"]) == ("ann@firm.example", "+351 1")
    assert problem(api.patch(f"{URL}{ann.pk}/", {"kind": "team"}, format="json"))[2] == [("kind", "no_such_field")]


def test_an_absence_is_entered_and_covered(user, api):
    ann, bob = PersonFactory(), PersonFactory()
    body = {"starts_at": "2026-03-04T00:00:00Z", "ends_at": "2026-03-10T00:00:00Z", "cover": bob.pk}
    made = api.post(f"{URL}{ann.pk}/absences/", body, format="json")
    assert made.status_code == 201, made.content
    assert made.json()["cover"] == {"id": bob.pk, "name": bob.name}
    assert api.get(f"{URL}{ann.pk}/").json()["is_away"] is True
    again = api.post(f"{URL}{ann.pk}/absences/", body, format="json")
    assert problem(again) == (409, "overlaps", [("starts_at", "overlaps")])
    circle = api.post(f"{URL}{bob.pk}/absences/", body | {"cover": ann.pk}, format="json")
    assert problem(circle) == (422, "circular_cover", [("cover", "circular_cover")])


def test_the_directory_tells_who_is_away_and_who_no_longer_answers(user, api):
    away = AbsenceFactory().poc
    gone = PersonFactory(deactivated_at=AT - timedelta(days=1))
    rows = {row["id"]: row for row in api.get(URL).json()["results"]}
    assert rows[away.pk]["is_away"] and not rows[gone.pk]["is_away"]
    assert rows[front_desk().pk]["is_front_desk"]
    assert ids(api.get(f"{URL}?active=false")) == [gone.pk]
    assert gone.pk not in ids(api.get(f"{URL}?active=true"))


def test_a_rep_reads_the_directory_and_may_not_change_it(db, api):
    ask_as(api, "sales_rep")
    ann = PersonFactory()
    assert ann.pk in ids(api.get(URL))
    assert problem(api.patch(f"{URL}{ann.pk}/", {"phone": "1"}, format="json"))[0] == 403
