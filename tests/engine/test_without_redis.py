"""Redis is only the bell: flushed or stopped it costs time, never a notice, a page, a sign-in or an API call."""

import time
from datetime import timedelta

import pytest
from django.test import Client
from rest_framework.test import APIClient

from crm.commitments.models import Commitment, Kind
from tests.engine.rig import PATIENCE, Rig, end_is_clean
from tests.engine.test_kills import promise
from tests.factories.commitments import change_ladder
from tests.factories.users import UserFactory
from tests.services.processes import wait_until
from tests.services.valkey import GivenServer, Valkey

pytestmark = pytest.mark.process
PASSWORD = "correct horse battery"
QUICK = 1.5  # seconds


def arrived(rig: Rig, promised: list[Commitment]) -> bool:
    titles = {c.title for c in promised}
    return titles <= {str(mail.message["Subject"]).rpartition(": ")[2] for mail in rig.sink.mails}


def test_a_flushed_broker_delays_and_loses_nothing(database, rig: Rig, valkey: Valkey | GivenServer):
    change_ladder(Kind.FOLLOW_UP, {"kind": "reminder", "slot": "poc"})
    rig.start()
    promised = promise(30, over=timedelta(seconds=8))
    for _ in range(20):
        valkey.flush()
        time.sleep(0.4)
    wait_until(lambda: arrived(rig, promised), seconds=PATIENCE)
    rig.settle()
    assert set(rig.copies().values()) == {1}
    end_is_clean(rig)


def test_without_a_broker_the_guard_delivers_and_the_doors_answer(database, rig: Rig, valkey: Valkey | GivenServer):
    if isinstance(valkey, GivenServer):
        pytest.skip("a server that was given is not stopped")
    change_ladder(Kind.FOLLOW_UP, {"kind": "reminder", "slot": "poc"})
    user = UserFactory(email="rep@firm.example", password=PASSWORD, role="sales_rep")
    rig.start()
    rig.guard()
    rig.settle()
    for answer in doors(user, promise(2, over=timedelta(0))[0]).values():
        answer()  # the first answer of a process reads its templates; it is the broker that is measured
    valkey.stop()
    promised = promise(20, over=timedelta(seconds=3))
    for name, answer in doors(user, promised[0]).items():
        begun = time.monotonic()
        assert answer() in (200, 302), name
        assert time.monotonic() - begun < QUICK, name
    wait_until(lambda: arrived(rig, promised[1:]), seconds=PATIENCE)

    valkey.start()
    later = promise(10, over=timedelta(seconds=1))
    wait_until(lambda: arrived(rig, later), seconds=PATIENCE)
    rig.settle()
    assert set(rig.copies().values()) == {1}
    end_is_clean(rig)


def doors(user, commitment: Commitment) -> dict:
    """What people and other systems do while the broker is gone."""
    page, api, stranger = Client(), APIClient(), Client()
    page.force_login(user)
    api.force_authenticate(user)
    return {
        "alive": lambda: stranger.get("/healthz").status_code,
        "ready": lambda: stranger.get("/readyz").status_code,
        "signing in": lambda: stranger.post("/auth/login/", {"login": user.email, "password": PASSWORD}).status_code,
        "my day": lambda: page.get("/").status_code,
        "done": lambda: page.post(f"/owed/{commitment.pk}/done/").status_code,
        "api": lambda: api.get("/api/v1/accounts/").status_code,
    }
