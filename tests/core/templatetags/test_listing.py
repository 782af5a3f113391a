"""Addresses of lists."""

from django.http import QueryDict

from crm.core.templatetags.listing import address


def test_another_order_starts_again_at_the_first_page():
    assert address(QueryDict("tier=a&after=xyz"), sort="-name") == "?tier=a&sort=-name"


def test_a_filter_taken_out_leaves_the_others():
    assert address(QueryDict("tier=a&topic=billing"), tier=None) == "?topic=billing"


def test_nothing_left_is_still_an_address():
    assert address(QueryDict("tier=a"), tier=None) == "?"
