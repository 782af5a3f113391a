"""A count of requests that really counts: the one of the tests keeps nothing, so that no test uses up another's."""

import pytest
from django.core.cache.backends.locmem import LocMemCache

from crm.core import limits


def counting(monkeypatch: pytest.MonkeyPatch, **used: int) -> None:
    """Count from now on; `used` says what was asked for from here already, as `feed__look=3`."""
    cache = LocMemCache("counting", {})
    cache.clear()
    monkeypatch.setattr(limits, "caches", {"process": cache})
    for key, n in used.items():
        for _n in range(n):
            limits.within(f"{key.replace('__', ':')}:127.0.0.1/32", n)
