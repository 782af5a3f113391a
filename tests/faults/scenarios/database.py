"""The database is thrown down under load, or held up by a transaction that somebody forgot."""

from __future__ import annotations

import time

from tests.faults.registry import scenario
from tests.faults.rig import Rig
from tests.services.processes import wait_until

HOLD = """
import time
from django.db import transaction
from crm.commitments.models import Commitment
with transaction.atomic():
    rows = list(Commitment.objects.filter(title__startswith="held").select_for_update())
    print("holding", len(rows), flush=True)
    time.sleep(600)
"""


@scenario(8, "PostgreSQL restarted -m immediate under load", quick=True)
def database_crashes(rig: Rig) -> None:
    """Ten times, while promises fall due and mails leave."""
    if rig.server is None:
        raise RuntimeError("A server that is not ours is not restarted.")
    crashes = rig.seconds(10, 3)
    gap = rig.seconds(10, 3)
    rig.promise(rig.size(6000, 200), first=2, over=crashes * gap)
    rig.start()
    rig.guard()
    for n in range(crashes):
        rig.wait(rig.chance.uniform(0.5, 1.5) * gap, f"restart {n + 1} of {crashes}")
        rig.server.crash()
        rig.kills += 1
        rig.runs = n + 1


@scenario(21, "an idle open transaction elsewhere", copies=1)
def forgotten_transaction(rig: Rig) -> None:
    """It holds rows that are due: the others are told in time, these once its time-out ended it."""
    rig.promise(rig.size(300, 10), first=15, name="held")
    rig.promise(rig.size(600, 10), first=15, over=rig.seconds(60, 2), name="free")
    holder = rig.processes.manage("shell", "--no-imports", "-c", HOLD)
    wait_until(lambda: "holding" in holder.output(), seconds=60)
    since = time.monotonic()
    rig.start()
    rig.settle()
    rig.demand(time.monotonic() - since > 30, "nothing was held up: nothing was tried")
    rig.check("not ended by its time-out within 60 s", lambda verdict: verdict.percentile(1) <= 60 + 30)
    holder.kill()
