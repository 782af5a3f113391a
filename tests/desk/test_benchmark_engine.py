"""The engine measured: on PostgreSQL, at a tiny size, in databases that are gone afterwards."""

import os
import signal

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from crm.commitments.models import Commitment, Notification
from crm.desk.benchmark import engine
from crm.desk.benchmark.backlog import PREFIX, Backlog, NoServer, backlog
from tests.services import databases
from tests.services.processes import alive as still_alive
from tests.services.processes import descendants, wait_until

TINY = engine.Size(n_open=1_000, n_due=20, n_mails=10, senders=(2,), seconds=1, n_live=10, every=0.5, repeats=1)


def everywhere() -> set[str]:
    """The databases of all runs that are there."""
    with psycopg.connect(f"{databases.server_url()}/postgres") as server:
        return {name for (name,) in server.execute("SELECT datname FROM pg_database") if name.startswith(PREFIX)}


def left_over() -> list[str]:
    """The databases of this process that are still there."""
    return [name for name in everywhere() if name.startswith(f"{PREFIX}{os.getpid()}_")]


@pytest.mark.sqlite
@pytest.mark.django_db
def test_without_a_server_it_is_refused():
    with pytest.raises(NoServer), backlog(10):
        pass
    with pytest.raises(CommandError, match="PostgreSQL"):
        call_command("benchmark", "engine")


@pytest.mark.postgres
@pytest.mark.process
def test_everything_is_measured_and_nothing_is_left(database):
    rows = list(engine.measure(TINY))
    named = [row.name.partition(":")[0].partition(",")[0] for row in rows]
    assert named == ["sweep"] * 3 + ["plan"] * 3 + ["pack", "send", "lateness p50", "lateness p99"]
    assert all(row.seconds > 0 and row.raw_seconds > 0 for row in rows)
    sent = next(row for row in rows if row.name.startswith("send"))
    assert sent.rows == TINY.n_mails
    assert left_over() == []
    assert not Commitment.objects.exists()


@pytest.mark.postgres
def test_the_plain_statement_writes_what_the_planner_writes(database):
    with backlog(200) as each:
        list(each.load())
        told = {}
        for turn, (name, work) in enumerate((("plan", engine._plan), ("raw", engine._claim_and_tell))):
            n = each.let_fall_due(20, turn=turn)
            with each.within():
                work()
                rows = Notification.objects.order_by("channel")
                told[name] = list(rows.values_list("channel", "kind", "state", "step", "generation"))
                assert rows.values("commitment").distinct().count() == n == 20
                assert not Commitment.objects.due_for_a_look().exists()
            each.forget()
        assert told["plan"] == told["raw"]
    assert left_over() == []


KILLED = """
import time
from django.db import connection
from crm.desk.benchmark import posting
from crm.desk.benchmark.backlog import Backlog, backlog
with backlog(10, like=Backlog(0, "{like}", connection)) as each, posting.sink() as port:
    print("made", each.name, flush=True)
    time.sleep(600)
"""


@pytest.mark.postgres
@pytest.mark.process
def test_a_run_that_is_killed_leaves_no_process_and_the_next_one_drops_its_databases(database, processes):
    template = databases.django_name("template")
    run = processes.manage("shell", "--no-imports", "-c", KILLED.format(like=template))
    wait_until(lambda: "made" in run.output(), seconds=120)
    killed = run.output().split()[1]
    (sink,) = descendants(run.pid)
    os.kill(run.pid, signal.SIGKILL)
    run.wait()
    wait_until(lambda: not still_alive([sink]))
    assert killed in everywhere()
    with backlog(10, like=Backlog(0, template, connection)) as each:
        assert killed not in everywhere()
        with backlog(20, like=each) as other:
            assert {each.name, other.name} <= everywhere()  # this one lives, though nobody is connected to it
    assert left_over() == []


def test_the_growth_of_what_takes_nothing_is_not_measured_against_chance():
    assert engine._growth("sweep", 0.002, 0.0011).within
    assert not engine._growth("plan", 0.00041, 0.0003).within
    assert engine._growth("plan", 0.00035, 0.0003).within


def test_the_table_says_where_chance_is_allowed_for():
    assert engine._growth("sweep", 0.004, 0.005).budget == "≤ 1.2× with a tenth of them (+ 3 ms)"
    assert engine._growth("plan", 0.00035, 0.0003).budget == "≤ 1.2× with a tenth of them"
