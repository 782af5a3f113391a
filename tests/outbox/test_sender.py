"""Handing over: once where all goes well, never twice more than is promised, and never silently not."""

import threading
from datetime import time, timedelta
from email.utils import parseaddr
from uuid import UUID

import pytest
from django.db import connection, transaction
from django.db.models import Case, When

from crm.outbox import outcomes, sender
from crm.outbox.models import DeliveryAttempt, Heartbeat, Message
from crm.outbox.post import Reply
from crm.poc.preferences import NoticePreference
from tests.factories import AT
from tests.factories.outbox import DeliveryAttemptFactory, MessageFactory
from tests.factories.poc import PersonFactory


def tried(message: Message) -> list[tuple[int, str, str]]:
    return list(message.delivery_attempts.order_by("n").values_list("n", "phase", "outcome"))


def test_a_mail_goes_once_and_its_end_is_written_down(post, kind):
    message = MessageFactory()
    post.sweep()
    post.sweep()
    message.refresh_from_db()
    assert post.recipients == [message.address]
    assert (message.state, message.ended_at, message.n_attempts) == ("sent", AT, 1)
    assert tried(message) == [(1, "data", "accepted")]
    assert kind.ended == [(message.pk, "sent")]
    assert Heartbeat.objects.get(component="sender").last_ok_at == AT


def test_a_mail_reads_as_it_was_written(post, kind, settings):
    settings.DEFAULT_FROM_EMAIL = "Liaison <crm@firm.example>"
    kind.said = "Olá, São Paulo — до свидания"
    message = MessageFactory(msgid=UUID(int=5))
    post.sweep()
    mail = post.mails[0].message
    assert mail["Message-ID"] == f"<{UUID(int=5)}@firm.example>"
    assert parseaddr(mail["From"]) == ("Liaison", "crm@firm.example")
    assert mail["Subject"] == f"Subject {message.pk}"
    assert mail["Auto-Submitted"] == "auto-generated"
    text = mail.get_body(["plain"]).get_content()
    assert text.splitlines() == [kind.said, ".a dot", "..two"]
    assert mail.get_body(["html"]).get_content().strip() == f"<p>{kind.said}</p>"


def test_the_most_urgent_goes_first_then_the_oldest(post):
    later = MessageFactory(available_at=AT - timedelta(minutes=1))
    oldest = MessageFactory(available_at=AT - timedelta(minutes=2))
    urgent = MessageFactory(priority=0)
    post.sweep()
    assert post.recipients == [urgent.address, oldest.address, later.address]


def test_what_is_not_due_or_in_somebody_elses_hands_waits(post):
    MessageFactory(available_at=AT + timedelta(seconds=1))
    assert sender.sweep() == 0
    assert post.mails == []


def test_a_dead_senders_message_is_due_again_when_its_lease_ends(post, clock, settings):
    message = MessageFactory()
    sender.claim()
    assert sender.claim() == []
    clock.freeze(AT + timedelta(seconds=settings.MAIL_LEASE))
    post.sweep()
    assert post.recipients == [message.address]


def test_what_may_not_be_sent_any_more_is_dropped_at_the_last_moment(post, kind):
    kind.said = None
    message = MessageFactory()
    post.sweep()
    message.refresh_from_db()
    assert (message.state, message.reason) == ("dropped", "superseded")
    assert post.mails == []
    assert tried(message) == []


def test_a_refused_recipient_is_dead_at_once(post, kind):
    post.mode = "550"
    message = MessageFactory()
    post.sweep()
    message.refresh_from_db()
    assert (message.state, message.reason) == ("dead", "refused")
    assert message.reply.startswith("550")
    assert tried(message) == [(1, "envelope", "refused")]
    assert kind.ended == [(message.pk, "dead")]


def test_a_put_off_mail_is_tried_again_later_and_delivered_once(post, clock):
    post.mode = "451"
    message = MessageFactory()
    post.sweep()
    message.refresh_from_db()
    assert message.state == "ready"
    assert AT < message.available_at <= AT + timedelta(seconds=30)
    post.mode = "accept"
    post.sweep()
    assert post.mails == []
    clock.freeze(AT + timedelta(minutes=1))
    post.sweep()
    assert post.recipients == [message.address]
    assert tried(message) == [(1, "envelope", "deferred"), (2, "data", "accepted")]


@pytest.mark.parametrize(("copies", "sent"), [(1, 2), (2, 3)])
def test_a_broken_end_is_sent_again_with_the_same_id_so_often_and_then_listed(post, clock, copies, sent):
    post.mode = "drop"
    message = MessageFactory(max_ambiguous=copies)
    for n in range(6):
        clock.freeze(AT + timedelta(hours=n))
        post.sweep()
    assert len(post.mails) == sent
    assert len({mail.message_id for mail in post.mails}) == 1
    assert len({mail.digest for mail in post.mails}) == 1
    message.refresh_from_db()
    assert (message.state, message.reason) == ("uncertain", "ambiguous")
    assert list(Message.objects.undelivered()) == [message]


def test_silence_after_the_data_is_not_waited_for_for_ever(post, settings):
    settings.MAIL_LEASE = 1
    post.mode = "stall"
    message = MessageFactory()
    post.sweep()
    assert tried(message) == [(1, "data", "ambiguous")]


def test_an_attempt_without_an_outcome_counts_as_perhaps_delivered(post):
    message = MessageFactory(n_attempts=1, max_ambiguous=1)
    DeliveryAttemptFactory(message=message, n=1)
    post.sweep()
    message.refresh_from_db()
    assert (message.state, message.n_ambiguous) == ("sent", 1)
    assert tried(message) == [(1, "data", "ambiguous"), (2, "data", "accepted")]


def test_after_two_lost_attempts_it_is_not_sent_a_third_time(post):
    message = MessageFactory(n_attempts=2, n_ambiguous=1)
    DeliveryAttemptFactory(message=message, n=2)
    post.sweep()
    message.refresh_from_db()
    assert message.state == "uncertain"
    assert post.mails == []


@pytest.mark.parametrize("mode", ["accept", "451"])
def test_what_is_too_old_is_dead_and_not_sent(post, clock, kind, mode):
    post.mode = mode
    message = MessageFactory()
    clock.freeze(message.expires_at)
    post.sweep()
    message.refresh_from_db()
    assert (message.state, message.reason) == ("dead", "too_old")
    assert kind.ended == [(message.pk, "dead")]
    assert post.mails == []


def test_an_address_nobody_can_have_never_reaches_a_mail_server(post):
    message = MessageFactory(address="agent@import.invalid")
    post.mode = "550"
    post.sweep()
    message.refresh_from_db()
    assert (message.state, message.reason) == ("dropped", "never_mailed")


@pytest.mark.parametrize("address", ["a@b.example\r\nDATA", "jürgen@müller.example"])
def test_an_address_that_cannot_be_said_is_dead_and_holds_nobody_up(post, address):
    bad, good = MessageFactory(address=address, priority=0), MessageFactory()
    post.sweep()
    bad.refresh_from_db()
    assert (bad.state, bad.reason) == ("dead", "bad_address")
    assert post.recipients == [good.address]


def test_a_letter_that_cannot_be_written_is_put_off_and_holds_nobody_up(post, kind, clock):
    kind.broken = True
    message = MessageFactory()
    post.sweep()
    message.refresh_from_db()
    assert (message.state, message.n_ambiguous) == ("ready", 0)
    assert tried(message) == [(1, "data", "failed")]
    kind.broken = False
    clock.freeze(AT + timedelta(minutes=5))
    post.sweep()
    assert post.recipients == [message.address]


def test_a_kind_nobody_answers_for_is_put_off(post):
    message, good = MessageFactory(kind="unknown", priority=0), MessageFactory()
    post.sweep()
    message.refresh_from_db()
    assert message.state == "ready"
    assert message.available_at > AT
    assert post.recipients == [good.address]


def test_a_sender_that_lost_its_lease_changes_nothing(post, clock, settings):
    """It was stopped for longer than its lease, and another took over meanwhile."""
    message = MessageFactory()
    [slow] = sender.claim()
    attempt, _ = outcomes.intend(slow)
    clock.freeze(AT + timedelta(seconds=settings.MAIL_LEASE))
    post.sweep()
    outcomes._write_down(slow, attempt, DeliveryAttempt.Outcome.REFUSED, Reply(550, "too late"))
    message.refresh_from_db()
    assert message.state == "sent"
    assert tried(message) == [(1, "data", "refused"), (2, "data", "accepted")]


def lost_its_lease(clock, settings, **values):
    """Return a message that somebody else has by now, how the first sender and the second have it, and its attempt."""
    message = MessageFactory(**values)
    [slow] = sender.claim()
    attempt, _ = outcomes.intend(slow)
    clock.freeze(AT + timedelta(seconds=settings.MAIL_LEASE))
    [other] = sender.claim()
    return message, slow, other, attempt


def test_what_was_accepted_is_sent_although_the_lease_is_somebody_elses(post, kind, clock, settings):
    message, slow, other, attempt = lost_its_lease(clock, settings)
    outcomes.write_down(slow, attempt, DeliveryAttempt.Outcome.ACCEPTED, Reply(250, "OK"), until=0)
    assert outcomes.intend(other) == (None, None)
    message.refresh_from_db()
    assert (message.state, message.lease_token, tried(message)) == ("sent", None, [(1, "data", "accepted")])
    assert kind.ended == [(message.pk, "sent")]


@pytest.mark.parametrize(("copies", "state"), [(1, "ready"), (0, "uncertain")])
def test_an_unclear_end_after_the_lease_is_counted_by_whoever_has_it_then(post, clock, settings, copies, state):
    message, slow, other, attempt = lost_its_lease(clock, settings, max_ambiguous=copies)
    outcomes.write_down(slow, attempt, DeliveryAttempt.Outcome.AMBIGUOUS, Reply(0, "timed out"), until=0)
    assert (outcomes.intend(other)[0] is not None) == bool(copies)
    message.refresh_from_db()
    assert (message.state, message.n_ambiguous) == (state, 1)
    assert tried(message)[0] == (1, "data", "ambiguous")


def test_an_unclear_end_of_what_ended_meanwhile_leaves_no_attempt_open(post, clock, settings):
    message, slow, other, attempt = lost_its_lease(clock, settings)
    outcomes.refused(other, Reply(550, "No such user"))
    outcomes.write_down(slow, attempt, DeliveryAttempt.Outcome.AMBIGUOUS, Reply(0, "timed out"), until=0)
    message.refresh_from_db()
    assert message.state == "dead"
    assert tried(message) == [(1, "data", "ambiguous"), (2, "envelope", "refused")]


def test_a_hundred_mails_share_a_connection_and_all_arrive(post):
    messages = MessageFactory.create_batch(100)
    post.sweep()
    assert sorted(post.recipients) == sorted(m.address for m in messages)


def test_a_connection_that_breaks_at_one_recipient_holds_nobody_up_and_uses_up_nothing(post, clock):
    bad, good = MessageFactory(priority=1), MessageFactory()
    post.rules[bad.address] = "reset"
    post.sweep()
    assert post.recipients == [good.address]
    bad.refresh_from_db()
    assert (bad.state, bad.n_attempts, tried(bad)) == ("ready", 0, [])
    post.rules.clear()
    clock.freeze(AT + timedelta(seconds=15))
    post.sweep()
    assert post.recipients == [good.address, bad.address]


def test_the_oftener_a_connection_broke_at_a_recipient_the_later_it_is_tried_there_again(post):
    post.mode = "reset"
    first, often = MessageFactory(), MessageFactory(n_claims=30)
    waits = []
    for _ in range(8):
        Message.objects.update(available_at=AT, n_claims=Case(When(pk=often.pk, then=30), default=0))
        post.sweep()
        waits.append([m.available_at - AT for m in Message.objects.order_by("pk")])
    assert all(wait <= timedelta(seconds=15) for wait, _ in waits)
    assert timedelta(seconds=60) < max(wait for _, wait in waits) <= timedelta(minutes=30)
    assert (tried(first), tried(often)) == ([], [])


@pytest.mark.parametrize(
    ("mode", "outcome", "state"), [("data-451", "deferred", "ready"), ("data-550", "refused", "dead")]
)
def test_what_is_refused_after_its_content_was_not_delivered(post, mode, outcome, state):
    post.mode = mode
    message = MessageFactory()
    post.sweep()
    message.refresh_from_db()
    assert (message.state, tried(message)) == (state, [(1, "data", outcome)])


def test_of_a_dead_mail_that_nobody_misses_any_more_nobody_is_told(post, kind):
    kind.holds = False
    post.mode = "550"
    message = MessageFactory()
    post.sweep()
    message.refresh_from_db()
    assert (message.state, message.reason) == ("dropped", "superseded")
    assert tried(message) == [(1, "envelope", "refused")]


def test_the_longest_wait_between_two_tries_is_half_an_hour(post, clock):
    post.mode = "451"
    message = MessageFactory(n_attempts=30)
    post.sweep()
    message.refresh_from_db()
    assert AT < message.available_at <= AT + timedelta(minutes=30)


def test_who_is_to_be_left_alone_gets_it_when_the_quiet_hours_end(post, clock):
    person = PersonFactory(zone="Europe/Lisbon")
    NoticePreference.objects.create(poc=person, quiet_from=time(9), quiet_until=time(13))  # AT is at noon
    held, urgent = MessageFactory(recipient=person), MessageFactory(recipient=person, priority=0)
    post.sweep()
    assert [mail.message["Subject"] for mail in post.mails] == [f"Subject {urgent.pk}"]
    held.refresh_from_db()
    assert (held.available_at, held.n_attempts, held.lease_token) == (AT + timedelta(hours=1), 0, None)
    clock.freeze(AT + timedelta(hours=1))
    post.sweep()
    assert len(post.to(person.email)) == 2


def test_a_retry_that_falls_into_the_night_is_sent_at_its_end(post, clock):
    person = PersonFactory(zone="UTC")
    NoticePreference.objects.create(poc=person, quiet_from=AT.time().replace(minute=1), quiet_until=time(7))
    message = MessageFactory(recipient=person)
    post.mode = "451"
    post.sweep()
    assert tried(message) == [(1, "envelope", "deferred")]
    post.mode = "accept"
    clock.freeze(AT + timedelta(minutes=2))
    post.sweep()
    assert post.mails == []
    message.refresh_from_db()
    morning = (AT + timedelta(days=1)).replace(hour=7, minute=0, second=0)
    assert (message.available_at, message.n_attempts) == (morning, 1)
    clock.freeze(morning)
    post.sweep()
    assert post.recipients == [person.email]


def test_what_would_be_too_old_by_the_morning_goes_at_night(post):
    person = PersonFactory(zone="UTC")
    NoticePreference.objects.create(poc=person, quiet_from=AT.time(), quiet_until=(AT - timedelta(hours=1)).time())
    MessageFactory(recipient=person, expires_at=AT + timedelta(hours=2))
    post.sweep()
    assert post.recipients == [person.email]


@pytest.mark.postgres
def test_what_another_sender_claims_right_now_is_not_waited_for(database):
    MessageFactory.create_batch(sender.CLAIM + 2)
    with transaction.atomic():
        mine = sender.claim()
        others: list[Message] = []

        def claim() -> None:
            others.extend(sender.claim())
            connection.close()

        thread = threading.Thread(target=claim)
        thread.start()
        thread.join(10)
    assert len(mine) == sender.CLAIM
    assert len(others) == 2
    assert {m.pk for m in mine}.isdisjoint(m.pk for m in others)
