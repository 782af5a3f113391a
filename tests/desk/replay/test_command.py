"""`manage.py replay`: a few invented incidents, and the first of a real log."""

import json
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from accounts.models import Account
from crm.commitments.models import Commitment
from crm.desk.management.commands.replay import Command
from crm.desk.replay.fit import WEEKDAYS, fits
from crm.desk.replay.log import State, read
from crm.desk.replay.outcome import Outcome
from crm.desk.replay.report import Report, as_json, lines
from crm.desk.replay.run import Plan, play
from crm.desk.replay.terms import terms_of
from tests.desk.replay.incidents import FIRST, count, quick, reported, slow, write
from tests.factories.accounts import AccountFactory

REAL = Path(__file__).resolve().parents[4] / "shared" / "data" / "tickets_incident"


def test_a_log_without_a_usable_row_is_refused(tmp_path, db):
    with pytest.raises(CommandError, match="No row of the log can be used"):
        call_command("replay", write(tmp_path, [FIRST | {"number": "?"}]))


@pytest.mark.sqlite
def test_the_command_replays_in_databases_of_its_own_and_leaves_this_one_alone(db, tmp_path):
    AccountFactory(name="Ours")
    out, path = StringIO(), tmp_path / "report.json"
    call_command("replay", write(tmp_path, quick("I1"), slow("I2")), json=path, processes=2, stdout=out)
    assert "made in the log" in out.getvalue()
    assert "Agreed: 100.00% of 2" in out.getvalue()
    told = json.loads(path.read_text())
    assert (told["incidents"], told["made_sla"]["both_missed"], told["explained"]) == (2, 1, True)
    assert [a.name for a in Account.objects.all()] == ["Ours"]
    assert Commitment.objects.count() == 0


@pytest.mark.sqlite
def test_postgres_is_asked_for_only_where_there_is_one(db, tmp_path):
    with pytest.raises(CommandError, match="names no PostgreSQL server"):
        call_command("replay", write(tmp_path, quick("I1")), database="postgresql")


@pytest.mark.sqlite  # the same on PostgreSQL, and it takes a while
@pytest.mark.skipif(not REAL.is_dir(), reason="the folder shared/data/tickets_incident is missing")
def test_the_first_of_a_real_log_agree_with_its_own_columns_or_say_why(db):
    log = read(REAL, first=100)
    tried = fits(log.incidents)
    terms = terms_of(tried[0])
    plan = Plan(log.incidents, tried[0].week, tried[0].end, terms, every=timedelta(days=1))
    found = play(plan, log.incidents)
    report = Report(log, tried, tried[0].end, terms, found, connection.vendor, 1, 0.0)
    assert (tried[0].end, tried[0].week) == (State.CLOSED, WEEKDAYS)
    assert count(report, "incidents").ours == 100
    assert count(report, "reopenings").log == count(report, "reopenings").ours
    assert report.is_explained
    assert report.outcome.refused == {}
    assert report.outcome.counts["set_aside"] == 0
    assert as_json(report)["explained"]
    assert "\n".join(lines(report))


def test_a_difference_without_a_reason_ends_the_command_with_one(tmp_path, capsys):
    folder = write(tmp_path, quick("I1"), slow("I2"))

    class Lost(Command):
        """A replay that nothing came of."""

        def _replay(self, log, options):
            return reported(folder, Outcome())

    with pytest.raises(SystemExit) as ended:
        call_command(Lost(), folder)
    assert ended.value.code == 1
    assert "  in time or not: 2 (I1, I2)" in capsys.readouterr().out
