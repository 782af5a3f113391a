"""Processes of ours on a test's own database: workers, beats, guards, any command. All end with the test."""

import os
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from crm.core import child
from tests.services import databases

CELERY = [sys.executable, "-W", "ignore:You're running the worker", "-m", "celery", "-q", "-A", "crm.celery"]


class Process:
    """One process under way, leader of a group of its own. `output()` is what it said so far."""

    def __init__(self, command: list[str], env: dict[str, str], log: Path) -> None:
        self.log = log
        with log.open("ab") as file:
            self.popen = child.start(command, env=env, cwd=databases.ROOT, output=file)
        self.pid = self.popen.pid

    def output(self) -> str:
        return self.log.read_text(errors="replace")

    def is_running(self) -> bool:
        return self.popen.poll() is None

    def wait(self, *, seconds: float = 60) -> int:
        """Return the exit code."""
        return self.popen.wait(seconds)

    def end(self, *, grace: float = 15) -> int:
        """Ask it to end, and kill its group after `grace` seconds."""
        return child.end(self.popen, grace=grace)

    def kill(self) -> None:
        """Kill it and its group at once, as a power cut would."""
        child.kill_group(self.popen)
        self.popen.wait()

    def freeze(self, *, alone: bool = False) -> None:
        """Stop it and its group where they are; `alone`: its children go on."""
        (os.kill if alone else os.killpg)(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        os.killpg(self.pid, signal.SIGCONT)


class Processes:
    """Starts processes on one database, each with the settings given here and at its start (environment variables)."""

    def __init__(self, database: str, folder: Path) -> None:
        self.env = databases.environment(database)
        self.folder = folder
        self.started: list[Process] = []

    def manage(self, *arguments: str, **env: str) -> Process:
        """Start a `manage.py` command."""
        return self._start([sys.executable, "manage.py", *arguments], env)

    def worker(self, *, processes: int = 1, **env: str) -> Process:
        """Start a Celery worker with so many pool processes."""
        quiet = ["--without-gossip", "--without-mingle", "--without-heartbeat"]
        name = f"--hostname=w{len(self.started)}@%h"
        return self._start([*CELERY, "worker", f"--concurrency={processes}", name, *quiet], env)

    def beat(self, **env: str) -> Process:
        return self._start([*CELERY, "beat", "--pidfile="], env)

    def web(self, port: int, **env: str) -> Process:
        """Start the web server on a port of the loopback address."""
        command = [sys.executable, "-m", "gunicorn", "-c", "python:crm.web"]
        return self._start(command, {"HOST": "127.0.0.1", "PORT": str(port)} | env)

    def end_all(self) -> None:
        for process in self.started:
            process.kill()

    def _start(self, command: list[str], env: dict[str, str]) -> Process:
        log = self.folder / f"process-{len(self.started)}.log"
        process = Process(command, self.env | env, log)
        self.started.append(process)
        return process


def wait_until(true: Callable[[], object], *, seconds: float = 30, every: float = 0.05) -> None:
    """Return as soon as `true()` is, failing after `seconds`."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, f"not so within {seconds} s"
        time.sleep(every)


def of_group(group: int) -> list[int]:
    """Return the ids of the processes alive in a process group."""
    return [pid for pid, (_, pgrp) in _table().items() if pgrp == group]


def descendants(pid: int) -> list[int]:
    """Return the ids of the processes that `pid` started, and those they started."""
    table = _table()
    found = [pid]
    for known in found:
        found += [child_pid for child_pid, (parent, _) in table.items() if parent == known]
    return found[1:]


def alive(pids: list[int]) -> list[int]:
    table = _table()
    return [pid for pid in pids if pid in table]


def _table() -> dict[int, tuple[int, int]]:
    """Return pid → (parent, group) of all processes that are not zombies."""
    table = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # gone meanwhile
            state, parent, group = (folder / "stat").read_text().rsplit(")", 1)[1].split()[:3]
            if state != "Z":
                table[int(folder.name)] = (int(parent), int(group))
    return table
