"""While the mail server is gone, or does not want us, nobody tries; one looks now and then."""

from datetime import timedelta

import pytest

from crm.outbox import breaker, sender
from crm.outbox.models import Heartbeat, Message
from tests.factories import AT
from tests.factories.outbox import DeliveryAttemptFactory, MessageFactory
from tests.factories.poc import PersonFactory


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


def test_a_hundred_broken_connections_in_a_row_are_the_servers_fault(post):
    post.mode = "reset"
    person = PersonFactory()
    messages = MessageFactory.create_batch(102, recipient=person)
    post.sweep()
    assert paused()
    assert [state_of(m) for m in messages[:100]] == [("ready", 1, 0)] * 100
    assert [state_of(m)[::2] for m in messages[100:]] == [("ready", 0)] * 2
    assert not Message.objects.exclude(lease_token=None).exists()


def test_recipients_that_the_server_hangs_up_at_hold_nobody_up_however_urgent(post):
    for message in MessageFactory.create_batch(15, priority=1):
        post.rules[message.address], post.replies[message.address] = "451", "421 4.7.0 Try again later, closing"
    good = MessageFactory(priority=3)
    post.sweep()
    assert post.recipients == [good.address]
    assert not Heartbeat.objects.exclude(paused_until=None).exists()


def test_a_pause_does_not_make_the_guard_believe_that_nobody_sweeps(post, clock):
    post.mode = "refuse"
    MessageFactory()
    post.sweep()
    clock.freeze(AT + timedelta(seconds=20))
    sender.sweep()
    beat = Heartbeat.objects.get(component="sender")
    assert (beat.last_ok_at, beat.paused_because[:6]) == (AT + timedelta(seconds=20), "[Errno")


def sweep_each_half_minute(post, clock, n: int) -> None:
    for _ in range(n):
        clock.freeze(post.at)
        post.sweep()
        post.at += timedelta(seconds=30)


def test_a_server_that_breaks_off_at_the_end_of_three_mails_gets_no_more_of_them(post):
    post.mode = "drop"
    messages = MessageFactory.create_batch(8)
    post.sweep()
    assert paused()
    assert len(post.mails) == 3
    assert [state_of(m)[::2] for m in messages] == [("ready", 1)] * 3 + [("ready", 0)] * 5
    assert not Message.objects.exclude(lease_token=None).exists()


def test_then_one_mail_is_risked_every_half_minute_another_each_time(post, clock):
    post.mode, post.at = "drop", AT
    MessageFactory.create_batch(8)
    sweep_each_half_minute(post, clock, 6)
    assert len(post.mails) == len({mail.message_id for mail in post.mails}) == 8
    assert not Message.objects.exclude(state="ready").exists()
    clock.freeze(post.at - timedelta(seconds=1))
    post.sweep()
    assert len(post.mails) == 8


def test_what_is_risked_first_is_the_least_urgent(post, clock):
    post.mode = "drop"
    urgent, plain, escalation = (MessageFactory(priority=n) for n in (0, 5, 1))
    for message in MessageFactory.create_batch(3, state="uncertain", ended_at=AT):
        DeliveryAttemptFactory(message=message, outcome="ambiguous", intent_at=AT, ended_at=AT)
    breaker.open_()
    risked = []
    for n in range(1, 4):
        clock.freeze(AT + timedelta(seconds=30 * n))
        post.sweep()
        risked.append(post.recipients[-1])
    assert risked == [plain.address, escalation.address, urgent.address]


def test_the_first_mail_whose_end_is_answered_ends_the_pause(post, clock):
    post.mode = "drop"
    messages = MessageFactory.create_batch(8)
    post.sweep()
    post.mode = "accept"
    clock.freeze(AT + timedelta(seconds=29))
    post.sweep()
    assert len(post.mails) == 3
    clock.freeze(AT + timedelta(minutes=1))
    post.sweep()
    assert not paused()
    assert {m.state for m in Message.objects.all()} == {"sent"}
    assert sorted(set(post.recipients)) == sorted(m.address for m in messages)


def test_however_long_it_breaks_off_no_mail_goes_out_oftener_than_it_may(post, clock):
    post.mode, post.at = "drop", AT
    messages = MessageFactory.create_batch(4)
    sweep_each_half_minute(post, clock, 20)
    assert len(post.mails) == 2 * len(messages)
    assert {m.state for m in Message.objects.all()} == {"uncertain"}
    assert paused()


def test_while_there_is_nothing_to_risk_nobody_looks_and_the_next_mail_is_risked_at_once(post, clock):
    post.mode, post.at = "drop", AT
    MessageFactory.create_batch(3)
    sweep_each_half_minute(post, clock, 20)
    assert paused()
    late = MessageFactory(available_at=post.at)
    post.mode = "accept"
    sweep_each_half_minute(post, clock, 1)
    assert state_of(late)[0] == "sent"
    assert not paused()


def test_a_server_that_answers_in_between_does_not_break_off(post):
    modes = ["drop", "drop", "accept", "drop", "data-451", "drop", "drop", "data-550", "drop", "drop"]
    for n, mode in enumerate(modes):
        post.rules[MessageFactory(available_at=AT - timedelta(minutes=len(modes) - n)).address] = mode
    post.sweep()
    assert not paused()
    assert len(post.mails) == 8


def test_one_mail_that_breaks_off_again_and_again_is_its_own_fault(post, clock):
    post.mode = "drop"
    MessageFactory.create_batch(2, max_ambiguous=5)
    for n in range(4):
        clock.freeze(AT + timedelta(hours=n))
        post.sweep()
    assert not Heartbeat.objects.exclude(paused_until=None).exists()
    assert len(post.mails) == 8


def test_senders_that_died_are_not_the_mail_servers_fault(post):
    for message in MessageFactory.create_batch(4, n_attempts=1, max_ambiguous=0):
        DeliveryAttemptFactory(message=message, intent_at=AT - timedelta(minutes=5))
    assert post.sweep() == 4
    assert {m.state for m in Message.objects.all()} == {"uncertain"}
    assert not paused()


def test_what_other_senders_saw_counts(post):
    for message in MessageFactory.create_batch(2, available_at=AT + timedelta(minutes=1)):
        DeliveryAttemptFactory(message=message, outcome="ambiguous", intent_at=AT, ended_at=AT)
    post.mode = "drop"
    MessageFactory.create_batch(4)
    post.sweep()
    assert paused()
    assert len(post.mails) == 1


def test_silence_after_the_data_stops_the_others_as_well(post, settings):
    settings.MAIL_LEASE = 1
    for message in MessageFactory.create_batch(2, available_at=AT + timedelta(minutes=1)):
        DeliveryAttemptFactory(message=message, outcome="ambiguous", intent_at=AT, ended_at=AT)
    post.mode = "stall"
    MessageFactory.create_batch(3)
    post.sweep()
    assert paused()
    assert len(post.mails) == 1
