"""The same act many times at the same moment: one event, one generation."""

from datetime import timedelta
from functools import partial

import pytest
from django.db import connection

from crm.commitments import actions, waiting
from crm.commitments.models import Commitment, Kind
from crm.dossiers.models import Event
from tests.commitments.conftest import WEDNESDAY, moment
from tests.factories.dossiers import topic
from tests.together import together

AT = moment("Mon 12:00")
ACTS = {
    "acknowledge": actions.acknowledge,
    "snooze": partial(actions.snooze, until=WEDNESDAY + timedelta(days=2)),
    "wait": waiting.wait,
    "redue": partial(actions.redue, due_at=WEDNESDAY + timedelta(days=1)),
    "reassign": actions.reassign,
    "keep": actions.keep,
    "keep what recurs": actions.keep,
    "cancel": actions.cancel,
}  # fmt: skip


def repeats() -> int:
    return 50 if connection.vendor == "postgresql" else 4


def test_parallel_repeats_of_one_act_are_one(house_alone):
    for name, act in ACTS.items():
        recurs = {"recur_every": 1, "recur_unit": "weeks"} if "recurs" in name else {}
        promise = actions.Promise(
            dossier=house_alone.record, topic=topic(), kind=Kind.FOLLOW_UP, title=name, due_at=WEDNESDAY, zone="UTC",
            **recurs,
        )  # fmt: skip
        owed = actions.open_commitments([promise], by=house_alone.by, at=moment("Mon 09:30"))[0]
        extra = {"poc": house_alone.ben} if name == "reassign" else {}
        before = Event.objects.count()
        n = repeats()
        done = together(*[partial(act, commitment=owed, by=house_alone.by, at=AT, **extra) for _ in range(n)])
        assert {c.generation for c in done} == {2}, name
        assert Commitment.objects.get(pk=owed.pk).generation == 2
        assert Event.objects.count() == before + 1, name


@pytest.mark.parametrize("n", [4])
def test_letting_go_on_together_is_one_act_too(house_alone, n):
    owed = waiting.wait(commitment=house_alone.promise(), by=house_alone.by, at=AT)
    done = together(*[partial(waiting.resume, commitment=owed, by=house_alone.by, at=AT) for _ in range(n)])
    assert {c.generation for c in done} == {3}
    assert Event.objects.filter(kind=Event.Kind.RESUMED).count() == 1
