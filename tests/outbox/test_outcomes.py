"""What the mail server said is written down, whatever happens to the database meanwhile."""

import psycopg
import pytest
from django.db import connection

from crm.outbox import kinds, sender
from crm.outbox.letters import Letter
from crm.outbox.models import DeliveryAttempt, Message
from tests.factories import AT
from tests.factories.outbox import MessageFactory
from tests.services import databases

pytestmark = pytest.mark.postgres


@pytest.fixture
def interrupted(kind):
    """Let the database end our connection when the letter is written: after the intent, before the content goes."""

    def compose(message, said, prepared):
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            ours = cursor.fetchone()[0]
        with psycopg.connect(f"{databases.server_url()}/postgres", autocommit=True) as other:
            other.execute("SELECT pg_terminate_backend(%s, 5000)", [ours])
        return Letter("Subject", "Text")

    kinds.register("test", kinds.Kind(kind.may_send, compose, kind.end))
    return kind


def test_a_connection_that_broke_after_the_intent_is_replaced(database, clock, sink, settings, interrupted):
    clock.freeze(AT)
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", sink.port
    message = MessageFactory()
    sender.sweep()
    message.refresh_from_db()
    assert (message.state, len(sink.mails)) == (Message.State.SENT, 1)
    assert DeliveryAttempt.objects.get().outcome == "accepted"
    assert interrupted.ended == [(message.pk, "sent")]
