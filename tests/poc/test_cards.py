"""The list of those who answer, and their cards."""

from datetime import date, datetime, time, timedelta

import pytest
import vobject

from crm.dossiers.models import Firm
from crm.poc.models import CalendarException
from crm.users import roles
from crm.users.models import RoleScope
from tests.factories import AT
from tests.factories.accounts import AccountFactory
from tests.factories.dossiers import topic
from tests.factories.interactions import TouchPoint
from tests.factories.poc import (
    AbsenceFactory,
    AssignmentFactory,
    CalendarFactory,
    MembershipFactory,
    PersonFactory,
    TeamFactory,
    front_desk,
)
from tests.factories.projects import ProjectFactory
from tests.factories.users import UserFactory, narrow
from tests.inline import inline_code

URL = "/pocs/"


@pytest.fixture(autouse=True)
def _at_noon(db, clock):
    clock.freeze(AT)


@pytest.fixture
def me():
    return PersonFactory(name="Marta Ruiz", user=UserFactory(name="Marta Ruiz", role="sales_rep"))


@pytest.fixture
def reader(me, client):
    client.force_login(me.user)
    return client


def page(client, address, status=200, **query):
    response = client.get(address, query)
    assert response.status_code == status
    return response.content.decode()


def names(client, **query):
    """The names on the list, without the front desk and the reader."""
    found = client.get(URL, query).context["page"]
    return [poc.name for poc in found if not poc.is_house and poc.name != "Marta Ruiz"]


def card_of(poc):
    return f"{URL}{poc.pk}/"


# --- The list


def test_everybody_who_answers_is_listed_by_name_and_whoever_no_longer_does_comes_last(reader):
    for name, gone in (("Zoe", None), ("ann", AT), ("Élodie", None), ("Bob", None)):
        PersonFactory(name=name, deactivated_at=gone)
    assert names(reader) == ["Bob", "Élodie", "Zoe", "ann"]
    assert "No longer answers" in page(reader, URL)


def test_each_row_opens_the_card_and_says_how_to_reach_them(reader):
    ann = PersonFactory(name="Ann", phone="+49 30 1", languages="de, Klingon")
    html = page(reader, URL)
    for said in (f'href="{card_of(ann)}"', "tel:+49301", "Deutsch, Klingon", ann.email):
        assert said in html
    assert inline_code(html) == []


@pytest.mark.parametrize("typed", ["kell", "KELLER ann", "ann@", "5550"])
def test_a_name_an_address_or_a_number_narrows_it(reader, typed):
    PersonFactory(name="Ann Keller", email="ann@firm.example", phone="+49 30 5550")
    PersonFactory(name="Bob")
    assert names(reader, q=typed) == ["Ann Keller"]


def test_it_is_narrowed_by_kind_team_topic_and_language(reader):
    ann = PersonFactory(name="Ann", languages="de, en")
    bob = PersonFactory(name="Bob", languages="Slovenian, English")
    team = TeamFactory(name="Team AR", members=[ann])
    AssignmentFactory(poc=bob, topic=topic("billing"))
    AssignmentFactory(poc=ann, topic=topic("billing"), rank=1)
    AssignmentFactory(poc=ann, topic=topic("billing"), ends_at=AT)
    assert names(reader, kind="team") == ["Team AR"]
    assert names(reader, team=team.pk) == ["Ann"]
    assert names(reader, topic=topic("billing").pk) == ["Bob"]
    assert names(reader, speaks="English") == ["Ann", "Bob"]
    assert names(reader, speaks="Deutsch") == ["Ann"]


def test_on_duty_are_those_who_work_now_and_are_there(reader):
    open_now = CalendarFactory(nine_to_six=True)
    at_night = CalendarFactory(zone="Asia/Tokyo", nine_to_six=True)
    team = TeamFactory(name="Night", calendar=at_night)
    PersonFactory(name="Ann", calendar=open_now)
    PersonFactory(name="Asleep", calendar=at_night)
    PersonFactory(name="Asleep with the team", home_team=team)
    PersonFactory(name="Awake in the team", home_team=team, calendar=open_now)
    PersonFactory(name="Gone", calendar=open_now, deactivated_at=AT)
    TeamFactory(name="Empty", calendar=open_now)
    TeamFactory(name="Manned", calendar=open_now, members=[PersonFactory(name="House hours")])
    AbsenceFactory(poc=PersonFactory(name="On holiday", calendar=open_now))
    AbsenceFactory(poc=PersonFactory(name="Away for billing", calendar=open_now), topic=topic("billing"))
    house_is_open = "House hours" in names(reader, now="duty")
    expected = ["Ann", "Awake in the team", "Away for billing"] + ["House hours"] * house_is_open + ["Manned"]
    assert names(reader, now="duty") == expected
    assert names(reader, now="away") == ["On holiday"]
    assert names(reader, now="gone") == ["Gone"]


def test_whoever_is_away_is_shown_with_who_answers(reader):
    AbsenceFactory(poc=PersonFactory(name="Ann"), cover=PersonFactory(name="Bob"))
    html = page(reader, URL)
    assert "Away until" in html
    assert "Bob answers" in html


def test_pages_follow_one_another_without_a_gap(reader):
    for n in range(60):
        PersonFactory(name=f"Person {n % 7}", deactivated_at=AT if n % 5 == 0 else None)
    first = reader.get(URL)
    second = reader.get(f"{URL}?{first.context['page'].older_query}")
    seen = [poc.pk for response in (first, second) for poc in response.context["page"]]
    assert len(seen) == len(set(seen)) == 62
    back = reader.get(f"{URL}?{second.context['page'].newer_query}")
    assert [poc.pk for poc in back.context["page"]] == seen[:50]


def test_htmx_gets_the_rows_alone(reader):
    html = reader.get(URL, {"q": "zzz"}, headers={"HX-Request": "true"}).content.decode()
    assert html.lstrip().startswith('<section id="poc-table"')
    assert "Nobody is like this" in html


@pytest.mark.parametrize("query", [{"team": "x"}, {"topic": "9" * 30}, {"kind": "robot"}, {"q": "\0"}, {"now": "?"},
                                   {"speaks": "x" * 500}, {"after": "x"}])  # fmt: skip
def test_what_cannot_be_wanted_narrows_nothing(reader, query):
    assert page(reader, URL, **query)


@pytest.mark.parametrize("n", [1, 30])
def test_the_list_costs_the_same_however_long(reader, n, django_assert_num_queries):
    for i in range(n):
        person = PersonFactory(home_team=TeamFactory(lead=PersonFactory()), languages=f"language {i}")
        AbsenceFactory(poc=person, cover=PersonFactory())
    page(reader, URL)
    # who reads (2), languages, teams, topics, the page, hours (2), absences
    with django_assert_num_queries(9):
        page(reader, URL)


# --- A card


def test_a_card_says_everything_about_reaching_somebody(reader):
    team = TeamFactory(name="Team AR", lead=PersonFactory(name="Lea Lead"))
    calendar = CalendarFactory(zone="Europe/Lisbon", nine_to_six=True)
    CalendarException.objects.create(calendar=calendar, day=date(2026, 3, 6), name="Festa")
    ann = PersonFactory(name="Ann Keller", phone="+49 30 1", languages="de", home_team=team, calendar=calendar)
    MembershipFactory(team=team, member=ann)
    hotline = TouchPoint.objects.get()
    AssignmentFactory(dossier=hotline.dossier, poc=ann)
    html = page(reader, card_of(ann))
    for said in ("Team AR", "Lea Lead", "tel:+49301", ann.email, "Deutsch", "Open now", "12:00 in Lisbon", "Mon–Fri",
                 "9:00–18:00", "Sat–Sun", "Fri: closed", hotline.name, "home team", "card.vcf"):  # fmt: skip
        assert said in html, said
    assert inline_code(html) == []


def test_a_team_that_answers_only_at_a_door_of_ours_is_not_said_to_answer_for_what_the_reader_may_not_open(reader):
    team = TeamFactory(name="Sales Iberia")
    form = TouchPoint.objects.get()
    AssignmentFactory(dossier=form.dossier, poc=team)
    html = page(reader, card_of(team))
    assert "No record that you may open." not in html
    assert html.count(form.name) == 2  # how they are reached, and what they answer for


def test_open_or_closed_is_told_in_ones_own_zone_with_theirs_at_hand(reader, me):
    me.user.time_zone = "America/New_York"
    me.user.save()
    ann = PersonFactory(calendar=CalendarFactory(zone="Asia/Tokyo", nine_to_six=True))
    html = page(reader, card_of(ann))
    assert "Closed, opens" in html and ">19:00</time>" in html
    assert 'title="Thu 5 Mar 2026 09:00 Asia/Tokyo"' in html


def test_a_team_shows_its_lead_and_who_is_in_it(reader):
    lead, away = PersonFactory(name="Lea Lead"), PersonFactory(name="Ann Away")
    AbsenceFactory(poc=away)
    team = TeamFactory(lead=lead, members=[lead, away, PersonFactory(name="Old Hand", deactivated_at=AT)])
    html = page(reader, card_of(team))
    for said in ("led by", "leads the team", "Ann Away", "away"):
        assert said in html
    assert "Old Hand" not in html


def test_whoever_is_away_has_a_banner_with_who_answers_and_whoever_covers_says_so(reader):
    ann, bob = PersonFactory(name="Ann"), PersonFactory(name="Bob")
    AbsenceFactory(poc=ann, cover=bob, reason="surgery")
    html = page(reader, card_of(ann))
    assert "Ann is away until" in html and "Bob answers" in html
    assert "surgery" not in html
    covering = page(reader, card_of(bob))
    assert "Answers for" in covering and f'<a href="{card_of(ann)}">Ann</a>' in covering


def test_without_a_cover_card_and_my_day_agree_on_who_answers_and_until_when(reader, me):
    lead = PersonFactory(name="Lea Wolf")
    type(me).objects.filter(pk=me.pk).update(home_team=TeamFactory(lead=lead))
    AbsenceFactory(poc=me, cover=None)
    until = "5 Mar"
    assert f"Marta Ruiz is away until {until} → Lea Wolf answers" in page(reader, card_of(me))
    day = page(reader, "/")
    assert f"You are away until {until}." in day and "else Lea Wolf does." in day


def test_an_absence_to_come_is_told_and_one_that_is_over_is_not(reader):
    ann = PersonFactory()
    AbsenceFactory(poc=ann, starts_at=AT + timedelta(days=5), ends_at=AT + timedelta(days=6), cover=None)
    AbsenceFactory(poc=ann, starts_at=AT - timedelta(days=5), ends_at=AT, cover=PersonFactory(name="Bob"))
    html = page(reader, card_of(ann))
    assert "nobody was named to cover" in html
    assert "Bob" not in html


def test_whoever_no_longer_answers_says_so_and_since_when(reader):
    front_desk().memberships.create(member=PersonFactory())
    ann = PersonFactory(name="Ann", deactivated_at=datetime.combine(date(2026, 1, 15), time(8), AT.tzinfo))
    html = page(reader, card_of(ann))
    assert "No longer answers since Thu 15 Jan" in html
    assert "Front desk" in html
    assert "/away/?poc" not in html


def test_what_somebody_answers_for_is_counted_by_topic_and_listed_newest_first(reader):
    ann = PersonFactory()
    old, new = AccountFactory(name="Old"), AccountFactory(name="New")
    AssignmentFactory(poc=ann, dossier=old.dossier)
    AssignmentFactory(poc=ann, dossier=new.dossier, topic=topic("billing"), starts_at=AT - timedelta(days=2))
    AssignmentFactory(poc=ann, dossier=ProjectFactory().dossier, topic=topic("billing"), rank=1)
    AssignmentFactory(poc=ann, dossier=AccountFactory(name="Ended").dossier, ends_at=AT)
    AssignmentFactory(poc=ann, dossier=AccountFactory(name="Archived", archived_at=AT).dossier)
    html = page(reader, card_of(ann))
    assert "General · 1" in html and "Billing · 1" in html and "Backup · 1" in html
    assert html.index(">New<") < html.index(">Old<")
    assert "Ended" not in html and "Archived" not in html


def test_more_records_than_fit_are_a_page_further(reader):
    ann = PersonFactory()
    for n in range(21):
        AssignmentFactory(poc=ann, dossier=AccountFactory(name=f"Customer {n:02}").dossier)
    first = reader.get(card_of(ann)).context["page"]
    second = reader.get(f"{card_of(ann)}?{first.older_query}").context["page"]
    assert (len(first), len(second)) == (20, 1)


def test_more_than_a_thousand_are_not_counted(reader, monkeypatch):
    monkeypatch.setattr("crm.poc.cards.MOST", 2)
    ann = PersonFactory()
    for _n in range(3):
        AssignmentFactory(poc=ann, dossier=AccountFactory().dossier)
    assert "more than 2" in page(reader, card_of(ann))


@pytest.mark.parametrize("role", roles.LABELS)
@pytest.mark.parametrize("sees", RoleScope.Sees.values)
def test_everybody_signed_in_opens_every_card_and_sees_records_only_within_their_view(client, role, sees):
    narrow(role, sees)
    one = PersonFactory(user=UserFactory(role=role))
    client.force_login(one.user)
    ann = PersonFactory(name="Ann", phone="+49 30 1")
    AssignmentFactory(poc=ann, dossier=AccountFactory(name="Their secret").dossier, topic=topic("billing"))
    shared = AccountFactory(name="Common ground")
    AssignmentFactory(poc=ann, dossier=shared.dossier)
    AssignmentFactory(poc=one, dossier=shared.dossier, topic=topic("support"))
    html = page(client, card_of(ann))
    assert "tel:+49301" in html and "Common ground" in html and "Billing" in html
    assert ("Their secret" in html) == (sees == RoleScope.Sees.ALL)
    assert ("Billing · 1" in html) == (sees == RoleScope.Sees.ALL)
    assert "Ann" in page(client, URL)


@pytest.mark.parametrize("end", ["", "card.vcf", "card.svg", "share/"])
def test_a_stranger_learns_nothing_not_even_who_is_there(client, end):
    UserFactory()
    Firm.objects.update(set_up_at=AT)
    known, unknown = f"{card_of(PersonFactory())}{end}", f"{URL}999999/{end}"
    answers = [client.get(address) for address in (known, unknown)]
    assert [a.status_code for a in answers] == [302, 302]
    assert [a["Location"] for a in answers] == [f"/auth/login/?next={address}" for address in (known, unknown)]
    assert client.get(URL).status_code == 302


@pytest.mark.parametrize("end", ["", "card.vcf", "card.svg"])
def test_a_card_that_is_none_is_not_there(reader, end):
    page(reader, f"{URL}999999/{end}", 404)


@pytest.mark.parametrize("n", [1, 25])
def test_a_card_costs_the_same_whatever_it_holds(reader, n, django_assert_num_queries):
    team = TeamFactory(name="Team", lead=PersonFactory())
    for i in range(n):
        MembershipFactory(team=team)
        AssignmentFactory(poc=team, dossier=ProjectFactory().dossier)
        AbsenceFactory(cover=team, starts_at=AT - timedelta(days=1 + i))
    AbsenceFactory(poc=team, starts_at=AT + timedelta(days=3), ends_at=AT + timedelta(days=4))
    page(reader, card_of(team))
    # who reads (2), the POC, may one share it, or enter an absence, topics, hours (2), who answers,
    # absences (2), members, what about (2), touch points, the firm, the records
    with django_assert_num_queries(17):
        page(reader, card_of(team))


# --- What one may do


@pytest.mark.parametrize("role", roles.LABELS)
def test_buttons_are_there_for_whom_they_work(client, role):
    client.force_login(UserFactory(role=role))
    ann = PersonFactory()
    html = page(client, card_of(ann))
    manages = role in ("administrator", "account_manager")
    for address in (f"{card_of(ann)}share/", f"/away/?poc={ann.pk}", f"{card_of(ann)}leave/"):
        assert (address in html) == manages
        assert not manages or client.get(address).status_code == 200


@pytest.mark.parametrize(
    ("factory", "said", "other"), [(TeamFactory, "Ends", "Leaves"), (PersonFactory, "Leaves", "Ends")]
)
def test_a_person_leaves_and_a_team_ends(client, factory, said, other):
    client.force_login(UserFactory(account_manager=True))
    html = page(client, card_of(factory()))
    assert f">{said}</a>" in html.replace("</svg>", ">") and f">{other}</a>" not in html.replace("</svg>", ">")


def test_ones_own_card_and_those_of_ones_team_have_them(reader, me):
    TeamFactory(lead=me, members=[member := PersonFactory()])
    for poc in (me, member):
        html = page(reader, card_of(poc))
        assert f"{card_of(poc)}share/" in html and f"/away/?poc={poc.pk}" in html


# --- Files


def test_the_file_is_version_4_or_as_one_asks_and_has_no_address_of_ours(reader):
    Firm.objects.update(name="Hallberg")
    ann = PersonFactory(name="Ann Keller", zone="Europe/Berlin")
    response = reader.get(f"{card_of(ann)}card.vcf")
    assert response["Content-Type"] == "text/vcard; charset=utf-8"
    assert response["Content-Disposition"] == 'attachment; filename="ann-keller.vcf"'
    cards = [vobject.readOne(r.content.decode()) for r in (response, reader.get(f"{card_of(ann)}card.vcf?version=3.0"))]
    assert [card.version.value for card in cards] == ["4.0", "3.0"]
    assert {card.org.value[0] for card in cards} == {"Hallberg"}
    assert all("url" not in card.contents for card in cards)


def test_the_qr_code_holds_the_little_card(reader, monkeypatch):
    asked = []
    monkeypatch.setattr("crm.poc.qr.matrix", lambda text: asked.append(text) or [[True]])
    response = reader.get(f"{card_of(PersonFactory(name='Ann Keller'))}card.svg")
    assert response["Content-Type"] == "image/svg+xml"
    assert "FN:Ann Keller" in asked[0]


def test_ones_own_card_is_in_ones_menu_and_leads_there(reader, me):
    assert 'href="/pocs/me/"' in reader.get("/accounts/").content.decode()
    assert reader.get("/pocs/me/")["Location"] == f"/pocs/{me.pk}/"


def test_who_has_no_card_is_led_to_everybodys(client):
    client.force_login(UserFactory(role="read_only"))
    answer = client.get("/pocs/me/", follow=True)
    assert answer.redirect_chain[-1][0] == URL
    assert "You answer for nothing here" in answer.content.decode()


@pytest.mark.parametrize(("factory", "kind"), [(AccountFactory, "accounts"), (ProjectFactory, "projects")])
def test_from_a_record_the_names_of_those_who_answer_lead_to_their_cards(reader, factory, kind):
    record = factory()
    AssignmentFactory(dossier=record.dossier)
    first = AssignmentFactory(dossier=record.dossier, topic=topic("billing"))
    backup = AssignmentFactory(dossier=record.dossier, topic=topic("billing"), rank=1)
    away = AssignmentFactory(dossier=record.dossier, topic=topic("technical"))
    cover = AbsenceFactory(poc=away.poc, cover=PersonFactory()).cover
    html = reader.get(f"/{kind}/{record.pk}/").content.decode()
    for poc in (first.poc, backup.poc, cover):
        assert f'<a href="/pocs/{poc.pk}/">{poc.name}</a>' in html
    assert f"/pocs/{front_desk().pk}/" not in html
