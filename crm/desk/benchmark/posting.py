"""The processes that are measured posting: a mail server that takes everything, and senders that start together.

`python -m crm.desk.benchmark.posting sink PORT` and `… sender FOLDER NAME EVERY`. A sender says that it is ready by a
file in FOLDER, begins when `go` lies there, and ends when nothing is due; with EVERY seconds, when `stop` does.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import sleep

from aiosmtpd.smtp import SMTP, Envelope, Session

from crm import env
from crm.core import child

MODULE = "crm.desk.benchmark.posting"
ROOT = Path(__file__).resolve().parent.parent.parent.parent
TICK = 0.01  # seconds


class Take:
    """Takes every mail, and forgets it."""

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        return "250 OK"


class Senders:
    """Some senders, ready to begin at one moment."""

    def __init__(self, n: int, *, url: str, port: int, every: float = 0) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="liaison-senders-"))
        environment = env.for_child(
            DATABASE_URL=url, EMAIL_URL=f"smtp://127.0.0.1:{port}", DJANGO_SETTINGS_MODULE="crm.settings"
        )
        self.processes = [
            child.start(
                [sys.executable, "-m", MODULE, "sender", self.folder, str(k), str(every)], env=environment, cwd=ROOT
            )
            for k in range(n)
        ]
        while len(list(self.folder.glob("ready-*"))) < n:
            if any(process.poll() is not None for process in self.processes):
                raise RuntimeError("A sender did not start.")
            sleep(TICK)

    def go(self) -> None:
        (self.folder / "go").touch()

    def wait(self) -> None:
        """Wait until all have ended by themselves."""
        for process in self.processes:
            process.wait()

    def stop(self) -> None:
        (self.folder / "stop").touch()
        for process in self.processes:
            child.end(process, grace=10)
        for path in self.folder.iterdir():
            path.unlink()
        self.folder.rmdir()


@contextmanager
def senders(n: int, *, url: str, port: int, every: float = 0) -> Iterator[Senders]:
    running = Senders(n, url=url, port=port, every=every)
    try:
        yield running
    finally:
        running.stop()


@contextmanager
def sink() -> Iterator[int]:
    """Run the mail server, and give its port."""
    port = child.free_port()
    process = child.start([sys.executable, "-m", MODULE, "sink", str(port)], cwd=ROOT)
    try:
        yield port
    finally:
        child.end(process, grace=1)


async def _listen(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(lambda: SMTP(Take()), host="127.0.0.1", port=port)
    await server.serve_forever()


def _send(folder: Path, name: str, every: float) -> None:
    import django  # noqa: PLC0415  # the sink needs none of it

    django.setup()
    from crm.outbox import sender, turns  # noqa: PLC0415  # not before Django is set up
    from crm.outbox.models import Message  # noqa: PLC0415

    turns.SEATS[sender.COMPONENT] = 100  # what is measured is how they get on with each other
    (folder / f"ready-{name}").touch()
    while not (folder / "go").exists():
        sleep(TICK)
    while not (folder / "stop").exists():
        sender.sweep()
        if not every and not Message.objects.due().exists():
            return
        sleep(every or TICK)


if __name__ == "__main__":
    if sys.argv[1] == "sink":
        asyncio.run(_listen(int(sys.argv[2])))
    else:
        _send(Path(sys.argv[2]), sys.argv[3], float(sys.argv[4]))
