"""Handing over on pages: the form and its counts, the decision, the list, the record and My day."""

import pytest
from django.test import Client

from accounts.actions import change_account
from accounts.models import Account
from crm.core.actor import Actor, Source
from crm.desk import my_day
from crm.handovers.models import Handover
from crm.poc.models import Assignment
from crm.users.models import RoleScope
from tests.factories import AT
from tests.factories.accounts import AccountFactory
from tests.factories.commitments import CommitmentFactory
from tests.factories.contacts import ContactFactory
from tests.factories.dossiers import tier, topic
from tests.factories.handovers import BRIEFING, HandoverFactory
from tests.factories.poc import AssignmentFactory, PersonFactory, TeamFactory
from tests.factories.projects import ProjectFactory
from tests.factories.users import UserFactory, actor, narrow


@pytest.fixture
def ann(db, clock):
    """A sales rep who answers."""
    clock.freeze(AT)
    return PersonFactory(name="Ann Keller", user=UserFactory(name="Ann Keller", role="sales_rep"))


@pytest.fixture
def ben(ann):
    return PersonFactory(name="Ben Okafor", user=UserFactory(name="Ben Okafor", role="sales_rep"))


@pytest.fixture
def account(ann):
    """Tier C, Ann in general and about billing, with a project of hers."""
    account = AccountFactory(name="Atlantico", tier=tier("c"))
    AssignmentFactory(dossier=account.dossier, poc=ann)
    AssignmentFactory(dossier=account.dossier, poc=ann, topic=topic("billing"))
    AssignmentFactory(dossier=ProjectFactory(account=account, name="Cold store").dossier, poc=ann)
    return account


@pytest.fixture
def as_ann(ann, client) -> Client:
    client.force_login(ann.user)
    return client


def values(account, giver, receiver, **others):
    topics = Assignment.objects.filter(poc=giver, dossier=account.pk).values_list("topic", flat=True)
    own = {
        "giver": giver.pk, "receiver": receiver.pk, "reason": "Moves to Berlin", "topics": list(topics),
        "with_projects": "on", "with_contacts": "True", "with_owed": "True",
    }  # fmt: skip
    return own | {f"briefing-{code}": text for code, text in BRIEFING.items()} | others


def form_address(account):
    return f"/d/{account.pk}/hand-over/"


def html_of(answer):
    return answer.content.decode()


# --- The form -------------------------------------------------------------------------------------------------------


@pytest.fixture
def below(ann, ben):
    """An account for which nobody is named; Ben manages its project."""
    account = AccountFactory(name="Mercado Sur", tier=tier("c"))
    AssignmentFactory(dossier=ProjectFactory(account=account, name="Cold store").dossier, poc=ben)
    return account


def test_where_nobody_is_named_for_the_record_nobody_is_taken_for_who_gives(client, ben, below):
    client.force_login(UserFactory(account_manager=True))
    page = client.get(form_address(below))
    assert page.context["form"]["giver"].value() == ""
    assert "Nobody is named for Mercado Sur itself." in html_of(page)
    assert "What passes on" in html_of(page) and "1 project" not in html_of(page)
    chosen = client.get(form_address(below), {"giver": ben.pk})
    assert chosen.context["form"]["giver"].value() == ben.pk
    assert "1 project" in html_of(chosen)
    refused = client.post(form_address(below), values(below, ben, PersonFactory()) | {"giver": ""})
    assert (refused.status_code, list(refused.context["form"].errors)) == (422, ["giver"])


def test_ones_own_below_the_record_are_meant(client, ben, below):
    client.force_login(ben.user)
    assert client.get(form_address(below)).context["form"]["giver"].value() == ben.pk


def test_the_form_says_how_much_there_is_and_who_gives(as_ann, account, ann):
    CommitmentFactory.create_batch(2, dossier=account.dossier, poc=ann)
    page = as_ann.get(form_address(account))
    form = page.context["form"]
    assert form.given.giver == ann
    assert [t.label for t in form.given.topics] == ["General", "Billing"]
    for said in ("1 project", "2 things owed", "The account"):
        assert said in html_of(page)
    assert [bound.is_hidden for bound in form.ticks()] == [False, True, False]  # no contact of hers


def test_account_managers_are_offered_first_for_an_account(as_ann, account):
    PersonFactory(name="Zoe", user=UserFactory(account_manager=True))
    PersonFactory(name="Bob")
    TeamFactory(name="Support")
    groups = {
        str(name): [n for _pk, n in found]
        for name, found in as_ann.get(form_address(account)).context["form"].fields["receiver"].choices[1:]
    }
    assert list(groups) == ["Account managers", "People", "Teams"]
    assert groups["Account managers"] == ["Zoe"] and "Front desk" not in groups["Teams"]


def test_htmx_counts_again_when_it_is_about_something_else(as_ann, account, ann):
    query = {"giver": ann.pk, "topics": [topic("billing").pk]}
    part = as_ann.get(form_address(account), query, headers={"HX-Request": "true", "HX-Target": "scope"})
    assert "<html" not in html_of(part) and 'id="scope"' in html_of(part)
    assert "1 project" not in html_of(part)
    assert [t.code for t in part.context["form"].given.chosen] == ["billing"]


def test_htmx_counts_again_when_somebody_else_gives(client, account, ben):
    AssignmentFactory(dossier=account.dossier, poc=ben, topic=topic("technical"))
    client.force_login(UserFactory(account_manager=True))
    assert "1 project" in html_of(client.get(form_address(account)))
    htmx = {"HX-Request": "true", "HX-Target": "scope"}
    part = client.get(form_address(account), {"giver": ben.pk}, headers=htmx)
    assert [t.code for t in part.context["form"].given.topics] == ["technical"]
    assert "1 project" not in html_of(part) and "Ben Okafor" in html_of(part)


def test_one_cannot_hand_over_to_whoever_gives(as_ann, account, ann):
    page = as_ann.post(form_address(account), values(account, ann, ann))
    assert page.status_code == 422 and "receiver" in page.context["form"].errors


def test_without_a_script_it_is_counted_again_and_nothing_typed_is_lost(as_ann, account, ann, ben):
    page = as_ann.post(form_address(account), values(account, ann, ben, recount="1", topics=[topic("billing").pk]))
    html = html_of(page)
    assert page.status_code == 200 and not Handover.objects.exists()
    assert "Four cold stores." in html and "Moves to Berlin" in html
    assert [t.code for t in page.context["form"].given.chosen] == ["billing"]


def test_an_offer_is_made_and_shown(as_ann, account, ann, ben):
    page = as_ann.post(form_address(account), values(account, ann, ben), follow=True)
    handover = Handover.objects.get()
    assert page.redirect_chain[-1][0] == f"/handovers/{handover.pk}/"
    assert (handover.receiver, handover.topics.count(), handover.with_projects) == (ben, 0, True)
    for said in ("Offered to Ben Okafor", "Ms Lima decides.", "Until it is accepted, Ann Keller answers", "If nobody"):
        assert said in html_of(page)


def test_some_of_the_topics_are_kept_by_name(as_ann, account, ann, ben):
    as_ann.post(form_address(account), values(account, ann, ben, topics=[topic("billing").pk]))
    assert [t.code for t in Handover.objects.get().topics.all()] == ["billing"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("receiver", ""), ("receiver", "999999"), ("receiver", "x"), ("reason", ""), ("reason", "x" * 501),
        ("topics", []), ("topics", ["x"]), ("briefing-context", " "), ("briefing-people", "x" * 10_001),
    ],
)  # fmt: skip
def test_bad_input_is_said_beside_its_field_and_nothing_is_offered(as_ann, account, ann, ben, field, value):
    page = as_ann.post(form_address(account), values(account, ann, ben) | {field: value})
    assert page.status_code == 422
    assert field in page.context["form"].errors
    assert not Handover.objects.exists()


def test_a_rep_gives_what_is_theirs_and_a_manager_what_is_anybodys(client, account, ann, ben):
    client.force_login(ben.user)
    assert "Nothing to hand over" in html_of(client.get(form_address(account)))
    client.force_login(UserFactory(account_manager=True))
    assert client.get(form_address(account)).context["form"].given.giver == ann


def test_an_offer_that_waits_already_is_pointed_at(as_ann, account, ann):
    handover = HandoverFactory(is_offered=True, dossier=account.dossier, giver=ann)
    assert f'href="/handovers/{handover.pk}/"' in html_of(as_ann.get(form_address(account)))


def test_projects_and_contacts_are_handed_over_alone(as_ann, ann, ben):
    project, contact = ProjectFactory(), ContactFactory()
    for record in (project, contact):
        AssignmentFactory(dossier=record.dossier, poc=ann)
        form = as_ann.get(form_address(record)).context["form"]
        assert [bound.name for bound in form.ticks()] == ["with_owed"]
        assert as_ann.post(form_address(record), values(record, ann, ben)).status_code == 302
    assert Handover.objects.filter(with_projects=False, with_contacts=False).count() == 2


def test_who_may_not_hand_over_is_not_let_in(client, account):
    client.force_login(UserFactory(role="read_only"))
    assert client.get(form_address(account)).status_code == 403


def test_a_record_outside_ones_view_is_not_there(client, account, ben):
    narrow("sales_rep", RoleScope.Sees.OWN)
    client.force_login(ben.user)
    assert client.get(form_address(account)).status_code == 404


# --- The decision ---------------------------------------------------------------------------------------------------


@pytest.fixture
def offered(as_ann, account, ann, ben):
    as_ann.post(form_address(account), values(account, ann, ben))
    return Handover.objects.get()


def test_accepting_leads_to_the_introduction(client, offered, account, ben):
    client.force_login(ben.user)
    page = client.post(f"/handovers/{offered.pk}/accept/", follow=True)
    assert page.redirect_chain[-1][0] == f"/handovers/{offered.pk}/introduction/"
    assert "Ben Okafor answers from now on" in html_of(page)
    assert "Ben Okafor" in html_of(client.get(f"/accounts/{account.pk}/"))
    assert not Assignment.objects.at(AT).filter(poc__name="Ann Keller").exists()


def test_declining_asks_why_and_shows_it_to_the_giver(client, offered, ann, ben):
    client.force_login(ben.user)
    page = client.post(f"/handovers/{offered.pk}/decline/", {"reason": " "})
    assert page.status_code == 422 and "reason" in page.context["decline_form"].errors
    client.post(f"/handovers/{offered.pk}/decline/", {"reason": "Too far away"})
    client.force_login(ann.user)
    assert "Too far away" in html_of(client.get(f"/handovers/{offered.pk}/"))


def test_the_giver_withdraws_and_neither_accepts_nor_declines(as_ann, offered):
    page = html_of(as_ann.get(f"/handovers/{offered.pk}/"))
    assert "Withdraw" in page and ">Accept<" not in page
    refused = as_ann.post(f"/handovers/{offered.pk}/accept/", follow=True)
    assert "for those concerned to decide" in html_of(refused)
    as_ann.post(f"/handovers/{offered.pk}/withdraw/", {"reason": "Stays with me"})
    assert Handover.objects.get().state == "withdrawn"


def test_what_is_decided_is_said_so_when_somebody_comes_late(client, offered, ben):
    client.force_login(ben.user)
    client.post(f"/handovers/{offered.pk}/decline/", {"reason": "No"})
    late = client.post(f"/handovers/{offered.pk}/accept/", follow=True)
    assert "decided already" in html_of(late)


@pytest.mark.parametrize("act", ["accept", "decline", "withdraw"])
def test_an_act_is_a_post_and_a_strangers_handover_is_not_there(client, offered, act):
    narrow("sales_rep", RoleScope.Sees.OWN)
    client.force_login(UserFactory(role="sales_rep"))
    assert client.get(f"/handovers/{offered.pk}/{act}/").status_code == 405
    assert client.post(f"/handovers/{offered.pk}/{act}/").status_code == 404
    assert client.get(f"/handovers/{offered.pk}/").status_code == 404
    assert client.get(f"/handovers/{offered.pk}/introduction/").status_code == 404


def test_what_is_owed_leads_to_the_decision(client, offered, ben):
    client.force_login(ben.user)
    page = client.get(f"/owed/{offered.commitment_id}/", follow=True)
    assert [address for address, _code in page.redirect_chain][-1] == f"/handovers/{offered.pk}/"


def test_the_page_lists_what_the_receiver_will_owe(client, offered, account, ann, ben):
    CommitmentFactory(dossier=account.dossier, poc=ann, title="Certificate for Ms Lima")
    CommitmentFactory(dossier=account.dossier, title="Price for store 3")
    client.force_login(ben.user)
    page = html_of(client.get(f"/handovers/{offered.pk}/"))
    assert "Certificate for Ms Lima" in page and "Price for store 3" in page


# --- The list -------------------------------------------------------------------------------------------------------


def listed(client, show=""):
    return [h.pk for h in client.get("/handovers/", {"show": show}).context["page"]]


def test_the_list_shows_mine_and_whats_to_accept_and_what_i_gave(client, ann):
    to_me = HandoverFactory(is_offered=True, receiver=ann)
    from_me = HandoverFactory(is_offered=True, giver=ann)
    by_me = HandoverFactory(is_offered=True, offered_by=ann.user)
    strange = HandoverFactory(is_declined=True)
    client.force_login(ann.user)
    assert listed(client) == [by_me.pk, from_me.pk, to_me.pk]
    assert listed(client, "accept") == [to_me.pk]
    assert listed(client, "given") == [by_me.pk, from_me.pk]
    assert strange.pk in listed(client, "all")
    narrow("sales_rep", RoleScope.Sees.OWN)
    assert listed(client, "all") == [from_me.pk, to_me.pk]


@pytest.mark.parametrize("n", [1, 9])
def test_the_list_costs_the_same_however_long(client, ann, n, django_assert_num_queries):
    HandoverFactory.create_batch(n, is_offered=True, receiver=ann)
    client.force_login(ann.user)
    with django_assert_num_queries(
        7
    ):  # session, reader · me and whom I cover, my teams, whom I lead · the page · clock
        assert len(listed(client)) == n


def test_pages_of_the_list_follow_each_other(client, ann):
    HandoverFactory.create_batch(55, is_offered=True, receiver=ann)
    client.force_login(ann.user)
    first = client.get("/handovers/").context["page"]
    second = client.get(f"/handovers/?{first.older_query}").context["page"]
    assert (len(first), len(second)) == (50, 5)


def test_an_empty_list_says_what_to_do(client, ann):
    client.force_login(ann.user)
    for show in ("", "accept", "given", "all", "x"):
        assert client.get("/handovers/", {"show": show}).status_code == 200


# --- The record and My day ------------------------------------------------------------------------------------------


def test_the_record_offers_to_hand_over_and_shows_what_waits(client, offered, account, ann):
    client.force_login(ann.user)
    for address in (f"/accounts/{account.pk}/", f"/projects/{account.projects.get().pk}/"):
        assert "/hand-over/" in html_of(client.get(address))
    page = html_of(client.get(f"/accounts/{account.pk}/"))
    assert "Ann Keller hands over to Ben Okafor" in page
    client.force_login(UserFactory(role="read_only"))
    assert "/hand-over/" not in html_of(client.get(f"/accounts/{account.pk}/"))


def test_handovers_to_accept_stand_on_my_day_alone(client, offered, ben):
    day = my_day.of(ben.user, at=AT)
    assert ([c.pk for c in day.handovers], day.today, day.coming) == ([offered.commitment_id], [], [])
    assert not day.is_clear
    client.force_login(ben.user)
    page = html_of(client.get("/"))
    assert "Handovers to accept" in page and f"/handovers/of/{offered.commitment_id}/" in page


# --- A prospect becomes a customer ----------------------------------------------------------------------------------


def become(account, kind=Account.Kind.CUSTOMER, by=None):
    return change_account(
        account=account, name=account.name, tier=account.dossier.tier, kind=kind, by=by or actor(), at=AT
    )


def test_a_prospect_that_becomes_a_customer_is_proposed_to_be_handed_over(client, account, ann):
    become(account)
    proposed = Handover.objects.get()
    assert (proposed.state, proposed.giver, proposed.receiver) == ("proposed", ann, None)
    client.force_login(ann.user)
    for address in ("/", f"/accounts/{account.pk}/"):
        page = html_of(client.get(address))
        assert "Hand over to an account manager?" in page
        assert f"/d/{account.pk}/hand-over/?giver={ann.pk}" in page
    assert "A prospect until now" in html_of(client.get(f"/d/{account.pk}/hand-over/?giver={ann.pk}"))


def test_it_is_dismissed_where_it_was_shown(client, account, ann):
    for back, address in (("record", f"/accounts/{account.pk}/"), ("day", "/")):
        become(account, Account.Kind.PROSPECT)
        become(account)
        proposed = Handover.objects.proposed().get()
        client.force_login(ann.user)
        gone = client.post(f"/handovers/{proposed.pk}/withdraw/", {"next": back}, follow=True)
        assert gone.redirect_chain[-1][0] == address
        assert "Hand over to an account manager?" not in html_of(gone)


def test_whoever_may_not_decide_sees_the_proposal_without_its_buttons(client, account):
    become(account)
    client.force_login(UserFactory(role="sales_rep"))
    page = html_of(client.get(f"/accounts/{account.pk}/"))
    assert "Hand over to an account manager?" in page and "Dismiss" not in page


@pytest.mark.parametrize("kinds", [("prospect", "former"), ("former", "customer"), ("customer", "customer")])
def test_other_changes_propose_nothing(account, kinds):
    Account.objects.filter(pk=account.pk).update(kind=kinds[0])
    become(account, kinds[1])
    assert not Handover.objects.exists()


def test_an_import_proposes_nothing_nor_does_a_prospect_nobody_holds(account):
    become(account, by=Actor(None, Source.IMPORT))
    become(AccountFactory())
    assert not Handover.objects.exists()
