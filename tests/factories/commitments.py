"""What is owed. Tests of what acts and planner do open it by `open_commitment`; rows are for the rest."""

from datetime import time, timedelta
from typing import Any

import factory
from factory.django import DjangoModelFactory

from crm.commitments.models import Commitment, Kind, Notification, Policy, PolicyVersion, Step, Unit
from crm.outbox.models import Message
from tests.factories import AT
from tests.factories.dossiers import DossierFactory, topic
from tests.factories.poc import PersonFactory


def shipped(kind: str = Kind.FOLLOW_UP) -> PolicyVersion:
    """Return the newest version of the shipped policy for a kind: the one for whatever no other matches."""
    return PolicyVersion.objects.newest().get(policy__kind=kind, policy__retired_at=None, policy__position=1000)


def change_ladder(kind: str = Kind.FOLLOW_UP, *steps: dict[str, Any], **version: Any) -> PolicyVersion:
    """Give a kind other steps (each a dict of a Step's fields) and other values of the version."""
    row = shipped(kind)
    for name, value in version.items():
        setattr(row, name, value)
    row.save()
    if steps:
        row.steps.all().delete()
        Step.objects.bulk_create(Step(version=row, ordinal=n, **fields) for n, fields in enumerate(steps))
    return row


class PolicyFactory(DjangoModelFactory[Policy]):
    """A policy that is no longer used: each kind has its shipped one."""

    class Meta:
        model = Policy

    kind = Kind.FOLLOW_UP
    name = factory.Sequence(lambda n: f"Policy {n}")
    retired_at = AT


class PolicyVersionFactory(DjangoModelFactory[PolicyVersion]):
    class Meta:
        model = PolicyVersion

    policy = factory.SubFactory(PolicyFactory)


class StepFactory(DjangoModelFactory[Step]):
    """The reminder at the due moment."""

    class Meta:
        model = Step

    version = factory.SubFactory(PolicyVersionFactory)
    ordinal = factory.Sequence(lambda n: n % 1000)
    kind = Step.Kind.REMINDER
    unit = Unit.WORKING_HOURS
    slot = Step.Slot.POC


class CommitmentFactory(DjangoModelFactory[Commitment]):
    """A follow-up opened at `AT`, due two days later at 9:00 UTC; `kept=True` is done."""

    class Meta:
        model = Commitment

    class Params:
        kept = factory.Trait(state=Commitment.State.KEPT, next_action_at=None, closed_at=AT)

    dossier = factory.SubFactory(DossierFactory)
    home = factory.SelfAttribute("dossier.home")
    topic = factory.LazyFunction(topic)
    kind = Kind.FOLLOW_UP
    title = factory.Sequence(lambda n: f"Call number {n}")
    zone = "UTC"
    due_at = (AT + timedelta(days=2)).replace(hour=9)
    due_on = factory.LazyAttribute(lambda c: c.due_at.date())
    due_time = factory.LazyAttribute(lambda c: c.due_at.time() or time(9))
    opened_at = acted_at = next_action_at = AT
    anchor_at = factory.SelfAttribute("due_at")
    policy_version = factory.LazyAttribute(lambda c: shipped(c.kind))


class NotificationFactory(DjangoModelFactory[Notification]):
    """A planned mail about a commitment's reminder, in no message yet."""

    class Meta:
        model = Notification

    idem_key = factory.Sequence(lambda n: f"c:1:g1:s{n}:r0:poc:email")
    kind = "reminder"
    commitment = factory.SubFactory(CommitmentFactory)
    dossier = factory.SelfAttribute("commitment.dossier")
    generation = factory.SelfAttribute("commitment.generation")
    step = 0
    recipient = factory.SubFactory(PersonFactory)
    channel = Message.Channel.EMAIL
    planned_for = created_at = AT
    tell_at = AT
