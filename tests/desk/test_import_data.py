"""manage.py import_data crm_sales: what comes in, what is refused and why, and that it may run again."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Account
from crm.commitments.models import Commitment, Notification
from crm.commitments.planning import planner
from crm.core.actor import Actor, Source
from crm.core.clock import now
from crm.desk.imports.report import Report
from crm.desk.imports.run import write as write_rows
from crm.desk.profiles import crm_sales
from crm.dossiers.models import Event
from crm.handovers.actions import assign
from crm.outbox.models import Message
from crm.poc.models import Assignment, PointOfContact
from interactions.models import FollowUp, Interaction
from projects.models import Project
from tests.desk import sales
from tests.desk.answered import alone
from tests.desk.sales import NOON, answering, verdict
from tests.factories.dossiers import topic
from tests.factories.poc import PersonFactory
from tests.factories.users import UserFactory, actor

pytestmark = pytest.mark.django_db

REAL = Path(__file__).resolve().parents[3] / "shared" / "data" / "crm_sales"


@pytest.fixture(autouse=True)
def at(clock):
    return clock.freeze(NOON)


def project(key):
    return Project.objects.for_list().get(source="crm_sales", external_id=key)


def counts():
    models = (Account, Project, PointOfContact, Assignment, Interaction, FollowUp, Event)
    return {model.__name__: model.objects.count() for model in models}


# --- What comes in ----------------------------------------------------------------------------------------------------


def test_accounts_come_with_parents_industries_and_countries(bring):
    bring()
    rows = Account.objects.for_list().order_by("dossier__title_key")
    assert [(a.name, str(a.dossier.parent or ""), a.industry, a.country.code, a.kind) for a in rows] == [
        ("Adega Azul", "", "Technology", "ES", "customer"),
        ("Adega Azul Norte", "Adega Azul", "Retail", "PH", "prospect"),
        ("Bicicletas Duero", "", "Medical", "KE", "prospect"),
    ]


def test_what_was_read_otherwise_than_written_is_noted(bring):
    report = bring()
    assert verdict(report, "Adega Azul", "account")["notes"] == "written technolgy, read as technology"
    assert verdict(report, "Adega Azul Norte", "account")["notes"] == "written Philipines, read as Philippines"
    assert verdict(report, "D1")["notes"] == "written GTXPro, read as GTX Pro"


def test_agents_are_people_in_the_team_their_manager_leads(bring):
    bring()
    team = PointOfContact.objects.get(name="Team Marco Conti (North)")
    assert team.lead.name == "Marco Conti"
    assert sorted(m.member.name for m in team.memberships.all()) == ["Ana Lima", "Ivo Brandt"]
    assert {p.home_team for p in PointOfContact.objects.filter(name__in=["Ana Lima", "Ivo Brandt"])} == {team}


def test_nobody_who_comes_in_can_be_mailed(bring):
    bring()
    people = PointOfContact.objects.people()
    assert all(p.email.endswith("@crm-sales.invalid") for p in people) and len(people) == 5


def test_opportunities_are_projects_answered_for_by_their_agents(bring):
    bring()
    won, open_, prospect = project("D1"), project("D2"), project("D4")
    assert (won.name, won.phase, won.starts_on, won.ends_on) == (
        "GTX Pro · D1", "won", date(2023, 1, 10), date(2023, 2, 14),
    )  # fmt: skip
    assert (open_.phase, prospect.phase, project("D3").phase) == ("engaging", "prospecting", "lost")
    starts = {a.dossier_id: a.starts_at for a in Assignment.objects.all()}
    assert starts[won.pk] == datetime(2023, 1, 10, tzinfo=UTC)
    assert starts[prospect.pk] == NOON
    assert [answering(p.pk) for p in (won, open_, prospect)] == ["Ana Lima", "Ivo Brandt", "Eva Sol"]


def test_the_agent_of_the_newest_opportunity_answers_for_the_account(bring):
    bring()
    assert answering(Account.objects.get(external_id="Adega Azul").pk) == "Ivo Brandt"


def test_engaging_and_closing_are_touches_of_their_days_with_who_answered_then(bring):
    bring()
    touches = Interaction.objects.filter(project=project("D1")).order_by("occurred_at")
    assert [(t.occurred_at, t.direction, t.poc.name, t.note) for t in touches] == [
        (datetime(2023, 1, 10, 9, tzinfo=UTC), "out", "Ana Lima", "First talk about GTX Pro."),
        (datetime(2023, 2, 14, 9, tzinfo=UTC), "out", "Ana Lima", "Won GTX Pro, worth 4800."),
    ]
    assert Account.objects.get(external_id="Adega Azul").last_touch_at == datetime(2023, 3, 1, 9, tzinfo=UTC)


def test_what_is_still_open_is_followed_up(bring):
    bring()
    due = {f.commitment.dossier_id: f.commitment.due_at for f in FollowUp.objects.all()}
    assert due == {
        project("D2").pk: datetime(2023, 3, 8, 9, tzinfo=UTC),  # five working days after Wednesday 1 March
        project("D4").pk: datetime(2023, 3, 31, 9, tzinfo=UTC),  # never engaged: the last day of the file
    }


def test_the_summary_says_what_became_of_how_many(bring):
    bring()
    assert "project: 4 created and 1 refused" in bring.summary
    assert "1 refused: The opportunity has no account." in bring.summary


def test_it_is_recorded_as_an_import_by_whoever_did_it(bring):
    user = UserFactory()
    bring(by=user.email)
    assert set(Event.objects.values_list("source", "actor")) == {(Source.IMPORT, user.pk)}


def test_nobody_is_told(bring):
    bring()
    assert not Notification.objects.exists()
    assert not Message.objects.exists()


# --- Again ------------------------------------------------------------------------------------------------------------


def test_a_second_run_changes_nothing(bring):
    bring()
    before = counts()
    report = bring()
    assert {line["result"] for line in report} == {"unchanged", "refused"}
    assert counts() == before


def test_a_changed_line_updates_its_record(bring):
    bring()
    deals = [*sales.DEALS[:1], "D2,Ivo Brandt,MG Special,Adega Azul,Won,2023-03-01,2023-05-02,61", *sales.DEALS[2:]]
    report = bring(deals=deals)
    line = verdict(report, "D2")
    assert line["result"] == "updated"
    assert "phase: engaging → won" in line["reason"]
    assert project("D2").phase == "won"
    assert Interaction.objects.filter(project=project("D2")).count() == 2
    assert FollowUp.objects.get(external_id="D2").commitment.state == "cancelled"
    assert {v["result"] for v in report if v["key"] != "D2"} == {"unchanged", "refused"}
    assert "updated" not in {v["result"] for v in bring(deals=deals)}


def test_a_touch_on_another_day_takes_the_place_of_the_first(bring):
    bring()
    bring(deals=["D1,Ana Lima,GTX Pro,Adega Azul,Won,2023-01-11,2023-02-14,4800", *sales.DEALS[1:]])
    touches = Interaction.objects.current().filter(project=project("D1")).order_by("occurred_at")
    assert [t.occurred_at.day for t in touches] == [11, 14]


def test_another_agent_takes_over_and_the_first_stays_in_the_history(bring):
    bring()
    bring(deals=[*sales.DEALS[:1], "D2,Ana Lima,MG Special,Adega Azul,Engaging,2023-03-01,,", *sales.DEALS[2:]])
    assert answering(project("D2").pk) == "Ana Lima"
    assert answering(project("D2").pk, datetime(2023, 4, 1, tzinfo=UTC)) == "Ivo Brandt"


def test_who_was_named_by_hand_stays(bring):
    bring()
    deal, ann = project("D2"), PersonFactory(name="Ann Keller")
    assign(dossier=deal.dossier, topic=topic(), poc=ann, reason="Knows them.", by=actor(), at=NOON)
    report = bring(
        deals=[*sales.DEALS[:1], "D2,Ana Lima,MG Special,Adega Azul,Engaging,2023-03-01,,", *sales.DEALS[2:]]
    )
    assert answering(deal.pk) == "Ann Keller"
    assert verdict(report, "D2")["notes"] == "who answers was changed by hand and stays: Ann Keller"


def test_an_agent_who_moves_joins_the_other_team(bring):
    bring()
    report = bring(teams=["Ana Lima,Petra Lang,South", *sales.TEAMS[1:]])
    assert verdict(report, "Ana Lima", "person")["result"] == "updated"
    team = PointOfContact.objects.get(external_id="team:Petra Lang")
    assert sorted(m.member.name for m in team.memberships.all()) == ["Ana Lima", "Eva Sol"]


def test_what_is_done_here_is_not_owed_again_by_a_second_run(bring):
    bring()
    Commitment.objects.filter(follow_up__external_id="D2").update(
        state="kept", closed_at=NOON, next_action_at=None
    )  # fmt: skip
    bring()
    assert FollowUp.objects.get(external_id="D2").commitment.state == "kept"


def test_a_run_that_was_cut_off_goes_on_where_it_was(bring, tmp_path):
    folder = sales.write(tmp_path / "sales")

    def cut_off():
        for n, row in enumerate(crm_sales.read(folder, today=NOON.date())):
            if n == 12:
                raise KeyboardInterrupt
            yield row

    with pytest.raises(KeyboardInterrupt):
        write_rows(cut_off(), source="crm_sales", by=Actor.system(Source.IMPORT), report=Report(), advance=lambda n: n)
    assert Account.objects.exists()
    report = bring()
    assert counts()["Project"] == 4
    assert {v["result"] for v in report} == {"created", "unchanged", "refused"}


def test_a_chunk_costs_the_same_however_many_rows(bring, tmp_path):
    bring(deals=["W,Ana Lima,MG Special,Adega Azul,Engaging,2023-02-01,,"])  # working times are known from then on
    costs = []
    for first, deals in ((1, 1), (2, 24)):
        lines = [f"X{n},Ana Lima,MG Special,Adega Azul,Engaging,2023-03-{n:02},," for n in range(first, first + deals)]
        rows = [
            row
            for row in crm_sales.read(sales.write(tmp_path / "sales", deals=lines), today=NOON.date())
            if hasattr(row, "phase")
        ]
        with CaptureQueriesContext(connection) as queries:
            write_rows(rows, source="crm_sales", by=Actor.system(Source.IMPORT), report=Report(), advance=lambda n: n)
        costs.append(len(queries))
    assert costs[0] == costs[1] < 65


# --- And then the engine ----------------------------------------------------------------------------------------------


def long_overdue(n):
    """So many opportunities that were never followed up: three quarters Ana's, the others Ivo's; Marco leads both."""
    agents = ["Ana Lima", "Ana Lima", "Ana Lima", "Ivo Brandt"]
    return [f"O{i},{agents[i % 4]},MG Special,Adega Azul,Engaging,2023-01-{i % 28 + 1:02},," for i in range(n)]


def told():
    """How many messages and how many things each was told, in the inbox."""
    rows = Notification.objects.filter(channel="inbox", state="planned").values_list("recipient__name", "message")
    names = {name for name, _message in rows}
    return {name: (len({m for who, m in rows if who == name}), sum(who == name for who, _m in rows)) for name in names}


def test_long_overdue_follow_ups_make_one_digest_each_not_a_storm(bring):
    bring(deals=long_overdue(200))
    planner.sweep()
    assert told() == {"Ana Lima": (1, 150), "Ivo Brandt": (1, 50)}
    assert not Message.objects.filter(state="ready").exists()  # nobody behind .invalid is mailed


def test_nobody_is_escalated_who_was_not_asked_before(bring, clock):
    bring(deals=long_overdue(40))
    planner.sweep()
    assert not Commitment.objects.escalated().exists()
    planner.sweep()
    assert not Commitment.objects.escalated().exists()
    clock.freeze(datetime(2023, 6, 7, 16, 1, tzinfo=UTC))  # four working hours later
    planner.sweep()
    assert told()["Marco Conti"] == (1, 40)
    asked = Notification.objects.filter(step__isnull=False, recipient__name__in=["Ana Lima", "Ivo Brandt"])
    assert set(asked.values_list("commitment", flat=True)) == set(
        Commitment.objects.escalated().values_list("pk", flat=True)
    )


# --- On the real thing ------------------------------------------------------------------------------------------------


@pytest.mark.postgres  # the same on SQLite, and it takes a while
@pytest.mark.skipif(not REAL.is_dir(), reason="the folder shared/data/crm_sales is missing")
def test_the_real_tables_come_in_whole_and_a_second_run_changes_nothing(bring, clock):
    clock.release()
    report = bring(folder=REAL)
    assert counts() | {"Event": 0} == {
        "Account": 85, "Project": 7375, "PointOfContact": 41 + 6 + 1, "Assignment": 7375 + 85,
        "Interaction": 7212 + 6711, "FollowUp": 664, "Event": 0,
    }  # fmt: skip
    refused = [v for v in report if v["result"] == "refused"]
    assert [v["reason"] for v in refused] == ["The opportunity has no account."] * 1425
    assert not Assignment.objects.filter(poc__is_house=True).exists()
    assert alone(at=now()) == set()
    before = counts()
    assert {v["result"] for v in bring(folder=REAL)} == {"unchanged", "refused"}
    assert counts() == before
