"""What the database holds, whoever writes: each constraint is broken once."""

import pytest
from django.db import IntegrityError, transaction

from crm.commitments.models import Commitment, Finding, PolicyVersion
from crm.core.clock import now
from tests.factories import AT
from tests.factories.commitments import (
    CommitmentFactory,
    NotificationFactory,
    PolicyFactory,
    PolicyVersionFactory,
    StepFactory,
)
from tests.factories.dossiers import DossierFactory
from tests.factories.outbox import MessageFactory
from tests.factories.poc import PersonFactory

pytestmark = pytest.mark.django_db

BREAKS = {
    "commitment_has_a_title": lambda: CommitmentFactory(title=""),
    "commitment_open_iff_looked_at": lambda: CommitmentFactory(next_action_at=None),
    "commitment_open_iff_looked_at, kept": lambda: CommitmentFactory(kept=True, next_action_at=AT),
    "commitment_closed_has_a_moment": lambda: CommitmentFactory(kept=True, closed_at=None),
    "commitment_snoozed_until": lambda: CommitmentFactory(state="snoozed"),
    "commitment_waiting_has_rest": lambda: CommitmentFactory(state="waiting"),
    "commitment_waiting_has_rest, no start": lambda: CommitmentFactory(state="waiting", remaining_seconds=60),
    "commitment_recurs_by_a_unit": lambda: CommitmentFactory(recur_every=2),
    "commitment_recurs_by_a_unit, never": lambda: CommitmentFactory(recur_every=0, recur_unit="days"),
    "commitment_one_touch_of_a_record": lambda: [
        CommitmentFactory(kind="touch", dossier=d) for d in [DossierFactory()] * 2
    ],
    "policy_one_per_match": lambda: PolicyFactory(retired_at=None),
    "finding_stands_once": lambda: [
        Finding.objects.create(code="overdue_look", subject="c:1", found_at=AT, seen_at=AT) for _ in range(2)
    ],
    "policy_version_numbered_once": lambda: PolicyVersionFactory(policy=PolicyVersionFactory().policy),
    "policy_target_has_a_unit": lambda: PolicyVersionFactory(target_amount=8),
    "step_placed_once": lambda: [StepFactory(version=v, ordinal=0) for v in [PolicyVersionFactory()] * 2],
    "step_names_somebody_or_a_slot": lambda: StepFactory(slot="named"),
    "step_names_somebody_or_a_slot, both": lambda: StepFactory(poc=PersonFactory()),
    "step_escalates_after_due": lambda: StepFactory(kind="escalation", amount=-1),
    "step_repeats_after_a_wait": lambda: StepFactory(max_repeats=1),
    "notification_decided_once": lambda: [NotificationFactory(idem_key="c:1") for _ in range(2)],
    "notification_is_for_somebody": lambda: NotificationFactory(recipient=None),
    "notification_names_its_generation": lambda: NotificationFactory(generation=None),
    "notification_untold_has_no_message": lambda: NotificationFactory(state="coalesced", message=MessageFactory()),
}


@pytest.mark.parametrize("name", BREAKS)
def test_the_constraint_refuses(name):
    with pytest.raises(IntegrityError) as refused, transaction.atomic():
        BREAKS[name]()
    constraint, message = name.partition(",")[0], str(refused.value)
    assert constraint in message or "UNIQUE constraint failed" in message


def test_one_policy_per_kind_is_shipped():
    versions = PolicyVersion.objects.filter(policy__retired_at=None)
    assert {v.policy.kind: v.steps.count() for v in versions} == {
        "follow_up": 4,
        "first_answer": 4,
        "resolution": 4,
        "next_update": 4,
        "handover": 4,
        "touch": 3,
    }


def test_the_planner_finds_what_is_due_and_not_what_is_closed_or_set_aside(clock):
    clock.freeze(AT)
    due = CommitmentFactory()
    CommitmentFactory(kept=True)
    CommitmentFactory(quarantined_at=AT)
    CommitmentFactory(next_action_at=now().replace(year=2030))
    assert list(Commitment.objects.due_for_a_look()) == [due]


def test_querysets_narrow_to_what_they_say():
    mine, floating, kept = CommitmentFactory(poc=PersonFactory()), CommitmentFactory(), CommitmentFactory(kept=True)
    used_up = CommitmentFactory(used_up_at=AT, escalated_at=AT)
    rows = Commitment.objects
    assert set(rows.open()) == {mine, floating, used_up}
    assert set(rows.closed()) == {kept}
    assert set(rows.mine([mine.poc_id])) == {mine}
    assert set(rows.open().floating()) == {floating, used_up}
    assert set(rows.used_up()) == set(rows.escalated()) == {used_up}
    assert set(rows.overdue(mine.due_at)) == set()
