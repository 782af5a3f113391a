"""A second database beside the one measured, asked in turn with it by the same process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections, transaction
from django.db.utils import load_backend
from environ import Env

from crm.desk.benchmark.measure import Work


class Elsewhere:
    """Everything done `within` it happens in another database; what is written there is rolled back at the end."""

    def __init__(self, url: str) -> None:
        given = {**connections.settings[DEFAULT_DB_ALIAS], **Env.db_url_config(url)}
        self.connection: Any = load_backend(given["ENGINE"]).DatabaseWrapper(given, DEFAULT_DB_ALIAS)

    @contextmanager
    def within(self) -> Iterator[None]:
        """Let the product's one connection lead there; what it asks is counted where it is usually counted."""
        here: Any = connections[DEFAULT_DB_ALIAS]
        self.connection.force_debug_cursor = here.force_debug_cursor
        self.connection.queries_log.clear()
        connections[DEFAULT_DB_ALIAS] = self.connection
        try:
            yield
        finally:
            connections[DEFAULT_DB_ALIAS] = here
            here.queries_log.extend(self.connection.queries_log)

    def work(self, work: Work) -> Work:
        """Return work that is done there."""

        def there() -> Any:
            with self.within():
                return work()

        return there

    def begin(self) -> None:
        with self.within():
            transaction.set_autocommit(False)

    def end(self) -> None:
        with self.within():
            transaction.rollback()
            self.connection.close()
