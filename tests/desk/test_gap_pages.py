"""Gaps as pages, as a file and through the API: for whom, narrowed how, and a step from being mended."""

import csv
from datetime import timedelta

import pytest
from django.urls import reverse

from crm.desk.gaps import GAPS
from crm.desk.gaps.repairs import repairs
from crm.desk.gaps.rows import Row
from crm.dossiers.models import Dossier
from crm.poc.models import Assignment
from crm.users.models import RoleScope
from tests.doors import ask_as, problem
from tests.factories import AT
from tests.factories.accounts import AccountFactory
from tests.factories.contacts import ContactFactory
from tests.factories.dossiers import DossierFactory, tier, topic
from tests.factories.poc import AbsenceFactory, AssignmentFactory, PersonFactory, TeamFactory
from tests.factories.users import UserFactory, narrow

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


@pytest.fixture
def manager(clock):
    clock.freeze(AT)
    return PersonFactory(name="Giulia", user=UserFactory(account_manager=True)).user


@pytest.fixture
def as_manager(client, manager):
    client.force_login(manager)
    return client


@pytest.fixture
def house(manager):
    """Rio (nobody), Sol (somebody gone), Mar (somebody alone), Ana (away without cover, the lead alone comes in)."""
    AccountFactory(name="Rio", tier=tier("a"))
    sol = AccountFactory(name="Sol")
    AssignmentFactory(dossier=sol.dossier, poc=PersonFactory(name="Gone", deactivated_at=AT - DAY))
    AssignmentFactory(dossier=sol.dossier, topic=topic("billing"), ends_at=AT - DAY, poc=PersonFactory(name="Bo"))
    mar = AccountFactory(name="Mar")
    AssignmentFactory(dossier=mar.dossier, poc=PersonFactory(name="Alone"))
    away = AbsenceFactory(poc=PersonFactory(name="Away", home_team=TeamFactory(lead=PersonFactory())))
    AssignmentFactory(dossier=ContactFactory(name="Ana").dossier, poc=away.poc)
    return {"sol": sol, "mar": mar, "away": away}


def shown(client, code, **query):
    response = client.get(reverse("desk:gap", args=[code]), query)
    assert response.status_code == 200
    return [row.record.title if row.record else row.poc.name for row, _repair in response.context["rows"]]


# --- Pages


def test_each_count_opens_its_rows(as_manager, house):
    response = as_manager.get(reverse("desk:gaps"))
    counts = {gap.code: n for gap, n in response.context["gaps"]}
    assert counts == {
        "unanswered": 2, "absent": 1, "inactive": 1, "past_end": 1, "overloaded": 0, "single_point": 2,
        "their_side": 3,
    }  # fmt: skip
    assert {code: len(shown(as_manager, code)) for code in GAPS} == counts
    assert all(f'href="{reverse("desk:gap", args=[code])}"' in response.content.decode() for code in GAPS)


def test_filters_live_in_the_address_and_are_kept_on_the_way(as_manager, house):
    assert shown(as_manager, "unanswered", tier="a") == ["Rio"]
    assert shown(as_manager, "unanswered", kind="contact") == []
    assert shown(as_manager, "past_end", topic="delivery") == []
    assert shown(as_manager, "overloaded", over=0) == ["Alone", "Away"]
    assert "?tier=a" in as_manager.get(reverse("desk:gaps"), {"tier": "a"}).content.decode()


@pytest.mark.parametrize("query", [{"kind": "x"}, {"topic": "x"}, {"over": "x"}, {"days": "7000"}, {"after": "x"}])
def test_what_was_made_up_narrows_nothing(as_manager, house, query):
    for code in GAPS:
        assert as_manager.get(reverse("desk:gap", args=[code]), query).status_code == 200
    assert shown(as_manager, "unanswered", **query) == ["Rio", "Sol"]


def test_a_long_list_goes_on_with_the_filters_kept(as_manager):
    names = [account.name for account in AccountFactory.create_batch(60, tier=tier("b"))]
    first = as_manager.get(reverse("desk:gap", args=["unanswered"]), {"tier": "b"})
    assert len(first.context["rows"]) == 50
    second = as_manager.get(reverse("desk:gap", args=["unanswered"]) + f"?{first.context['page'].older_query}")
    both = [row.record.title for page in (first, second) for row, _repair in page.context["rows"]]
    assert both == sorted(names)


def test_there_is_no_other_kind(as_manager):
    assert as_manager.get("/gaps/nonsense/").status_code == 404
    assert as_manager.get("/gaps/nonsense.csv").status_code == 404


def test_nobody_sees_them_without_signing_in_or_without_the_right(client, manager):
    assert client.get("/gaps/").status_code == 302
    client.force_login(UserFactory())
    for address in ("/gaps/", "/gaps/unanswered/", "/gaps/unanswered.csv", "/gaps/inactive/1/follow/"):
        assert client.get(address).status_code == 403


def test_a_narrowed_role_counts_its_own(client, manager, house):
    narrow("sales_rep", RoleScope.Sees.OWN)
    me = PersonFactory(user=UserFactory(role="sales_rep"))
    AssignmentFactory(dossier=house["sol"].dossier, topic=topic("delivery"), poc=me)
    client.force_login(me.user)
    assert shown(client, "unanswered") == ["Sol"]
    assert shown(client, "absent") == []


@pytest.mark.parametrize("code", list(GAPS))
def test_a_page_costs_the_same_however_much_is_on_it(as_manager, django_assert_max_num_queries, code):
    for _n in range(8):
        AccountFactory()
        AssignmentFactory(dossier=AccountFactory().dossier, poc=PersonFactory(deactivated_at=AT))
        AssignmentFactory(dossier=AccountFactory().dossier, poc=AbsenceFactory().poc)
        AssignmentFactory(dossier=AccountFactory().dossier, ends_at=AT - DAY)
    with django_assert_max_num_queries(14):
        as_manager.get(reverse("desk:gap", args=[code]))


def test_my_day_says_how_many_nobody_answers_for_to_whoever_can_mend_it(as_manager, client, house):
    assert "/gaps/line/" in as_manager.get("/").content.decode()
    line = as_manager.get("/gaps/line/").content.decode()
    assert "Gaps: 2 records without anybody who answers" in line
    AccountFactory.create_batch(110)
    assert "more than 100 records" in as_manager.get("/gaps/line/").content.decode()
    Dossier.objects.update(archived_at=AT)
    assert as_manager.get("/gaps/line/").content.decode().strip() == ""
    client.force_login(UserFactory(role="sales_rep"))
    assert "/gaps/line/" not in client.get("/").content.decode()


# --- Mending


@pytest.mark.parametrize(
    ("code", "opens"),
    [("unanswered", "/d/"), ("absent", "/away/"), ("inactive", "/gaps/inactive/"), ("past_end", "/d/"),
     ("single_point", "/gaps/single_point/"), ("their_side", "/contacts/new/")],
)  # fmt: skip
def test_each_row_is_one_step_from_where_it_is_mended(as_manager, house, code, opens):
    response = as_manager.get(reverse("desk:gap", args=[code]))
    for _row, step in response.context["rows"]:
        assert step.href.startswith(opens)
        assert as_manager.get(step.href).status_code == 200


def test_whoever_may_change_nothing_is_offered_nothing(client, manager, house):
    client.force_login(UserFactory(role="read_only"))
    for code in ("unanswered", "absent", "inactive", "past_end", "their_side"):
        rows = client.get(reverse("desk:gap", args=[code])).context["rows"]
        assert [repair for _row, repair in rows] == [None] * len(rows)


def test_a_touch_point_is_mended_in_the_administration(manager):
    door = DossierFactory(kind=Dossier.Kind.TOUCH_POINT)
    row = Row(door.pk, "", record=door)
    (step,) = repairs("unanswered", [row], manager)
    assert step.href.startswith("/admin/")
    assert repairs("unanswered", [row], UserFactory(role="project_manager")) == [None]


def test_a_cover_is_named_by_whoever_may_enter_them_as_away():
    lead, away = PersonFactory(user=UserFactory(role="support")), PersonFactory()
    TeamFactory(lead=lead, members=[away])
    row = Row(AbsenceFactory(poc=away).pk, "", poc=away)
    (step,) = repairs("absent", [row], lead.user)
    assert step.href == f"/away/{row.id}/"
    assert repairs("absent", [row], UserFactory(role="project_manager")) == [None]
    assert repairs("absent", [row], UserFactory(role="read_only")) == [None]


def test_one_follows_in_every_place_of_somebody_who_is_gone(as_manager, house):
    gone, bo = Assignment.objects.get(poc__name="Gone").poc, PersonFactory(name="Cy")
    address = reverse("desk:gap_follow", args=[gone.pk])
    assert "Sol" in as_manager.get(address).content.decode()
    assert as_manager.post(address, {"poc": bo.pk}).status_code == 422
    response = as_manager.post(address, {"poc": bo.pk, "reason": "Takes over"}, follow=True)
    assert "Cy answers for 1 more." in response.content.decode()
    assert Assignment.objects.at(AT).get(dossier=house["sol"].dossier, topic=topic()).poc == bo
    assert shown(as_manager, "inactive") == []
    assert "Nothing is left" in as_manager.get(address).content.decode()


def test_nobody_follows_somebody_who_is_there(as_manager, house):
    there = Assignment.objects.get(poc__name="Alone").poc
    assert as_manager.get(reverse("desk:gap_follow", args=[there.pk])).status_code == 404


def test_what_rests_on_one_person_is_listed_with_a_backup_a_step_away(as_manager, house):
    alone = Assignment.objects.get(poc__name="Alone").poc
    response = as_manager.get(reverse("desk:gap_resting", args=[alone.pk]))
    assert [(record.title, [t.code for t in topics]) for record, topics in response.context["rows"]] == [
        ("Mar", ["general"])
    ]
    assert f"/d/{house['mar'].pk}/who/?topic=general&amp;rank=1" in response.content.decode()
    AssignmentFactory(dossier=house["mar"].dossier, rank=1)
    assert "All is well" in as_manager.get(reverse("desk:gap_resting", args=[alone.pk])).content.decode()


# --- The file


def sheet(client, code, **query):
    response = client.get(reverse("desk:gap_csv", args=[code]), query)
    assert response["Content-Disposition"] == f'attachment; filename="gaps-{code}.csv"'
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    return list(csv.reader(text.splitlines()))


def test_the_file_has_the_rows_of_the_page(as_manager, house):
    for code in GAPS:
        named = [row[2] or row[4] for row in sheet(as_manager, code)[1:]]
        assert named == shown(as_manager, code)
    assert sheet(as_manager, "unanswered", tier="a")[1][1:7] == [
        "account", "Rio", "", "", "General", "Nobody is named, here or above",
    ]  # fmt: skip


def test_a_name_that_would_be_a_formula_is_only_text(as_manager):
    AccountFactory(name="=cmd|' /C calc'!A0")
    assert sheet(as_manager, "unanswered")[1][2] == "'=cmd|' /C calc'!A0"


def test_the_file_is_in_the_readers_words_after_the_request_has_ended(as_manager, manager):
    AccountFactory(name="Rio")
    manager.language = "es"
    manager.save()
    assert len(sheet(as_manager, "unanswered")) == 2


# --- The API


def test_the_api_counts_and_lists_the_same(api, house):
    ask_as(api)
    counts = {row["code"]: row["count"] for row in api.get("/api/v1/gaps/").json()}
    assert set(counts) == set(GAPS)
    for code, n in counts.items():
        assert len(api.get(f"/api/v1/gaps/{code}/").json()["results"]) == n
    first = api.get("/api/v1/gaps/unanswered/?size=1").json()
    second = api.get(first["next"]).json()
    assert [page["results"][0]["record"]["name"] for page in (first, second)] == ["Rio", "Sol"]
    assert second["next"] is None


def test_the_api_says_who_what_and_until_when(api, house):
    ask_as(api)
    row = api.get("/api/v1/gaps/absent/").json()["results"][0]
    assert (row["poc"]["name"], row["record"], row["topics"], row["records"]) == ("Away", None, [], 1)
    assert row["ends_at"].startswith("2026-03-05")
    row = api.get("/api/v1/gaps/past_end/").json()["results"][0]
    assert (row["poc"]["name"], row["record"]["name"], row["topics"]) == ("Bo", "Sol", ["billing"])


def test_the_api_narrows_and_refuses_what_it_does_not_know(api, house):
    ask_as(api)
    assert len(api.get("/api/v1/gaps/unanswered/?tier=a").json()["results"]) == 1
    assert len(api.get("/api/v1/gaps/overloaded/?over=0").json()["results"]) == 2
    for query in ("kind=x", "topic=x", "over=x", "over=-1", "days=91", "colour=red", "cursor=x", "ordering=ends_at"):
        assert problem(api.get(f"/api/v1/gaps/unanswered/?{query}"))[0] == 400, query
    assert problem(api.get("/api/v1/gaps/nonsense/"))[0] == 404


def test_the_api_asks_for_the_right(api, house):
    api.force_authenticate(UserFactory())
    assert problem(api.get("/api/v1/gaps/"))[0] == 403
    assert problem(api.get("/api/v1/gaps/unanswered/"))[0] == 403
