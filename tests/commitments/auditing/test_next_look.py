"""When something has to be looked at again, bounded from the steps; and when it is due, from its day and zone."""

from datetime import timedelta

import pytest

from crm.commitments import actions
from crm.commitments.models import Commitment, Finding
from crm.core.clock import now
from tests.commitments.auditing.conftest import week
from tests.commitments.conftest import WEDNESDAY


@pytest.mark.parametrize("far", [timedelta(days=3), timedelta(days=30), timedelta(days=9000)])
def test_a_next_look_that_was_put_off_is_set_back(house, audit, far):
    commitment = house.promise()
    week(house, "Mon 10:00")
    Commitment.objects.filter(pk=commitment.pk).update(next_action_at=WEDNESDAY + far)
    assert audit("far_look") == []
    commitment.refresh_from_db()
    assert commitment.next_action_at == now()
    assert Finding.objects.get(code="far_look").repaired_at == now()


def test_a_look_put_off_past_the_next_escalation_is_found_too(house, audit):
    commitment = house.promise()
    week(house, "Tue 10:00", "Wed 10:00")
    Commitment.objects.filter(pk=commitment.pk).update(next_action_at=now() + timedelta(days=6))
    audit()
    assert Finding.objects.get(code="far_look").subject == f"c:{commitment.pk}"


def test_what_comes_back_after_a_repair_is_left_for_somebody_to_see(house, audit):
    commitment = house.promise()
    week(house, "Mon 10:00")
    for _ in range(2):
        Commitment.objects.filter(pk=commitment.pk).update(next_action_at=now() + timedelta(days=60))
        found = audit("far_look")
    assert found == [f"c:{commitment.pk}"]


def test_a_due_moment_is_what_day_time_and_zone_say(house, audit):
    commitment = house.promise(zone="Europe/Lisbon")
    Commitment.objects.filter(pk=commitment.pk).update(due_at=WEDNESDAY + timedelta(hours=1))
    assert audit("due_moment") == []
    commitment.refresh_from_db()
    assert (commitment.due_at, commitment.next_action_at) == (WEDNESDAY, now())
    assert Finding.objects.get(code="due_moment").repaired_at == now()


def test_a_time_that_the_clocks_skip_is_no_error(house, audit):
    from datetime import datetime  # noqa: PLC0415

    house.promise(due_at=None, due_local=datetime(2026, 3, 29, 2, 30), zone="Europe/Berlin")  # noqa: DTZ001
    assert audit("due_moment") == []


def test_a_snooze_may_be_long(house, audit):
    commitment = house.promise()
    week(house, "Tue 10:00")
    actions.snooze(commitment=commitment, until=now() + timedelta(days=90), by=house.by, at=now())
    week(house, "Tue 10:01")
    assert audit() == []


def test_an_acknowledgement_holds_off_no_longer_than_its_policy_says(house, audit):
    commitment = house.promise()
    week(house, "Tue 10:00", "Wed 10:00")
    actions.acknowledge(commitment=commitment, by=house.by, at=house.at("Wed 11:00"))
    week(house, "Wed 11:01")
    assert audit() == []
    Commitment.objects.filter(pk=commitment.pk).update(next_action_at=now() + timedelta(days=8))
    audit()
    assert Finding.objects.get(code="far_look").subject == f"c:{commitment.pk}"
