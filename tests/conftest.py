"""What every test may ask for.

`pytest` runs on SQLite, `DB=postgres pytest` on PostgreSQL; `make test` runs both. Both need nothing installed
but requirements/dev.txt: the servers are started by tests/services/ and end with the run.

Rows
    db          (pytest-django) the ordinary case: what the test writes is rolled back. `@pytest.mark.django_db`
                is the same. What the migrations shipped is there.
    database    a database of this test alone, everything committed at once: for threads, other processes,
                browsers, constraints checked at commit. Take either `db` or `database`;
                `django_db(transaction=True)` is refused.
    clock       the product's clock (tests/clock.py): clock.freeze(moment), clock.shift(seconds), clock.release().

Doors
    client      (pytest-django) Django's test client, nobody signed in; `client.force_login(user)`.
    api         REST framework's APIClient; `api.force_authenticate(user)` acts for that user from then on.

Servers
    postgres    the PostgreSQL server's address, without a database name (only in the PostgreSQL run).
    valkey      a Redis-protocol server of this test alone: .url .stop() .start() .freeze() .thaw() .flush()
    sink        an SMTP server that remembers: .url .mails .mode (tests/services/sink.py).
    processes   starts manage.py commands, Celery workers and beats on this test's `database`, and ends them:
                processes.manage("engine_guard"), processes.worker(), processes.beat()  (tests/services/processes.py).

Pages in a browser
    site        a live server on this test's `database`: .url
    page        a Chromium page 1280 px wide; phone: one 360 px wide, with touch. `page.goto("/accounts/")` is
                relative to `site`. In tests/browser.py: sign_in(page, user), violations(page), picture(page, name).
    problems    what the pages complained of: errors on the console, exceptions, failed requests. Not empty at the
                end of a test with a page, it fails the test; a test that provokes one empties it.

Marks: `postgres` and `sqlite` (only in that run), `process` (starts processes of ours), `browser`. The run on
PostgreSQL repeats what touches a database, and leaves out the browser.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import playwright.sync_api
import pytest
from django.conf import settings
from django.db import connection, connections
from django.utils import timezone, translation
from pytest_django.live_server_helper import LiveServer
from pytest_django.plugin import DjangoDbBlocker
from rest_framework.test import APIClient

from crm.poc import calendars
from tests import browser as browsing
from tests import clock as clock_module
from tests.services import databases
from tests.services.processes import Processes
from tests.services.sink import Sink
from tests.services.valkey import GivenServer, Valkey, of_this_test


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """One more than there are cores: a test that waits for processes or for a browser leaves one idle."""
    return (os.cpu_count() or 1) + 1


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what does not concern this run's database, and refuse the flushing kind of transactional test."""
    here = _here_on_postgres if databases.KIND == "postgres" else _here_on_sqlite
    kept = [item for item in items if here(item)]
    config.hook.pytest_deselected(items=[item for item in items if not here(item)])
    items[:] = sorted(kept, key=_is_short)  # whatever takes long begins first, so that nobody waits for the last one
    for item in items:
        item.user_properties += [("needs", need) for need in _needs(item)]  # read by .ci/no_skips.py
        mark = item.get_closest_marker("django_db")
        if mark and (mark.kwargs.get("transaction") or mark.args):
            raise pytest.UsageError(f"{item.nodeid}: take the `database` fixture instead of django_db(transaction).")


def _is_short(item: pytest.Item) -> bool:
    return not any(item.get_closest_marker(name) for name in ("process", "browser"))


def _needs(item: pytest.Item) -> list[str]:
    """Return which servers and programs the test is worthless without."""
    marks = [name for name in ("browser", "postgres", "process") if item.get_closest_marker(name)]
    return marks + [name for name in ("valkey", "sink") if name in getattr(item, "fixturenames", ())]


def _here_on_sqlite(item: pytest.Item) -> bool:
    return item.get_closest_marker("postgres") is None


def _here_on_postgres(item: pytest.Item) -> bool:
    """Only what touches a database is worth a second run; browsers see the same pages on either."""
    if item.get_closest_marker("sqlite") or item.get_closest_marker("browser"):
        return False
    touching = {"db", "database", "postgres"} & set(getattr(item, "fixturenames", ()))
    return bool(touching or item.get_closest_marker("django_db") or item.get_closest_marker("postgres"))


@pytest.fixture(autouse=True)
def _plain_reader() -> Iterator[None]:
    """Leave neither a language nor a zone to the next test."""
    yield
    translation.deactivate()
    timezone.deactivate()


@pytest.fixture(scope="session")
def django_db_setup(django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Give this test process a copy of the migrated template, in place of Django's own test database."""
    databases.copy(databases.WORKER)
    with django_db_blocker.unblock():
        assert connection.features.supports_json_field  # asked of the database once per process; not in a test's count
    yield
    with django_db_blocker.unblock():
        connections.close_all()
    databases.drop(databases.WORKER)


@pytest.fixture
def database(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker, request: pytest.FixtureRequest
) -> Iterator[str]:
    """Yield the name of a database of this test alone; the test process and its threads work on it meanwhile."""
    name = f"{databases.WORKER}_alone"
    databases.copy(name)
    with django_db_blocker.unblock():
        _turn_to(databases.django_name(name))
        yield name
        _turn_to(databases.django_name(databases.WORKER))
    databases.drop(name)


def _turn_to(name: str) -> None:
    connections.close_all()
    settings.DATABASES["default"]["NAME"] = connection.settings_dict["NAME"] = name


@pytest.fixture(autouse=True)
def no_calendars_of_other_tests() -> None:
    """Rolled-back calendars leave their ids and versions to the next test: what was read of them is forgotten."""
    calendars._load.cache_clear()


@pytest.fixture
def clock() -> ModuleType:
    return clock_module


@pytest.fixture(scope="session")
def postgres() -> str:
    return databases.server_url()


@pytest.fixture
def valkey() -> Iterator[Valkey | GivenServer]:
    server = of_this_test()
    yield server
    server.remove()


@pytest.fixture
def sink() -> Iterator[Sink]:
    server = Sink()
    yield server
    server.stop()


@pytest.fixture
def processes(database: str, tmp_path: Path) -> Iterator[Processes]:
    started = Processes(database, tmp_path)
    yield started
    started.end_all()


@pytest.fixture
def api() -> APIClient:
    return APIClient()


@pytest.fixture
def site(database: str) -> Iterator[LiveServer]:
    server = LiveServer("127.0.0.1")
    yield server
    server.stop()


@pytest.fixture(scope="session")
def browser() -> Iterator[playwright.sync_api.Browser]:
    path = browsing.chromium()
    if path is None:
        pytest.skip("Chromium is missing; on Debian: apt-get install chromium")
    with playwright.sync_api.sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=path, args=browsing.ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture
def problems() -> list[str]:
    return []


@pytest.fixture
def page(browser: Any, site: LiveServer, problems: list[str]) -> Iterator[playwright.sync_api.Page]:
    yield from _page(browser, site, problems, viewport={"width": 1280, "height": 800})


@pytest.fixture
def phone(browser: Any, site: LiveServer, problems: list[str]) -> Iterator[playwright.sync_api.Page]:
    yield from _page(browser, site, problems, viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True)


def _page(browser: Any, site: LiveServer, problems: list[str], **options: Any) -> Iterator[playwright.sync_api.Page]:
    context = browser.new_context(base_url=site.url, locale="en-GB", timezone_id="Europe/Lisbon", **options)
    page = context.new_page()
    browsing.watch(page, problems)
    yield page
    context.close()
    assert not problems
