"""The firm that is measured, and the measuring; on PostgreSQL, at a thousandth of the promised size."""

import hashlib
import json
from datetime import UTC, datetime
from io import StringIO

import pytest
from django.contrib.sessions.models import Session
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from accounts.models import Account
from contacts.models import Contact
from crm.commitments.models import Commitment
from crm.desk.benchmark import lists, load
from crm.desk.benchmark.elsewhere import Elsewhere
from crm.desk.benchmark.firm import FEW, FIRST, MANY, READERS, TEAM
from crm.desk.benchmark.measure import Budget, Case, Cost, raw, take
from crm.desk.benchmark.names import NAMES
from crm.dossiers.models import Dossier, Event, EventDossier, Firm
from crm.poc.models import PointOfContact
from crm.poc.resolve import resolve
from crm.poc.visibility import visible_homes
from crm.users.models import User
from interactions.actions import facts_of, personal_of
from interactions.models import Interaction
from tests.factories.accounts import AccountFactory
from tests.factories.users import UserFactory
from tests.services import databases

SCALE = 0.001
AT = datetime(2026, 3, 4, 10, tzinfo=UTC)
KEYS = {"name", "rows", "queries", "seconds", "raw_seconds", "ratio", "budget", "within"}


def run(*arguments, **options):
    """What the command said, and its exit code."""
    out, err = StringIO(), StringIO()
    try:
        call_command("benchmark", *arguments, **options, stdout=out, stderr=err)
    except SystemExit as ended:
        return out.getvalue(), err.getvalue(), ended.code
    return out.getvalue(), err.getvalue(), 0


def load_some(batches=None, *, seed=1, size=300):
    """Load in small batches, and stop after some of them as a killed process does; None: to the end."""
    for n, _progress in enumerate(load.batches(load.begin(seed=seed, scale=SCALE), size=size), 1):
        if n == batches:
            return


def fingerprint():
    """Every row that was loaded, as one number a table."""
    firm = load.found()
    models = dict.fromkeys(model for step in load.steps(firm) for model in step.rows(firm, 0, 0))
    rows = {model: model._base_manager.order_by("pk").filter(pk__gte=FIRST).values_list() for model in models}
    return {model: hashlib.sha256(repr(list(found)).encode()).hexdigest() for model, found in rows.items()}


def empty():
    """Take the firm out again, as if nothing had been loaded."""
    firm = load.found()
    models = dict.fromkeys(model for step in load.steps(firm) for model in step.rows(firm, 0, 0))
    with transaction.atomic(), connection.cursor() as cursor:  # in one: who refers to whom is checked at its end
        for model in models:
            cursor.execute(f'DELETE FROM "{model._meta.db_table}" WHERE "{model._meta.pk.column}" >= {FIRST}')
    Firm.objects.update(name="", set_up_at=None)


# --- Loading ---------------------------------------------------------------------------------------------------------


@pytest.mark.postgres
def test_what_is_loaded_is_a_whole_firm(database, clock):
    clock.freeze(AT)
    said, _err, code = run("load", scale=SCALE)
    assert code == 0
    assert "Benchmark firm, seed 1, scale 0.001, as of 2026-03-04" in said
    assert (Account.objects.count(), Contact.objects.count()) == (20, 100)
    assert Interaction.objects.count() == Commitment.objects.count() == Event.objects.count() == 1000
    assert PointOfContact.objects.count() == 200
    assert EventDossier.objects.filter(dossier=FIRST).count() == load.found().n_busy == 50
    assert Dossier.objects.filter(kind="account").exclude(parent=None).exists()
    assert Commitment.objects.open().filter(due_at__gte=AT).exists()
    assert Commitment.objects.closed().filter(due_at__lt=AT).count() > 800
    assert not Commitment.objects.due_for_a_look().exists()
    _touches_read_as_logged_ones()
    _readers_see_their_part()
    _new_rows_get_new_ids()
    assert run("load", scale=SCALE)[2] == 0  # once more: nothing is left to do
    assert Interaction.objects.count() == 1000


def _touches_read_as_logged_ones():
    """Their events hold what logging writes, and who answered is who still does."""
    touch = Interaction.objects.for_list().filter(account=FIRST, contact__isnull=False).earliest("pk")
    event = Event.objects.select_related("personal").get(facts__interaction=touch.pk)
    assert event.facts == facts_of(touch) | {"promised": event.facts["promised"]}
    assert event.personal.values == personal_of(touch) | {"promised": event.personal.values["promised"]}
    answer = resolve(dossier_id=touch.dossier_id, topic_id=touch.topic_id, at=touch.occurred_at.replace(year=2026))
    assert [reason["code"] for reason in touch.poc_why] == [reason.code for reason in answer.reasons[:2]]
    last = Interaction.objects.touches().filter(account=FIRST).latest("occurred_at")
    assert Account.objects.get(pk=FIRST).last_touch_at == last.occurred_at


def _readers_see_their_part():
    seen = {place: visible_homes(User.objects.get(email__startswith=f"{name}@")) for place, name in READERS.items()}
    assert sorted(place for place, homes in seen.items() if homes is not None) == [TEAM, FEW, MANY]
    assert len(seen[FEW]) < Account.objects.count()


def _new_rows_get_new_ids():
    account = AccountFactory()
    assert account.pk > Dossier.objects.exclude(pk=account.pk).latest("pk").pk


@pytest.mark.postgres
def test_a_load_that_was_ended_goes_on_and_the_same_seed_gives_the_same_rows(database, clock):
    clock.freeze(AT)
    load_some()
    whole = fingerprint()
    empty()
    for batches in (1, 2, 3):  # ended again and again
        load_some(batches)
        assert not load.is_complete()
    clock.freeze(AT.replace(day=20))  # it still stands on the day it was begun
    load_some()
    assert load.is_complete()
    assert fingerprint() == whole
    empty()
    clock.freeze(AT)
    load_some(seed=2)
    assert fingerprint() != whole


@pytest.mark.postgres
def test_only_an_empty_database_or_ones_own_load_is_filled(database):
    UserFactory()
    with pytest.raises(CommandError, match="There is something in this database already"):
        call_command("benchmark", "load")
    User.objects.all().delete()
    load_some(1)
    with pytest.raises(CommandError, match=r"holds another load: Benchmark firm, seed 1, scale 0\.001"):
        call_command("benchmark", "load", "--seed", "2", "--scale", str(SCALE))
    with pytest.raises(CommandError, match="There is nothing to measure here"):
        call_command("benchmark", "resolve")


@pytest.mark.postgres
@pytest.mark.parametrize("scale", ["0", "-1", "11"])
def test_a_firm_has_some_size(db, scale):
    with pytest.raises(CommandError, match="The scale is a number above 0"):
        call_command("benchmark", "load", "--scale", scale)


@pytest.mark.sqlite
def test_sqlite_is_refused_with_a_sentence(db):
    with pytest.raises(CommandError, match="The benchmark measures PostgreSQL"):
        call_command("benchmark", "load")


def test_whose_database_is_measured_has_to_be_loaded(db):
    with pytest.raises(CommandError, match=r"There is nothing to measure here: run `manage.py benchmark load` first."):
        call_command("benchmark", "resolve")


# --- Measuring -------------------------------------------------------------------------------------------------------


@pytest.mark.postgres
def test_each_name_gives_rows_and_leaves_nothing(database):
    call_command("benchmark", "load", scale=SCALE, stdout=StringIO())
    before = (Interaction.objects.count(), Commitment.objects.count(), User.objects.exclude(last_login=None).count())
    printed, said, code = run("all", "--json", "--repeats", "1")
    rows = json.loads(printed)
    assert all(set(row) == KEYS for row in rows)
    assert {row["name"].split(":")[0] for row in rows} == {*NAMES, "resolve_many"}
    assert all(row["seconds"] > 0 and row["raw_seconds"] > 0 and row["queries"] > 0 for row in rows)
    assert code == (0 if all(row["within"] for row in rows) else 1)
    assert "No --tenth is given" in said
    after = (Interaction.objects.count(), Commitment.objects.count(), User.objects.exclude(last_login=None).count())
    assert after == before
    _every_list_of_the_api_is_among(rows)
    with pytest.raises(CommandError, match=r"There is no measurement called speed\. Known are: load, resolve, .*, all"):
        call_command("benchmark", "speed")


def _every_list_of_the_api_is_among(rows):
    names = {row["name"] for row in rows}
    for resource in ("accounts", "contacts", "projects", "interactions", "follow-ups", "owed", "pocs", "assignments"):
        assert {f"lists: /api/v1/{resource}/ first", f"lists: /api/v1/{resource}/ far"} <= names


@pytest.mark.postgres
def test_the_table_says_what_missed_its_budget(database, monkeypatch):
    load_some()
    monkeypatch.setitem(NAMES, "resolve", lambda firm: only(Case("one", asks, raw("SELECT 1"), Budget(queries=0))))
    table, _said, code = run("resolve", "--repeats", "1")
    assert code == 1
    assert "MISSED: ≤ 0 queries" in table


@pytest.mark.postgres
def test_a_list_is_compared_with_the_same_one_in_another_database(database, monkeypatch):
    load_some()
    databases.copy(f"{database}_tenth")
    url = databases.url_of(f"{database}_tenth")
    elsewhere = Elsewhere(url)
    with elsewhere.within():
        load_some(seed=2)
        elsewhere.connection.close()
    monkeypatch.setattr(lists, "endpoints", list)  # pages are enough of them
    rows = json.loads(run("lists", "--json", "--repeats", "1", "--tenth", url)[0])
    databases.drop(f"{database}_tenth")
    assert {row["budget"] for row in rows if row["name"].endswith("first")} == {
        "queries of, and ≤ 1.5× a tenth of the rows"
    }
    assert connection.settings_dict["NAME"] == databases.django_name(database)
    assert not Session.objects.exists()  # neither here nor there does anything stay


@pytest.mark.postgres
def test_that_the_other_database_holds_no_firm_is_said(database):
    load_some()
    empty = databases.url_of(databases.WORKER)
    with pytest.raises(CommandError, match="There is nothing to measure here"):
        call_command("benchmark", "lists", "--tenth", empty, stdout=StringIO(), stderr=StringIO())


def only(case):
    yield case


def asks():
    return User.objects.count() + 1


@pytest.mark.postgres
def test_what_a_transaction_takes_is_not_counted_as_asking(db):
    def work():
        with transaction.atomic():
            return asks()

    (measured,) = take(only(Case("count", work, raw("SELECT count(*) FROM users_user"))), repeats=3)
    assert (measured.rows, measured.queries, measured.within) == (1, 1, True)
    assert measured.ratio == pytest.approx(measured.seconds / measured.raw_seconds, rel=0.1)


@pytest.mark.postgres
def test_what_measuring_writes_is_taken_back(db):
    list(take(only(Case("write", lambda: UserFactory().pk, raw("SELECT 1"))), repeats=1))
    assert not User.objects.exists()


@pytest.mark.parametrize(
    ("budget", "holds"),
    [
        (Budget(), True),
        (Budget(queries=8), True),
        (Budget(queries=7), False),
        (Budget(seconds=0.1), True),
        (Budget(seconds=0.09), False),
        (Budget(ratio=4), True),
        (Budget(ratio=3), False),
        (Budget(of_other=1.5), True),
        (Budget(of_other=1.2), False),
        (Budget(over_other=0.03), True),
        (Budget(over_other=0.01), False),
    ],
)
def test_a_budget_holds_up_to_its_bounds(budget, holds):
    assert budget.holds(Cost(8, 0.1), Cost(8, 0.08), raw_seconds=0.025) is holds


def test_asking_more_often_than_the_first_page_is_a_miss():
    assert not Budget(of_other=1.5).holds(Cost(9, 0.01), Cost(8, 0.01), raw_seconds=0.01)


def test_a_budget_says_what_it_bounds():
    assert str(Budget(queries=8, seconds=1, ratio=4)) == "≤ 8 queries, ≤ 1000 ms, ≤ 4× raw"
    assert str(Budget(over_other=0.035, other="one who sees all")) == "≤ 35 ms more than one who sees all"
    assert str(Budget()) == ""
