"""Child processes that never outlive their parent. Imports no Django: gunicorn, Celery and the tests use it too."""

import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

PR_SET_PDEATHSIG = 1  # linux/prctl.h
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None  # loaded before any fork


def die_with_parent(by: signal.Signals = signal.SIGKILL) -> None:
    """Ask the kernel to send this process a signal when its parent ends, however it ends.

    The kernel means the parent's *thread*: start such children from a thread that lives on.
    Does nothing outside Linux.
    """
    if _libc is not None:
        _libc.prctl(PR_SET_PDEATHSIG, by)


def start(
    command: Sequence[str | Path],
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    output: IO[bytes] | int | None = None,
    user: int | None = None,
) -> subprocess.Popen[bytes]:
    """Start `command` in a process group of its own, without input, so that it ends with this process.

    `output` takes standard output and standard error together; None: those of this process.
    `user` is the uid (and gid) to become; only root may ask for it.
    """
    return subprocess.Popen(
        [str(part) for part in command],
        env=None if env is None else dict(env),
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT if output is not None else None,
        process_group=0,
        user=user,
        group=user,
        extra_groups=None if user is None else [],
        preexec_fn=_tie_to(os.getpid()),
    )


def end(process: subprocess.Popen[bytes], *, grace: float, by: signal.Signals = signal.SIGTERM) -> int:
    """Ask `process` to end, wait `grace` seconds, kill its whole group, and return its exit code."""
    if process.poll() is None:
        process.send_signal(by)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(grace)
    kill_group(process)
    return process.wait()


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """Kill whatever is left of the process group that `process` leads."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return


def free_port() -> int:
    """Return a port on the loopback address that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _tie_to(parent: int) -> Callable[[], None]:
    def in_the_child() -> None:
        die_with_parent()
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # may be inherited as ignored
        if os.getppid() != parent:  # the parent died before the tie was made
            os._exit(1)

    return in_the_child
