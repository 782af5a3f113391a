"""Notices become messages: one each, or one digest."""

from datetime import time

import pytest
from django.db import connection

from crm.commitments.actions import notify
from crm.commitments.auditing import auditor
from crm.commitments.models import Finding, Notification
from crm.commitments.planning import planner
from crm.commitments.telling import packing
from crm.outbox.actions import send_again
from crm.outbox.models import Message
from crm.poc.preferences import NoticePreference
from tests.commitments.conftest import moment
from tests.factories.poc import PersonFactory


def tell(house, n: int, **values) -> None:
    for i in range(n):
        values = {
            "recipient_poc_ids": [house.ann.pk],
            "dossier": house.record,
            "context": {},
            "kind": "logged",
        } | values
        notify(idem_key=f"e:{i}:logged", by=house.by, at=house.at("Mon 10:00"), **values)


def test_up_to_five_are_a_message_each(house):
    tell(house, 5)
    packing.pack()
    found = sorted(Message.objects.values_list("channel", "kind"))
    assert found == [("email", "notice")] * 5 + [("inbox", "notice")] * 5


def test_six_for_one_recipient_are_one_digest(house):
    tell(house, 6)
    tell(house, 1, recipient_poc_ids=[house.ben.pk])
    packing.pack()
    to_ann = Message.objects.filter(recipient=house.ann)
    assert sorted(to_ann.values_list("channel", "kind")) == [("email", "digest"), ("inbox", "digest")]
    assert [m.notifications.count() for m in to_ann] == [6, 6]
    assert Message.objects.filter(recipient=house.ben).count() == 2


def test_the_most_urgent_is_sent_first_then_the_oldest(house):
    for n, kind in enumerate(("logged", "passed_on", "returned")):
        notify(
            idem_key=f"e:{n}", kind=kind, recipient_poc_ids=[house.ann.pk], dossier=house.record, context={},
            by=house.by, at=house.at("Mon 10:00"), urgent=kind == "returned",
        )  # fmt: skip
    packing.pack()
    mails = Message.objects.filter(channel="email").order_by("priority", "available_at", "pk")
    assert [mail.notifications.get().kind for mail in mails] == ["returned", "logged", "passed_on"]
    assert [mail.pk for mail in mails] == sorted(mail.pk for mail in mails)


def test_a_transaction_packs_about_as_many_as_it_may(house, monkeypatch):
    monkeypatch.setattr(packing, "NOTICES", 3)
    people = [PersonFactory() for _ in range(4)]
    tell(house, 1, recipient_poc_ids=[p.pk for p in people])  # an inbox entry and a mail for each
    assert list(packing._shares([(1, 2), (2, 2), (3, 1), (4, 9)])) == [[1], [2, 3], [4]]
    packing.pack()
    assert Message.objects.count() == 8


def test_what_waited_for_the_digest_and_what_is_too_much_at_once_are_one_digest(house):
    NoticePreference.objects.create(poc=house.ann, by_email={"given": "digest"}, digest_at=time(16))
    notify(
        idem_key="e:held", kind="passed_on", recipient_poc_ids=[house.ann.pk], dossier=house.record, context={},
        by=house.by, at=house.at("Mon 09:00"),
    )  # fmt: skip
    tell(house, 6)
    house.at("Mon 16:00")
    packing.pack()
    assert Message.objects.get(channel="email").notifications.count() == 7


def test_a_sweep_over_many_batches_makes_one_digest(house, monkeypatch):
    monkeypatch.setattr(planner, "BATCH", 4)
    for n in range(11):
        house.promise(title=f"Call {n}")
    house.sweep_at("Wed 12:00")
    assert list(Message.objects.filter(channel="email").values_list("kind", "recipient__name")) == [("digest", "Ann")]


def test_an_inbox_entry_is_told_by_being_written(house):
    tell(house, 1)
    packing.pack()
    entry = Message.objects.get(channel="inbox")
    assert (entry.state, entry.address) == ("sent", "")


def test_an_address_nobody_can_have_is_never_mailed_but_stands_in_the_inbox(house):
    person = PersonFactory(email="agent@import.INVALID")
    tell(house, 1, recipient_poc_ids=[person.pk])
    packing.pack()
    assert sorted(Message.objects.values_list("channel", "state", "reason")) == [
        ("email", "dropped", "never_mailed"),
        ("inbox", "sent", ""),
    ]


def test_packing_again_after_a_crash_makes_the_same_messages(house):
    tell(house, 7)
    packing.pack()
    before = set(Message.objects.values_list("msgid", flat=True))
    Notification.objects.update(message=None)  # as if the crash had come before the link
    packing.pack()
    assert set(Message.objects.values_list("msgid", flat=True)) == before
    assert not Notification.objects.unpacked().exists()


def test_urgent_and_escalating_messages_may_be_copied_twice_and_live_longer(house):
    tell(house, 1, urgent=True)
    tell(house, 1, recipient_poc_ids=[house.ben.pk])
    packing.pack()
    urgent, plain = (Message.objects.get(channel="email", recipient=p) for p in (house.ann, house.ben))
    assert (urgent.priority, urgent.max_ambiguous, plain.max_ambiguous) == (0, 2, 1)
    assert (urgent.expires_at - urgent.created_at).days == 7
    assert (plain.expires_at - plain.created_at).days == 3
    for message, days in ((urgent, 7), (plain, 3)):  # and so long again, whenever somebody sends one again
        Message.objects.filter(pk=message.pk).update(state="dead", ended_at=moment("Mon 10:00"))
        again = send_again(message=message, by=house.by, at=moment("Fri 10:00"))
        assert (again.expires_at - moment("Fri 10:00")).days == days


# --- What cannot be packed -------------------------------------------------------------------------------------------

BAD = 9  # a priority that the database refuses here


@pytest.fixture
def refuses(house):
    """Let the database refuse a message of one priority."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(
                f"CREATE TRIGGER refuses BEFORE INSERT ON outbox_message WHEN NEW.priority = {BAD} "
                "BEGIN SELECT RAISE(ABORT, 'refused'); END"
            )
        else:
            cursor.execute(f"ALTER TABLE outbox_message ADD CONSTRAINT refuses CHECK (priority <> {BAD})")


def tell_badly(house) -> Notification:
    """Decide three notices for Ann and two for Ben, one of Ann's in a way that cannot be packed; return that."""
    tell(house, 3)
    notify(
        idem_key="e:ben", kind="logged", recipient_poc_ids=[house.ben.pk], dossier=house.record, context={},
        by=house.by, at=house.at("Mon 10:00"),
    )  # fmt: skip
    bad = Notification.objects.filter(recipient=house.ann, channel="email").latest("pk")
    Notification.objects.filter(pk=bad.pk).update(priority=BAD)
    return bad


def test_one_that_cannot_be_packed_holds_no_other_up(house, refuses):
    bad = tell_badly(house)
    packing.pack()
    assert set(Notification.objects.filter(message=None)) == {bad}
    assert Message.objects.count() == 7


def test_it_is_found_and_tried_again_an_hour_later(house, refuses):
    bad = tell_badly(house)
    packing.pack()
    assert Finding.objects.get(code=packing.FINDING).subject == f"n:{bad.pk}"
    Notification.objects.filter(pk=bad.pk).update(priority=5)
    house.at("Mon 10:59")
    packing.pack()
    auditor.sweep(whole=True)
    assert Finding.objects.standing().filter(code=packing.FINDING).exists()
    house.at("Mon 11:00")
    packing.pack()
    auditor.sweep(whole=True)
    bad.refresh_from_db()
    assert bad.message is not None
    assert not Finding.objects.standing().filter(code=packing.FINDING).exists()
