"""Requests about what is owed that were sent again with the same key: done once, answered alike."""

import threading
import uuid
from datetime import timedelta

import pytest
from django.db import connection
from rest_framework.test import APIClient

from crm.commitments import actions
from crm.commitments.models import Commitment, Kind
from crm.core.actor import Actor
from crm.dossiers.models import Event
from interactions.models import FollowUp
from tests.doors import ask_as, problem
from tests.factories import AT
from tests.factories.accounts import AccountFactory
from tests.factories.commitments import CommitmentFactory
from tests.factories.contacts import ContactFactory
from tests.factories.interactions import FollowUpFactory
from tests.factories.poc import AssignmentFactory, PersonFactory

OWED, FOLLOW_UPS = "/api/v1/owed/", "/api/v1/follow-ups/"
UNTIL = "2026-03-05T09:00:00Z"
KEY = "0b6f2c1e-5a52-4a8e-8d0e-0d2a7c1f9b11"
TAKEN = (409, "key_taken", [("Idempotency-Key", "key_taken")])
SYSTEM = Actor.system("task")


@pytest.fixture
def user(db, clock, api):
    clock.freeze(AT)
    return ask_as(api, "account_manager")


@pytest.fixture
def ben(user):
    return PersonFactory(name="Ben")


@pytest.fixture
def owed(user):
    account = AccountFactory()
    AssignmentFactory(dossier=account.dossier)
    return CommitmentFactory(dossier=account.dossier, kind=Kind.RESOLUTION)


def post(api, url, body=None, key=KEY, **headers):
    return api.post(url, body or {}, format="json", headers={"Idempotency-Key": key, **headers})


ACTS = {
    "acknowledge": {}, "snooze": {"until": UNTIL}, "wait": {"reason": "The contract"}, "resume": {}, "done": {},
    "cancel": {"reason": "Sold"}, "reassign": {"poc": "ben"}, "pass-on": {"to": "ben", "note": "The pump"},
    "hand-back": {"resolution": "Mended"},
}  # fmt: skip
BEFORE = {"resume": "wait", "hand-back": "pass-on"}  # what has to be so


def act(api, owed, name, ben, **headers):
    body = {field: ben.pk if value == "ben" else value for field, value in ACTS[name].items()}
    return post(api, f"{OWED}{owed.pk}/{name}/", body, **headers)


@pytest.mark.parametrize("name", ACTS)
def test_an_act_that_is_sent_again_does_nothing_whatever_was_done_since(api, owed, ben, name):
    if name in BEFORE:
        assert act(api, owed, BEFORE[name], ben, key="another").status_code == 200
    read = api.get(f"{OWED}{owed.pk}/")["ETag"]
    first = act(api, owed, name, ben, **{"If-Match": read})
    assert first.status_code == 200, first.content
    assert act(api, owed, name, ben, **{"If-Match": read}).json() == first.json()
    owed.refresh_from_db()
    if owed.is_closed:
        actions.reopen(commitment=owed, by=SYSTEM, at=AT)
    actions.redue(commitment=owed, due_at=AT + timedelta(days=9), by=SYSTEM, at=AT)
    owed.refresh_from_db()
    n_events = Event.objects.count()
    again = act(api, owed, name, ben, **{"If-Match": read})
    assert (again.status_code, again["ETag"]) == (200, f'"{owed.pk}-{owed.generation}"')
    assert again.json()["state"] == "open"
    assert Event.objects.count() == n_events


def test_what_recurs_is_done_once_however_late_it_is_sent_again(api, user, clock):
    body = {"account": AccountFactory().pk, "due_at": UNTIL, "recurs": {"every": 1, "unit": "weeks"}}
    planned = api.post(FOLLOW_UPS, body, format="json").json()
    done = [post(api, f"{OWED}{planned['id']}/done/").json()["due_at"]]
    clock.freeze(AT + timedelta(hours=3))
    done.append(post(api, f"{OWED}{planned['id']}/done/").json()["due_at"])
    assert done == ["2026-03-12T09:00:00Z"] * 2


def test_another_moment_is_set_once(api, user):
    follow_up = FollowUpFactory()
    url, headers = f"{FOLLOW_UPS}{follow_up.pk}/", {"Idempotency-Key": "move it"}
    assert api.patch(url, {"due_at": UNTIL}, format="json", headers=headers).status_code == 200
    actions.redue(commitment=follow_up.commitment, due_at=AT + timedelta(days=9), by=SYSTEM, at=AT)
    again = api.patch(url, {"due_at": UNTIL}, format="json", headers=headers)
    assert (again.status_code, again.json()["due_at"]) == (200, "2026-03-13T12:00:00Z")
    other = api.patch(url, {"due_at": "2026-03-06T09:00:00Z"}, format="json", headers=headers)
    assert problem(other) == TAKEN


def test_a_key_is_for_one_request_of_one_person(api, owed, ben):
    assert act(api, owed, "snooze", ben).status_code == 200
    generation = Commitment.objects.get().generation
    assert problem(post(api, f"{OWED}{owed.pk}/snooze/", {"until": "2026-03-06T09:00:00Z"})) == TAKEN
    assert problem(act(api, owed, "wait", ben)) == TAKEN
    assert problem(act(api, CommitmentFactory(), "snooze", ben)) == TAKEN
    ask_as(api)
    assert problem(act(api, owed, "snooze", ben)) == TAKEN
    assert Commitment.objects.get(pk=owed.pk).generation == generation


def test_what_two_people_call_alike_is_not_the_same(api, owed, ben):
    assert act(api, owed, "snooze", ben, key="4711").status_code == 200
    ask_as(api)
    assert act(api, owed, "wait", ben, key="4711").status_code == 200


def test_a_key_has_its_length(api, owed, ben):
    assert act(api, owed, "wait", ben, key="x" * 255).status_code == 200
    too_long = act(api, owed, "resume", ben, key="x" * 256)
    assert problem(too_long) == (400, "bad_values", [("Idempotency-Key", "max_length")])


def test_what_was_refused_may_be_tried_again_with_its_key(api, owed, ben):
    assert act(api, owed, "wait", ben, key="another").status_code == 200
    assert problem(act(api, owed, "snooze", ben))[:2] == (409, "waits_for_customer")
    assert act(api, owed, "resume", ben, key="a third").status_code == 200
    assert act(api, owed, "snooze", ben).json()["state"] == "snoozed"


@pytest.fixture
def promised(user):
    """Where something is opened, and with what."""
    contact = ContactFactory(at_account=True)
    return {
        f"{OWED}updates/": {"contact": contact.pk, "to": [contact.pk], "due_text": "tomorrow 9"},
        FOLLOW_UPS: {"contact": contact.pk, "due_text": "tomorrow 9", "text": "The quote"},
    }


@pytest.mark.parametrize("url", [f"{OWED}updates/", FOLLOW_UPS])
def test_what_is_promised_again_with_its_key_is_one_promise(api, user, promised, url, clock):
    body = promised[url]
    first = post(api, url, body)
    clock.freeze(AT + timedelta(days=3))  # "tomorrow" is another day by now, and this one has gone by
    again = post(api, url, dict(reversed(body.items())))
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json() | {"who_answers": again.json()["who_answers"]}
    assert again["ETag"]
    assert Commitment.objects.count() == 1
    assert problem(post(api, url, body | {"due_text": "in 2 days"})) == TAKEN
    assert post(api, url, body, key=str(uuid.uuid4())).status_code == 201
    ask_as(api)
    assert problem(post(api, url, body)) == TAKEN


def test_a_promise_that_was_kept_since_is_not_made_again(api, user, promised):
    url, body = next(iter(promised.items()))
    made = post(api, url, body).json()
    actions.keep(commitment=Commitment.objects.get(), by=SYSTEM, at=AT)
    again = post(api, url, body)
    assert (again.status_code, again.json()["id"], again.json()["state"]) == (200, made["id"], "kept")


def test_what_a_promise_lacks_is_said_and_its_key_is_free(api, user, promised):
    url, body = next(iter(promised.items()))
    assert problem(post(api, url, body | {"to": []}))[:2] == (422, "to_whom_required")
    assert post(api, url, body).status_code == 201


@pytest.mark.parametrize("url", [f"{OWED}updates/", FOLLOW_UPS])
def test_parallel_requests_with_one_key_promise_once(database, url):
    user = ask_as(APIClient(), "account_manager")
    contact = ContactFactory(at_account=True)
    body = {"contact": contact.pk, "due_text": "tomorrow 9"} | ({"to": [contact.pk]} if "owed" in url else {})
    statuses = []

    def ask():
        client = APIClient()
        client.force_authenticate(user)
        statuses.append(post(client, url, body).status_code)
        connection.close()

    threads = [threading.Thread(target=ask) for _n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200] * 5 + [201]
    assert Commitment.objects.count() == 1
    assert FollowUp.objects.count() == (url == FOLLOW_UPS)
