"""A mail that failed is sent again by an administrator."""

from datetime import timedelta

import pytest

from crm.dossiers.models import Event
from crm.outbox.actions import SENT_AGAIN, HoldsNoMore, NoAddress, send_again
from crm.outbox.models import DeliveryAttempt, Message
from tests.factories import AT
from tests.factories.outbox import DeliveryAttemptFactory, MessageFactory
from tests.factories.users import actor

LATER = AT + timedelta(days=5)


def failed(**values):
    state = values.pop("state", Message.State.DEAD)
    return MessageFactory(**{"state": state, "reason": "refused", "ended_at": AT, "n_attempts": 1} | values)


@pytest.mark.parametrize("state", [Message.State.DEAD, Message.State.UNCERTAIN])
def test_a_mail_that_failed_is_ready_again_with_what_was_tried_and_as_long_as_at_first(db, kind, state):
    message = failed(state=state)
    DeliveryAttemptFactory(message=message, outcome=DeliveryAttempt.Outcome.REFUSED, ended_at=AT)
    again = send_again(message=message, by=actor(), at=LATER)
    assert (again.state, again.reason, again.ended_at, again.n_attempts) == ("ready", SENT_AGAIN, None, 1)
    assert (again.available_at, again.expires_at) == (LATER, LATER + timedelta(days=3))
    assert (again.msgid, again.delivery_attempts.count()) == (message.msgid, 1)
    event = Event.objects.get(kind=Event.Kind.CHANGED)
    assert event.facts["message"] == message.pk and event.facts["changes"] == {"state": [state, "ready"]}


def test_one_that_is_sent_again_late_and_again_lives_no_longer_each_time(db, kind):
    message = failed()
    for n in range(3):
        at = AT + timedelta(days=30 * n)
        message = send_again(message=message, by=actor(), at=at)
        assert message.expires_at == at + timedelta(days=3)
        message.state, message.ended_at = "dead", at
        message.save()


def test_it_goes_to_where_its_reader_is_reached_now(db, kind):
    message = failed(address="old@firm.example")
    assert send_again(message=message, by=actor(), at=LATER).address == message.recipient.email


def test_one_that_was_perhaps_delivered_gets_no_more_copies_by_itself(db, kind):
    message = failed(state=Message.State.UNCERTAIN, n_ambiguous=2, max_ambiguous=1)
    assert send_again(message=message, by=actor(), at=LATER).max_ambiguous == 2


def test_what_holds_no_more_is_refused(db, kind):
    kind.holds = False
    with pytest.raises(HoldsNoMore):
        send_again(message=failed(), by=actor(), at=LATER)


def test_somebody_without_an_address_is_refused(db, kind):
    message = failed()
    type(message.recipient).objects.filter(pk=message.recipient_id).update(email="")
    with pytest.raises(NoAddress):
        send_again(message=message, by=actor(), at=LATER)


@pytest.mark.parametrize("values", [{}, {"sent": True}])
def test_a_mail_that_has_not_failed_is_left_as_it_is(db, kind, values):
    message = MessageFactory(**values)
    send_again(message=message, by=actor(), at=LATER)
    before = message.available_at
    message.refresh_from_db()
    assert message.available_at == before and not Event.objects.exists()
