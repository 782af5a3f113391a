"""What is owed through the API: acts on what is as it was read, waiting, recurring, promised updates."""

from datetime import timedelta

import pytest

from crm.commitments import actions, waiting
from crm.commitments.models import Commitment, Kind
from crm.core.actor import Actor
from tests.doors import ask_as, problem
from tests.factories import AT
from tests.factories.accounts import AccountFactory
from tests.factories.commitments import CommitmentFactory
from tests.factories.contacts import ContactFactory
from tests.factories.interactions import FollowUpFactory
from tests.factories.poc import AssignmentFactory, PersonFactory

OWED = "/api/v1/owed/"
UNTIL = "2026-03-05T09:00:00Z"


@pytest.fixture
def user(db, clock, api):
    clock.freeze(AT)
    return ask_as(api, "sales_rep")


@pytest.fixture
def owed(user):
    account = AccountFactory()
    AssignmentFactory(dossier=account.dossier)
    return CommitmentFactory(dossier=account.dossier)


def post(api, owed, act, body=None, **headers):
    return api.post(f"{OWED}{owed.pk}/{act}/", body or {}, format="json", headers=headers)


ACTS = {
    "acknowledge": {}, "snooze": {"until": UNTIL}, "wait": {"reason": "The contract"}, "resume": {}, "done": {},
    "cancel": {}, "reassign": {"poc": None},
}  # fmt: skip


@pytest.mark.parametrize(("act", "body"), ACTS.items(), ids=ACTS)
def test_an_act_on_what_has_changed_since_it_was_read_is_refused(api, owed, act, body):
    read = api.get(f"{OWED}{owed.pk}/")["ETag"]
    actions.redue(commitment=owed, due_at=AT + timedelta(days=9), by=Actor.system("task"), at=AT)
    answer = post(api, owed, act, body, **{"If-Match": read})
    assert problem(answer) == (412, "stale", [])
    assert Commitment.objects.get().generation == 2


def test_an_act_on_what_is_as_it_was_read_is_done_and_names_it_anew(api, owed):
    read = api.get(f"{OWED}{owed.pk}/")["ETag"]
    answer = post(api, owed, "acknowledge", **{"If-Match": f'"0-0", {read}'})
    assert (answer.status_code, answer["ETag"]) == (200, f'"{owed.pk}-2"')
    assert post(api, owed, "done", **{"If-Match": "*"}).status_code == 200


def test_follow_ups_are_guarded_alike(api, user):
    follow_up = FollowUpFactory()
    url = f"/api/v1/follow-ups/{follow_up.pk}/"
    read = api.get(url)["ETag"]
    assert api.patch(url, {"due_at": UNTIL}, format="json", headers={"If-Match": read}).status_code == 200
    stale = api.patch(url, {"due_at": "2026-03-06T09:00:00Z"}, format="json", headers={"If-Match": read})
    assert stale.status_code == 412
    assert api.post(f"{url}done/", headers={"If-Match": read}).status_code == 412


def test_it_waits_and_goes_on(api, owed):
    shown = post(api, owed, "wait", {"reason": "The contract"}).json()
    assert (shown["state"], shown["waiting_since"]) == ("waiting", "2026-03-04T12:00:00Z")
    assert problem(post(api, owed, "snooze", {"until": UNTIL}))[:2] == (409, "waits_for_customer")
    shown = post(api, owed, "resume").json()
    assert (shown["state"], shown["waiting_since"]) == ("open", None)


def test_what_recurs_is_owed_again_or_done_for_good(api, user):
    planned = api.post("/api/v1/follow-ups/", {
        "account": AccountFactory().pk, "due_at": UNTIL, "recurs": {"every": 2, "unit": "weeks"},
    }, format="json").json()  # fmt: skip
    assert planned["recurs"] == {"every": 2, "unit": "weeks"}
    shown = api.post(f"{OWED}{planned['id']}/done/", {}, format="json").json()
    assert (shown["state"], shown["due_at"]) == ("open", "2026-03-19T09:00:00Z")
    shown = api.post(f"{OWED}{planned['id']}/done/", {"for_good": True}, format="json").json()
    assert shown["state"] == "kept"


@pytest.fixture
def weekly(api, user):
    body = {"account": AccountFactory().pk, "due_text": "tomorrow 9 every week"}
    return api.post("/api/v1/follow-ups/", body, format="json").json()["id"]


def test_a_turn_that_was_read_is_done_once_however_late_the_request_comes_again(api, weekly, clock):
    for url in (OWED, "/api/v1/follow-ups/"):
        due_at = api.get(f"{url}{weekly}/").json()["due_at"]
        shown = api.post(f"{url}{weekly}/done/", {"due_at": due_at}, format="json").json()
        assert shown["due_at"] > due_at
        clock.freeze(clock.now() + timedelta(minutes=5))
        again = api.post(f"{url}{weekly}/done/", {"due_at": due_at}, format="json")
        assert problem(again)[:2] == (409, "moved_on")
        assert api.get(f"{url}{weekly}/").json()["due_at"] == shown["due_at"]


def test_how_often_changes_as_it_is_said_with_another_moment(api, weekly):
    url = f"/api/v1/follow-ups/{weekly}/"
    shown = api.patch(url, {"due_text": "fri 9 every 3 months"}, format="json").json()
    assert (shown["due_at"], shown["recurs"]) == ("2026-03-06T09:00:00Z", {"every": 3, "unit": "months"})
    shown = api.patch(url, {"due_text": "tomorrow 9"}, format="json").json()
    assert (shown["due_at"], shown["recurs"]) == (UNTIL, {"every": 3, "unit": "months"})


def test_an_update_that_is_to_be_owed_again_is_refused(api, user):
    contact = ContactFactory(at_account=True)
    body = {"contact": contact.pk, "to": [contact.pk], "due_text": "fri 9 every 2 weeks"}
    answer = api.post(f"{OWED}updates/", body, format="json")
    assert problem(answer)[2] == [("due_text", "once")]
    assert not Commitment.objects.exists()


def test_how_often_may_be_said_with_the_moment(api, user):
    body = {"account": AccountFactory().pk, "due_text": "tomorrow 9 every month"}
    planned = api.post("/api/v1/follow-ups/", body, format="json").json()
    assert (planned["due_at"], planned["recurs"]) == (UNTIL, {"every": 1, "unit": "months"})


def test_an_update_is_promised_and_says_to_whom(api, user):
    contact = ContactFactory(name="Beatriz Lima", at_account=True)
    body = {"contact": contact.pk, "to": [contact.pk], "about": "the delivery", "due_text": "tomorrow 9"}
    made = api.post(f"{OWED}updates/", body, format="json")
    assert made.status_code == 201
    shown = api.get(made["Location"]).json()
    assert (shown["kind"], shown["title"], shown["due_at"]) == (
        "next_update", "Tell Beatriz Lima: the delivery", UNTIL,
    )  # fmt: skip
    assert shown["promised_to"] == [{"id": contact.pk, "name": "Beatriz Lima"}]


def test_an_update_without_a_moment_is_due_by_the_houses_target(api, user):
    contact = ContactFactory(at_account=True)
    shown = api.post(f"{OWED}updates/", {"contact": contact.pk, "to": [contact.pk]}, format="json").json()
    assert shown["due_at"] > "2026-03-04T12:00:00Z"


@pytest.mark.parametrize(("body", "expected"), [
    ({"to": []}, (422, "to_whom_required", [("to", "to_whom_required")])),
    ({"to": [4711]}, (400, "bad_values", [("to", "unknown")])),
    ({"account": "mine"}, (400, "bad_values", [("", "one_record")])),
    ({"due_text": "soon"}, (400, "bad_values", [("due_text", "unreadable")])),
    ({"due_at": UNTIL, "due_text": "tomorrow"}, (400, "bad_values", [("", "one_due")])),
])  # fmt: skip
def test_the_api_says_what_an_update_lacks(api, user, body, expected):
    contact = ContactFactory(at_account=True)
    known = {"contact": contact.pk, "to": [contact.pk]}
    values = known | {k: contact.account.pk if v == "mine" else v for k, v in body.items()}
    assert problem(api.post(f"{OWED}updates/", values, format="json")) == expected


def test_a_reader_promises_nothing(api, db, clock):
    clock.freeze(AT)
    ask_as(api, "read_only")
    contact = ContactFactory(at_account=True)
    body = {"contact": contact.pk, "to": [contact.pk]}
    assert api.post(f"{OWED}updates/", body, format="json").status_code == 403


def test_keeping_in_touch_is_settled_by_a_touch_alone(api, user):
    touch = CommitmentFactory(dossier=AccountFactory().dossier, kind=Kind.TOUCH)
    assert problem(post(api, touch, "done"))[:2] == (422, "settled_elsewhere")


def test_how_pressing_a_touch_is_may_be_said(api, user):
    account = AccountFactory()
    AssignmentFactory(dossier=account.dossier, poc=PersonFactory())
    body = {
        "channel": "phone", "direction": "in", "purpose": "problem", "outcome": "reached", "account": account.pk,
        "priority": "urgent",
    }  # fmt: skip
    assert api.post("/api/v1/interactions/", body, format="json").status_code == 201
    assert set(Commitment.objects.values_list("priority", flat=True)) == {"urgent"}


def test_a_customer_who_is_in_touch_sets_off_what_waited(api, user):
    contact = ContactFactory(at_account=True)
    owed = CommitmentFactory(dossier=contact.dossier)
    waiting.wait(commitment=owed, by=Actor.system("task"), at=AT)
    body = {"channel": "email", "direction": "in", "purpose": "feedback", "contact": contact.pk}
    assert api.post("/api/v1/interactions/", body, format="json").status_code == 201
    assert Commitment.objects.get(pk=owed.pk).state == "open"
