"""What is overdue is seen; what was put off too far is brought forward."""

from datetime import timedelta

import pytest

from crm.commitments.models import Commitment, Finding, Notification
from crm.commitments.telling import packing
from crm.core.clock import now
from crm.outbox import turns
from crm.outbox.models import Heartbeat, Message
from tests.commitments.auditing.conftest import mail_of
from tests.factories.commitments import NotificationFactory


def test_a_look_that_is_overdue_is_found_after_five_minutes_and_ends_with_the_look(house, audit):
    commitment = house.promise()
    house.sweep_at("Tue 10:00")
    due = Commitment.objects.get(pk=commitment.pk).next_action_at
    house.clock.freeze(due + timedelta(minutes=5))
    assert audit("late_look") == []
    house.clock.freeze(due + timedelta(minutes=6))
    assert audit("late_look") == [f"c:{commitment.pk}"]
    house.sweep_at("Wed 10:30")
    assert audit("late_look") == []


def test_what_was_set_aside_is_not_overdue_as_well(house, audit):
    commitment = house.promise()
    Commitment.objects.filter(pk=commitment.pk).update(quarantined_at=house.at("Thu 10:00"))
    assert audit() == [f"c:{commitment.pk}"]
    assert Finding.objects.get().code == "quarantined"


def test_a_notice_that_waits_for_its_mail_is_found_and_ends_when_it_is_packed(house, audit):
    house.at("Tue 10:00")
    notice = NotificationFactory(commitment=house.promise(), tell_at=now() - timedelta(minutes=6))
    assert audit("late_notice") == [f"n:{notice.pk}"]
    packing.pack()
    assert audit("late_notice") == []


def test_a_mail_that_waits_is_found_unless_the_mail_server_is_known_to_be_away(reminded, house, audit):
    mail = mail_of(reminded)
    Message.objects.filter(pk=mail.pk).update(state="ready", ended_at=None)
    assert audit("late_mail") == []
    house.at("Tue 10:20")
    assert audit("late_mail") == [f"m:{mail.pk}"]
    Heartbeat.objects.create(component="sender", last_ok_at=now(), paused_until=now() + timedelta(seconds=30))
    assert audit("late_mail") == []
    assert audit("mail_server") == ["h:sender"]


@pytest.mark.parametrize("leased", [True, False])
def test_a_mail_that_nobody_would_send_for_days_is_sent_now(reminded, house, audit, leased):
    mail = mail_of(reminded)
    token = mail.msgid if leased else None
    far = now() + (timedelta(hours=2) if leased else timedelta(days=3))
    Message.objects.filter(pk=mail.pk).update(state="ready", ended_at=None, lease_token=token, available_at=far)
    assert audit("far_mail") == []
    mail.refresh_from_db()
    assert (mail.available_at, mail.lease_token) == (now(), None)
    finding = Finding.objects.get(code="far_mail")
    assert finding.repaired_at == finding.ended_at == now()


def test_a_notice_that_would_be_told_in_years_is_told_now(reminded, house, audit):
    notice = NotificationFactory(commitment=reminded, tell_at=now() + timedelta(days=900), idem_key="c:0")
    audit()
    notice.refresh_from_db()
    assert notice.tell_at == now()
    assert Finding.objects.get(code="far_notice").repaired_at == now()


def test_a_digest_of_tomorrow_morning_is_not_put_off_too_far(reminded, audit):
    NotificationFactory(commitment=reminded, tell_at=now() + timedelta(hours=26), idem_key="c:0")
    assert audit("far_notice") == []


@pytest.mark.parametrize("component", ["planner", "sender", "guard"])
def test_a_silent_part_is_found_until_it_is_heard_again(house, audit, component):
    turns.beat(component)
    house.clock.freeze(now() + timedelta(minutes=4))
    assert audit("silent") == [f"h:{component}"]
    turns.beat(component)
    assert audit("silent") == []


@pytest.mark.postgres
def test_a_transaction_that_somebody_forgot_is_found(house, audit, monkeypatch):
    from django.db import connections  # noqa: PLC0415

    from crm.commitments.auditing import waiting_too_long  # noqa: PLC0415

    monkeypatch.setattr(waiting_too_long, "IDLE_TRANSACTION", 0)
    forgotten = connections.create_connection("default")
    try:
        forgotten.set_autocommit(False)
        with forgotten.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            pid = cursor.fetchone()[0]
        assert f"t:{pid}" in audit("transaction")
    finally:
        forgotten.close()


def test_notices_without_a_mail_are_no_notices_that_were_superseded(house, audit):
    house.at("Tue 10:00")
    NotificationFactory(commitment=house.promise(), state=Notification.State.SUPERSEDED)
    assert audit("late_notice") == []
