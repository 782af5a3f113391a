"""Databases of one test run: one migrated template, and quick copies of it.

The first process of the run (the controller, under xdist) makes the run's folder and starts PostgreSQL where
it is needed; its workers find both in the environment. Copies are dropped by whoever made them, the rest goes
with the first process.
"""

import atexit
import fcntl
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg

from tests.services.postgres import Postgres

ROOT = Path(__file__).resolve().parent.parent.parent
KIND = os.environ.get("DB", "sqlite")
if KIND not in {"sqlite", "postgres"}:
    sys.exit(f"DB must be sqlite or postgres, not {KIND!r}.")
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "main")


def prepare() -> None:
    """Make what the whole run shares, once: call it before Django reads its settings."""
    if "TEST_RUN" not in os.environ:
        folder = tempfile.mkdtemp(prefix="liaison-tests-")
        os.environ["TEST_RUN"] = folder
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        if KIND == "postgres":
            server_url()
            atexit.register(_drop_quietly, "template")  # runs before the server is stopped


def run_folder() -> Path:
    return Path(os.environ["TEST_RUN"])


def server_url() -> str:
    """Return a PostgreSQL server's address without a database name, starting the server where none is given."""
    if "TEST_DATABASE_URL" not in os.environ:
        server = Postgres()
        atexit.register(server.stop)
        os.environ["TEST_DATABASE_URL"] = server.url
    return _without_name(os.environ["TEST_DATABASE_URL"])


def url_of(name: str, kind: str = KIND) -> str:
    """Return what goes into DATABASE_URL for this run's database `name`."""
    return f"{server_url()}/{_prefix()}_{name}" if kind == "postgres" else f"sqlite:///{run_folder() / name}.sqlite3"


def django_name(name: str) -> str:
    """Return what Django's settings call NAME for this run's database `name`."""
    return f"{_prefix()}_{name}" if KIND == "postgres" else str(run_folder() / f"{name}.sqlite3")


def copy(name: str) -> None:
    """Make database `name` as a copy of the template, migrating the template first where nobody did yet."""
    with _locked():
        if not (run_folder() / "template.ready").exists():
            _make_template()
            (run_folder() / "template.ready").touch()
        drop(name)
        if KIND == "postgres":
            _on_server(f'CREATE DATABASE "{django_name(name)}" TEMPLATE "{django_name("template")}"')
        else:
            shutil.copyfile(django_name("template"), django_name(name))


def drop(name: str) -> None:
    """Remove database `name`, ending whatever is still connected to it; harmless when there is none."""
    if KIND == "postgres":
        _on_server(f'DROP DATABASE IF EXISTS "{django_name(name)}" WITH (FORCE)')
    else:
        for suffix in ("", "-wal", "-shm"):
            Path(django_name(name) + suffix).unlink(missing_ok=True)


def environment(name: str) -> dict[str, str]:
    """Return the environment in which a process of ours works on database `name`."""
    kept = {key: os.environ[key] for key in ("PATH", "HOME", "LANG", "TMPDIR") if key in os.environ}
    return kept | {
        "ENVIRONMENT": "test",
        "DJANGO_SETTINGS_MODULE": "crm.settings",
        "DATABASE_URL": url_of(name),
        "CELERY_SKIP_CHECKS": "1",  # quicker: the tests have checked what there is to check
        "PYTHONUNBUFFERED": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def _make_template() -> None:
    drop("template")
    if KIND == "postgres":
        _on_server(f'CREATE DATABASE "{django_name("template")}"')
    done = subprocess.run(
        [sys.executable, "manage.py", "migrate", "--skip-checks", "--verbosity", "0"],
        cwd=ROOT,
        env=environment("template"),
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    )
    if done.returncode:
        raise RuntimeError(f"The migrations failed:\n{done.stdout}{done.stderr}")
    if KIND == "sqlite":
        _fold_in_the_log(django_name("template"))


def _fold_in_the_log(path: str) -> None:
    """Bring a SQLite database back into one file, so that a copy of the file is a copy of the database."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _drop_quietly(name: str) -> None:
    with suppress(psycopg.Error):  # the server may be gone already
        drop(name)


@contextmanager
def _locked() -> Iterator[None]:
    with (run_folder() / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _on_server(statement: str) -> None:
    with closing(psycopg.connect(f"{server_url()}/postgres", autocommit=True)) as connection:
        connection.execute(statement)  # type: ignore[call-overload]


def _prefix() -> str:
    return run_folder().name.replace("-", "_").lower()


def _without_name(url: str) -> str:
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc, "", "", ""))
