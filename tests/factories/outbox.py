"""Messages."""

from datetime import timedelta
from uuid import UUID

import factory
from factory.django import DjangoModelFactory

from crm.outbox.models import DeliveryAttempt, Message
from tests.factories import AT
from tests.factories.poc import PersonFactory


class MessageFactory(DjangoModelFactory[Message]):
    """A mail that is ready since `AT`; `inbox=True` makes an inbox entry, `sent=True` one that went."""

    class Meta:
        model = Message

    class Params:
        inbox = factory.Trait(
            channel=Message.Channel.INBOX, address="", state=Message.State.SENT, ended_at=AT, kind="notice"
        )
        sent = factory.Trait(state=Message.State.SENT, ended_at=AT)

    msgid = factory.Sequence(lambda n: UUID(int=n))
    kind = "test"
    channel = Message.Channel.EMAIL
    recipient = factory.SubFactory(PersonFactory)
    address = factory.SelfAttribute("recipient.email")
    created_at = AT
    available_at = AT
    expires_at = factory.LazyAttribute(lambda m: m.created_at + timedelta(days=3))


class DeliveryAttemptFactory(DjangoModelFactory[DeliveryAttempt]):
    class Meta:
        model = DeliveryAttempt

    message = factory.SubFactory(MessageFactory)
    n = factory.Sequence(lambda n: n + 1)
    phase = DeliveryAttempt.Phase.DATA
    intent_at = AT
