"""Redis is only the bell: flushed, killed or frozen, with too many beats or none, it costs time and nothing else."""

from __future__ import annotations

import http.cookiejar
import time
import urllib.parse
import urllib.request
from contextlib import suppress
from datetime import timedelta

from django.test import Client

from crm.core import child
from tests.factories.users import UserFactory
from tests.faults import world
from tests.faults.registry import scenario
from tests.faults.rig import Rig
from tests.faults.story import Promise
from tests.services.processes import wait_until

QUICK = 1.5  # seconds that a page may take to save
_YEAR = timedelta(days=365)


@scenario(5, "FLUSHALL every 5 s", copies=1, p99=75)
def broker_flushed(rig: Rig) -> None:
    rig.promise(rig.size(2000, 40), first=rig.seconds(20, 2), over=rig.seconds(240, 4))
    rig.start()
    until = time.monotonic() + rig.seconds(265, 7)
    while time.monotonic() < until:
        rig.valkey.flush()
        rig.wait(rig.seconds(5, 1) / 2, "flushing")


@scenario(6, "Redis killed, then frozen", quick=True, copies=1, worst=75, stops_broker=True)
def broker_gone(rig: Rig) -> None:
    """Ten minutes each: the guard delivers, in time, and pages save as quickly as ever."""
    away = rig.seconds(600, 5)
    pages = _Pages(rig)
    rig.start()
    rig.guard()
    pages.save()  # the first answer of a process reads its templates; it is the broker that is measured
    rig.valkey.stop()
    _live_through(rig, away, pages, "killed")
    rig.valkey.start()
    rig.valkey.freeze()
    _live_through(rig, away, pages, "frozen")
    rig.valkey.thaw()
    rig.promise(rig.size(100, 6), first=1, over=2, name="afterwards")
    rig.demand(pages.slowest < QUICK or rig.quick, f"a page took {pages.slowest:.1f} s to save")


def _live_through(rig: Rig, seconds: float, pages: _Pages, how: str) -> None:
    rig.promise(rig.size(600, 10), first=1, over=seconds * 0.8, name=how)
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        pages.save()
        rig.wait(rig.seconds(5, 1), f"the broker is {how}")
    rig.settle()


class _Pages:
    """The web server, and somebody signed in who says that things are done; the slowest answer is remembered."""

    def __init__(self, rig: Rig) -> None:
        port = child.free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.slowest = 0.0
        self.process = rig.processes.web(port)
        self.jar = http.cookiejar.CookieJar()
        self.client = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.jar))
        signed_in = Client()
        signed_in.force_login(UserFactory(email="ada@firm.example", administrator=True))
        self.session = signed_in.cookies["sessionid"].value
        staff = world.people(1, "pages")
        self.left: list[Promise] = world.promises(staff, 1000, "page", first=_YEAR, over=_YEAR)
        wait_until(self._answers, seconds=60)

    def save(self) -> None:
        """Say of one more thing that it is done, through the page."""
        done = world.commitment(self.left.pop().title)
        self._ask("/")
        token = next(cookie.value or "" for cookie in self.jar if "csrf" in cookie.name)
        begun = time.monotonic()
        self._ask(f"/owed/{done.pk}/done/", csrfmiddlewaretoken=token, next="/")
        self.slowest = max(self.slowest, time.monotonic() - begun)
        done.refresh_from_db()
        assert done.state == "kept", "the page did not save"

    def _ask(self, path: str, **fields: str) -> str:
        data = urllib.parse.urlencode(fields).encode() if fields else None
        request = urllib.request.Request(self.url + path, data, {"Cookie": f"sessionid={self.session}"})
        for cookie in self.jar:
            request.add_unredirected_header("Cookie", f"sessionid={self.session}; {cookie.name}={cookie.value}")
        with self.client.open(request, timeout=30) as answer:
            return str(answer.read().decode())

    def _answers(self) -> bool:
        with suppress(OSError):
            return "ok" in self._ask("/healthz").lower()
        return False
