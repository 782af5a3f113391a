"""The API says of everything owed how its due moment came about, and the page says the same."""

from datetime import timedelta
from html import unescape

import pytest
from django.test import Client
from rest_framework.test import APIClient

from accounts import keeping_in_touch
from crm.commitments.models import Commitment, Kind
from crm.core.actor import Actor
from crm.dossiers.models import Firm, Tier
from crm.handovers.handing_over import Offer, Scope, offer
from crm.users import tokens
from tests.commitments.conftest import moment
from tests.factories import AT
from tests.factories.accounts import AccountFactory
from tests.factories.contacts import ContactFactory
from tests.factories.dossiers import DossierFactory, tier
from tests.factories.handovers import BRIEFING
from tests.factories.interactions import FollowUpFactory, InteractionFactory
from tests.factories.poc import AssignmentFactory, PersonFactory
from tests.factories.users import UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def asks(api):
    api.force_authenticate(UserFactory(role="read_only", time_zone="UTC"))
    return api


def counted(house, **values):
    given = {"kind": Kind.FIRST_ANSWER, "due_at": None, "zone": "", "at": moment("Mon 15:00")} | values
    return house.promise(**given)


def test_one_and_many_say_it(house, asks):
    answer, said = counted(house), house.promise()
    rows = {row["id"]: row["due_because"] for row in asks.get("/api/v1/owed/").json()["results"]}
    assert rows[said.pk] == ["due Wed 4 Mar 10:00, as it was promised"]
    assert rows[answer.pk][0] == "8 working hours from Mon 2 Mar 15:00"
    assert asks.get(f"/api/v1/owed/{answer.pk}/").json()["due_because"] == rows[answer.pk]


def test_follow_ups_say_it_too_by_themselves_and_within_their_interaction(house, asks):
    said = InteractionFactory()
    follow_up = FollowUpFactory(interaction=said, commitment__dossier=said.dossier)
    one = asks.get(f"/api/v1/follow-ups/{follow_up.pk}/").json()
    assert one["due_because"][-1].startswith("due ")
    within = asks.get(f"/api/v1/interactions/{said.pk}/").json()["follow_ups"]
    assert [row["due_because"] for row in within] == [one["due_because"]]


def test_a_list_costs_the_same_however_long(house, asks, django_assert_num_queries):
    costs = []
    for more in (2, 10):
        for _n in range(more):
            counted(house, dossier=DossierFactory())
        asks.get("/api/v1/owed/")
        with django_assert_num_queries(20, exact=False) as captured:
            asks.get("/api/v1/owed/")
        costs.append(len(captured))
    assert costs[0] == costs[1]


# --- Every kind, as it comes to be owed; it is noon of Wednesday, 4 March 2026, and people work from nine to six


@pytest.fixture
def rep(clock):
    clock.freeze(AT)
    return UserFactory(role="account_manager", time_zone="UTC")


@pytest.fixture
def told(rep, api):
    """Return what the API says of the one thing of a kind that is owed; its page has to say the same."""
    api.force_authenticate(rep)
    page = Client()
    page.force_login(rep)

    def told(kind):
        owed = Commitment.objects.get(kind=kind)
        said = api.get(f"/api/v1/owed/{owed.pk}/").json()["due_because"]
        html = unescape(page.get(f"/owed/{owed.pk}/", follow=True).content.decode())
        if kind != Kind.HANDOVER:  # decided on a page of its own
            assert [line for line in said if f"<li>{line[0].upper()}{line[1:]}</li>" not in html] == []
        return said

    return told


@pytest.fixture
def account(rep):
    account = AccountFactory(name="Atlantico", tier=tier("a"), last_touch_at=AT - timedelta(days=2))
    AssignmentFactory(dossier=account.dossier, poc=PersonFactory(name="Ann", user=rep))
    return account


def ask(api, url, **body):
    made = api.post(f"/api/v1/{url}/", body, format="json")
    assert made.status_code == 201, made.content


def test_keeping_in_touch_is_the_last_touch_and_the_tiers_days(account, told):
    Tier.objects.filter(code="a").update(touch_every_days=33)
    keeping_in_touch.reconcile()
    assert told(Kind.TOUCH) == [
        "33 days after the last touch, Mon 2 Mar 12:00, as the tier asks", "no working days: Sat 4 Apr, Sun 5 Apr",
        "due Mon 6 Apr 09:00",
    ]  # fmt: skip


def test_keeping_in_touch_follows_whoever_is_in_touch(account, told, api, clock):
    Tier.objects.filter(code="a").update(touch_every_days=30)
    keeping_in_touch.reconcile()
    clock.freeze(AT + timedelta(hours=1))
    ask(api, "interactions", channel="phone", direction="out", outcome="reached", account=account.pk)
    assert told(Kind.TOUCH) == [
        "30 days after the last touch, Wed 4 Mar 13:00, as the tier asks", "due Fri 3 Apr 09:00",
    ]  # fmt: skip


def test_a_first_answer_and_what_is_to_be_solved_are_counted_from_the_call(account, told, api):
    ask(api, "interactions", channel="phone", direction="in", purpose="problem", outcome="reached", account=account.pk)
    assert told(Kind.FIRST_ANSWER)[0] == "8 working hours from Wed 4 Mar 12:00"
    assert told(Kind.FIRST_ANSWER)[2:] == [
        "counted: Wed 4 Mar 12:00–18:00 (6 h), Thu 5 Mar 09:00–11:00 (2 h)", "due Thu 5 Mar 11:00",
    ]  # fmt: skip
    assert told(Kind.RESOLUTION)[0] == "3 working days from Wed 4 Mar 12:00"
    assert told(Kind.RESOLUTION)[-2:] == ["counted: Thu 5 Mar, Fri 6 Mar, Mon 9 Mar", "due Mon 9 Mar 12:00"]


def test_a_first_answer_that_reached_nobody_says_that_it_was_moved(account, told, api, rep):
    ask(api, "interactions", channel="phone", direction="in", purpose="inquiry", outcome="missed", account=account.pk)
    settles = [Commitment.objects.get(kind=Kind.FIRST_ANSWER).pk]
    ask(
        api, "interactions", channel="phone", direction="out", outcome="no_answer", account=account.pk, settles=settles
    )  # fmt: skip
    assert told(Kind.FIRST_ANSWER) == [
        f"moved by {rep.name} on Wed 4 Mar 12:00, from Thu 5 Mar 11:00", "due Thu 5 Mar 12:00",
    ]  # fmt: skip


def test_an_update_is_counted_or_as_it_was_promised(account, told, api):
    contact = ContactFactory(account=account)
    ask(api, "owed/updates", account=account.pk, to=[contact.pk])
    said = told(Kind.NEXT_UPDATE)
    assert said[0].endswith("from Wed 4 Mar 12:00") and said[-1].startswith("due ") and "promised" not in said[-1]
    Commitment.objects.filter(kind=Kind.NEXT_UPDATE).update(kind=Kind.FOLLOW_UP)  # out of the way
    ask(api, "owed/updates", account=account.pk, to=[contact.pk], due_text="tomorrow 9")
    assert told(Kind.NEXT_UPDATE) == ["due Thu 5 Mar 09:00, as it was promised"]


def test_a_follow_up_is_as_it_was_promised_and_then_as_it_recurs(account, told, api):
    ask(api, "follow-ups", account=account.pk, due_text="tomorrow 9 every week")
    assert told(Kind.FOLLOW_UP) == ["due Thu 5 Mar 09:00, as it was promised"]
    api.post(f"/api/v1/owed/{Commitment.objects.get().pk}/done/", {}, format="json")
    assert told(Kind.FOLLOW_UP) == ["every week from Thu 5 Mar 09:00", "due Thu 12 Mar 09:00"]


def test_accepting_a_handover_is_counted_by_the_hours_of_whoever_takes_over(account, told, rep):
    giver = account.dossier.assignments.get().poc
    made = Offer(Scope(account.dossier, giver), PersonFactory(name="Ben", signs_in=True), "Moves on", BRIEFING)
    offer(offer=made, by=Actor(rep), at=AT)
    said = told(Kind.HANDOVER)
    assert said[0] == "2 working days from Wed 4 Mar 12:00"
    assert said[-2:] == ["counted: Thu 5 Mar, Fri 6 Mar", "due Fri 6 Mar 12:00"]


@pytest.mark.parametrize(("zone", "due"), [("Asia/Tokyo", "18:00"), ("", "06:00")], ids=["their own", "the firm's"])
def test_whoever_asks_with_a_token_reads_it_by_their_own_clock(account, zone, due):
    Firm.objects.update(zone="America/Sao_Paulo")
    reader = UserFactory(role="read_only", time_zone=zone)
    secret = tokens.make(user=reader, name="Chat", scopes=["read"], expires_at=None, by=Actor(reader), at=AT)[1]
    follow_up = FollowUpFactory(commitment__dossier=account.dossier)
    asks = APIClient(headers={"Authorization": f"Bearer {secret}"})
    for url in (f"follow-ups/{follow_up.pk}", f"owed/{follow_up.pk}"):
        assert asks.get(f"/api/v1/{url}/").json()["due_because"] == [f"due Fri 6 Mar {due}, as it was promised"]
