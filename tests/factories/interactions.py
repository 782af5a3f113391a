"""Touches, and what is to follow."""

import factory
from factory.django import DjangoModelFactory

from interactions.models import FollowUp, Interaction, TouchPoint
from tests.factories import AT
from tests.factories.accounts import AccountFactory
from tests.factories.commitments import CommitmentFactory
from tests.factories.dossiers import channel, outcome, topic
from tests.factories.poc import PersonFactory
from tests.factories.users import UserFactory


def unknown_callers() -> TouchPoint:
    """Return the shipped touch point where callers are kept whom nobody knows."""
    return TouchPoint.objects.for_list().get(is_default=True)


class InteractionFactory(DjangoModelFactory[Interaction]):
    """A call with an account that reached somebody at `AT`; `contact=` or `project=` puts it to theirs.

    `stranger=True`: nobody knew the caller.
    """

    class Meta:
        model = Interaction

    class Params:
        stranger = factory.Trait(
            account=None,
            caller="+34 600 111 222",
            direction=Interaction.Direction.INBOUND,
            touch_point=factory.LazyFunction(unknown_callers),
            dossier=factory.LazyAttribute(lambda i: i.touch_point.dossier),
        )

    account = factory.SubFactory(AccountFactory)
    dossier = factory.LazyAttribute(lambda i: (i.project or i.contact or i.account).dossier)
    home = factory.LazyAttribute(lambda i: i.dossier.home)
    contact = None
    project = None
    channel = factory.LazyFunction(channel)
    outcome = factory.LazyFunction(outcome)
    topic = factory.LazyFunction(topic)
    poc = factory.SubFactory(PersonFactory)
    poc_why = factory.LazyAttribute(
        lambda i: [{"code": "assigned", "poc_id": i.poc.pk, "dossier_id": i.dossier.pk, "topic_id": i.topic.pk}]
    )
    logged_by = factory.SubFactory(UserFactory)
    direction = Interaction.Direction.OUTBOUND
    occurred_at = AT
    logged_at = factory.SelfAttribute("occurred_at")


class FollowUpFactory(DjangoModelFactory[FollowUp]):
    """What is to be done next on an account; its due moment and state are its commitment's."""

    class Meta:
        model = FollowUp

    commitment = factory.SubFactory(CommitmentFactory)
