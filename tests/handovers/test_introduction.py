"""The letter that introduces who answers now: its words, to whom it goes, and that it is logged once."""

from urllib.parse import unquote

import pytest
from django.test import Client
from django.utils import translation

from crm.dossiers.models import Firm
from crm.handovers.introduction import draft
from crm.handovers.models import Handover
from interactions.models import Interaction
from tests.factories import AT
from tests.factories.accounts import AccountFactory
from tests.factories.contacts import ContactFactory
from tests.factories.dossiers import topic
from tests.factories.handovers import HandoverFactory
from tests.factories.poc import PersonFactory
from tests.factories.projects import ProjectFactory, StakeholderFactory
from tests.factories.users import UserFactory
from tests.spoken import LANGUAGES, left_in_english


@pytest.fixture
def ben(db, clock):
    clock.freeze(AT)
    Firm.objects.update(name="Hallberg")
    user = UserFactory(name="Ben", role="sales_rep")
    return PersonFactory(name="Ben", email="ben@firm.example", phone="+49 30 1", user=user)


@pytest.fixture
def account(ben):
    account = AccountFactory(name="Atlantico", language="de")
    ContactFactory(account=account, name="Ms Lima", emails=["lima@atlantico.example"])
    ContactFactory(account=account, name="Mr Sá", emails=["sa@atlantico.example"])
    ContactFactory(account=account, name="Nobody")  # without an address
    return account


def accepted(record, ben, **fields) -> Handover:
    ann = PersonFactory(name="Ann")
    return HandoverFactory(
        is_offered=True, dossier=record.dossier, giver=ann, receiver=ben, state="accepted", decided_at=AT, **fields
    )


def written(handover, **values):
    return draft(handover, **{"firm": "Hallberg", "language": "en", "sender": "Ben"} | values)


def test_the_letter_names_both_and_how_to_reach_the_new_one(account, ben):
    letter = written(accepted(account, ben), names=["Ms Lima"])
    assert letter.subject == "Your point of contact at Hallberg: Ben"
    assert letter.text.splitlines()[0] == "Dear Ms Lima,"
    assert "Ben is your point of contact with us, in place of Ann." in letter.text
    assert "by phone at +49 30 1 and by e-mail at ben@firm.example" in letter.text
    assert letter.text.endswith("Ben\nHallberg")


def test_it_says_what_it_is_about_where_that_is_not_everything(account, ben):
    handover = accepted(account, ben)
    handover.topics.set([topic("billing"), topic("technical")])
    assert "about technical and billing" in written(handover).text


@pytest.mark.parametrize(
    ("phone", "email", "said"),
    [("+1", "", "by phone at +1."), ("", "b@x.example", "by e-mail at b@x.example."), ("", "", "")],
)
def test_it_gives_what_there_is(account, ben, phone, email, said):
    ben.phone, ben.email = phone, email
    text = written(accepted(account, ben)).text
    assert said in text and ("You reach" in text) is bool(said)


def test_it_is_written_in_the_customers_language_whatever_the_readers_is(account, ben):
    with translation.override("es"):
        assert written(accepted(account, ben), language="en").text.startswith("Hello,")
        assert translation.get_language() == "es"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("phone", "email"), [("+49 30 1", "b@x.example"), ("+49 30 1", ""), ("", "b@x.example")])
def test_nothing_of_it_is_left_in_english(account, ben, language, phone, email):
    ben.phone, ben.email = phone, email
    handover = accepted(account, ben)
    for topics, names in (([], []), ([topic("billing"), topic("technical")], ["Ms Lima", "Mr Sá"])):
        handover.topics.set(topics)
        english, said = (written(handover, language=spoken, names=names) for spoken in ("en", language))
        both = [f"{letter.subject}\n{letter.text}" for letter in (said, english)]
        assert left_in_english(*both, ["Ms Lima", "Mr Sá", "Hallberg", "Ben", "Ann"]) == []


def test_it_opens_in_ones_own_mail(account, ben):
    letter = written(accepted(account, ben), to=["a@x.example", "b&c@x.example"])
    to, _, query = letter.href.removeprefix("mailto:").partition("?")
    assert to == "a@x.example,b%26c@x.example"
    assert unquote(query).startswith("subject=Your point of contact at Hallberg: Ben&body=Hello,\r\n\r\n")


# --- The page -------------------------------------------------------------------------------------------------------


@pytest.fixture
def as_ben(ben, client) -> Client:
    client.force_login(ben.user)
    return client


def address(handover):
    return f"/handovers/{handover.pk}/introduction/"


def test_the_customers_people_with_an_address_are_ticked(as_ben, account, ben):
    page = as_ben.get(address(accepted(account, ben)))
    assert [contact.name for contact in page.context["contacts"]] == ["Mr Sá", "Ms Lima"]
    assert page.context["letter"].to == ["sa@atlantico.example", "lima@atlantico.example"]
    assert page.content.decode().count("checked") == 2


def test_those_ticked_are_written_to(as_ben, account, ben):
    lima = account.contacts.get(dossier__title="Ms Lima")
    query = {"to": [lima.pk], "asked": "1"}
    part = as_ben.get(address(accepted(account, ben)), query, headers={"HX-Request": "true", "HX-Target": "letter"})
    assert part.context["letter"].to == ["lima@atlantico.example"]
    assert "<html" not in part.content.decode()
    nobody = as_ben.get(address(accepted(AccountFactory(), ben)), {"asked": "1"})
    assert nobody.context["letter"].to == []


def test_a_projects_stakeholders_come_before_the_accounts_people(as_ben, account, ben):
    project = ProjectFactory(account=account)
    handover = accepted(project, ben)
    assert len(as_ben.get(address(handover)).context["contacts"]) == 2
    elsewhere = ContactFactory(name="Zé", emails=["ze@other.example"])
    StakeholderFactory(project=project, contact=elsewhere)
    assert as_ben.get(address(handover)).context["contacts"] == [elsewhere]


def test_sent_it_is_logged_once_as_an_outreach_of_ours(as_ben, account, ben):
    handover = accepted(account, ben)
    lima = account.contacts.get(dossier__title="Ms Lima")
    for _time in range(2):
        page = as_ben.post(address(handover), {"to": [lima.pk], "asked": "1"}, follow=True)
        assert page.redirect_chain[-1][0] == f"/accounts/{account.pk}/"
    logged = Interaction.objects.get()
    assert (logged.channel.code, logged.purpose.code, logged.direction) == ("email", "outreach", "out")
    assert (logged.account, logged.contact, logged.outcome.code) == (account, lima, "sent")
    assert "lima@atlantico.example" in logged.note
    assert Handover.objects.get().introduced_at == AT


@pytest.mark.parametrize("kind", ["project", "contact"])
def test_it_is_logged_where_it_belongs(as_ben, account, ben, kind):
    record = ProjectFactory(account=account) if kind == "project" else account.contacts.get(dossier__title="Ms Lima")
    as_ben.post(address(accepted(record, ben)), {"asked": "1"})
    assert Interaction.objects.get().dossier == record.dossier


def test_only_what_was_accepted_is_introduced_and_by_the_receivers_side(client, account, ben):
    handover = accepted(account, ben)
    client.force_login(handover.giver.user or UserFactory(role="sales_rep"))
    assert client.get(address(handover)).status_code == 404
    client.force_login(ben.user)
    waiting = HandoverFactory(is_offered=True, receiver=ben)
    assert client.get(address(waiting)).status_code == 404
