"""While the mail server is gone, or does not want us, nobody tries; one looks now and then."""

from datetime import timedelta

import pytest

from crm.outbox import breaker, sender
from crm.outbox.models import Heartbeat, Message
from tests.factories import AT
from tests.factories.outbox import MessageFactory


def state_of(message: Message) -> tuple[str, int, int]:
    message.refresh_from_db()
    return message.state, message.n_claims, message.n_attempts


def paused() -> bool:
    return Heartbeat.objects.get(component="sender").paused_until is not None


def test_while_the_mail_server_is_gone_nothing_is_claimed_or_used_up(post, clock):
    post.mode = "refuse"
    message = MessageFactory()
    for seconds in (0, 29, 30, 59, 60):
        clock.freeze(AT + timedelta(seconds=seconds))
        assert post.sweep() == 0
    assert state_of(message) == ("ready", 0, 0)
    assert paused()


def test_it_is_looked_every_half_minute_and_the_first_success_ends_the_pause(post, clock):
    post.mode = "refuse"
    messages = MessageFactory.create_batch(3)
    post.sweep()
    post.mode = "accept"
    clock.freeze(AT + timedelta(seconds=29))
    post.sweep()
    assert post.mails == []
    clock.freeze(AT + timedelta(seconds=30))
    post.sweep()
    assert sorted(post.recipients) == sorted(m.address for m in messages)
    assert not paused()


def test_one_alone_looks(post, clock):
    breaker.open_()
    clock.freeze(AT + timedelta(seconds=30))
    assert [breaker.may_probe() for _ in range(3)] == [True, False, False]


def test_the_server_is_looked_after_although_there_is_nothing_to_send(post, clock):
    breaker.open_()
    clock.freeze(AT + timedelta(minutes=1))
    post.sweep()
    assert not paused()


@pytest.mark.parametrize("mode", ["mail-550", "mail-451"])
def test_a_server_that_takes_no_mail_from_us_is_nobodys_fault(post, clock, mode):
    post.mode = mode
    messages = MessageFactory.create_batch(2)
    post.sweep()
    clock.freeze(AT + timedelta(seconds=30))
    post.sweep()
    assert [state_of(m)[::2] for m in messages] == [("ready", 0)] * 2
    assert paused()
    post.mode = "accept"
    clock.freeze(AT + timedelta(seconds=60))
    post.sweep()
    assert len(post.mails) == 2


def test_a_server_that_wants_us_to_sign_in_has_said_nothing_of_the_recipient(post):
    message = MessageFactory()
    post.rules[message.address], post.replies[message.address] = "550", "530 5.7.0 Must sign in first"
    post.sweep()
    assert state_of(message)[::2] == ("ready", 0)
    assert paused()


def test_three_broken_connections_in_a_row_are_the_servers_fault(post):
    post.mode = "reset"
    messages = MessageFactory.create_batch(5)
    post.sweep()
    assert paused()
    assert all(state_of(m)[::2] == ("ready", 0) for m in messages)


def test_a_pause_does_not_make_the_guard_believe_that_nobody_sweeps(post, clock):
    post.mode = "refuse"
    MessageFactory()
    post.sweep()
    clock.freeze(AT + timedelta(seconds=20))
    sender.sweep()
    beat = Heartbeat.objects.get(component="sender")
    assert (beat.last_ok_at, beat.oldest_due_age) == (AT + timedelta(seconds=20), 20)
