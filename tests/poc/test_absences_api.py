"""Absences through the API."""

from datetime import timedelta

import pytest

from crm.poc.models import Absence
from tests.doors import ask_as, ids, problem
from tests.factories import AT
from tests.factories.dossiers import topic
from tests.factories.poc import AbsenceFactory, PersonFactory, TeamFactory
from tests.factories.users import UserFactory

URL = "/api/v1/absences/"
DAY = timedelta(days=1)
PERIOD = {"starts_at": "2026-03-09T00:00:00Z", "ends_at": "2026-03-14T00:00:00Z"}


@pytest.fixture
def marta(db, clock, api):
    """A sales rep who asks for herself."""
    clock.freeze(AT)
    poc = PersonFactory(name="Marta", user=UserFactory(role="sales_rep"))
    api.force_authenticate(poc.user)
    return poc


def send(api, url=URL, **body):
    return api.post(url, body, format="json")


def test_one_enters_oneself_with_one_cover(marta, api):
    made = send(api, poc=marta.pk, cover=PersonFactory(name="Bo").pk, reason="Skiing", **PERIOD)
    assert made.status_code == 201, made.content
    (row,) = made.json()
    assert (row["poc"]["name"], row["cover"]["name"], row["topic"], row["reason"]) == ("Marta", "Bo", None, "Skiing")
    assert (row["starts_at"], row["ends_at"]) == (PERIOD["starts_at"], PERIOD["ends_at"])


def test_several_topics_have_several_covers(marta, api):
    bo, cy = PersonFactory.create_batch(2)
    covers = [{"cover": bo.pk}, {"topic": "billing", "cover": cy.pk}]
    rows = send(api, poc=marta.pk, covers=covers, **PERIOD).json()
    assert [(row["topic"], row["cover"]["id"]) for row in rows] == [(None, bo.pk), ("billing", cy.pk)]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"poc": "x"}, (400, "bad_values", [("poc", "invalid")])),
        ({"starts_at": "2026-03-09"}, (400, "bad_values", [("starts_at", "invalid")])),
        ({"covers": []}, (400, "bad_values", [("covers", "empty")])),
        ({"covers": [{"topic": "weather"}]}, (400, "bad_values", [("covers.0.topic", "unknown")])),
        ({"covers": [{}], "cover": None}, (400, "bad_values", [("", "one_way")])),
        ({"ends_at": PERIOD["starts_at"]}, (422, "ends_before_start", [("ends_at", "ends_before_start")])),
        ({"cover": "self"}, (422, "circular_cover", [("cover", "circular_cover")])),
        ({"covers": [{}, {"topic": "billing", "cover": "self"}]},
         (422, "circular_cover", [("covers.1.cover", "circular_cover")])),
        ({"when": 1}, (400, "bad_values", [("when", "no_such_field")])),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_by_its_field_and_nothing_is_written(marta, api, body, expected):
    def own(value):
        if isinstance(value, list):
            return [{k: own(v) for k, v in each.items()} for each in value]
        return marta.pk if value == "self" else value

    values = {"poc": marta.pk} | PERIOD | {name: own(value) for name, value in body.items()}
    assert problem(send(api, **values)) == expected
    assert not Absence.objects.exists()


def test_another_absence_in_this_time_is_a_conflict(marta, api):
    AbsenceFactory(poc=marta, starts_at=AT, ends_at=AT + 30 * DAY)
    assert problem(send(api, poc=marta.pk, **PERIOD)) == (409, "overlaps", [("starts_at", "overlaps")])


def test_a_strangers_absence_is_neither_entered_nor_seen(marta, api):
    stranger = AbsenceFactory()
    url = f"{URL}{stranger.pk}/"
    assert problem(send(api, poc=stranger.poc_id, **PERIOD))[:2] == (403, "permission_denied")
    assert problem(send(api, f"/api/v1/pocs/{stranger.poc_id}/absences/", **PERIOD))[:2] == (403, "permission_denied")
    assert ids(api.get(URL)) == []
    for ask in (api.get(url), api.patch(url, {"reason": "x"}, format="json"), send(api, f"{url}end/")):
        assert ask.status_code == 404


def test_whom_one_covers_one_sees_without_the_reason_and_does_not_change(marta, api):
    team = TeamFactory(members=[marta])
    own, covered = AbsenceFactory(poc=marta, reason="Flu"), AbsenceFactory(cover=marta, reason="Flu")
    by_team = AbsenceFactory(cover=team, reason="Flu")
    rows = {row["id"]: row["reason"] for row in api.get(URL).json()["results"]}
    assert rows == {own.pk: "Flu", covered.pk: "", by_team.pk: ""}
    changed = api.patch(f"{URL}{covered.pk}/", {"reason": "x"}, format="json")
    assert problem(changed)[:2] == (403, "permission_denied")
    assert send(api, f"{URL}{covered.pk}/end/").status_code == 403


def test_a_lead_enters_changes_and_ends_for_a_member(marta, api):
    member = PersonFactory(home_team=TeamFactory(lead=marta))
    (row,) = send(api, poc=member.pk, **PERIOD).json()
    url = f"{URL}{row['id']}/"
    changed = api.patch(url, {"ends_at": "2026-03-20T00:00:00Z"}, format="json").json()
    assert (changed["id"], changed["ends_at"]) == (row["id"], "2026-03-20T00:00:00Z")
    ended = send(api, f"{url}end/").json()
    assert ended["starts_at"] == ended["ends_at"]
    assert send(api, f"{url}end/").status_code == 200


def test_another_cover_while_it_runs_goes_on_under_an_id_of_its_own(marta, api):
    running = AbsenceFactory(poc=marta, cover=PersonFactory())
    cy = PersonFactory()
    goes_on = api.patch(f"{URL}{running.pk}/", {"cover": cy.pk}, format="json").json()
    assert goes_on["id"] != running.pk
    assert (goes_on["starts_at"], goes_on["cover"]["id"]) == ("2026-03-04T12:00:00Z", cy.pk)
    assert api.get(f"{URL}{running.pk}/").json()["ends_at"] == "2026-03-04T12:00:00Z"


def test_what_is_over_or_has_begun_is_in_conflict(marta, api):
    over = AbsenceFactory(poc=marta, starts_at=AT - 9 * DAY, ends_at=AT - 5 * DAY)
    running = AbsenceFactory(poc=marta)
    moved = {"starts_at": "2026-03-04T13:00:00Z"}
    for absence, expected in (
        (over, (409, "ended_already", [("", "ended_already")])),
        (running, (409, "begun_already", [("starts_at", "begun_already")])),
    ):
        assert problem(api.patch(f"{URL}{absence.pk}/", moved, format="json")) == expected
    past = api.patch(f"{URL}{running.pk}/", {"ends_at": "2026-03-04T11:00:00Z"}, format="json")
    assert problem(past) == (422, "ends_in_the_past", [("ends_at", "ends_in_the_past")])


def test_the_list_is_narrowed_and_costs_the_same_however_long(db, api, clock, django_assert_num_queries):
    clock.freeze(AT)
    ask_as(api)
    now = AbsenceFactory(topic=topic("billing"), cover=PersonFactory())
    later = AbsenceFactory(starts_at=AT + DAY, ends_at=AT + 2 * DAY)
    assert ids(api.get(f"{URL}?current=true")) == [now.pk]
    assert ids(api.get(f"{URL}?current=false")) == [later.pk]
    for query in (f"poc={now.poc_id}", f"cover={now.cover_id}", "topic=billing", "starts_before=2026-03-04T12:00:00Z"):
        assert ids(api.get(f"{URL}?{query}")) == [now.pk]
    assert ids(api.get(f"{URL}?ends_after=2026-03-06T00:00:00Z")) == [later.pk]
    counts = []
    for n in (1, 12):
        for _n in range(n):
            AbsenceFactory()
        with django_assert_num_queries(3):  # my teams, the rows, which of them I may enter
            counts.append(len(ids(api.get(URL))))
    assert counts == [3, 15]


def test_who_may_only_read_enters_nothing(db, api):
    person = PersonFactory(user=UserFactory(role="read_only"))
    api.force_authenticate(person.user)
    assert send(api, poc=person.pk, **PERIOD).status_code == 403
