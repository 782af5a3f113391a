"""Who answers for what, through the API."""

from datetime import timedelta

import pytest

from crm.poc.models import Assignment
from crm.users.models import RoleScope
from tests.doors import ask_as, ids, problem
from tests.factories import AT
from tests.factories.accounts import AccountFactory
from tests.factories.contacts import ContactFactory
from tests.factories.dossiers import topic
from tests.factories.poc import AssignmentFactory, PersonFactory
from tests.factories.projects import ProjectFactory
from tests.factories.users import narrow

URL = "/api/v1/assignments/"


@pytest.fixture
def user(db, clock, api):
    clock.freeze(AT)
    return ask_as(api)


def test_somebody_answers_from_now_on(user, api):
    project, ann = ProjectFactory(), PersonFactory()
    made = api.post(URL, {"project": project.pk, "topic": "billing", "poc": ann.pk}, format="json")
    assert made.status_code == 201, made.content
    shown = made.json()
    assert shown["record"] == {"kind": "project", "id": project.pk, "name": project.name}
    assert (shown["topic"], shown["place"], shown["starts_at"]) == ("billing", 0, "2026-03-04T12:00:00Z")
    assert shown["decided_by"]["id"] == user.pk
    assert api.get(made["Location"]).json() == shown
    asked = api.get(f"/api/v1/resolve/?project={project.pk}&topic=billing").json()
    assert asked["who_answers"]["poc"]["id"] == ann.pk


def test_replacing_somebody_ends_them_and_asks_why(user, api):
    held = AssignmentFactory()
    account = AccountFactory(dossier=held.dossier)
    ann = PersonFactory()
    body = {"account": account.pk, "poc": ann.pk}
    assert problem(api.post(URL, body, format="json")) == (422, "reason_required", [("reason", "reason_required")])
    made = api.post(URL, body | {"reason": "Moves on"}, format="json")
    assert made.status_code == 201
    assert ids(api.get(f"{URL}?current=true")) == [made.json()["id"]]
    assert ids(api.get(f"{URL}?current=false")) == [held.pk]


def test_what_is_there_already_is_in_conflict(user, api):
    held = AssignmentFactory(starts_at=AT + timedelta(days=1))
    account = AccountFactory(dossier=held.dossier)
    same = api.post(URL, {"account": account.pk, "poc": held.poc_id, "reason": "x"}, format="json")
    assert problem(same) == (409, "already_assigned", [("poc", "already_assigned")])
    other = api.post(URL, {"account": account.pk, "poc": PersonFactory().pk, "reason": "x"}, format="json")
    assert problem(other) == (409, "another_begins", [("starts_at", "another_begins")])
    gone = api.post(URL, {"account": account.pk, "poc": PersonFactory(deactivated_at=AT).pk}, format="json")
    assert problem(gone) == (422, "poc_inactive", [("poc", "poc_inactive")])


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        ({}, [("poc", "required")]),
        ({"poc": 1}, [("", "one_record")]),
        ({"poc": 1, "both": True}, [("", "one_record")]),
        ({"poc": 1, "place": -1}, [("place", "min_value")]),
        ({"poc": 1, "place": 10**30}, [("place", "max_value")]),
        ({"poc": 1, "starts_at": "2026-13-01T00:00:00Z"}, [("starts_at", "invalid")]),
        ({"poc": 1, "topic": "weather"}, [("topic", "unknown")]),
    ],
)
def test_what_is_wrong_is_said_by_field(user, api, body, errors):
    if body.pop("both", False):
        body |= {"account": AccountFactory().pk, "contact": ContactFactory().pk}
    body = {"poc": PersonFactory().pk} | {k: v for k, v in body.items() if k != "poc"} if "poc" in body else body
    assert problem(api.post(URL, body, format="json")) == (400, "bad_values", errors)


def test_a_place_is_ended_with_a_reason_and_a_repeat_does_nothing(user, api):
    held = AssignmentFactory()
    assert problem(api.post(f"{URL}{held.pk}/end/", {"reason": " "}, format="json"))[1] == "reason_required"
    for _time in range(2):
        ended = api.post(f"{URL}{held.pk}/end/", {"reason": "Left", "leave_open": True}, format="json")
        assert ended.json()["ends_at"] == "2026-03-04T12:00:00Z"
    assert not Assignment.objects.at(AT).exists()


def test_the_one_who_answers_goes_where_somebody_follows_or_that_is_meant(user, api):
    held, bo = AssignmentFactory(), PersonFactory()
    unmeant = api.post(f"{URL}{held.pk}/end/", {"reason": "Left"}, format="json")
    assert problem(unmeant) == (422, "would_be_open", [("leave_open", "would_be_open")])
    ended = api.post(f"{URL}{held.pk}/end/", {"reason": "Left", "successor": bo.pk}, format="json")
    assert ended.json()["ends_at"] == "2026-03-04T12:00:00Z"
    assert Assignment.objects.at(AT).get().poc == bo
    backup = AssignmentFactory(rank=1)
    assert api.post(f"{URL}{backup.pk}/end/", {"reason": "Left"}, format="json").status_code == 200


def test_what_is_planned_passes_to_a_successor_from_then_on(user, api):
    held, bo = AssignmentFactory(starts_at=AT + timedelta(days=2)), PersonFactory()
    api.post(f"{URL}{held.pk}/end/", {"reason": "Left", "successor": bo.pk}, format="json")
    made = Assignment.objects.get(poc=bo)
    assert made.starts_at == held.starts_at and not Assignment.objects.at(AT + timedelta(days=1)).exists()


def test_assignments_are_narrowed_by_record_topic_place_and_poc(user, api):
    contact = ContactFactory()
    wanted = AssignmentFactory(dossier=contact.dossier, topic=topic("billing"), rank=1)
    AssignmentFactory()
    for query in (f"contact={contact.pk}", "topic=billing", "place=1", f"poc={wanted.poc_id}"):
        assert ids(api.get(f"{URL}?{query}")) == [wanted.pk], query
    assert ids(api.get(f"{URL}?account={contact.pk}")) == []
    assert problem(api.get(f"{URL}?place=many"))[0] == 400


def test_a_sales_rep_sees_who_answers_and_may_not_change_it(db, api):
    ask_as(api, "sales_rep")
    held = AssignmentFactory()
    assert ids(api.get(URL)) == [held.pk]
    assert problem(api.post(f"{URL}{held.pk}/end/", {"reason": "x"}, format="json"))[0] == 403


# --- A selection


def asked(records, poc, **more):
    return {"records": [record.pk for record in records], "poc": poc.pk, "reason": "New region"} | more


@pytest.mark.parametrize("many", [2, 40])
def test_a_selection_changes_hands_in_the_same_number_of_queries(user, api, django_assert_num_queries, many):
    bo = PersonFactory(signs_in=True)
    records = [AccountFactory(dossier=AssignmentFactory().dossier) for _n in range(many)]
    # rights, the role's scope · records, topic, POC · begin, locks, who holds · end, begin · three of events · grants
    # of those ended · told: people twice, firm's words, notices, grants · end · shown
    with django_assert_num_queries(20, exact=False) as captured:
        made = api.post(f"{URL}bulk/", asked(records, bo), format="json")
    assert made.status_code == 201, made.content
    assert [row["record"]["id"] for row in made.json()["assignments"]] == [record.pk for record in records]
    assert Assignment.objects.at(AT).filter(poc=bo, reason="New region").count() == many
    assert len(captured) <= 20


def test_one_record_in_the_way_stops_all_and_is_named(user, api):
    free, taken = AccountFactory(), AccountFactory(name="Rio Verde")
    bo = AssignmentFactory(dossier=taken.dossier).poc
    answer = api.post(f"{URL}bulk/", asked([free, taken], bo), format="json")
    assert problem(answer) == (409, "already_assigned", [("poc", "already_assigned")])
    assert answer.json()["errors"][0]["record"] == taken.pk
    assert answer.json()["detail"].startswith("Rio Verde: ")
    assert not Assignment.objects.filter(dossier=free.pk).exists()


@pytest.mark.parametrize(("many", "error"), [(0, "min_length"), (201, "max_length")])
def test_a_selection_is_neither_empty_nor_too_long(user, api, many, error):
    records = AccountFactory.create_batch(many)
    answer = api.post(f"{URL}bulk/", asked(records, PersonFactory()), format="json")
    assert problem(answer) == (400, "bad_values", [("records", error)])
    assert not Assignment.objects.exists()


def test_nobody_selects_what_they_do_not_see_nor_without_the_right(api, db):
    narrow("account_manager", RoleScope.Sees.OWN)
    ask_as(api)
    hidden, bo = AccountFactory(), PersonFactory()
    answer = api.post(f"{URL}bulk/", asked([hidden], bo), format="json")
    assert problem(answer) == (400, "bad_values", [("records", "unknown")])
    ask_as(api, "sales_rep")
    assert api.post(f"{URL}bulk/", asked([hidden], bo), format="json").status_code == 403


# --- History


def test_what_counted_at_a_moment_is_found_by_it(user, api):
    dossier = AccountFactory().dossier
    old = AssignmentFactory(dossier=dossier, ends_at=AT - timedelta(days=1))
    now = AssignmentFactory(dossier=dossier, starts_at=AT - timedelta(days=1))
    AssignmentFactory()
    assert ids(api.get(f"{URL}?record={dossier.pk}")) == [now.pk, old.pk]
    assert ids(api.get(f"{URL}?record={dossier.pk}&at=2026-03-03T11:00:00Z")) == [old.pk]
    assert ids(api.get(f"{URL}?record={dossier.pk}&at=2026-03-03T12:00:00Z")) == [now.pk]
    assert api.get(f"{URL}?at=yesterday").status_code == 400
