"""What is owed stands as it should, under terms that can be kept."""

from datetime import timedelta

from django.db import connection

from crm.commitments.models import Commitment, Finding
from crm.core.clock import now
from tests.commitments.auditing.conftest import unchecked
from tests.factories.commitments import PolicyFactory, PolicyVersionFactory, change_ladder, shipped


def test_what_was_set_aside_stands_until_it_is_taken_up_again_and_is_not_told_twice(house, audit):
    from crm.commitments.models import Notification  # noqa: PLC0415

    commitment = house.promise()
    Commitment.objects.filter(pk=commitment.pk).update(quarantined_at=now())
    assert audit("quarantined") == [f"c:{commitment.pk}"]
    assert not Notification.objects.filter(kind="audit").exists()
    Commitment.objects.filter(pk=commitment.pk).update(quarantined_at=None)
    assert audit("quarantined") == []


def test_something_owed_that_nobody_would_look_at_is_looked_at(house, audit):
    commitment = house.promise()
    with unchecked("commitments_commitment", "commitment_open_iff_looked_at"):
        Commitment.objects.filter(pk=commitment.pk).update(next_action_at=None)
        assert audit("no_look") == []
    commitment.refresh_from_db()
    assert commitment.next_action_at == now()
    assert Finding.objects.get(code="no_look").repaired_at == now()


def test_a_state_that_contradicts_itself_is_found(house, audit):
    commitment = house.promise()
    with unchecked("commitments_commitment", "commitment_closed_has_a_moment"):
        Commitment.objects.filter(pk=commitment.pk).update(closed_at=now())
        assert audit("odd_state") == [f"c:{commitment.pk}"]
        Commitment.objects.filter(pk=commitment.pk).update(closed_at=None)


def test_a_constraint_that_is_gone_is_found(house, audit):
    assert audit("no_rail") == []
    if connection.vendor == "postgresql":
        with unchecked("commitments_commitment", "commitment_open_iff_looked_at"):
            assert audit("no_rail") == ["d:commitment_open_iff_looked_at"]


def test_a_policy_without_steps_is_found(house, audit):
    version = shipped()
    version.steps.all().delete()
    assert audit("no_steps") == [f"p:{version.pk}"]
    change_ladder(version.policy.kind, {"kind": "reminder", "slot": "poc"})
    assert audit("no_steps") == []


def test_only_the_newest_version_of_a_policy_in_use_needs_steps(house, audit):
    PolicyVersionFactory(policy=PolicyFactory())
    version = shipped()
    PolicyVersionFactory(policy=version.policy, number=0)
    assert audit("no_steps") == []


def test_a_kind_whose_policies_do_not_match_everything_is_found(house, audit):
    version = shipped()
    type(version.policy).objects.filter(pk=version.policy_id).update(priority="urgent")
    assert audit("no_policy") == ["k:follow_up"]


def test_nothing_is_wrong_in_an_empty_house(house, audit):
    house.clock.freeze(now() + timedelta(days=1))
    assert audit() == []
