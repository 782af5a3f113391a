"""`make run`, end to end: real processes, a folder and a port of the test's own."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import urllib.request
from contextlib import suppress
from pathlib import Path

import pytest

from crm.core import child
from tests.services import databases
from tests.services.databases import ROOT
from tests.services.processes import Process, alive, descendants, wait_until

pytestmark = [pytest.mark.process, pytest.mark.sqlite]  # the embedded start is on SQLite, whatever the run is on
PROCESSES = 8  # broker, mail, guard, worker and its pool, beat, web and its process


class Start:
    """One start of the product, as `make run` does it."""

    def __init__(self, folder, *, is_first=False):
        self.folder = folder
        if not is_first:  # the tables are there already, as after an earlier start
            databases.copy(folder.name)
            shutil.move(databases.django_name(folder.name), folder / "empty.sqlite3")
        self.port = child.free_port()
        self.env = {"PATH": os.environ["PATH"], "VAR_FOLDER": str(folder), "PORT": str(self.port), "EMPTY": "1"}

    def begin(self, *before):
        self.process = Process([*before, sys.executable, "manage.py", "run_all"], self.env, self.folder / "start.log")

    def wait(self, seconds=120):
        with suppress(AssertionError):
            wait_until(self.is_decided, seconds=seconds)
        assert self.process.is_running(), self.process.output()
        assert "Liaison is at" in self.process.output(), self.process.output()

    def is_decided(self):
        return "Liaison is at" in self.process.output() or not self.process.is_running()

    def children(self):
        """Return the ids of all processes of the start, once all are there, those of the pools too."""
        wait_until(lambda: len(descendants(self.process.pid)) >= PROCESSES)
        return descendants(self.process.pid)

    def get(self, path):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as answer:
            return json.load(answer)


@pytest.fixture
def first_start(tmp_path):
    yield from begun(Start(tmp_path, is_first=True))


@pytest.fixture
def start(tmp_path):
    yield from begun(Start(tmp_path))


def begun(start):
    start.begin()
    yield start
    start.process.kill()  # the rest ends with it


def test_it_starts_says_where_it_is_and_ends_without_a_trace(first_start):
    start = first_start
    start.wait()
    assert f"http://127.0.0.1:{start.port}/" in start.process.output()
    assert start.get("/healthz") == {"status": "ok"}
    assert start.get("/readyz") == {"status": "ok", "database": "ok", "migrations": "ok", "broker": "ok"}
    private = [path for path in start.folder.iterdir() if path.name != "start.log"]
    assert [path for path in private if path.stat().st_mode & 0o077] == []
    children = start.children()
    start.process.popen.send_signal(signal.SIGTERM)
    assert start.process.wait(seconds=60) == 0, start.process.output()
    assert alive(children) == []


def test_a_second_start_prepares_nothing_again_and_ends_with_ctrl_c_even_where_that_is_ignored(start):
    start.wait()
    kept = [start.folder / name for name in ("secret-key", "static/fingerprint", "static/staticfiles.json")]
    before = [(path.stat().st_ino, path.stat().st_mtime_ns) for path in kept]
    database = (start.folder / "empty.sqlite3").stat().st_ino
    start.process.popen.send_signal(signal.SIGINT)
    assert start.process.wait(seconds=60) == 0
    (start.folder / "start.log").unlink()
    start.begin("sh", "-c", "trap '' INT; exec \"$@\"", "sh")  # as a script's background job inherits it
    start.wait()
    assert [(path.stat().st_ino, path.stat().st_mtime_ns) for path in kept] == before
    assert (start.folder / "empty.sqlite3").stat().st_ino == database
    start.process.popen.send_signal(signal.SIGINT)
    assert start.process.wait(seconds=60) == 0


def test_killed_it_leaves_no_orphan(start):
    start.wait()
    children = start.children()
    os.kill(start.process.pid, signal.SIGKILL)
    start.process.wait()
    wait_until(lambda: not alive(children), seconds=10)


def test_when_one_program_ends_all_end_with_its_failure(start):
    start.wait()
    children = start.children()
    beat = next(pid for pid in children if b"beat" in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0"))
    os.kill(beat, signal.SIGKILL)
    assert start.process.wait(seconds=60) == 128 + signal.SIGKILL
    assert "beat ended" in start.process.output()
    assert alive(children) == []


def test_a_taken_port_is_one_plain_line(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = subprocess.run(
            [sys.executable, "manage.py", "run_all"],
            cwd=ROOT,
            env={"PATH": os.environ["PATH"], "VAR_FOLDER": str(tmp_path), "PORT": str(port)},
            capture_output=True,
            text=True,
        )
    assert done.returncode == 1
    assert done.stdout == ""
    [line] = done.stderr.splitlines()
    assert str(port) in line
    assert "PORT=" in line


def test_it_ends_in_order_when_make_is_killed(tmp_path):
    start = Start(tmp_path)
    start.begin("sh", "-c", '"$@" --with-parent; true', "sh")  # the shell stands for make
    start.wait()
    children = descendants(start.process.pid)
    os.kill(start.process.pid, signal.SIGKILL)
    start.process.wait()
    wait_until(lambda: not alive(children), seconds=30)
