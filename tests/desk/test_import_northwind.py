"""manage.py import_data northwind: customers, who answers for them, and what they ordered."""

import csv
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Account
from contacts.models import Contact
from crm.commitments.models import Commitment, Notification
from crm.core.actor import Actor, Source
from crm.desk.imports.report import Report
from crm.desk.imports.run import write as write_rows
from crm.desk.merging import merge
from crm.desk.profiles import northwind
from crm.dossiers.models import Event
from crm.handovers.actions import assign
from crm.outbox.models import Message
from crm.poc.models import Assignment, PointOfContact
from crm.poc.resolve import resolve
from interactions.employers import change_employer
from interactions.models import Interaction
from tests.desk import sales, trading
from tests.desk.answered import alone
from tests.factories.accounts import AccountFactory
from tests.factories.dossiers import topic
from tests.factories.poc import PersonFactory, front_desk
from tests.factories.users import actor

pytestmark = pytest.mark.django_db

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
NOON = datetime(2023, 6, 7, 12, 0, tzinfo=UTC)  # a Wednesday


@pytest.fixture(autouse=True)
def at(clock):
    return clock.freeze(NOON)


@pytest.fixture
def bring(tmp_path):
    """Import a folder (the invented tables, or with other lines) and return the report, a dict a line."""

    def bring(profile="northwind", **lines):
        folder = lines.pop("folder", None) or trading.write(tmp_path / "trading", **lines)
        call_command("import_data", profile, folder, report=tmp_path / "report.csv", stdout=StringIO())
        with (tmp_path / "report.csv").open(newline="") as file:
            return list(csv.DictReader(file))

    return bring


def verdict(report, key, record="interaction"):
    return next(line for line in report if (line["key"], line["record"]) == (key, record))


def account(key):
    return Account.objects.for_list().get(source="northwind", external_id=key)


def answering(dossier_id, at=NOON):
    return PointOfContact.objects.get(pk=resolve(dossier_id=dossier_id, topic_id=topic().pk, at=at).poc_id).name


def counts():
    models = (Account, Contact, PointOfContact, Assignment, Interaction, Event)
    return {model.__name__: model.objects.count() for model in models}


def changed(lines, old, new):
    return [line.replace(old, new) for line in lines]


# --- What comes in ----------------------------------------------------------------------------------------------------


def test_customers_come_with_where_they_are(bring):
    bring()
    rows = Account.objects.for_list().order_by("external_id")
    assert [(a.name, a.kind, a.street, a.city, a.region, a.postal_code, a.country.code) for a in rows] == [
        ("Adega Azul", "customer", "Rua da Prata 4", "Lisbon", "", "1100-419", "PT"),
        ("Korbmacher Holz", "customer", "Am Anger 9", "Jena", "", "07743", "DE"),
        ("Wildflower Co", "prospect", "9 Elm St", "Boise", "ID", "83702", "US"),  # never ordered
    ]


def test_each_has_its_contact_with_the_number_as_it_is_written(bring):
    bring()
    phones = {c.name: (c.account.name, c.position, c.phones.get()) for c in Contact.objects.for_list()}
    assert {name: (at, what, phone.number, phone.e164) for name, (at, what, phone) in phones.items()} == {
        "Inês Prado": ("Adega Azul", "Owner", "(1) 555-0143", ""),  # no number of that country can be so short
        "Jonas Veit": ("Korbmacher Holz", "Buyer", "030-0074321", "+49300074321"),
        "Amy Ross": ("Wildflower Co", "Manager", "(208) 555-0188", "+12085550188"),
    }


def test_whoever_others_report_to_leads_them_as_a_team(bring):
    bring()
    teams = PointOfContact.objects.teams().filter(source="northwind").order_by("name")
    assert {t.name: (t.lead.name, sorted(m.member.name for m in t.memberships.all())) for t in teams} == {
        "Team Ivo Brandt": ("Ivo Brandt", ["Eva Sol"]),
        "Team Marco Conti": ("Marco Conti", ["Ana Lima", "Ivo Brandt"]),
    }
    assert PointOfContact.objects.get(name="Ivo Brandt").home_team.name == "Team Marco Conti"


def test_nobody_who_comes_in_can_be_mailed_and_nobody_is_told_or_owes_anything(bring):
    bring()
    assert all(p.email.endswith("@northwind.invalid") for p in PointOfContact.objects.people())
    for model in (Notification, Message, Commitment):
        assert not model.objects.exists()


def test_namesakes_get_addresses_of_their_own(bring):
    bring(employees=["1,Lima,Ana,", "2,Lima,Ana,1", *trading.EMPLOYEES[2:]], orders=[])
    addresses = PointOfContact.objects.filter(name="Ana Lima").order_by("email").values_list("email", flat=True)
    assert list(addresses) == ["ana.lima.1@northwind.invalid", "ana.lima.2@northwind.invalid"]


def test_an_order_is_a_touch_of_its_day_through_its_employee(bring):
    bring()
    touch = Interaction.objects.for_list().get(external_id="101")
    assert (touch.occurred_at, touch.direction, touch.channel.code, touch.purpose.code, touch.poc.name) == (
        datetime(1997, 3, 4, 9, tzinfo=UTC), "in", "other", "request", "Ana Lima",
    )  # fmt: skip
    assert (touch.account.name, touch.contact.name) == ("Adega Azul", "Inês Prado")
    assert touch.note == "Order 101, worth 60.50: Cider (2), Honey (10)."
    assert [reason["code"] for reason in touch.poc_why] == ["fixed"]
    assert account("AZUL").last_touch_at == datetime(1997, 5, 6, 9, tzinfo=UTC)


def test_of_a_long_order_only_the_first_products_are_named(bring):
    lines = [f"101,AZUL,1,1997-03-04,{1 + n % 2},10,{n},0" for n in range(1, 9)]
    bring(orders=lines)
    assert Interaction.objects.get().note.endswith("Honey (5), and 3 more.")


def test_the_employee_of_the_newest_order_answers_since_that_day(bring):
    bring()
    azul = account("AZUL")
    assert answering(azul.pk) == "Ivo Brandt"
    assert Assignment.objects.get(dossier=azul.pk).starts_at == datetime(1997, 5, 6, tzinfo=UTC)
    assert answering(azul.pk, datetime(1997, 4, 1, tzinfo=UTC)) == front_desk().name


# --- Again ------------------------------------------------------------------------------------------------------------


def test_a_second_run_changes_nothing(bring):
    bring()
    before = counts()
    assert {line["result"] for line in bring()} == {"unchanged"}
    assert counts() == before


def test_a_newer_order_lets_its_employee_take_over(bring):
    bring()
    bring(orders=[*trading.ORDERS, "104,AZUL,4,1998-01-02,1,10,1,0"])
    azul = account("AZUL").pk
    assert answering(azul) == "Eva Sol"
    assert answering(azul, datetime(1997, 6, 1, tzinfo=UTC)) == "Ivo Brandt"


def test_who_was_named_by_hand_stays(bring):
    bring()
    ann = PersonFactory(name="Ann Keller")
    assign(dossier=account("AZUL").dossier, topic=topic(), poc=ann, reason="Knows them.", by=actor(), at=NOON)
    report = bring(orders=[*trading.ORDERS, "104,AZUL,4,1998-01-02,1,10,1,0"])
    assert answering(account("AZUL").pk) == "Ann Keller"
    assert "by hand" in verdict(report, "AZUL", "account")["notes"]


def test_an_order_told_otherwise_takes_the_place_of_the_first(bring):
    bring()
    orders = changed(trading.ORDERS, "103,KORB,4,1997-04-01", "103,KORB,4,1997-04-02")
    report = bring(orders=orders)
    assert verdict(report, "103")["result"] == "updated"
    touch = Interaction.objects.current().get(account=account("KORB"))
    assert (touch.occurred_at.day, Interaction.objects.filter(account=account("KORB")).count()) == (2, 2)
    assert {line["result"] for line in bring(orders=orders)} == {"unchanged"}


def test_a_changed_customer_is_updated_and_a_number_added_by_hand_stays(bring):
    bring()
    contact = Contact.objects.get(external_id="KORB")
    contact.phones.create(number="+49 151 555", digits="49151555", position=1)
    report = bring(
        customers=changed(trading.CUSTOMERS, "Jena,,07743,Germany,030-0074321", "Gera,,07545,Germany,030-99")
    )
    assert "city: Jena → Gera" in verdict(report, "KORB", "account")["reason"]
    assert verdict(report, "KORB", "contact")["reason"] == "number added: 030-99"
    assert [p.number for p in contact.phones.order_by("position")] == ["030-0074321", "+49 151 555", "030-99"]


def test_a_contact_who_has_moved_on_stays_where_they_are(bring):
    bring()
    contact, other = Contact.objects.for_list().get(external_id="AZUL"), AccountFactory()
    change_employer(contact=contact, account=other, by=actor(), at=NOON)
    report = bring(orders=[*trading.ORDERS, "104,AZUL,4,1998-01-02,1,10,1,0"])
    assert Contact.objects.get(pk=contact.pk).account == other
    assert verdict(report, "104")["result"] == "created"
    touch = Interaction.objects.get(external_id="104")
    assert (touch.account, touch.contact) == (account("AZUL"), None)


def test_a_chunk_costs_the_same_however_many_rows(tmp_path, bring):
    bring()
    costs = []
    for first, n in ((200, 1), (300, 24)):
        orders = [f"{first + i},WILD,1,1997-03-{i + 1:02},1,10,2,0" for i in range(n)]
        folder = trading.write(tmp_path / "trading", orders=orders)
        rows = [row for row in northwind.read(folder, today=NOON.date()) if hasattr(row, "note")]
        with CaptureQueriesContext(connection) as queries:
            write_rows(rows, source="northwind", by=Actor.system(Source.IMPORT), report=Report(), advance=lambda n: n)
        costs.append(len(queries))
    assert costs[0] == costs[1] < 35


# --- What is wrong with the input -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("900,GONE,1,1997-03-04,1,10,1,0", "GONE does not stand in customers.csv."),
        ("900,,1,1997-03-04,1,10,1,0", "– does not stand in customers.csv."),
        ("900,AZUL,9,1997-03-04,1,10,1,0", "9 does not stand in employees.csv."),
        ("900,AZUL,1,1997-03-04,7,10,1,0", "7 does not stand in products.csv."),
        ("900,AZUL,1,1997-02-30,1,10,1,0", "1997-02-30 in OrderDate is no date."),
        ("900,AZUL,1,,1,10,1,0", "The column OrderDate is empty."),
        ("900,AZUL,1,2023-06-08,1,10,1,0", "2023-06-08 is still to come."),
        ("900,AZUL,1,1997-03-04,1,10,some,0", "some in Quantity is no number."),
        ("900,AZUL,1,1997-03-04,1,1e999999999,1,0", "1e999999999 in UnitPrice is no number."),
        (",AZUL,1,1997-03-04,1,10,1,0", "The column OrderID is empty."),
        ("101,KORB,1,1997-03-04,1,10,1,0", "It says otherwise than line 2 of the same order."),
        ("900,AZUL,1", "The line has 3 values for 8 columns."),
    ],
)
def test_a_bad_line_is_refused_and_stops_nothing(bring, line, reason):
    report = bring(orders=[*trading.ORDERS, line])
    bad = next(v for v in report if v["file"] == "orders.csv" and v["line"] == "6")
    assert (bad["result"], bad["reason"]) == ("refused", reason)
    assert sorted(Interaction.objects.values_list("external_id", flat=True)) == ["101", "102", "103"]


def test_a_customer_whose_number_is_none_comes_without_a_contact(bring):
    report = bring(customers=changed(trading.CUSTOMERS, "030-0074321", "--"))
    assert "at least three digits" in verdict(report, "KORB", "contact")["reason"]
    assert account("KORB").contacts.count() == 0


def test_those_who_report_to_each_other_in_a_circle_are_refused_with_what_they_sold(bring):
    report = bring(employees=["1,Lima,Ana,2", "2,Conti,Marco,1", "3,Brandt,Ivo,", "4,Sol,Eva,3"])
    assert verdict(report, "1", "person")["reason"] == "They report to each other in a circle."
    assert verdict(report, "101")["reason"] == "Who answers was not brought in: 1."
    assert verdict(report, "102")["result"] == "created"


# --- Every account is answered for ------------------------------------------------------------------------------------


def test_the_gap_report_lists_exactly_those_who_never_ordered(bring):
    bring()
    assert alone(at=NOON) == {account("WILD").pk}


def test_and_of_sales_exactly_those_without_an_opportunity(bring, tmp_path):
    accounts = [*sales.ACCOUNTS, "Lone Star,retail,Spain,"]
    bring("crm_sales", folder=sales.write(tmp_path / "sales", accounts=accounts))
    assert alone(at=NOON) == {Account.objects.get(external_id="Lone Star").pk}


@pytest.mark.skipif(not (SHARED / "northwind").is_dir(), reason="the folder shared/data/northwind is missing")
def test_the_real_tables_come_in_whole_and_a_second_run_changes_nothing(bring):
    report = bring(folder=SHARED / "northwind")
    assert {line["result"] for line in report} == {"created"}
    assert counts() | {"Event": 0} == {
        "Account": 91, "Contact": 91, "PointOfContact": 9 + 2 + 1, "Assignment": 89, "Interaction": 830, "Event": 0,
    }  # fmt: skip
    assert not Account.objects.filter(country="").exists()
    assert len(alone(at=NOON)) == 2
    before = counts()
    assert {line["result"] for line in bring(folder=SHARED / "northwind")} == {"unchanged"}
    assert counts() == before
    newest = Interaction.objects.order_by("-occurred_at").first()
    assert NOON - newest.occurred_at > timedelta(days=365)


# --- After a merge by hand --------------------------------------------------------------------------------------------


def test_what_is_brought_in_for_a_merged_account_reaches_the_one_it_was_merged_into(bring):
    bring()
    azul, korb = account("AZUL"), account("KORB")
    merge(keep=azul, drop=korb, by=actor(), at=NOON)
    report = bring(orders=[*trading.ORDERS, "104,KORB,4,1998-01-02,1,10,1,0"])
    assert {line["result"] for line in report if line["key"] != "104"} == {"unchanged"}
    assert verdict(report, "KORB", "account")["notes"] == "merged into Adega Azul, which stays as it is"
    assert Interaction.objects.get(external_id="104").home_id == azul.pk
    assert (account("AZUL").name, answering(azul.pk)) == ("Adega Azul", "Ivo Brandt")
