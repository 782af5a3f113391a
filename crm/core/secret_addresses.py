"""Addresses that open a page by themselves, to whoever holds them: how often one place may ask, and what is kept.

Nothing is: no store has the page, no other site learns where its reader came from, no log has the address whole.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from functools import wraps

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render

from crm.core import limits

CHANGES = 60  # what one place may send in a minute, to each process
HEADERS = {
    "Cache-Control": "private, no-store",
    "Referrer-Policy": "no-referrer",  # the address is what opens it
    "X-Robots-Tag": "noindex, nofollow, noarchive",
}
SECRET = re.compile(r"(/(?:o(?:/fewer)?|s|calendar|reset/key)/)[^/\s\"'?#]+?(\.ics)?(?=[/\s\"'?#]|$)")
View = Callable[..., HttpResponseBase]


def opened_by_address(name: str, *, looks: int) -> Callable[[View], View]:
    """Let one place look `looks` times a minute, counted by each process; what it sends is counted apart.

    Looks are plenty: a program that reads mails for an office opens every address in them, and may not keep
    those who work there from theirs. There is no limit for all places together, by which one could shut out another.
    """

    def of(view: View) -> View:
        @wraps(view)
        def opened(request: HttpRequest, **address: str) -> HttpResponseBase:
            is_look = request.method in ("GET", "HEAD")
            key = f"{name}:{'look' if is_look else 'send'}:{limits.address_of(request)}"
            response: HttpResponseBase
            if limits.within(key, looks if is_look else CHANGES):
                response = view(request, **address)
            else:
                response = render(request, "poc/shared/wait.html", status=429)
                response["Retry-After"] = str(limits.wait())
            for header, value in HEADERS.items():
                response.setdefault(header, value)
            return response

        return opened

    return of


class Formatter(logging.Formatter):
    """Write a line of a log without what would open a page to whoever reads it."""

    def format(self, record: logging.LogRecord) -> str:
        return SECRET.sub(r"\1…\2", super().format(record))
