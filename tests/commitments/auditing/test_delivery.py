"""Mails that vanish, repeat themselves, go to the wrong reader or fail in silence."""

from datetime import timedelta
from uuid import UUID

import pytest

from crm.commitments import actions
from crm.commitments.models import Finding, Notification
from crm.commitments.planning import planner
from crm.commitments.telling import packing
from crm.core.clock import now
from crm.outbox import actions as outbox
from crm.outbox import sender
from crm.outbox.models import DeliveryAttempt, Message
from tests.commitments.auditing.conftest import deliver, mail_of
from tests.commitments.conftest import moment
from tests.factories.outbox import DeliveryAttemptFactory


def ready(mail: Message) -> Message:
    """Return the mail as it was before any server took it."""
    DeliveryAttempt.objects.filter(message=mail).delete()
    Message.objects.filter(pk=mail.pk).update(state="ready", ended_at=None, n_attempts=0)
    mail.refresh_from_db()
    return mail


def vanish(mail: Message) -> None:
    Message.objects.filter(pk=mail.pk)._raw_delete("default")


def test_a_mail_that_vanished_is_packed_again_under_its_message_id(reminded, house, audit):
    mail = ready(mail_of(reminded))
    vanish(mail)
    assert audit("lost") == []
    assert Finding.objects.get(code="lost").repaired_at == now()
    packing.pack()
    again = Message.objects.get(msgid=mail.msgid)
    assert again.pk != mail.pk and again.state == "ready"
    assert mail_of(reminded) == again


def test_a_mail_that_nobody_had_in_hand_says_nothing_and_is_dropped(reminded, audit):
    mail = ready(mail_of(reminded))
    mail.pk, mail.msgid = None, UUID(int=1)
    mail.save(force_insert=True)
    assert audit("says_nothing") == []
    mail.refresh_from_db()
    assert (mail.state, mail.reason) == ("dropped", "no_notice")
    assert mail_of(reminded).state == "ready"


def test_an_attempt_without_an_outcome_is_closed_when_its_mail_has_ended(reminded, house, audit):
    attempt = DeliveryAttemptFactory(message=mail_of(reminded), n=100_000, intent_at=now())
    assert audit("open_attempt") == []
    house.at("Tue 10:30")
    assert audit("open_attempt") == []
    attempt.refresh_from_db()
    assert (attempt.outcome, attempt.ended_at) == ("ambiguous", now())


def test_an_attempt_of_a_mail_that_is_still_to_be_sent_is_left_to_the_sender(reminded, house, audit):
    attempt = DeliveryAttemptFactory(message=ready(mail_of(reminded)), intent_at=now())
    house.at("Tue 10:30")
    assert audit("open_attempt") == [f"a:{attempt.pk}"]
    attempt.refresh_from_db()
    assert attempt.outcome == ""


@pytest.mark.parametrize(("ambiguous", "found"), [(0, True), (1, False)])
def test_a_mail_is_accepted_once_and_once_more_for_each_try_whose_end_nobody_knew(reminded, audit, ambiguous, found):
    mail = mail_of(reminded)
    DeliveryAttemptFactory(message=mail, n=100_000, outcome="accepted", intent_at=now(), ended_at=now())
    Message.objects.filter(pk=mail.pk).update(n_ambiguous=ambiguous)
    assert audit("twice") == ([f"m:{mail.pk}"] if found else [])


def test_what_cannot_be_undone_stands_until_somebody_has_seen_it(reminded, audit):
    from crm.commitments.auditing import auditor  # noqa: PLC0415

    mail = mail_of(reminded)
    DeliveryAttempt.objects.filter(message=mail).delete()
    assert audit("never_taken") == [f"m:{mail.pk}"]
    assert audit("never_taken") == [f"m:{mail.pk}"]
    auditor.settle(Finding.objects.get(code="never_taken"), now())
    assert audit("never_taken") == []
    assert Finding.objects.filter(code="never_taken").count() == 1


def test_a_mail_to_somebody_else_than_decided_is_found(reminded, house, audit):
    mail = mail_of(reminded)
    notice = Notification.objects.get(message=mail)
    Message.objects.filter(pk=mail.pk).update(recipient=house.dora)
    assert audit("wrong_reader") == [f"n:{notice.pk}"]


def test_a_mail_that_went_to_whom_it_was_taken_from_is_found(reminded, house, audit):
    mail = ready(mail_of(reminded))
    actions.reassign(commitment=reminded, poc=house.dora, by=house.by, at=house.at("Tue 11:00"))
    DeliveryAttemptFactory(message=mail, intent_at=moment("Tue 11:01"))
    assert audit("after_act") == [f"m:{mail.pk}"]


def test_a_mail_that_was_on_its_way_before_the_act_is_none(reminded, house, audit):
    actions.reassign(commitment=reminded, poc=house.dora, by=house.by, at=house.at("Tue 11:00"))
    assert audit("after_act") == []


ACTS = {
    "reassign": lambda house, c: actions.reassign(commitment=c, poc=house.dora, by=house.by, at=now()),
    "keep": lambda house, c: actions.keep(commitment=c, by=house.by, at=now()),
    "acknowledge": lambda house, c: actions.acknowledge(commitment=c, by=house.by, at=now()),
}


@pytest.mark.parametrize("act", list(ACTS))
def test_the_last_try_before_an_act_and_the_first_after_it_are_told_apart_in_one_moment(reminded, house, audit, act):
    mail = ready(mail_of(reminded))
    before = DeliveryAttemptFactory(message=mail, n=1, intent_at=now() + timedelta(hours=1))  # whatever the clocks say
    Message.objects.filter(pk=mail.pk).update(n_attempts=1)
    ACTS[act](house, reminded)
    assert audit("after_act") == []
    DeliveryAttemptFactory(message=mail, n=2, intent_at=now() - timedelta(hours=1))
    assert audit("after_act") == [f"m:{mail.pk}"]
    assert before.n == int(Finding.objects.get(code="after_act").detail) - 1


def test_a_mail_that_no_act_took_back_must_not_follow_one_of_a_later_generation(reminded, house, audit):
    mail = mail_of(reminded)
    Notification.objects.filter(message=mail).update(state="planned")
    actions.reassign(commitment=reminded, poc=house.dora, by=house.by, at=now())
    planner.sweep()
    deliver()
    assert audit("after_act") == []
    DeliveryAttemptFactory(message=mail, n=100_000, intent_at=now() - timedelta(hours=1))
    assert audit("after_act") == [f"m:{mail.pk}"]


def test_a_digest_sent_again_says_what_still_holds_and_that_is_no_finding(house, audit, sink, settings):
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", sink.port
    promised = [house.promise(title=f"Call {n}", poc=house.ann) for n in range(6)]
    house.sweep_at("Tue 10:00")
    digest = Message.objects.get(channel="email", kind="digest")
    Message.objects.filter(pk=digest.pk).update(state="dead", reason="refused", ended_at=now())
    actions.reassign(commitment=promised[0], poc=house.ben, by=house.by, at=house.at("Tue 10:10"))
    house.sweep_at("Tue 10:10")
    sender.sweep()
    outbox.send_again(message=digest, by=house.by, at=house.at("Tue 10:20"))
    sender.sweep()
    [mail] = sink.to(house.ann.email)
    assert "Call 0" not in str(mail.message) and "Call 1" in mail.message.get_body(["plain"]).get_content()
    for commitment in promised:
        actions.keep(commitment=commitment, by=house.by, at=now())
    assert audit("after_act") == []


@pytest.mark.parametrize("state", ["dead", "uncertain"])
def test_a_mail_that_failed_and_that_nobody_was_told_of_is_told_of(reminded, house, audit, state):
    mail = mail_of(reminded)
    Message.objects.filter(pk=mail.pk).update(state=state, reason="refused", ended_at=now())
    assert audit("untold") == []
    assert Finding.objects.get(code="untold").subject == f"m:{mail.pk}"
    assert Notification.objects.filter(idem_key__startswith=f"q:m{mail.msgid}:").exists()


def test_of_a_mail_that_an_act_had_overtaken_nobody_need_be_told(reminded, house, audit):
    Message.objects.filter(pk=mail_of(reminded).pk).update(state="dead", reason="refused", ended_at=now())
    actions.keep(commitment=reminded, by=house.by, at=now())
    audit()
    assert not Finding.objects.filter(code="untold").exists()


def test_a_mail_for_somebody_who_left_is_judged_at_once(reminded, house, audit):
    mail = ready(mail_of(reminded))
    Message.objects.filter(pk=mail.pk).update(available_at=now() + timedelta(hours=8))
    type(house.ann).objects.filter(pk=house.ann.pk).update(deactivated_at=now())
    audit()
    mail.refresh_from_db()
    assert mail.available_at == now()
    assert Finding.objects.get(code="to_gone").repaired_at == now()
