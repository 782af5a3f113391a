"""Who answers for what somebody typed."""

from datetime import UTC, datetime, timedelta

import pytest

from crm.desk import who
from crm.users.models import RoleScope
from tests.factories import AT
from tests.factories.accounts import AccountFactory
from tests.factories.contacts import ContactFactory
from tests.factories.dossiers import topic
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
from tests.factories.users import narrow


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


@pytest.mark.parametrize("n", [1, 8])
def test_an_answer_costs_the_same_however_many_are_found(as_marta, n, django_assert_num_queries):
    for _n in range(n):
        person = PersonFactory(name=f"Marvila {_n}")
        TeamFactory(name=f"Team marvila {_n}", members=[person])
        AssignmentFactory(dossier=ProjectFactory(name=f"Marvila project {_n}").dossier, poc=person)
    as_marta.get("/who/", {"q": "marvila"})
    with django_assert_num_queries(15):  # records, who answers for them, for the first's other topics, people, hours
        as_marta.get("/who/", {"q": "marvila"})
