"""The small runs of the faults, among the ordinary tests; `make faults` runs them at full size."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from crm.core import child
from tests.faults import registry, report
from tests.faults.registry import Scenario
from tests.faults.rig import Rig
from tests.services import databases
from tests.services.processes import Processes, alive, descendants, wait_until
from tests.services.sink import Sink
from tests.services.valkey import GivenServer, Valkey

pytestmark = pytest.mark.process
CRASHING = 8  # it takes a server of its own
COMMAND = (sys.executable, "-m", "tests.faults")
QUICK = [scenario for scenario in registry.all_of(databases.KIND) if scenario.quick and scenario.number != CRASHING]


@pytest.mark.parametrize("scenario", QUICK, ids=lambda scenario: scenario.name)
def test_the_engine_keeps_its_promise(
    scenario: Scenario, database: str, processes: Processes, valkey: Valkey | GivenServer, tmp_path: Path
):
    if isinstance(valkey, GivenServer) and scenario.stops_broker:
        pytest.skip("a server that was given is not stopped")
    sink = Sink(tmp_path / "sink.jsonl")
    try:
        rig = Rig(
            processes, sink, valkey, folder=tmp_path, database_url=databases.url_of(database), seed=scenario.number,
            quick=True,
        )  # fmt: skip
        outcome = report.run(scenario, rig, database=databases.KIND)
    finally:
        sink.stop()
    assert outcome.row.passed, "\n".join([*outcome.faults, *(process.output() for process in processes.started)])


@pytest.mark.postgres
def test_the_command_runs_one_on_a_server_of_its_own_and_writes_down_what_came_of_it(tmp_path: Path):
    command = [*COMMAND, "--only", str(CRASHING), "--database", "postgres", "--quick", "--out", tmp_path]
    done = subprocess.run(command, cwd=databases.ROOT, env=environment(), capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    (row,) = json.loads((tmp_path / "faults.json").read_text())["scenarios"]
    assert row["scenario"] == CRASHING
    assert row["passed"] is True
    assert row["kills"] == row["runs"] == 3
    assert set(row) == {
        "scenario", "database", "runs", "kills", "expected", "lost", "duplicates", "wrong_recipient", "copies",
        "worst_lateness_s", "seed", "passed",
    }  # fmt: skip
    assert row["seed"] == 1  # the one that would be given to have the same again
    assert {"1", "2"} <= set(row["copies"])
    assert "1 of 1 passed" in done.stdout


@pytest.mark.postgres
def test_a_run_that_is_interrupted_ends_its_servers_and_writes_down_what_is_known(tmp_path: Path):
    with (tmp_path / "said").open("wb") as said:
        run = child.start([*COMMAND, "--out", tmp_path], cwd=databases.ROOT, env=environment(), output=said)
    try:
        wait_until(lambda: b"--seed 1" in (tmp_path / "said").read_bytes(), seconds=60)
        started = descendants(run.pid)
        run.send_signal(signal.SIGINT)
        assert run.wait(60) == 130, (tmp_path / "said").read_text()
        assert not alive(started)
    finally:
        child.end(run, grace=0)
    assert json.loads((tmp_path / "faults.json").read_text()) == {"scenarios": []}
    assert "Interrupted" in (tmp_path / "said").read_text()
    assert "Traceback" not in (tmp_path / "said").read_text()


def test_a_number_that_no_scenario_has_is_refused():
    done = subprocess.run(
        [*COMMAND, "--only", "2,99"], cwd=databases.ROOT, env=environment(), capture_output=True, text=True
    )  # fmt: skip
    assert done.returncode == 2
    assert "there is no scenario 99" in done.stderr


def test_the_table_has_its_twenty_six_numbers():
    known = {each.number for kind in (registry.POSTGRES, registry.SQLITE) for each in registry.all_of(kind)}
    assert known | {registry.EMBEDDED} == set(range(1, 27))
    assert {each.number for each in registry.all_of(registry.SQLITE)} >= registry.EMBEDDED_ARE


def environment() -> dict[str, str]:
    """Return ours without what belongs to this run of the tests."""
    return {key: value for key, value in os.environ.items() if not key.startswith(("TEST_", "DJANGO_"))}


def test_a_scenario_that_tries_nothing_or_fails_is_not_passed(
    database: str, processes: Processes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def fails(rig: Rig) -> None:
        rig.demand(False, "it does not hold")
        raise RuntimeError("it broke")

    sink = Sink(tmp_path / "sink.jsonl")
    try:
        valkey = GivenServer.__new__(GivenServer)
        valkey.url = "redis://127.0.0.1:1/0"
        rig = Rig(processes, sink, valkey, folder=tmp_path, database_url=databases.url_of(database), quick=True)
        outcome = report.run(Scenario(0, "", fails, True, (), 2, None, None), rig, database=databases.KIND)
    finally:
        sink.stop()
    assert not outcome.row.passed
    assert outcome.faults == [
        "RuntimeError: it broke", "it does not hold", "the referee expected nothing: nothing was tried",
    ]  # fmt: skip
