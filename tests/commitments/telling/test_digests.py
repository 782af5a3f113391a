"""Mail at once, with the daily digest, or none: as its reader wants it."""

from datetime import UTC, datetime, time

import pytest

from crm.commitments import actions
from crm.commitments.models import Commitment, Notification
from crm.commitments.planning import planner
from crm.commitments.telling import digests, packing
from crm.outbox.models import Message
from crm.poc.models import PointOfContact
from crm.poc.preferences import NoticePreference
from crm.poc.recipients import Recipient
from tests.commitments.conftest import moment
from tests.commitments.planning.test_planner import hand_over
from tests.factories.commitments import change_ladder


def wants(poc: PointOfContact, **values) -> None:
    NoticePreference.objects.update_or_create(poc=poc, defaults=values)


def somebody(zone: str = "UTC", **values) -> Recipient:
    return Recipient(1, None, "Ann", "ann@firm.example", "en", zone, **values)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "now", "due"),
    [
        ("UTC", "2026-03-02T07:59", "2026-03-02T08:00"),
        ("UTC", "2026-03-02T08:00", "2026-03-03T08:00"),
        ("Asia/Tokyo", "2026-03-01T23:30", "2026-03-02T23:00"),
        ("Europe/Lisbon", "2026-03-28T12:00", "2026-03-29T07:00"),  # the clocks go forward that night
        ("Europe/Lisbon", "2026-10-24T12:00", "2026-10-25T08:00"),  # and back that one
    ],
)
def test_a_digest_is_due_at_its_readers_hour(zone, now, due):
    assert digests.next_digest(somebody(zone), at(now)) == at(due)


def test_a_digest_in_the_hour_that_is_left_out_comes_when_it_is_over_and_in_the_repeated_one_once():
    early = somebody("Europe/Lisbon", digest_at=time(1, 30))
    assert digests.next_digest(early, at("2026-03-28T12:00")) == at("2026-03-29T01:00")
    assert digests.next_digest(early, at("2026-10-24T12:00")) == at("2026-10-25T00:30")
    assert digests.next_digest(early, at("2026-10-25T00:30")) == at("2026-10-26T01:30")


@pytest.mark.parametrize(
    ("kinds", "priority", "hour"),
    [
        (("logged",), 5, None),
        (("reminder",), 3, 8),
        (("reassigned",), 1, 7),
        (("reminder",), 0, 7),  # urgent
        (("escalation",), 1, 7),
        (("nobody",), 1, 7),
        (("reminder", "logged"), 3, 8),
        (("reassigned", "reminder"), 1, 7),
    ],
)
def test_each_group_has_its_way_and_what_is_urgent_or_escalated_comes_at_once(kinds, priority, hour):
    person = somebody(by_email={"news": "never", "reminders": "digest", "escalations": "never", "alarms": "digest"})
    found = digests.mail_at(person, kinds, priority, at("2026-03-02T07:00"))
    assert (found.hour if found else None) == hour


def test_without_an_address_there_is_no_mail_whatever_is_wanted():
    nobody = Recipient(1, 1, "Ann", "", "en", "UTC")
    assert digests.mail_at(nobody, ["escalation"], 0, at("2026-03-02T07:00")) is None


def test_who_wants_no_mail_of_a_reminder_has_it_in_the_inbox_and_that_counts(house, told):
    wants(house.ann, by_email={"reminders": "never"})
    house.promise()
    house.sweep_at("Wed 10:00")
    assert told() == []
    assert told("inbox") == [("reminder", "Ann")]
    house.sweep_at("Wed 14:00")
    assert told() == [("escalation", "Ben")]


def test_a_digest_tells_in_one_mail_and_the_escalation_counts_from_it(house, told):
    wants(house.ann, by_email={"reminders": "digest"}, digest_at=time(16))
    for n in range(2):
        house.promise(title=f"Call {n}")
    house.sweep_at("Wed 10:00")
    assert told("inbox") == [("reminder", "Ann")] * 2
    assert not Message.objects.filter(channel="email").exists()
    house.sweep_at("Wed 15:59")
    assert not Message.objects.filter(channel="email").exists()
    at = house.sweep_at("Wed 16:00")
    mail = Message.objects.get(channel="email")
    assert (mail.kind, mail.recipient, mail.available_at) == ("digest", house.ann, at)
    hand_over(at)
    house.sweep_at("Thu 10:59")
    assert told(kind="escalation") == []
    house.sweep_at("Thu 11:00")
    assert told(kind="escalation") == [("escalation", "Ben")] * 2


def test_one_thing_held_for_the_digest_is_a_digest_too(house):
    wants(house.ann, by_email={"reminders": "digest"})
    house.promise()
    house.sweep_at("Wed 10:00")
    house.sweep_at("Thu 08:00")
    assert Message.objects.get(channel="email").kind == packing.DIGEST


def test_an_urgent_step_does_not_wait_for_the_digest(house, told):
    wants(house.ann, by_email={"reminders": "digest", "escalations": "digest"})
    change_ladder("follow_up", {"kind": "reminder", "slot": "poc", "urgent": True})
    house.promise()
    house.sweep_at("Wed 10:00")
    assert Message.objects.get(channel="email").kind == packing.NOTICE


def test_a_changed_wish_counts_for_what_waits_already(house, told):
    wants(house.ann, by_email={"reminders": "digest"}, digest_at=time(16))
    commitments = [house.promise(title=f"Call {n}") for n in range(2)]
    at = house.sweep_at("Wed 10:00")
    wants(house.ann, by_email={"reminders": "digest"}, digest_at=time(12))
    assert digests.retime(poc_id=house.ann.pk, at=at) == 2
    mails = Notification.objects.filter(channel="email")
    assert set(mails.values_list("tell_at", flat=True)) == {house.at("Wed 12:00")}
    wants(house.ann, by_email={"reminders": "never"})
    digests.retime(poc_id=house.ann.pk, at=at)
    assert set(mails.values_list("state", "reason")) == {("superseded", "not_by_mail")}
    house.sweep_at("Wed 14:00")
    assert told(kind="escalation") == [("escalation", "Ben")] * len(commitments)


def test_what_waits_comes_at_once_when_that_is_wanted_again(house):
    wants(house.ann, by_email={"reminders": "digest"}, digest_at=time(16))
    house.promise()
    at = house.sweep_at("Wed 10:00")
    NoticePreference.objects.all().delete()
    digests.retime(poc_id=house.ann.pk, at=at)
    packing.pack()
    assert Message.objects.filter(channel="email", recipient=house.ann).count() == 1


def test_what_is_done_before_its_digest_is_not_in_it(house):
    wants(house.ann, by_email={"reminders": "digest"}, digest_at=time(16))
    commitment = house.promise()
    house.promise(title="Other")
    at = house.sweep_at("Wed 10:00")
    actions.keep(commitment=commitment, by=house.by, at=at)
    house.sweep_at("Wed 16:00")
    titles = Message.objects.get(channel="email").notifications.values_list("commitment__title", flat=True)
    assert list(titles) == ["Other"]
    assert Commitment.objects.open().count() == 1


def test_a_digest_costs_no_further_looks(house):
    """While it is held, nothing can follow: the row is not looked at every minute."""
    wants(house.ann, by_email={"reminders": "digest"}, digest_at=time(9))
    house.promise()
    house.sweep_at("Wed 10:00")
    house.sweep_at("Wed 14:00")
    assert Commitment.objects.get().next_action_at == moment("Thu 13:00")
    assert planner.sweep() == 0


def test_what_was_given_when_it_was_due_is_a_reminder_too_whatever_its_reader_wants_afterwards(house):
    wants(house.ben, by_email={"given": "digest", "reminders": "digest"}, digest_at=time(16))
    commitment = house.promise()
    at = house.sweep_at("Wed 10:00")
    actions.reassign(commitment=commitment, poc=house.ben, by=house.by, at=at)
    wants(house.ben, by_email={"given": "never", "reminders": "digest"})
    digests.retime(poc_id=house.ben.pk, at=at)
    house.sweep_at("Wed 16:00")
    assert Message.objects.filter(channel="email", recipient=house.ben).count() == 1
    wants(house.ben, by_email={"given": "never", "reminders": "never"})
    assert digests.retime(poc_id=house.ben.pk, at=at) == 0
