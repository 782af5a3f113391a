"""Run several programs as one: lines with their names, one end for all, nothing left behind."""

import selectors
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from crm.core import child

GRACE = 15.0  # seconds for a program to end by itself; prefork can hang on SIGTERM
TICK = 0.2  # seconds


@dataclass
class Running:
    """A program under way, and the line it has not finished yet."""

    name: str
    process: subprocess.Popen[bytes]
    rest: bytes = b""


class Supervisor:
    """Starts programs and ends them in the opposite order, whether one ends, a signal comes, or it is killed itself."""

    def __init__(self, *, env: Mapping[str, str], cwd: Path) -> None:
        self.env, self.cwd = env, cwd
        self.running: list[Running] = []
        self.signals = 0  # how many times we were asked to end
        self.selector = selectors.DefaultSelector()
        self._listen_to_signals()

    def start(self, name: str, command: Sequence[str | Path]) -> None:
        process = child.start(command, env=self.env, cwd=self.cwd, output=subprocess.PIPE)
        running = Running(name, process)
        self.running.append(running)
        assert process.stdout is not None  # noqa: S101  # PIPE was asked for
        self.selector.register(process.stdout, selectors.EVENT_READ, running)

    def wait_until(self, ready: Callable[[], bool], *, seconds: float) -> bool:
        """Pass lines on until `ready()`; False when that took too long, a program ended, or a signal came."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and not self.signals and self.ended() is None:
            if ready():
                return True
            self._pass_lines_on(0.05)
        return False

    def run(self) -> int:
        """Pass lines on until a program ends or a signal comes, and return the exit code."""
        while not self.signals:
            gone = self.ended()
            if gone is not None:
                code = gone.process.returncode
                self._pass_lines_on(0)
                self.say(f"{gone.name} ended with code {code}; ending the others.")
                return code if code > 0 else 128 - code if code < 0 else 1
            self._pass_lines_on(TICK)
        return 0

    def ended(self) -> Running | None:
        return next((running for running in self.running if running.process.poll() is not None), None)

    def stop(self) -> None:
        """End what was started, last first; a second signal ends the waiting."""
        for running in reversed(self.running):
            if running.process.poll() is None:
                running.process.terminate()
            deadline = time.monotonic() + GRACE
            while running.process.poll() is None and time.monotonic() < deadline and self.signals < 2:
                self._pass_lines_on(0.05)
            child.kill_group(running.process)
            running.process.wait()
        self._pass_lines_on(0)

    def say(self, line: str) -> None:
        with suppress(BrokenPipeError):  # nobody reads us any more: go on ending
            print(line, flush=True)

    def _pass_lines_on(self, timeout: float) -> None:
        for key, _ in self.selector.select(timeout):
            running = key.data
            if running is None:
                with suppress(BlockingIOError):
                    key.fileobj.recv(64)  # type: ignore[union-attr]
                continue
            chunk = running.process.stdout.read1(65536)
            if not chunk:
                self.selector.unregister(key.fileobj)
            *lines, running.rest = (running.rest + chunk).split(b"\n")
            for line in lines:
                self.say(f"{running.name:<6} | {line.decode(errors='replace').rstrip()}")

    def _listen_to_signals(self) -> None:
        """Count signals ourselves (SIGINT may be inherited as ignored) and let them wake the selector."""
        self._woken, waker = socket.socketpair()
        self._waker = waker
        self._woken.setblocking(False)
        waker.setblocking(False)
        signal.set_wakeup_fd(waker.fileno(), warn_on_full_buffer=False)
        self.selector.register(self._woken, selectors.EVENT_READ, None)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._count)

    def _count(self, number: int, frame: FrameType | None) -> None:
        self.signals += 1


def python(*arguments: str | Path) -> list[str | Path]:
    """Return the command that runs this Python with `arguments`."""
    return [sys.executable, *arguments]
