"""The auditor: finds nothing in a normal week; finds, mends, tells once, and ends what is over."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.contrib.auth.models import Group
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from crm.commitments import actions
from crm.commitments.auditing import auditor, catalogue
from crm.commitments.auditing.check import NEWEST, SIZE, Check, scope
from crm.commitments.models import Commitment, Finding, Notification
from crm.commitments.planning import planner
from crm.commitments.telling import wording
from crm.core.clock import now
from crm.outbox.models import DeliveryAttempt, Heartbeat, Message
from crm.users import roles
from tests.commitments.auditing.conftest import copy, deliver, mail_of, week
from tests.factories import AT
from tests.factories.commitments import CommitmentFactory
from tests.factories.outbox import DeliveryAttemptFactory
from tests.factories.poc import AbsenceFactory

WEEK = ["Mon 09:31", "Tue 10:00", "Wed 08:00", "Wed 10:00", "Wed 12:00", "Wed 14:00", "Thu 12:00", "Thu 14:00"]


@pytest.fixture
def admin(house):
    """Lea is the administrator."""
    house.lea.user.groups.add(Group.objects.get(name=roles.ADMINISTRATOR))
    return house.lea


def test_after_a_normal_week_there_is_nothing_to_find(house, audit):
    promised = {name: house.promise(title=name) for name in ("none", "done", "put off", "taken on", "given", "moved")}
    urgent = house.promise(title="urgent", priority="urgent", kind="first_answer", due_at=None)
    acts = {
        "Tue 10:00": lambda at: [
            actions.keep(commitment=promised["done"], by=house.by, at=at),
            actions.snooze(commitment=promised["put off"], until=house.at("Fri 09:00"), by=house.by, at=at),
            actions.redue(commitment=promised["moved"], due_at=at + timedelta(days=3), by=house.by, at=at),
        ],
        "Wed 12:00": lambda at: [
            actions.acknowledge(commitment=promised["taken on"], by=house.by, at=at),
            actions.reassign(commitment=promised["given"], poc=house.ben, by=house.by, at=at),
            actions.cancel(commitment=urgent, by=house.by, at=at),
            AbsenceFactory(poc=house.ann, cover=house.lea, starts_at=at, ends_at=at + timedelta(days=5)),
        ],
    }
    for text in [*WEEK, "Fri 09:00", "Fri 14:00", "Mon+ 10:00", "Mon+ 15:00", "Tue+ 16:00"]:
        week(house, text)
        assert audit() == [], text
        acts.get(text, lambda at: None)(house.at(text))
        week(house, text)
        assert audit() == [], text
    assert Notification.objects.count() > 30
    assert not Finding.objects.exists()


def test_a_finding_stands_from_the_first_sweep_that_saw_it_to_the_one_that_does_not(house, audit):
    commitment = house.promise()
    Commitment.objects.filter(pk=commitment.pk).update(quarantined_at=now())
    audit()
    found_at = now()
    seen_at = house.at("Mon 09:40")
    audit()
    finding = Finding.objects.get()
    assert (finding.found_at, finding.seen_at, finding.ended_at) == (found_at, seen_at, None)
    Commitment.objects.filter(pk=commitment.pk).update(quarantined_at=None)
    ended_at = house.at("Mon 09:41")
    audit()
    finding.refresh_from_db()
    assert (finding.seen_at, finding.ended_at) == (seen_at, ended_at)


def test_administrators_are_told_once_of_all_that_one_sweep_found(reminded, house, admin, audit, told):
    mail = mail_of(reminded)
    Message.objects.filter(pk=mail.pk).update(recipient=house.dora)
    Commitment.objects.filter(pk=reminded.pk).update(next_action_at=now() + timedelta(days=90))
    audit()
    audit()
    assert told(kind="audit") == [("audit", "Lea")]
    notice = Notification.objects.get(kind="audit", channel="inbox")
    assert notice.idem_key.startswith(f"q:f{Finding.objects.order_by('pk').first().pk}:")
    assert {row["code"]: (row["n"], row["repaired"]) for row in notice.facts["found"]} == {
        "wrong_reader": (1, 0), "far_look": (1, 1),
    }  # fmt: skip
    line = wording.lines([notice], now())[0]
    assert (line.headline, line.url) == ("The auditor found something wrong", f"{settings.PUBLIC_URL}/engine/")
    assert [detail.text for detail in line.details] == [
        "A mail goes to somebody else than decided (1).", "A next look was put off too far (1). 1 was put right.",
    ]  # fmt: skip


def test_more_of_the_same_kind_is_told_an_hour_later_at_the_soonest(house, admin, audit, told):
    alarms = []
    for minute in ("10:00", "10:30", "10:59", "11:00"):
        house.sweep_at(f"Tue {minute}")
        promised = house.promise(at=now())
        Commitment.objects.filter(pk=promised.pk).update(next_action_at=now() + timedelta(days=90))
        audit()
        planner.sweep()  # packs the alarm, and looks at what was put right
        deliver()
        alarms.append(len(told(kind="audit")))
    assert Finding.objects.filter(code="far_look").count() == 4
    assert alarms == [1, 1, 1, 2]


def test_what_passes_by_itself_is_told_when_it_is_seen_again(house, admin, audit, told):
    house.promise()
    house.at("Tue 16:00")
    assert len(audit("late_look")) == 1
    assert told(kind="audit") == []
    house.at("Tue 16:01")
    audit()
    assert told(kind="audit") == [("audit", "Lea")]
    house.at("Tue 16:02")
    audit()
    assert len(told(kind="audit")) == 1


def test_a_check_that_fails_is_a_finding_and_holds_no_other_up(house, audit, monkeypatch):
    def fails(of: object) -> None:
        raise ZeroDivisionError

    broken = Check("late_look", "broken", fails)
    monkeypatch.setattr(catalogue, "CHECKS", {"late_look": broken} | dict(catalogue.CHECKS) | {"late_look": broken})
    commitment = house.promise()
    Commitment.objects.filter(pk=commitment.pk).update(quarantined_at=now())
    assert audit("check_failed") == ["k:late_look"]
    assert audit("quarantined") == [f"c:{commitment.pk}"]
    monkeypatch.undo()
    assert audit("check_failed") == []


def test_each_sweep_says_that_it_got_through(house, audit):
    audit()
    assert Heartbeat.objects.get(component="auditor").last_ok_at == now()


@pytest.mark.parametrize("rows", [1, 15])
def test_a_sweep_that_finds_nothing_costs_the_same_however_much_there_is(house, audit, rows):
    for n in range(rows):
        house.promise(title=f"Call {n}")
    week(house, "Tue 10:00")
    audit()
    with CaptureQueriesContext(connection) as queries:
        assert audit() == []
    assert len(queries) < 60


def test_long_tables_are_looked_at_part_by_part_and_the_newest_rows_always(house):
    one = CommitmentFactory(pk=1)
    CommitmentFactory(pk=3 * SIZE, dossier=one.dossier)
    firsts = {scope(AT + timedelta(minutes=n)).parts["c"] for n in range(3)}
    assert firsts == {(1 + n * SIZE, (n + 1) * SIZE) for n in range(3)}
    assert scope(AT, whole=True).parts["c"] == (1, 3 * SIZE)
    assert scope(AT).newest["c"] == 3 * SIZE - NEWEST


@pytest.mark.parametrize("seconds", [1, 60, 120, 300, 3600])
def test_every_part_has_its_turn_however_often_the_auditor_looks(house, settings, seconds):
    settings.AUDIT_EVERY = seconds
    one = CommitmentFactory(pk=1)
    CommitmentFactory(pk=60 * SIZE, dossier=one.dossier)
    firsts = {scope(AT + timedelta(seconds=n * seconds)).parts["c"][0] for n in range(60)}
    assert firsts == {1 + n * SIZE for n in range(60)}


def in_turn(house, code: str, text: str, minutes: int) -> list[int]:
    """Let the auditor look once a minute, a part in turn, and return how much stands of a check after each look."""
    stands, at = [], house.at(text)
    for n in range(minutes):
        house.clock.freeze(at + timedelta(minutes=n))
        auditor.sweep()
        stands.append(Finding.objects.standing().filter(code=code).count())
    return stands


def make_long(commitment: Commitment) -> None:
    """Let the table of what is owed have seven parts, and this one lie in the first."""
    commitment.pk += 6 * SIZE
    commitment.save(force_insert=True)


def test_what_was_found_stands_while_other_parts_have_their_turn(reminded, house):
    too_early = copy(Notification.objects.filter(commitment=reminded, channel="email").get(), generation=7)
    make_long(Commitment.objects.get(pk=reminded.pk))
    stands = in_turn(house, "extra", "Tue 10:01", 9)
    first = stands.index(1)
    assert stands == [0] * first + [1] * (9 - first)
    too_early.delete()
    assert in_turn(house, "extra", "Tue 10:10", 1) == [0]
    assert Finding.objects.filter(code="extra").count() == 1


def test_what_passes_by_itself_is_seen_again_although_another_part_has_its_turn(reminded, house, admin, told):
    sent = DeliveryAttempt.objects.get()
    DeliveryAttemptFactory(pk=sent.pk + 6 * SIZE, message=sent.message, n=3, outcome="refused", ended_at=now())
    DeliveryAttempt.objects.filter(pk=sent.pk).update(outcome="", ended_at=None)
    mails = Message.objects.filter(channel="email")
    mails.update(state="ready", ended_at=None, available_at=house.at("Tue 12:00"))
    assert in_turn(house, "open_attempt", "Tue 11:00", 9)[-1] == 1
    codes = {row["code"] for n in Notification.objects.filter(kind="audit") for row in n.facts["found"]}
    assert "open_attempt" in codes


def test_every_check_has_a_short_code_and_words():
    assert all(len(code) <= 14 and str(check.title) for code, check in catalogue.CHECKS.items())
    assert str(catalogue.title("lost")) == "A mail has vanished"
    assert catalogue.title("of old") == "of old"


def test_one_finding_of_a_thing_stands_at_a_time(db):
    finding = Finding.objects.create(code="lost", subject="m:1", found_at=AT, seen_at=AT)
    with pytest.raises(IntegrityError, match="finding"), transaction.atomic():
        Finding.objects.create(code="lost", subject="m:1", found_at=AT, seen_at=AT)
    Finding.objects.filter(pk=finding.pk).update(ended_at=AT)
    Finding.objects.create(code="lost", subject="m:1", found_at=AT, seen_at=AT)


def test_the_sweep_is_taken_in_turns(house, audit):
    assert auditor.sweep() == 0
