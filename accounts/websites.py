"""Websites, as far as they tell one firm from another."""

from __future__ import annotations

from urllib.parse import urlsplit


def host_of(website: str) -> str:
    """The host of a website without its www; "" where there is none."""
    try:
        return (urlsplit(website).hostname or "").removeprefix("www.")
    except ValueError:
        return ""
