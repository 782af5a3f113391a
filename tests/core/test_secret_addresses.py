"""Addresses that open a page by themselves: no log has them whole."""

import logging

import pytest

from crm.core.secret_addresses import Formatter


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/o/a-1-2-3.Zx_9-/", "/o/…/"),
        ("/o/fewer/1-r.Zx_9-/", "/o/fewer/…/"),
        ("/s/Zx9/card.vcf", "/s/…/card.vcf"),
        ("/calendar/Zx9.ics", "/calendar/….ics"),
        ("/auth/password/reset/key/1-abc-def/", "/auth/password/reset/key/…/"),
        ("/calendar/", "/calendar/"),
        ("/accounts/7/", "/accounts/7/"),
        ("/pocs/7/", "/pocs/7/"),
    ],
)
def test_a_line_of_the_log_has_no_address_that_opens_a_page(path, expected):
    record = logging.LogRecord("django.request", logging.WARNING, "", 1, "%s: %s", ("Too Many Requests", path), None)
    assert Formatter("{message}", style="{").format(record) == f"Too Many Requests: {expected}"


def test_what_went_wrong_is_told_without_it_too():
    try:
        raise ValueError("no /o/a-1-2-3.Zx_9-/ here")
    except ValueError as error:
        record = logging.LogRecord("x", logging.ERROR, "", 1, "oh", (), (ValueError, error, None))
    assert Formatter().format(record).endswith("ValueError: no /o/…/ here")


def test_every_line_is_written_so(settings):
    assert settings.LOGGING["formatters"]["line"]["()"] == "crm.core.secret_addresses.Formatter"
    assert {handler["formatter"] for handler in settings.LOGGING["handlers"].values()} == {"line"}
