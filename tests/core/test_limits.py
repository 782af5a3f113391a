"""How often one place may ask, and where a request comes from."""

import pytest
from django.core.cache.backends.locmem import LocMemCache
from django.test import RequestFactory

from crm.core import limits


@pytest.fixture
def counting(monkeypatch):
    monkeypatch.setattr(limits, "caches", {"process": LocMemCache("limits", {})})  # the tests' own keeps nothing
    LocMemCache("limits", {}).clear()


def test_one_key_is_within_its_limit_and_then_no_more_whatever_others_do(counting):
    assert [limits.within("a", 2) for _n in range(3)] == [True, True, False]
    assert limits.within("b", 2)
    assert 1 <= limits.wait() <= limits.WINDOW + 1


def test_a_cache_that_keeps_nothing_stops_nobody():
    assert all(limits.within("a", 1) for _n in range(3))


@pytest.mark.parametrize(
    ("proxies", "headers", "expected"),
    [
        (0, {"REMOTE_ADDR": "198.51.100.7", "HTTP_X_FORWARDED_FOR": "203.0.113.9"}, "198.51.100.7/32"),
        (1, {"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": "6.6.6.6, 203.0.113.9"}, "203.0.113.9/32"),
        (2, {"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": "203.0.113.9"}, "203.0.113.9/32"),
        (1, {"REMOTE_ADDR": "198.51.100.7"}, "198.51.100.7/32"),
        (0, {"REMOTE_ADDR": "2001:db8:1:2:3:4:5:6"}, "2001:db8:1:2::/64"),
        (1, {"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": "unknown"}, "nowhere"),
        (0, {"REMOTE_ADDR": ""}, "nowhere"),
    ],
)
def test_a_request_comes_from_where_the_proxies_we_trust_say(settings, proxies, headers, expected):
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = proxies
    assert limits.address_of(RequestFactory().get("/", **headers)) == expected
