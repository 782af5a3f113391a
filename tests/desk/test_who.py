"""Who answers for what somebody typed."""

from datetime import UTC, datetime, timedelta

import pytest

from crm.desk import who
from crm.dossiers.models import Firm
from crm.poc.models import PointOfContact
from crm.users import roles
from crm.users.models import RoleScope
from tests.factories import AT
from tests.factories.accounts import AccountFactory
from tests.factories.contacts import ContactFactory
from tests.factories.dossiers import EventFactory, topic
from tests.factories.interactions import TouchPoint
from tests.factories.poc import (
    AbsenceFactory,
    AssignmentFactory,
    CalendarFactory,
    PersonFactory,
    TeamFactory,
    front_desk,
)
from tests.factories.projects import ProjectFactory
from tests.factories.users import UserFactory, narrow


@pytest.fixture
def ann(db):
    return PersonFactory(name="Ann Keller", phone="+49 30 5550 1481")


@pytest.fixture
def marvila(marta, ann):
    """A project; Ann answers for its account's billing, Marta for it on general."""
    project = ProjectFactory(name="Cold store Marvila", account__name="Cervejaria Atlântico")
    AssignmentFactory(dossier=project.dossier, poc=marta)
    AssignmentFactory(dossier=project.account.dossier, topic=topic("billing"), poc=ann)
    return project


def first(text, user):
    return who.search(text, user=user, at=AT)[0]


def test_a_project_with_a_topic_finds_whoever_answers_for_it_and_why(marta, ann, marvila):
    found = first("marvila billing", marta.user)
    assert (found.dossier, found.topic.code, found.poc) == (marvila.dossier, "billing", ann)
    assert found.why == "From Cervejaria Atlântico"
    assert found.path == ["Nobody for billing on Cold store Marvila", "On Cervejaria Atlântico for billing: Ann Keller"]


def test_the_other_topics_of_the_record_stand_beside_it(marta, ann, marvila):
    found = who.search("cold store", user=marta.user, at=AT)
    assert [(f.topic.code, f.poc) for f in found] == [("general", marta), ("billing", ann)]


@pytest.mark.parametrize("typed", ["atlant", "ATLÂNTICO cerv", "+351 21 777", "1410", "b.lima@atlantico.example"])
def test_names_numbers_and_addresses_find_it(marta, marvila, typed):
    ContactFactory(
        name="Beatriz Lima", account=marvila.account, phones=["+351 21 777 1410"], emails=["b.lima@atlantico.example"]
    )
    assert first(typed, marta.user).dossier.home_id == marvila.account_id


def test_somebody_stands_before_nobody(marta, marvila):
    AccountFactory(name="Marvila Conservas")
    assert first("marvila", marta.user).dossier == marvila.dossier
    gap = first("conservas", marta.user)
    assert (gap.is_gap, gap.poc) == (True, front_desk())


def test_a_colleague_away_is_found_with_whoever_stands_in(marta, ann):
    AbsenceFactory(poc=ann, cover=marta)
    found = first("keller", marta.user)
    assert (found.dossier, found.absent, found.poc) == (None, ann, marta)
    assert "Ann Keller is away until" in found.why


def test_a_topics_name_within_a_name_is_not_taken_for_the_topic(marta):
    account = AccountFactory(name="Technical Foods")
    found = first("technical foods", marta.user)
    assert found.dossier == account.dossier


def test_a_topic_alone_is_the_front_desks(marta):
    found = first("billing", marta.user)
    assert (found.dossier, found.poc) == (None, front_desk())


def test_a_door_of_ours_is_found_too(marta):
    assert first("unknown callers", marta.user).dossier == TouchPoint.objects.get().dossier


def test_outside_ones_view_name_and_answer_are_told_and_nothing_more(marta, ann, marvila, as_marta):
    other = AccountFactory(name="Secret Foods", parent=AccountFactory(name="Secret Holding"))
    AssignmentFactory(dossier=other.parent.dossier if hasattr(other, "parent") else other.dossier.parent, poc=ann)
    narrow("sales_rep", RoleScope.Sees.OWN)
    found = first("secret foods", marta.user)
    assert (found.is_visible, found.poc, found.why, list(found.path)) == (False, ann, "", [])
    html = as_marta.get("/who/", {"q": "secret foods"}).content.decode()
    assert "Ann Keller" in html
    assert "+49 30 5550 1481" in html
    assert f"/d/{other.pk}/" not in html
    assert "Secret Holding" not in html


def test_open_and_closed_are_said_by_the_calendar_of_whoever_answers(marta, ann):
    ann.calendar = CalendarFactory(zone="Asia/Tokyo", nine_to_six=True)
    ann.save()
    AssignmentFactory(dossier=AccountFactory(name="Nippon").dossier, poc=ann)
    hours = first("nippon", marta.user).hours
    assert (hours.is_open, hours.until) == (False, datetime(2026, 3, 5, 0, 0, tzinfo=UTC))
    AssignmentFactory(dossier=AccountFactory(name="Sur").dossier, poc=marta)
    hours = first("sur", marta.user).hours
    assert (hours.is_open, hours.until) == (True, AT + timedelta(hours=6))


def test_somebody_who_never_works_is_simply_closed(marta, ann):
    ann.calendar = CalendarFactory()
    ann.save()
    AssignmentFactory(dossier=AccountFactory(name="Nippon").dossier, poc=ann)
    assert first("nippon", marta.user).hours == who.CLOSED


@pytest.mark.parametrize("typed", ["", "  ", "a", "zzz", "%", "\0", "#", "9", "x" * 500])
def test_odd_questions_are_answered_with_a_page(as_marta, typed):
    assert as_marta.get("/who/", {"q": typed}).status_code == 200


def test_nobody_found_leads_to_logging_a_new_caller(as_marta):
    html = as_marta.get("/who/", {"q": "0351 2177"}).content.decode()
    assert "Nobody found for “0351 2177”" in html
    assert "/log/?caller=0351%202177" in html


def test_htmx_gets_the_answers_alone(as_marta, marvila):
    html = as_marta.get("/who/", {"q": "marvila"}, headers={"HX-Request": "true"}).content.decode()
    assert html.lstrip().startswith('<div id="answers"')


WRITTEN = ["+351 21 777 1410", "00351 21 777 1410", "(021) 777-1410", "+351 (0)21 7771410", "351217771410", "777 1410"]


@pytest.mark.parametrize("stored", ["+351 21 777 1410", "21 777 1410"])
@pytest.mark.parametrize("typed", WRITTEN)
def test_a_callers_number_is_found_however_it_is_written(marta, marvila, stored, typed):
    Firm.objects.update(country="PT")
    contact = ContactFactory(name="Beatriz Lima", account=marvila.account, phones=[stored])
    assert first(typed, marta.user).dossier == contact.dossier


def test_a_colleague_is_found_by_address(marta, ann):
    assert first(ann.email.upper(), marta.user).poc == ann


def test_a_word_that_is_a_topic_may_be_a_teams_name_too(marta):
    team = TeamFactory(name="Billing", members=[PersonFactory()])
    assert first("billing", marta.user).poc == team


@pytest.mark.parametrize("role", roles.LABELS)
@pytest.mark.parametrize("sees", [RoleScope.Sees.TEAM, RoleScope.Sees.OWN])
def test_whatever_ones_role_others_records_are_told_by_name_answer_and_reach_alone(db, client, clock, role, sees):
    clock.freeze(AT)
    narrow(role, sees)
    client.force_login(UserFactory(role=role))
    ann, bob, cover = (
        PersonFactory(name="Ann Keller"),
        PersonFactory(name="Bob Backup"),
        PersonFactory(name="Cora Cover"),
    )
    holding = AccountFactory(name="Secret Holding")
    account = AccountFactory(name="Adega Azul", parent=holding)
    contact = ContactFactory(
        name="Beatriz Lima", account=account, phones=["+351 21 777 1410"], emails=["b@azul.example"]
    )
    AssignmentFactory(dossier=holding.dossier, poc=ann, reason="difficult people")
    AssignmentFactory(dossier=holding.dossier, poc=bob, rank=1)
    AbsenceFactory(poc=ann, cover=cover, reason="surgery")
    for asked in ({"q": "adega azul"}, {"q": "777 1410"}, {"q": "b@azul.example"}, {"q": "adega", "on": "2026-02-02"}):
        html = client.get("/who/", asked).content.decode()
        told = "Ann Keller" if "on" in asked else "Cora Cover"
        assert f"<h2>{told}</h2>" in html and f"/pocs/{PointOfContact.objects.get(name=told).pk}/" in html
        for kept in ("Secret Holding", "Bob Backup", "difficult", "surgery", "is away", "From ", f"/d/{account.pk}/"):
            assert kept not in html, (asked, kept)
        assert f"/d/{contact.pk}/" not in html
    caller = client.get("/log/who/", {"q": "777 1410"}).content.decode()
    assert ("Cora Cover answers" in caller) == (role != roles.READ_ONLY)  # who may not log does not look up
    assert not any(kept in caller for kept in ("Adega Azul", "Secret Holding", "Bob Backup", "is away", "777 1410</p>"))


# --- On another day


def test_another_day_is_answered_from_what_held_then_and_says_so(as_marta, marta, ann):
    account = AccountFactory(name="Mercado Sur")
    AssignmentFactory(dossier=account.dossier, poc=ann, starts_at=AT - timedelta(days=30), ends_at=AT)
    AssignmentFactory(dossier=account.dossier, poc=marta, starts_at=AT)
    assert heading(as_marta, q="mercado sur") == "Marta Ruiz"
    assert heading(as_marta, q="mercado sur", on="2026-03-01") == "Ann Keller"
    html = as_marta.get("/who/", {"q": "mercado sur", "on": "2026-03-01"}).content.decode()
    assert "Who answers on Sunday 1 March" in html
    assert "Open now" not in html and "Closed" not in html
    assert 'value="2026-03-01"' in html


def test_a_day_to_come_knows_who_will_be_away_and_who_was_planned(as_marta, ann):
    account = AccountFactory(name="Mercado Sur")
    AssignmentFactory(dossier=account.dossier, poc=ann)
    AbsenceFactory(
        poc=ann, cover=PersonFactory(name="Bob"), starts_at=AT + timedelta(days=5), ends_at=AT + timedelta(days=7)
    )
    assert heading(as_marta, q="mercado sur") == "Ann Keller"
    assert heading(as_marta, q="mercado sur", on="2026-03-10") == "Bob"


def test_a_day_is_asked_about_at_its_noon_in_the_readers_zone(as_marta, marta, ann):
    account = AccountFactory(name="Mercado Sur")
    noon_in_new_york = datetime(2026, 3, 1, 17, 0, tzinfo=UTC)
    AssignmentFactory(dossier=account.dossier, poc=ann, ends_at=noon_in_new_york)
    AssignmentFactory(dossier=account.dossier, poc=marta, starts_at=noon_in_new_york)
    assert heading(as_marta, q="mercado sur", on="2026-03-01") == "Ann Keller"
    marta.user.time_zone = "America/New_York"
    marta.user.save()
    assert heading(as_marta, q="mercado sur", on="2026-03-01") == "Marta Ruiz"


@pytest.mark.parametrize("on", ["", "2026-03-04", "yesterday", "2026-13-45", "0001-01-01", "9999-12-31", "\0"])
def test_today_and_what_is_no_day_are_now(as_marta, ann, on):
    AssignmentFactory(dossier=AccountFactory(name="Mercado Sur").dossier, poc=ann)
    response = as_marta.get("/who/", {"q": "mercado sur", "on": on})
    assert response.context["on"] is None
    assert response.context["first"].hours is not None


def test_a_record_that_was_moved_is_answered_for_as_it_belonged_then(as_marta, marta, ann):
    old, new = AccountFactory(name="Old Holding"), AccountFactory(name="New Holding")
    AssignmentFactory(dossier=old.dossier, poc=ann)
    AssignmentFactory(dossier=new.dossier, poc=marta)
    moved = AccountFactory(name="Adega Azul", parent=new)
    facts = {"moved": {str(moved.pk): [old.pk, new.pk]}}
    EventFactory(kind="changed", dossiers=[moved.dossier], happened_at=AT - timedelta(days=1), facts=facts)
    assert heading(as_marta, q="adega azul") == "Marta Ruiz"
    assert heading(as_marta, q="adega azul", on="2026-03-01") == "Ann Keller"


def heading(client, **asked):
    return client.get("/who/", asked).context["first"].poc.name


@pytest.mark.parametrize("n", [1, 8])
def test_an_answer_costs_the_same_however_many_are_found(as_marta, n, django_assert_num_queries):
    for _n in range(n):
        person = PersonFactory(name=f"Marvila {_n}")
        TeamFactory(name=f"Team marvila {_n}", members=[person])
        AssignmentFactory(dossier=ProjectFactory(name=f"Marvila project {_n}").dossier, poc=person)
    as_marta.get("/who/", {"q": "marvila"})
    with django_assert_num_queries(15):  # records, who answers for them, for the first's other topics, people, hours
        as_marta.get("/who/", {"q": "marvila"})
