"""From a notice to the mail in somebody's hands: their language, their zone, and never after an act."""

from datetime import UTC, datetime

import pytest

from crm.commitments import actions, sending
from crm.commitments.models import Commitment, Notification
from crm.outbox import sender
from crm.outbox.models import Message
from tests.commitments.conftest import moment
from tests.factories.poc import AbsenceFactory, PersonFactory


@pytest.fixture
def post(house, sink, settings):
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", sink.port
    settings.PUBLIC_URL = "https://crm.example"
    return sink


def bodies(mail) -> tuple[str, str]:
    message = mail.message
    return message.get_body(["plain"]).get_content(), message.get_body(["html"]).get_content()


def test_a_reminder_says_what_for_whom_when_why_and_where(house, post):
    house.promise(title="Call <b>Ms Lima</b> & co")
    house.sweep_at("Tue 10:00")
    sender.sweep()
    [mail] = post.mails
    assert mail.recipient == house.ann.email
    assert mail.message["Subject"] == "Due Wed 4 Mar, 10:00: Call <b>Ms Lima</b> & co"
    text, html = bodies(mail)
    for part in (
        "Call <b>Ms Lima</b> & co",
        "Atlantico",
        f"https://crm.example/d/{house.record.pk}/",
        "you answer for it",
    ):
        assert part in text
    assert "Call &lt;b&gt;Ms Lima&lt;/b&gt; &amp; co" in html
    assert f'href="https://crm.example/d/{house.record.pk}/"' in html


def test_moments_are_in_the_readers_zone(house, post):
    user = house.ann.user
    user.time_zone = "Asia/Tokyo"
    user.save()
    house.promise()
    house.sweep_at("Tue 10:00")
    sender.sweep()
    assert post.mails[0].message["Subject"] == "Due Wed 4 Mar, 19:00: Call Ms Lima"


def test_words_are_in_the_readers_language(house, post):
    user = house.ann.user
    user.language = "it"
    user.save()
    house.promise()
    house.sweep_at("Tue 10:00")
    sender.sweep()
    mail = post.mails[0].message
    assert mail["Content-Language"] == "it"
    assert "mer 4 mar" in mail["Subject"].lower()  # the framework's own words; ours come with the catalogues


def test_an_overdue_one_says_so_and_an_escalation_says_to_whom(house, post):
    house.promise()
    house.sweep_at("Wed 12:00")
    sender.sweep()
    house.sweep_at("Wed 16:00")
    sender.sweep()
    late, escalated = (mail.message for mail in post.mails)
    assert late["Subject"].startswith("Overdue since Wed 4 Mar, 10:00")
    assert escalated["Subject"] == "Escalated: Call Ms Lima"
    assert escalated["To"] == house.ben.email
    assert "you are the backup of Ann" in escalated.get_body(["plain"]).get_content()


def test_a_cover_reads_for_whom_they_stand_in(house, post):
    AbsenceFactory(
        poc=house.ann, cover=PersonFactory(name="Cora"), starts_at=moment("Mon 00:00"), ends_at=moment("Fri 00:00")
    )
    house.promise()
    house.sweep_at("Tue 10:00")
    sender.sweep()
    assert "you stand in for Ann" in bodies(post.mails[0])[0]


def test_more_than_five_are_one_digest(house, post):
    for n in range(60):
        house.promise(title=f"Call {n:02}")
    house.sweep_at("Tue 10:00")
    sender.sweep()
    [mail] = post.mails
    assert mail.message["Subject"] == "60 things need you"
    text, html = bodies(mail)
    assert "Call 00" in text
    assert "Call 49" in html
    assert "and 10 more" in text
    assert "and 10 more" in html


@pytest.mark.parametrize(
    "act",
    [
        lambda c, **k: actions.keep(commitment=c, **k),
        lambda c, **k: actions.acknowledge(commitment=c, **k),
        lambda c, **k: actions.snooze(commitment=c, until=datetime(2026, 3, 9, tzinfo=UTC), **k),
    ],
    ids=["done", "acknowledged", "snoozed"],
)
def test_nothing_is_sent_after_an_act(house, post, act):
    commitment = house.promise()
    house.sweep_at("Tue 10:00")
    act(commitment, by=house.by, at=moment("Tue 10:00"))
    sender.sweep()
    assert post.mails == []
    assert Message.objects.get(channel="email").state == "dropped"


def test_a_generation_that_passed_is_not_sent_even_if_nobody_took_it_back(house, post):
    house.promise()
    house.sweep_at("Tue 10:00")
    Commitment.objects.update(generation=2)
    sender.sweep()
    assert post.mails == []


def test_a_reassignment_goes_to_the_new_one_alone(house, post):
    commitment = house.promise()
    house.sweep_at("Wed 10:00")
    actions.reassign(commitment=commitment, poc=house.ben, by=house.by, at=house.at("Wed 10:00"))
    house.sweep_at("Wed 10:00")
    sender.sweep()
    assert post.recipients == [house.ben.email]
    assert post.mails[0].message["Subject"] == "Yours now: Call Ms Lima"


def test_a_digest_leaves_out_what_was_taken_back(house, post):
    promises = [house.promise(title=f"Call {n:02}") for n in range(7)]
    house.sweep_at("Tue 10:00")
    for commitment in promises[:6]:
        actions.keep(commitment=commitment, by=house.by, at=moment("Tue 10:00"))
    sender.sweep()
    [mail] = post.mails
    assert mail.message["Subject"].endswith("Call 06")


def test_a_mail_that_will_never_arrive_is_told_to_the_front_desk_once(house, post):
    house.promise()
    house.sweep_at("Tue 10:00")
    post.mode, post.refused = "550", {house.ann.email}
    sender.sweep()
    house.sweep_at("Tue 10:01")
    sender.sweep()
    sender.sweep()
    assert post.recipients == [house.dora.email]
    assert post.mails[0].message["Subject"] == "A mail to Ann could not be delivered"
    text = bodies(post.mails[0])[0]
    assert "Call Ms Lima" in text
    assert "550" in text


def test_a_mail_to_the_front_desk_about_a_mail_is_not_told_again(house, post):
    post.mode = "550"
    house.promise()
    for text in ("Tue 10:00", "Tue 10:01", "Tue 10:02", "Tue 10:03"):
        house.sweep_at(text)
        sender.sweep()
    assert Notification.objects.filter(kind="undelivered", channel="email").count() == 1


def test_a_title_cannot_break_a_header(house, post):
    house.promise(title="Call\r\nBcc: everybody@example.com")
    house.sweep_at("Tue 10:00")
    sender.sweep()
    assert post.mails[0].message["Bcc"] is None
    assert "Call Bcc: everybody@example.com" in post.mails[0].message["Subject"]


@pytest.mark.parametrize(
    ("kind", "context", "subject"),
    [
        ("assigned_new", {"topic": "Billing", "by": "Max", "reason": "he knows them"}, "You answer for Atlantico now"),
        ("assigned_old", {"new": "Nina", "topic": "Billing"}, "Nina answers for Atlantico now"),
        ("logged", {"contact": "Ms Lima", "user": "Max", "note": "100% sure"}, "New with Atlantico: Ms Lima"),
        ("something else", {}, "News about Atlantico"),
    ],
)
def test_other_apps_notices_have_words(house, post, kind, context, subject):
    actions.notify(
        idem_key="a:1:new", kind=kind, recipient_poc_ids=[house.ann.pk], dossier=house.record, context=context,
        by=house.by, at=house.at("Mon 10:00"),
    )  # fmt: skip
    house.sweep_at("Mon 10:00")
    sender.sweep()
    assert post.mails[0].message["Subject"] == subject
    assert context.get("note", "") in bodies(post.mails[0])[0]


def test_what_may_be_sent_is_asked_in_a_constant_number_of_queries(house, django_assert_num_queries):
    for n in range(20):
        house.promise(title=f"Call {n}")
    house.sweep_at("Tue 10:00")
    message = Message.objects.get(channel="email")
    with django_assert_num_queries(3):  # which ones, their locks, the notices
        assert len(sending.may_send(message)) == 20
