"""Driving Chromium: signing in, looking, measuring."""

import os
import shutil
from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.test import Client
from playwright.sync_api import ConsoleMessage, Page, Request

ARGUMENTS = [
    "--disable-dev-shm-usage",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",  # nothing from outside
    *(["--no-sandbox"] if os.geteuid() == 0 else []),
]


def chromium() -> str | None:
    """Return the path of the browser that the system brings, if any."""
    return next(
        (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
    )


def sign_in(page: Page, user: AbstractBaseUser) -> None:
    """Let `user` be signed in on this page's browser, without going through the form."""
    client = Client()
    client.force_login(user)
    session = client.cookies[settings.SESSION_COOKIE_NAME].value
    page.context.add_cookies(
        [{"name": settings.SESSION_COOKIE_NAME, "value": session, "domain": "127.0.0.1", "path": "/"}]
    )


def watch(page: Page, problems: list[str]) -> None:
    """Write down what the page complains of; a request that a navigation cut short is none."""

    def said(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            problems.append(f"{message.type} on {page.url}: {message.text}")

    def failed(request: Request) -> None:
        if request.failure != "net::ERR_ABORTED":
            problems.append(f"{request.method} {request.url}: {request.failure}")

    page.on("console", said)
    page.on("pageerror", lambda error: problems.append(f"exception on {page.url}: {error}"))
    page.on("requestfailed", failed)


def violations(page: Page) -> list[str]:
    """Return what axe finds wrong with the page, as lines: the rule and the elements concerned."""
    found = Axe().run(page, options={"preload": False}).response["violations"]  # it would fetch our sheets anew
    return [f"{rule['id']}: {', '.join(str(node['target'][0]) for node in rule['nodes'])}" for rule in found]


def picture(page: Page, name: str) -> Path:
    """Keep a picture of the whole page in the folder PICTURES names, for people to look at; no folder, no picture."""
    path = Path(os.environ.get("PICTURES") or os.devnull) / f"{name}.png"
    if "PICTURES" in os.environ:
        page.screenshot(path=path, full_page=True)
    return path
