"""manage.py import_data crm_sales: what is wrong with the input is said plainly, and stops nothing else."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from accounts.models import Account
from interactions.models import Interaction
from projects.models import Project
from tests.desk import sales
from tests.desk.sales import NOON, answering, verdict

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def at(clock):
    return clock.freeze(NOON)


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
