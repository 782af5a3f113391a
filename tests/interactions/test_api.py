"""Touches and follow-ups through the API."""

import threading
import uuid
from datetime import timedelta

import pytest
from django.db import connection
from rest_framework.test import APIClient

from crm.commitments.models import Commitment
from crm.dossiers.models import Event
from crm.users.models import RoleScope
from interactions.models import FollowUp, Interaction
from tests.doors import ask_as, ids, problem
from tests.factories import AT
from tests.factories.accounts import AccountFactory
from tests.factories.commitments import CommitmentFactory
from tests.factories.contacts import ContactFactory
from tests.factories.interactions import FollowUpFactory, InteractionFactory, unknown_callers
from tests.factories.poc import AbsenceFactory, AssignmentFactory, PersonFactory, front_desk
from tests.factories.projects import ProjectFactory
from tests.factories.users import narrow

URL = "/api/v1/interactions/"
CALL = {"channel": "phone", "direction": "in", "purpose": "inquiry", "outcome": "reached"}
TOMORROW = "2026-03-05T09:00:00Z"
KEY = "0b6f2c1e-5a52-4a8e-8d0e-0d2a7c1f9b11"


@pytest.fixture
def user(db, clock, api):
    clock.freeze(AT)
    return ask_as(api, "sales_rep")


def log(api, **changes):
    return api.post(URL, CALL | changes, format="json")


# --- Logging


def test_a_call_is_logged_with_its_follow_up_and_what_it_settles(user, api):
    contact = ContactFactory(at_account=True)
    ann = AssignmentFactory(dossier=contact.account.dossier).poc
    owed = CommitmentFactory(dossier=contact.dossier)
    made = log(
        api,
        direction="out",
        purpose=None,
        contact=contact.pk,
        seconds=95,
        note="Wants a quote.",
        follow_up={"due_at": TOMORROW, "title": "Send the quote"},
        settles=[owed.pk],
    )
    assert made.status_code == 201, made.content
    shown = made.json()
    assert made["Location"] == f"http://testserver{URL}{shown['id']}/"
    assert api.get(made["Location"]).json() == shown
    assert shown["contact"] == {"id": contact.pk, "name": contact.name}
    assert shown["account"] == {"id": contact.account.pk, "name": contact.account.name}
    assert (shown["poc"]["id"], shown["poc"]["email"]) == (ann.pk, ann.email)
    assert shown["why"] == f"From {contact.account.name}"
    assert [reason["code"] for reason in shown["reasons"]] == ["nobody", "assigned"]
    assert shown["reasons"][1]["text"] == f"On {contact.account.name} for general: {ann.name}"
    assert [(f["title"], f["due_at"]) for f in shown["follow_ups"]] == [("Send the quote", TOMORROW)]
    assert shown["follow_ups"][0]["who_answers"]["poc"]["id"] == ann.pk
    assert (shown["seconds"], shown["via"], shown["logged_by"]["id"]) == (95, "api", user.pk)
    owed.refresh_from_db()
    assert owed.state == Commitment.State.KEPT


def test_an_inbound_inquiry_owes_an_answer(user, api):
    account = AccountFactory()
    log(api, account=account.pk)
    assert [row["kind"] for row in api.get(f"/api/v1/owed/?record={account.pk}").json()["results"]] == ["first_answer"]


def test_the_follow_up_is_due_in_plain_words_by_the_clock_of_whoever_acts(user, api):
    contact = ContactFactory()
    made = log(api, contact=contact.pk, follow_up={"due_text": "in 3 working days"})
    assert made.json()["follow_ups"][0]["due_at"] == "2026-03-09T09:00:00Z"  # Wednesday and three, over a weekend
    unread = log(api, contact=contact.pk, follow_up={"due_text": "whenever"})
    assert problem(unread) == (400, "bad_values", [("follow_up.due_text", "unreadable")])
    assert "tomorrow 9" in unread.json()["errors"][0]["detail"]


@pytest.mark.parametrize("by", ["body", "header", "plain header"])
def test_the_same_key_is_saved_once_and_answered_the_same(user, api, by):
    contact = ContactFactory()
    owed = CommitmentFactory(dossier=contact.dossier)
    body = {"contact": contact.pk, "settles": [owed.pk], "follow_up": {"due_text": "tomorrow 9"}}
    body |= {"client_key": KEY} if by == "body" else {}
    headers = {"header": {"Idempotency-Key": KEY}, "plain header": {"Idempotency-Key": '"call 4711"'}}.get(by, {})
    first = api.post(URL, CALL | body, format="json", headers=headers)
    again = api.post(URL, CALL | body, format="json", headers=headers)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    assert Interaction.objects.count() == FollowUp.objects.count() == 1


def test_a_key_belongs_to_whoever_used_it(user, api):
    log(api, caller="Maria", client_key=KEY)
    ask_as(api, "sales_rep")
    assert problem(log(api, caller="Maria", client_key=KEY)) == (409, "key_taken", [("client_key", "key_taken")])
    other = api.post(URL, CALL | {"client_key": str(uuid.uuid4())}, format="json", headers={"Idempotency-Key": KEY})
    assert problem(other)[2] == [("client_key", "differs")]


def test_parallel_requests_with_one_key_save_once(database):
    api = APIClient()
    user = ask_as(api, "sales_rep")
    contact = ContactFactory()
    statuses = []

    def post():
        client = APIClient()
        client.force_authenticate(user)
        body = CALL | {"contact": contact.pk, "client_key": KEY, "follow_up": {"due_text": "tomorrow 9"}}
        statuses.append(client.post(URL, body, format="json").status_code)
        connection.close()

    threads = [threading.Thread(target=post) for _n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200] * 5 + [201]
    assert Interaction.objects.count() == FollowUp.objects.count() == 1


def test_nothing_is_half_done(user, api):
    contact = ContactFactory()
    elsewhere = CommitmentFactory()
    refused = log(api, contact=contact.pk, settles=[elsewhere.pk], follow_up={"due_at": TOMORROW})
    assert problem(refused) == (409, "settles_elsewhere", [("settles", "settles_elsewhere")])
    past = log(api, contact=contact.pk, follow_up={"due_at": "2026-03-03T09:00:00Z"})
    assert problem(past) == (422, "due_in_the_past", [("follow_up.due_at", "due_in_the_past")])
    assert not Interaction.objects.exists()
    assert Commitment.objects.count() == 1
    assert not Event.objects.exists()


# --- Who it was


def test_a_known_number_finds_its_contact(user, api):
    contact = ContactFactory(at_account=True, phones=["+351 211 234 567"])
    shown = log(api, phone="00351 211234567").json()
    assert shown["contact"]["id"] == contact.pk
    assert shown["caller"] == ""


def test_a_wrong_number_is_marked(user, api):
    contact = ContactFactory(phones=["+351 211 234 567", "+351 211 234 568"])
    log(api, direction="out", purpose=None, outcome="wrong_number", contact=contact.pk, phone="+351211234568")
    assert list(contact.phones.values_list("is_wrong", flat=True)) == [False, True]


@pytest.mark.parametrize(
    ("who", "caller", "note"),
    [
        ({"phone": "+49 30 123456"}, "+49 30 123456", "Hello"),
        ({"email": "maria@example.com", "caller": "Maria Lima"}, "maria@example.com", "Maria Lima\nHello"),
        ({"caller": "Maria Lima"}, "Maria Lima", "Hello"),
    ],
)
def test_a_caller_nobody_knows_is_logged_where_the_front_desk_answers(user, api, who, caller, note):
    made = log(api, note="Hello", **who)
    assert made.status_code == 201, made.content
    shown = made.json()
    assert (shown["caller"], shown["note"], shown["contact"], shown["account"]) == (caller, note, None, None)
    assert shown["touch_point"]["id"] == unknown_callers().pk
    assert shown["poc"]["id"] == front_desk().pk
    assert shown["reasons"][-1]["code"] == "front_desk"
    assert shown["candidates"] == []
    assert ids(api.get(f"{URL}?to_sort=true")) == [shown["id"]]


def test_what_is_promised_to_a_stranger_says_whom_to_call(user, api):
    shown = log(api, phone="+49 30 123456", follow_up={"due_at": TOMORROW}).json()
    assert shown["follow_ups"][0]["title"] == "Call +49 30 123456"


def test_a_number_of_several_is_logged_with_its_candidates(user, api):
    contacts = ContactFactory.create_batch(2, phones=["+351 211 234 567"])
    shown = log(api, phone="+351211234567").json()
    assert shown["contact"] is None
    assert [c["id"] for c in shown["candidates"]] == [c.pk for c in contacts]
    assert shown["candidates"][0]["who_answers"]["poc"]["id"] == front_desk().pk


def test_whoever_says_nothing_of_who_it_was_is_asked(user, api):
    assert problem(log(api)) == (422, "who_required", [("", "who_required")])


def test_a_colleagues_customer_can_be_logged_by_somebody_who_may_not_see_them(user, api):
    narrow("sales_rep", RoleScope.Sees.OWN)
    contact = ContactFactory(at_account=True)
    made = log(api, contact=contact.pk)
    assert made.status_code == 201, made.content
    assert api.get(f"/api/v1/contacts/{contact.pk}/").status_code == 404
    assert api.get(made["Location"]).status_code == 200  # logged by oneself


def test_an_unknown_caller_is_put_to_a_record(user, api):
    contact = ContactFactory(at_account=True)
    made = log(api, caller="Maria").json()
    done = api.post(f"{URL}{made['id']}/sort/", {"contact": contact.pk}, format="json")
    assert done.json()["contact"]["id"] == contact.pk
    again = api.post(f"{URL}{made['id']}/sort/", {"contact": contact.pk}, format="json")
    assert problem(again)[:2] == (409, "sorted_already")
    nobody = api.post(f"{URL}{made['id']}/sort/", {}, format="json")
    assert problem(nobody)[2] == [("", "one_record")]


def test_it_can_be_undone_within_ten_minutes(user, api, clock):
    made = log(api, account=AccountFactory().pk, follow_up={"due_at": TOMORROW}).json()
    undone = api.post(f"{URL}{made['id']}/undo/").json()
    assert undone["withdrawn_at"] == "2026-03-04T12:00:00Z"
    assert undone["follow_ups"][0]["state"] == "cancelled"
    assert ids(api.get(URL)) == []
    assert ids(api.get(f"{URL}?withdrawn=true")) == [made["id"]]
    late = log(api, caller="Maria").json()
    clock.freeze(AT + timedelta(minutes=11))
    assert problem(api.post(f"{URL}{late['id']}/undo/"))[:2] == (409, "too_late")


# --- Reading


def test_who_answered_stays_as_it_was_while_who_answers_changes(user, api, clock):
    account = AccountFactory()
    ann, bob = PersonFactory(name="Ann"), PersonFactory(name="Bob")
    AssignmentFactory(dossier=account.dossier, poc=ann)
    AbsenceFactory(poc=ann, cover=bob)
    made = log(api, account=account.pk).json()
    assert made["poc"]["name"] == "Bob"
    assert made["why"] == "Ann is away until 5 Mar → covered by Bob"
    assert [r["code"] for r in made["reasons"]] == ["assigned", "away", "covered"]
    assert made["reasons"][1]["until"] == "2026-03-05T12:00:00Z"
    clock.freeze(AT + timedelta(days=2))
    later = api.get(f"{URL}{made['id']}/").json()
    assert later["poc"]["name"] == "Bob"
    assert {answer["poc"]["name"] for answer in later["who_answers"]} == {"Ann"}
    assert {answer["topic"] for answer in later["who_answers"]} >= {"general", "billing", "technical"}


def test_touches_are_narrowed_by_everything_they_are_asked_for(user, api):
    first = InteractionFactory(account=ProjectFactory().account, direction="in", occurred_at=AT - timedelta(days=3))
    other = InteractionFactory(occurred_at=AT)
    for query in (
        f"account={first.account_id}", f"poc={first.poc_id}", f"logged_by={first.logged_by_id}", "direction=in",
        "occurred_before=2026-03-04T12:00:00Z",
    ):  # fmt: skip
        assert ids(api.get(f"{URL}?{query}")) == [first.pk], query
    assert ids(api.get(f"{URL}?occurred_from=2026-03-04T13:00:00+01:00")) == [other.pk]
    assert ids(api.get(f"{URL}?channel=email")) == ids(api.get(f"{URL}?contact={first.pk}")) == []
    assert ids(api.get(URL)) == [other.pk, first.pk]


@pytest.mark.parametrize("planned", [1, 7])
def test_one_touch_costs_the_same_whatever_follows_from_it(user, api, planned, django_assert_num_queries):
    touch = InteractionFactory()
    FollowUpFactory.create_batch(planned, interaction=touch, commitment__dossier=touch.dossier)
    with django_assert_num_queries(11):  # rights, row, names 3, topics, follow-ups, clock, answers 3
        assert len(api.get(f"{URL}{touch.pk}/").json()["follow_ups"]) == planned


# --- Follow-ups


FOLLOW_UPS = "/api/v1/follow-ups/"


def test_a_follow_up_is_planned_on_a_record(user, api):
    project = ProjectFactory()
    ann = PersonFactory()
    body = {"project": project.pk, "due_at": TOMORROW, "poc": ann.pk, "channel": "in_person", "location": "Lisbon"}
    made = api.post(FOLLOW_UPS, body, format="json")
    assert made.status_code == 201, made.content
    shown = made.json()
    assert shown["record"] == {"kind": "project", "id": project.pk, "name": project.name}
    assert shown["given_to"] == {"id": ann.pk, "name": ann.name}
    assert shown["who_answers"]["reasons"][0]["code"] == "fixed"
    assert (shown["location"], shown["channel"], shown["state"]) == ("Lisbon", "in_person", "open")
    assert api.get(made["Location"]).json() == shown


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        ({}, [("", "one_record")]),
        ({"due_at": TOMORROW, "due_text": "tomorrow"}, [("", "one_due")]),
        ({"due_at": "tomorrow"}, [("due_at", "invalid")]),
        ({"due_at": "2026-03-05T09:00:00"}, [("due_at", "invalid")]),
        ({"due_at": "9999-12-31T23:59:59-12:00"}, [("due_at", "unlikely")]),
    ],
)
def test_a_follow_up_says_on_what_and_by_when(user, api, body, errors):
    body = body and {"account": AccountFactory().pk} | body
    assert problem(api.post(FOLLOW_UPS, body or {"due_at": TOMORROW}, format="json")) == (400, "bad_values", errors)


def test_a_strangers_record_is_as_unknown_as_none(user, api):
    narrow("sales_rep", RoleScope.Sees.OWN)
    refused = api.post(FOLLOW_UPS, {"account": AccountFactory().pk, "due_at": TOMORROW}, format="json")
    assert problem(refused)[2] == [("account", "unknown")]


@pytest.mark.parametrize(
    ("act", "body", "state"),
    [
        ("acknowledge", {}, "acknowledged"),
        ("snooze", {"until": TOMORROW}, "snoozed"),
        ("done", {}, "kept"),
        ("cancel", {"reason": "No longer wanted"}, "cancelled"),
    ],
)
@pytest.mark.parametrize("resource", ["follow-ups", "owed"])
def test_an_act_repeated_does_nothing_more(user, api, resource, act, body, state):
    follow_up = FollowUpFactory()
    answers = [api.post(f"/api/v1/{resource}/{follow_up.pk}/{act}/", body, format="json") for _n in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200], answers[0].content
    assert answers[0].json() == answers[1].json()
    assert answers[0].json()["state"] == state
    assert Event.objects.count() == 1


def test_it_is_given_to_somebody_by_name_and_back_to_whoever_answers(user, api):
    follow_up = FollowUpFactory()
    ann = PersonFactory()
    url = f"{FOLLOW_UPS}{follow_up.pk}/reassign/"
    given = api.post(url, {"poc": ann.pk, "reason": "She knows them"}, format="json").json()
    assert given["given_to"]["id"] == given["who_answers"]["poc"]["id"] == ann.pk
    assert api.post(url, {"poc": None}, format="json").json()["given_to"] is None
    gone = PersonFactory(deactivated_at=AT)
    assert problem(api.post(url, {"poc": gone.pk}, format="json")) == (
        422, "answers_no_more", [("poc", "answers_no_more")],
    )  # fmt: skip


def test_it_is_due_at_another_moment(user, api):
    follow_up = FollowUpFactory()
    changed = api.patch(f"{FOLLOW_UPS}{follow_up.pk}/", {"due_text": "fri 14:00"}, format="json")
    assert changed.json()["due_at"] == "2026-03-06T14:00:00Z"
    assert problem(api.patch(f"{FOLLOW_UPS}{follow_up.pk}/", {}, format="json"))[2] == [("", "one_due")]


def test_what_is_settled_cannot_be_put_off(user, api):
    follow_up = FollowUpFactory(commitment__kept=True)
    refused = api.post(f"{FOLLOW_UPS}{follow_up.pk}/snooze/", {"until": TOMORROW}, format="json")
    assert problem(refused) == (409, "closed_already", [("", "closed_already")])


def test_somebody_who_only_reads_may_not_act(db, api):
    ask_as(api, "read_only")
    follow_up = FollowUpFactory()
    assert problem(api.post(f"{FOLLOW_UPS}{follow_up.pk}/done/"))[:2] == (403, "permission_denied")
    assert api.delete(f"{FOLLOW_UPS}{follow_up.pk}/").status_code in (403, 405)
