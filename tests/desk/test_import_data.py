"""manage.py import_data crm_sales: what comes in, what is refused and why, and that it may run again."""

import csv
from datetime import UTC, date, datetime
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
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
from crm.poc.resolve import resolve
from interactions.models import FollowUp, Interaction
from projects.models import Project
from tests.desk import sales
from tests.desk.answered import alone
from tests.factories.dossiers import topic
from tests.factories.poc import PersonFactory
from tests.factories.users import UserFactory, actor

pytestmark = pytest.mark.django_db

REAL = Path(__file__).resolve().parents[3] / "shared" / "data" / "crm_sales"
NOON = datetime(2023, 6, 7, 12, 0, tzinfo=UTC)  # a Wednesday


@pytest.fixture(autouse=True)
def at(clock):
    return clock.freeze(NOON)


@pytest.fixture
def bring(tmp_path):
    """Import a folder (the invented tables, or with other lines) and return the report, a dict a line."""

    def bring(by="", **lines):
        folder = lines.pop("folder", None) or sales.write(tmp_path / "sales", **lines)
        out = StringIO()
        call_command("import_data", "crm_sales", folder, report=tmp_path / "report.csv", by=by, stdout=out)
        with (tmp_path / "report.csv").open(newline="") as file:
            bring.summary = out.getvalue()
            return list(csv.DictReader(file))

    return bring


def verdict(report, key, record="project"):
    return next(line for line in report if (line["key"], line["record"]) == (key, record))


def project(key):
    return Project.objects.for_list().get(source="crm_sales", external_id=key)


def answering(dossier_id, at=NOON):
    return PointOfContact.objects.get(pk=resolve(dossier_id=dossier_id, topic_id=topic().pk, at=at).poc_id).name


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


# --- What is wrong with the input -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("B,Ana Lima,GTX Pro,Adega Azul,Won,2023-02-30,2023-03-01,1", "2023-02-30 in engage_date is no date."),
        ("B,Ana Lima,GTX Pro,Adega Azul,Won,10/01/2023,2023-03-01,1", "10/01/2023 in engage_date is no date."),
        ("B,Ana Lima,GTX Pro,Adega Azul,Engaging,0001-01-01,,", "0001-01-01 in engage_date is no date."),
        ("B,Ana Lima,GTX Pro,Adega Azul,Won,2023-03-01,2023-02-01,1", "It was closed before it began."),
        ("B,Ana Lima,GTX Pro,Adega Azul,Engaging,2023-06-08,,", "2023-06-08 is still to come."),
        ("B,Nobody,GTX Pro,Adega Azul,Engaging,2023-02-01,,", "Nobody does not stand in sales_teams.csv."),
        ("B,,GTX Pro,Adega Azul,Engaging,2023-02-01,,", "– does not stand in sales_teams.csv."),
        ("B,Ana Lima,GTX Pro,No Such,Engaging,2023-02-01,,", "No Such does not stand in accounts.csv."),
        ("B,Ana Lima,Lemonade,Adega Azul,Engaging,2023-02-01,,", "Lemonade does not stand in products.csv."),
        ("B,Ana Lima,GTX Pro,Adega Azul,Dreaming,2023-02-01,,", "There is no stage called Dreaming."),
        ("B,Ana Lima,GTX Pro,Adega Azul,Won,2023-02-01,2023-03-01,much", "much in close_value is no number."),
        ("B,Ana Lima,GTX Pro,Adega Azul,Engaging", "The line has 5 values for 8 columns."),
        ('B,"Ana Lima,GTX Pro,Adega Azul,Engaging,2023-02-01,,', "The quotes in the line do not match."),
        (b"B,Ana Lima,GTX Pro,Adega \xff,Engaging,2023-02-01,,", "The line is not in UTF-8."),
        ("B,Ana Lima,GTX Pro\0,Adega Azul,Engaging,2023-02-01,,", "The line holds characters that are no text."),
        ("D1,Ana Lima,GTX Pro,Adega Azul,Engaging,2023-02-01,,", "D1 stands in line 2 already."),
        (",Ana Lima,GTX Pro,Adega Azul,Engaging,2023-02-01,,", "The column opportunity_id is empty."),
        (
            f"{'B' * 150},Ana Lima,GTX Pro,Adega Azul,Engaging,2023-02-01,,",
            f"{'B' * 40}… is longer than 100 characters.",
        ),
    ],
)
def test_a_bad_line_is_refused_and_stops_nothing(bring, line, reason):
    report = bring(deals=[*sales.DEALS[:2], line, *sales.DEALS[2:4]])
    bad = next(v for v in report if v["file"] == "sales_pipeline.csv" and v["line"] == "4")
    assert (bad["result"], bad["reason"]) == ("refused", reason)
    assert sorted(Project.objects.values_list("external_id", flat=True)) == ["D1", "D2", "D3", "D4"]


def test_a_refused_opportunity_does_not_decide_who_answers_for_its_account(bring):
    bring(deals=[*sales.DEALS, "B,Eva Sol,GTX Pro,Adega Azul,Engaging,2023-06-08,,"])
    assert answering(Account.objects.get(external_id="Adega Azul").pk) == "Ivo Brandt"


def test_what_began_today_comes_in_before_nine_too(bring, clock):
    clock.freeze(datetime(2023, 6, 7, 6, 30, tzinfo=UTC))
    bring(deals=["T,Ana Lima,GTX Pro,Adega Azul,Engaging,2023-06-07,,"])
    assert Interaction.objects.get().occurred_at == datetime(2023, 6, 7, 6, 30, tzinfo=UTC)


def test_accounts_that_belong_to_each_other_in_a_circle_are_refused(bring):
    report = bring(accounts=["A,retail,Italy,B", "B,retail,Italy,A", "C,retail,Nowhere,Gone"], deals=[])
    reason = "Its parents go in a circle, or there are more than five above it."
    assert [verdict(report, key, "account")["reason"] for key in "AB"] == [reason, reason]
    notes = "no country is called Nowhere; Gone stands in no line of its own"
    assert (verdict(report, "C", "account")["result"], verdict(report, "C", "account")["notes"]) == ("created", notes)


def test_other_line_ends_and_a_byte_order_mark_do_not_matter(bring, tmp_path):
    folder = sales.write(tmp_path / "sales")
    for path in folder.iterdir():
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\r\n", b"\n"))
    assert [v["result"] for v in bring(folder=folder)].count("refused") == 1


def test_missing_files_are_named_in_one_sentence(bring, tmp_path):
    folder = sales.write(tmp_path / "sales")
    (folder / "accounts.csv").unlink()
    (folder / "products.csv").unlink()
    with pytest.raises(CommandError, match=r"^The folder .*sales lacks accounts\.csv and products\.csv\.$"):
        bring(folder=folder)
    with pytest.raises(CommandError, match=r"^There is no folder .*nowhere\.$"):
        bring(folder=tmp_path / "nowhere")


def test_missing_columns_are_named_in_one_sentence(bring, tmp_path):
    folder = sales.write(tmp_path / "sales")
    (folder / "products.csv").write_bytes(b"")
    (folder / "sales_teams.csv").write_text("sales_agent,office\n")
    sentence = "Columns are missing: sales_teams.csv lacks manager and regional_office; products.csv lacks product."
    with pytest.raises(CommandError) as refused:
        bring(folder=folder)
    assert str(refused.value) == sentence


def test_a_profile_or_a_user_nobody_knows_is_said_plainly(bring):
    with pytest.raises(CommandError, match=r"^There is no profile called sales\. There are: crm_sales, northwind\.$"):
        call_command("import_data", "sales", Path())
    with pytest.raises(CommandError, match=r"^Nobody signs in as eva@firm\.example\.$"):
        bring(by="eva@firm.example")


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
