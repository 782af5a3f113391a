"""Acts at the same moment, each on a connection of its own; for tests with a `database` of their own."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

from django.db import connection

from crm.core.refusals import Refused


def together(*acts: Callable[[], Any]) -> list[Any]:
    """Run acts at the same moment; return what each returned, or its refusal."""
    barrier = Barrier(len(acts))

    def run(act: Callable[[], Any]) -> Any:
        barrier.wait(timeout=30)
        try:
            return act()
        except Refused as refusal:
            return refusal
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))
