"""What somebody outside sees by a link: who answers now, in the chosen fields, and nothing else."""

import re
from datetime import timedelta

import pytest
import vobject
from django.test import Client

from crm.dossiers.models import Firm
from crm.poc import sharing
from crm.poc.models import ShareLink
from crm.poc.sharing import Field
from crm.poc.views.shared import LOOKS
from crm.users.models import User
from tests.counting import counting
from tests.factories import AT
from tests.factories.accounts import AccountFactory
from tests.factories.dossiers import topic
from tests.factories.poc import (
    AbsenceFactory,
    AssignmentFactory,
    CalendarFactory,
    PersonFactory,
    ShareLinkFactory,
    TeamFactory,
    front_desk,
)
from tests.factories.projects import ProjectFactory
from tests.factories.users import UserFactory
from tests.inline import inline_code
from tests.spoken import LANGUAGES, left_in_english

URL = "/s/secret/"


@pytest.fixture(autouse=True)
def _a_house(db, clock):
    clock.freeze(AT)
    Firm.objects.update(name="Hallberg Messtechnik", set_up_at=AT)
    UserFactory()


@pytest.fixture
def ann():
    calendar = CalendarFactory(zone="Asia/Tokyo", nine_to_six=True)
    return PersonFactory(
        name="Ann Keller", phone="+49 30 5550 1481", email="ann@hallberg.example", languages="de, en",
        calendar=calendar, home_team=TeamFactory(name="Team AR", lead=PersonFactory(name="Lea Lead", phone="+49 1")),
    )  # fmt: skip


def link(**values):
    return ShareLinkFactory(secret="secret", **values)


def page(client, address=URL, status=200):
    response = client.get(address)
    assert response.status_code == status, response.content
    return response.content.decode()


def text_of(html):
    return " ".join(re.sub(r"<[^>]*>", " ", html.split("<body", 1)[1]).split())


def test_a_card_says_how_to_reach_somebody_to_whom_has_the_link(client, ann):
    link(poc=ann)
    html = page(client)
    for said in (
        "Hallberg Messtechnik", "Ann Keller", 'href="tel:+493055501481"', "ann@hallberg.example", "Deutsch, English",
        "Mon–Fri", "9:00–18:00", "Lea Lead",
    ):  # fmt: skip
        assert said in html
    assert "Closed, opens Thu 09:00 in Tokyo" in text_of(html)
    assert inline_code(html) == []


SHOWS = {
    Field.NAME: "Ann Keller",
    Field.PHONE: "+49 30 5550 1481",
    Field.EMAIL: "ann@hallberg.example",
    Field.LANGUAGES: "Deutsch",
    Field.HOURS: "Closed, opens",
    Field.BACKUP: "+49 1",
    Field.TOPIC: "Billing",
}


@pytest.mark.parametrize("field", SHOWS)
@pytest.mark.parametrize("of", ["card", "record"])
def test_only_what_was_chosen_is_shown(client, ann, field, of):
    account = AccountFactory()
    AssignmentFactory(dossier=account.dossier, poc=ann, topic=topic("billing"))
    AssignmentFactory(dossier=account.dossier, poc=ann)
    subject = {"poc": ann} if of == "card" else {"dossier": account.dossier}
    made = link(**subject)
    assert SHOWS[field] in page(client)
    made.shown = [one for one in Field.values if one != field]
    made.save()
    if field == Field.NAME:
        assert "Lea Lead" not in page(client)
    assert SHOWS[field] not in page(client)
    assert SHOWS[field] not in page(client, f"{URL}card.vcf")


def test_whoever_is_away_is_covered_on_the_page_at_once(client, ann):
    cover = TeamFactory(name="Night shift", members=[PersonFactory()], email="night@hallberg.example")
    link(poc=ann)
    assert "night@hallberg.example" not in page(client)
    AbsenceFactory(poc=ann, cover=cover)
    html = page(client)
    assert "Ann Keller is away until" in html
    assert "night@hallberg.example" in html
    assert "ann@hallberg.example" not in html


def test_that_somebody_is_away_is_not_said_where_names_are_not_shown(client, ann):
    AbsenceFactory(poc=ann, cover=PersonFactory(phone="+49 2"))
    link(poc=ann, shown=["phone"])
    html = page(client)
    assert "+49 2" in html and "Ann" not in html and "away" not in html


def test_whoever_left_is_answered_for_and_their_card_is_no_longer_given(client, ann):
    front_desk().memberships.create(member=PersonFactory())
    ann.deactivated_at, ann.home_team = AT, None
    ann.save()
    link(poc=ann)
    assert "Front desk" in page(client)
    assert vobject.readOne(page(client, f"{URL}card.vcf")).fn.value == "Front desk"


def test_a_record_says_who_answers_about_what_and_stays_current(client, ann):
    project = ProjectFactory(name="Cold store Marvila", account__name="Secret Holding")
    joao = PersonFactory(name="João Pereira")
    AssignmentFactory(dossier=project.dossier, poc=joao)
    AssignmentFactory(dossier=project.account.dossier, poc=ann, topic=topic("billing"))
    AssignmentFactory(dossier=project.dossier, poc=joao, topic=topic("technical"))
    link(dossier=project.dossier)
    html = page(client)
    assert "Cold store Marvila" in html
    assert "General · Technical" in html and "Billing" in html
    assert html.index("João Pereira") < html.index("Ann Keller")
    AssignmentFactory(dossier=project.dossier, poc=PersonFactory(name="Nova Voss"), topic=topic("billing"))
    assert "Ann Keller" not in page(client) and "Nova Voss" in page(client)


def test_neither_reasons_nor_ids_nor_other_records_stand_on_the_page(client, ann):
    parent = AccountFactory(name="Secret Holding")
    account = AccountFactory(name="Adega Azul", parent=parent)
    AssignmentFactory(dossier=parent.dossier, poc=ann, reason="they are difficult")
    AbsenceFactory(poc=ann, cover=PersonFactory(name="Bob"), reason="surgery")
    link(dossier=account.dossier, label="the difficult one")
    html = page(client)
    assert "Bob" in html
    for kept in ("Secret Holding", "difficult", "surgery", "From ", "Nobody", "/d/", "/pocs/", "/accounts/", "secret"):
        assert kept not in html.replace("card.vcf", "")
    card = page(client, f"{URL}card.vcf")
    assert "/pocs/" not in card and "Holding" not in card


def test_a_record_for_which_nobody_was_named_leads_to_the_front_desk(client):
    front_desk().memberships.create(member=PersonFactory())
    link(dossier=AccountFactory().dossier)
    html = page(client)
    assert "Front desk" in html
    assert "nobody" not in html.lower()


def test_unknown_expired_revoked_and_archived_are_told_alike(client, ann):
    ShareLinkFactory(secret="expired", expires_at=AT - timedelta(hours=1), created_at=AT - timedelta(days=9))
    ShareLinkFactory(secret="revoked", revoked_at=AT)
    ShareLinkFactory(secret="archived", dossier=AccountFactory(archived_at=AT).dossier)
    for end in ("", "card.vcf", "card.svg"):
        pages = [page(client, f"/s/{secret}/{end}", 404) for secret in ("never", "expired", "revoked", "archived")]
        assert len(set(pages)) == 1
    assert "This link opens nothing" in pages[0]


@pytest.mark.parametrize("address", [URL, f"{URL}card.vcf", f"{URL}card.svg", "/s/other/"])
def test_no_answer_is_kept_found_or_told_on(client, address):
    link()
    response = client.get(address)
    assert response["Cache-Control"] == "private, no-store"
    assert response["Referrer-Policy"] == "no-referrer"
    assert "noindex" in response["X-Robots-Tag"]
    assert not response.cookies


def test_the_page_asks_search_engines_to_leave_and_the_house_does_too(client):
    link()
    assert '<meta name="robots" content="noindex">' in page(client)
    assert page(client, "/robots.txt") == "User-agent: *\nDisallow: /\n"


def test_the_page_is_in_the_links_language_whoever_reads_it(client):
    link(language="es")
    response = client.get(URL, headers={"Accept-Language": "it"})
    assert response["Content-Language"] == "es"
    assert '<html lang="es"' in response.content.decode()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("minutes", [0, 15 * 60])
def test_nothing_of_the_page_is_left_in_english(client, ann, clock, language, minutes):
    shared = link(poc=ann)
    clock.freeze(AT + timedelta(minutes=minutes))  # closed; open
    pages = {}
    for spoken in ("en", language):
        ShareLink.objects.filter(pk=shared.pk).update(language=spoken)
        pages[spoken] = page(client)
    names = ["Hallberg Messtechnik", "Ann Keller", "Lea Lead", "vCard 4.0", "Deutsch, English", "AK"]
    assert left_in_english(pages[language], pages["en"], names) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_link_that_opens_nothing_says_so_in_the_language_of_the_browser(client, language):
    english, said = (
        client.get(URL, headers={"Accept-Language": spoken}).content.decode() for spoken in ("en", language)
    )
    assert left_in_english(said, english) == []


def test_looking_whether_it_is_there_or_fetching_ahead_changes_nothing(client):
    link()
    head = client.head(URL)
    assert (head.status_code, head.content) == (200, b"")
    client.get(URL, headers={"Sec-Purpose": "prefetch;prerender"})
    client.get(URL, headers={"Purpose": "prefetch"})
    client.get(f"{URL}card.svg")
    assert ShareLink.objects.get().opened == 0
    client.get(URL)
    assert (ShareLink.objects.get().opened, ShareLink.objects.get().opened_at) == (1, AT)


def test_our_own_people_looking_are_not_counted(client):
    link()
    client.force_login(User.objects.get())
    html = page(client)
    assert "My day" not in html
    assert ShareLink.objects.get().opened == 0


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_nothing_can_be_sent_to_it(method):
    link()
    assert getattr(Client(enforce_csrf_checks=False), method)(URL).status_code == 405


def test_the_card_is_given_as_a_file_that_leads_back_to_the_page(client, ann):
    link(poc=ann)
    response = client.get(f"{URL}card.vcf", {"version": "3.0"})
    assert response["Content-Type"] == "text/vcard; charset=utf-8"
    assert response["Content-Disposition"] == 'attachment; filename="ann-keller.vcf"'
    card = vobject.readOne(response.content.decode())
    assert (card.version.value, card.fn.value, card.org.value) == ("3.0", "Ann Keller", ["Hallberg Messtechnik"])
    assert card.url.value == sharing.address("secret")


def test_the_file_of_somebody_away_is_still_theirs(client, ann):
    AbsenceFactory(poc=ann, cover=PersonFactory())
    link(poc=ann)
    assert vobject.readOne(page(client, f"{URL}card.vcf")).fn.value == "Ann Keller"


def test_the_file_of_a_record_holds_everybody_once(client, ann):
    account = AccountFactory()
    for code in ("general", "billing"):
        AssignmentFactory(dossier=account.dossier, poc=ann, topic=topic(code))
    AssignmentFactory(dossier=account.dossier, poc=PersonFactory(name="Bob"), topic=topic("support"))
    link(dossier=account.dossier)
    cards = list(vobject.readComponents(page(client, f"{URL}card.vcf")))
    assert [card.fn.value for card in cards] == ["Ann Keller", "Bob"]


def test_its_qr_code_is_a_picture_of_its_address(client, monkeypatch):
    link()
    asked = []
    monkeypatch.setattr("crm.poc.qr.matrix", lambda text: asked.append(text) or [[True]])
    response = client.get(f"{URL}card.svg")
    assert response["Content-Type"] == "image/svg+xml"
    assert asked == [sharing.address("secret")]


def test_whoever_asks_too_often_waits_and_others_do_not(client, monkeypatch):
    counting(monkeypatch, shared__look=LOOKS - 2)
    link()
    assert [client.get(address).status_code for address in (URL, "/s/guess/", URL)] == [200, 404, 429]
    waits = client.get("/s/other-guess/")
    assert 1 <= int(waits["Retry-After"]) <= 61
    assert waits["Cache-Control"] == "private, no-store"
    assert client.get(URL, REMOTE_ADDR="198.51.100.7").status_code == 200


@pytest.mark.parametrize("n", [1, 6])
def test_a_page_costs_the_same_however_many_topics_have_somebody(client, n, django_assert_num_queries):
    account = AccountFactory()
    for code in ("general", "commercial", "technical", "delivery", "billing", "support")[:n]:
        AssignmentFactory(dossier=account.dossier, poc=PersonFactory(), topic=topic(code))
    link(dossier=account.dossier, opened_at=AT)
    page(client)
    # is it the first run, the link, the firm, topics, who answers (2), hours (2)
    with django_assert_num_queries(8):
        page(client)
