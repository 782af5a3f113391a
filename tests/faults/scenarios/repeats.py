"""The same act many times at once, and acts on what has changed meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

from django.db import connections
from rest_framework.test import APIClient

from crm.commitments import actions, waiting
from crm.commitments.models import Commitment
from crm.commitments.planning import planner
from crm.core.clock import now
from crm.dossiers.models import EventDossier
from crm.outbox import sender
from tests.factories.poc import PersonFactory
from tests.factories.users import UserFactory
from tests.faults.registry import POSTGRES, SQLITE, scenario
from tests.faults.rig import Rig
from tests.faults.scenarios._inside import post_office, promise, quietly, record
from tests.faults.world import BY

BOTH = (POSTGRES, SQLITE)
DAY = timedelta(days=1)
HTTP_OK, STALE = 200, 412


@scenario(20, "50 parallel repeats of one act, stale If-Match", quick=True, databases=BOTH)
def repeats(rig: Rig) -> None:
    """However often at once: one event, one generation. With an ETag of before: 412, and nothing happens."""
    n = 50 if not rig.quick else 8
    user = UserFactory(superuser=True)
    to = PersonFactory()
    with quietly(), post_office(rig):
        for turn in range(rig.size(20, 1)):
            for name, (prepare, act) in _acts(to).items():
                _at_once(rig, f"{name} {turn}", prepare, act, n)
            for name, body in API.items():
                _through_the_api(rig, f"{name} {turn} by API", name, body, user, n)
        planner.sweep()
        sender.sweep()


def _acts(to: Any) -> dict[str, tuple[Callable[[Commitment], Any] | None, Callable[[Commitment], Any]]]:
    """Return each act, and what has to be done before it."""
    at = now()
    due, until = at + 9 * DAY, at + 2 * DAY
    given = {"by": BY, "at": at}
    keep = lambda c: actions.keep(commitment=c, **given)  # noqa: E731
    wait = lambda c: waiting.wait(commitment=c, **given)  # noqa: E731
    return {
        "acknowledge": (None, lambda c: actions.acknowledge(commitment=c, **given)),
        "snooze": (None, lambda c: actions.snooze(commitment=c, until=until, **given)),
        "redue": (None, lambda c: actions.redue(commitment=c, due_at=due, **given)),
        "reassign": (None, lambda c: actions.reassign(commitment=c, poc=to, **given)),
        "wait": (None, wait),
        "resume": (wait, lambda c: waiting.resume(commitment=c, **given)),
        "keep": (None, keep),
        "reopen": (keep, lambda c: actions.reopen(commitment=c, **given)),
        "cancel": (None, lambda c: actions.cancel(commitment=c, **given)),
    }


def _at_once(
    rig: Rig, title: str, prepare: Callable[[Commitment], Any] | None, act: Callable[[Commitment], Any], n: int
) -> None:
    c = _promise(title)
    if prepare is not None:
        prepare(c)
    generation, events = _state(c)
    failed = [error for error in _together(lambda: act(c), n) if isinstance(error, Exception)]
    rig.demand(not failed, f"{title}: {len(failed)} of {n} failed: {failed[:1]}")
    _judge(rig, title, c, generation, events)
    rig.tried(n)


API = {"acknowledge": {}, "wait": {"reason": "The contract"}, "done": {}}


def _through_the_api(rig: Rig, title: str, name: str, body: dict[str, str], user: Any, n: int) -> None:
    c = _promise(title)
    url = f"/api/v1/owed/{c.pk}/"
    read = _client(user).get(url)["ETag"]
    ask = lambda: _client(user).post(f"{url}{name}/", body, format="json", headers={"If-Match": read})  # noqa: E731
    generation, events = _state(c)
    codes = [getattr(answer, "status_code", answer) for answer in _together(ask, n)]
    rig.demand(set(codes) <= {HTTP_OK, STALE}, f"{title}: {set(codes)}")
    rig.demand(codes.count(HTTP_OK) >= 1, f"{title}: nobody came through")
    _judge(rig, title, c, generation, events)
    actions.reassign(commitment=c, poc=PersonFactory(), by=BY, at=now()) if name != "done" else None
    generation, events = _state(c)
    late = [getattr(answer, "status_code", answer) for answer in _together(ask, n)]
    rig.demand(set(late) == {STALE}, f"{title}: on what had changed: {set(late)}, not 412")
    rig.demand(_state(c) == (generation, events), f"{title}: what was refused did something")
    rig.tried(2 * n)


def _promise(title: str) -> Commitment:
    at = now()
    return promise(record(PersonFactory(), title=title), title, opened=at, due=at + 5 * DAY)


def _client(user: Any) -> APIClient:
    client = APIClient()
    client.force_authenticate(user)
    return client


def _together(act: Callable[[], Any], n: int) -> list[Any]:
    """Do it so often at the same moment, each on a connection of its own; return what came of each."""
    barrier = Barrier(n)

    def one(_n: int) -> Any:
        try:
            barrier.wait(timeout=60)
            return act()
        except Exception as error:  # judged by whoever asked
            return error
        finally:
            connections.close_all()

    with ThreadPoolExecutor(n) as pool:
        return list(pool.map(one, range(n)))


def _state(c: Commitment) -> tuple[int, int]:
    """Return its generation, and how many events its record has, as the tables say."""
    return (
        Commitment.objects.values_list("generation", flat=True).get(pk=c.pk),
        EventDossier.objects.filter(dossier=c.dossier_id).count(),
    )


def _judge(rig: Rig, title: str, c: Commitment, generation: int, events: int) -> None:
    found = _state(c)
    rig.demand(found[0] == generation + 1, f"{title}: {found[0] - generation} generations")
    rig.demand(found[1] == events + 1, f"{title}: {found[1] - events} events")
