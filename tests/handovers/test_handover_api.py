"""Handovers through the API: offered, decided, listed."""

import pytest

from crm.handovers.models import Handover
from crm.poc.models import Assignment
from crm.users.models import RoleScope
from tests.doors import ask_as, ids, problem
from tests.factories import AT
from tests.factories.accounts import AccountFactory
from tests.factories.commitments import CommitmentFactory
from tests.factories.dossiers import tier, topic
from tests.factories.handovers import BRIEFING, HandoverFactory
from tests.factories.poc import AssignmentFactory, PersonFactory
from tests.factories.projects import ProjectFactory
from tests.factories.users import narrow

URL = "/api/v1/handovers/"


@pytest.fixture
def ann(db, clock, api):
    """A sales rep who asks, and answers for accounts."""
    clock.freeze(AT)
    return PersonFactory(name="Ann", user=ask_as(api, "sales_rep"))


@pytest.fixture
def account(ann):
    account = AccountFactory(name="Atlantico", tier=tier("c"))
    AssignmentFactory(dossier=account.dossier, poc=ann)
    return account


def body(account, ann, receiver, **others):
    own = {"account": account.pk, "giver": ann.pk, "receiver": receiver.pk, "reason": "Moves", "briefing": BRIEFING}
    return own | others


def test_an_offer_is_made_and_accepted_by_the_receiver(api, account, ann):
    ben = PersonFactory(name="Ben", signs_in=True)
    made = api.post(URL, body(account, ann, ben, topics=["general"], with_owed=False), format="json")
    assert made.status_code == 201, made.content
    shown = made.json()
    assert (shown["state"], shown["topics"], shown["with_owed"]) == ("offered", ["general"], False)
    assert shown["accept_by"] == "2026-03-06T12:00:00Z"
    assert shown["briefing"][0] == {"code": "context", "label": "Context", "text": "Four cold stores."}
    assert api.get(made["Location"]).json() == shown
    ben.user.groups.set(ann.user.groups.all())
    api.force_authenticate(ben.user)
    for _time in range(2):
        accepted = api.post(f"{URL}{shown['id']}/accept/")
        assert (accepted.status_code, accepted.json()["state"]) == (200, "accepted")
    assert Assignment.objects.at(AT).get(dossier=account.pk).poc == ben


def test_it_is_declined_with_a_reason_and_withdrawn_by_the_giver(api, account, ann):
    offered = HandoverFactory(is_offered=True, dossier=account.dossier, giver=ann, commitment=acceptance(account))
    assert problem(api.post(f"{URL}{offered.pk}/accept/"))[:2] == (422, "not_yours")
    assert problem(api.post(f"{URL}{offered.pk}/decline/", {"reason": "No"}, format="json"))[:2] == (422, "not_yours")
    ask_as(api, "administrator")
    assert problem(api.post(f"{URL}{offered.pk}/decline/", {"reason": ""}, format="json"))[1] == "reason_required"
    declined = api.post(f"{URL}{offered.pk}/decline/", {"reason": "Too far"}, format="json").json()
    assert (declined["state"], declined["decline_reason"]) == ("declined", "Too far")
    assert problem(api.post(f"{URL}{offered.pk}/withdraw/", format="json"))[:2] == (409, "decided_already")
    proposed = HandoverFactory(dossier=account.dossier, giver=ann)
    assert problem(api.post(f"{URL}{proposed.pk}/accept/"))[:2] == (409, "not_offered")
    api.force_authenticate(ann.user)
    assert api.post(f"{URL}{proposed.pk}/withdraw/", format="json").json()["state"] == "withdrawn"


def acceptance(account):
    return CommitmentFactory(dossier=account.dossier, kind="handover")


@pytest.mark.parametrize(
    ("change", "errors"),
    [
        ({"receiver": 4711}, (400, "bad_values", [("receiver", "unknown")])),
        ({"topics": ["weather"]}, (400, "bad_values", [("topics.0", "unknown")])),
        ({"project": True}, (400, "bad_values", [("", "one_record")])),
        ({"reason": " "}, (422, "reason_required", [("reason", "reason_required")])),
        ({"briefing": {}}, (422, "part_missing", [("briefing-context", "part_missing")])),
        ({"topics": ["technical"]}, (422, "nothing_to_give", [("giver", "nothing_to_give")])),
        ({"other": 1}, (400, "bad_values", [("other", "no_such_field")])),
    ],
)
def test_an_offer_that_makes_no_sense_is_refused_by_field(api, account, ann, change, errors):
    if "project" in change:
        change = {"project": ProjectFactory().pk}
    assert problem(api.post(URL, body(account, ann, PersonFactory()) | change, format="json")) == errors
    assert not Handover.objects.exists()


def test_one_offer_waits_at_a_time(api, account, ann):
    HandoverFactory(is_offered=True, dossier=account.dossier, giver=ann)
    again = api.post(URL, body(account, ann, PersonFactory()), format="json")
    assert problem(again)[:2] == (409, "offered_already")


def test_they_are_narrowed(api, account, ann):
    offered = HandoverFactory(is_offered=True, dossier=account.dossier, giver=ann)
    declined = HandoverFactory(is_declined=True)
    for query in (
        f"record={account.pk}",
        f"giver={ann.pk}",
        f"receiver={offered.receiver_id}",
        "state=offered",
        "open=true",
    ):
        assert ids(api.get(f"{URL}?{query}")) == [offered.pk], query
    assert ids(api.get(f"{URL}?open=false")) == [declined.pk]


def test_a_stranger_finds_none_and_a_side_finds_its_own(api, account, ann):
    narrow("sales_rep", RoleScope.Sees.OWN)
    mine, strange = HandoverFactory(is_offered=True, receiver=ann), HandoverFactory(is_offered=True)
    assert ids(api.get(URL)) == [mine.pk]
    assert api.get(f"{URL}{strange.pk}/").status_code == 404
    for act in ("accept", "decline", "withdraw"):
        assert api.post(f"{URL}{strange.pk}/{act}/", {"reason": "x"}, format="json").status_code == 404


def test_whoever_may_only_read_offers_nothing(db, api):
    ask_as(api, "read_only")
    assert problem(api.post(URL, {}, format="json"))[0] == 403
    assert ids(api.get(URL)) == []


@pytest.mark.parametrize("size", [1, 9])
def test_a_list_costs_the_same_however_long(db, clock, api, django_assert_num_queries, size):
    clock.freeze(AT)
    for handover in HandoverFactory.create_batch(size, is_offered=True):
        handover.topics.add(topic("billing"))
    ask_as(api)
    with django_assert_num_queries(3):  # what the role allows, the page, the topics
        assert len(ids(api.get(URL))) == size


def test_pages_follow_each_other(db, clock, api):
    clock.freeze(AT)
    HandoverFactory.create_batch(5)
    ask_as(api)
    page, found = api.get(f"{URL}?size=2").json(), []
    while page:
        found += [row["id"] for row in page["results"]]
        page = api.get(page["next"]).json() if page["next"] else None
    assert found == ids(api.get(URL)) and len(found) == 5
