"""From a notice to the mail in somebody's hands: their language, their zone, and never after an act."""

import re
from datetime import UTC, datetime

import pytest

from crm.commitments import actions
from crm.commitments.mail import links, mails, sending
from crm.commitments.models import Commitment, Notification
from crm.commitments.titles import Title
from crm.outbox import letters, sender
from crm.outbox.models import DeliveryAttempt, Message
from tests.commitments.conftest import moment
from tests.commitments.mail.conftest import bodies, first_mail
from tests.factories.poc import AbsenceFactory, PersonFactory, TeamFactory


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
    house.promise(title=Title("Keep in touch with %(who)s", {"who": "Ms Lima"}))
    house.sweep_at("Tue 10:00")
    sender.sweep()
    mail = post.mails[0].message
    assert mail["Content-Language"] == "it"
    assert mail["Subject"] == "Scade mer 4 mar, 10:00: Restare in contatto con Ms Lima"


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


# --- What people like to read ----------------------------------------------------------------------------------------


def test_a_mail_says_with_whom_how_to_reach_them_and_what_was_said_last(house, post, known):
    known(
        account="Marvila", contact="Beatriz Lima", roles=["Billing"], phone="+351 21 555 0123", zone="Asia/Tokyo",
        text="About 2026-1187", last="Ann called Ms Lima, Mon 2 Mar, 13:02: reached",
        note="The <credit> note is missing",
    )  # fmt: skip
    house.promise()
    first_mail(house, post)
    text, html = bodies(post.mails[0])
    for part in ("Marvila · Atlantico · Beatriz Lima, billing", "+351 21 555 0123", "Tokyo is 9 h ahead of you",
                 "About 2026-1187", "Ann called Ms Lima, Mon 2 Mar, 13:02: reached"):  # fmt: skip
        assert part in text
        assert part in html
    assert 'href="tel:+351215550123"' in html
    assert "The <credit> note is missing" in text
    assert "The &lt;credit&gt; note is missing" in html


def test_a_mail_says_since_when_why_me_and_what_happens_if_nobody_acts(house, post):
    house.promise()
    first_mail(house, post)
    for body in bodies(post.mails[0]):
        assert "You get this because you answer for it." in body
        assert "Promised Mon 2 Mar, 09:30." in body
        assert "If nobody acts, Ben is told Wed 4 Mar, 14:00." in body


def test_a_team_that_answers_is_not_somebody_else_to_its_members(house, post):
    house.promise(poc=TeamFactory(name="Team AR", members=[house.ben], lead=house.lea, delivery="all"))
    first_mail(house, post)
    text = bodies(post.mails[0])[0]
    assert "If nobody acts, Lea is told" in text


def test_on_the_day_itself_hours_are_enough(house, post):
    house.promise(due_at=moment("Wed 14:00"))
    house.sweep_at("Tue 14:00")
    house.sweep_at("Wed 14:00")
    sender.sweep()
    text = bodies(post.mails[-1])[0]
    assert text.splitlines()[:2] == ["Due now", "Call Ms Lima"]
    assert "If nobody acts, Ben is told at 18:00." in text


def test_a_reminder_of_today_says_how_long_is_left(house, post):
    house.promise(due_at=moment("Tue 10:45"), at=moment("Mon 09:30"))
    Commitment.objects.update(next_action_at=moment("Tue 10:00"))
    mail = mails.compose(*_packed(house, "Tue 10:00"))
    assert "Due today 10:45 · 45 min left" in mail.text


def _packed(house, text):
    """Have one notice packed at a moment, and return its message and it."""
    actions.notify(
        idem_key="e:1", kind="reminder", recipient_poc_ids=[house.ann.pk], dossier=house.record, context={},
        by=house.by, at=house.at(text),
    )  # fmt: skip
    Notification.objects.update(commitment=Commitment.objects.get(), generation=1)
    house.sweep_at(text)
    message = Message.objects.filter(channel="email").latest("pk")
    return message, list(Notification.objects.filter(message=message).select_related("commitment", "dossier"))


def test_what_can_be_done_is_one_tap_away_and_the_mail_says_until_when(house, post):
    commitment = house.promise()
    first_mail(house, post)
    text, html = bodies(post.mails[0])
    tokens = re.findall(r"https://crm.example/o/([^/]+)/", text)
    assert re.findall(r'href="https://crm.example/o/([^/]+)/"', html) == tokens
    found = [links.read(token) for token in tokens]
    assert [link.act.name for link in found] == ["DONE", "ON_IT", "LATER", "WAIT"]
    assert {(link.commitment_id, link.poc_id, link.due_at) for link in found} == {
        (commitment.pk, house.ann.pk, commitment.due_at)
    }
    assert "Tomorrow 09:00" in text and "Tomorrow 09:00" in html
    assert {link.expires_at for link in found} == {moment("Thu+ 00:00")}
    assert "The links work until Wed 11 Mar." in text


def test_news_has_one_button_and_promises_nothing(house, post):
    actions.notify(
        idem_key="a:1:new", kind="assigned_new", recipient_poc_ids=[house.ann.pk], dossier=house.record,
        context={"topic": "Billing", "by": "Max"}, by=house.by, at=house.at("Mon 10:00"),
    )  # fmt: skip
    first_mail(house, post, "Mon 10:00")
    text, html = bodies(post.mails[0])
    assert "/o/" not in text + html
    assert "The links work" not in text + html
    assert post.mails[0].message["References"] is None


def test_a_mailbox_is_not_sent_to_pages_it_cannot_open(house, post):
    team = TeamFactory(name="Team AR", email="ar@firm.example", delivery="mailbox", members=[house.ben])
    house.promise(poc=team)
    first_mail(house, post)
    assert "/me/notices/" not in "".join(bodies(post.mails[0]))


@pytest.mark.parametrize("n", [1, 6], ids=["one", "a digest"])
@pytest.mark.parametrize("a_member_signs_in", [True, False])
def test_pages_are_offered_to_those_who_can_open_them_and_the_others_get_their_taps(house, post, n, a_member_signs_in):
    member = house.ben if a_member_signs_in else PersonFactory()
    team = TeamFactory(name="Team AR", email="ar@firm.example", delivery="mailbox", members=[member])
    for _n in range(n):
        house.promise(poc=team)
    first_mail(house, post)
    for body in bodies(post.mails[0]):
        addresses = set(re.findall(r"https://crm\.example(/(?:o/)?)", body))
        assert addresses == ({"/", "/o/"} if a_member_signs_in else {"/o/"})
        assert ("My day" in body) == (a_member_signs_in and (n > 1 or "<html" in body))
        assert "Done" in body


def test_nothing_is_loaded_from_outside_and_there_is_no_script(house, post):
    house.promise()
    first_mail(house, post)
    html = bodies(post.mails[0])[1]
    assert not re.search(r"<script|<img|<link |src=|url\(|@import", html)
    assert {url.split("/")[2] for url in re.findall(r'href="(https?://[^"]+)"', html)} == {"crm.example"}


# --- Threads and copies ----------------------------------------------------------------------------------------------


def test_all_about_one_thing_hangs_together(house, post):
    commitment = house.promise()
    for text in ("Tue 10:00", "Wed 10:00"):
        house.sweep_at(text)
        sender.sweep()
    root = f"<c{commitment.pk}@{letters.domain()}>"
    assert [(m.message["References"], m.message["In-Reply-To"]) for m in post.mails] == [(root, root)] * 2
    assert post.mails[0].message_id != post.mails[1].message_id
    assert post.mails[0].message["List-Unsubscribe"] is None


def test_a_copy_says_the_same_however_much_later_it_is_sent(house, post):
    house.promise(due_at=moment("Tue 10:45"))
    message, said = _packed(house, "Tue 10:00")
    attempt = DeliveryAttempt.objects.create(message=message, n=1, phase="data", intent_at=moment("Tue 10:00"))
    house.at("Tue 10:01")  # between the intent and the letter, a minute went by
    message.n_attempts = 1
    first = letters.to_bytes(message, mails.compose(message, said))
    attempt.outcome, attempt.ended_at = "ambiguous", moment("Tue 10:01")
    attempt.save()
    house.at("Tue 10:30")
    DeliveryAttempt.objects.create(message=message, n=2, phase="data", intent_at=moment("Tue 10:30"))
    message.n_attempts = 2
    assert letters.to_bytes(message, mails.compose(message, said)) == first


def test_what_certainly_did_not_arrive_is_written_anew(house, post):
    house.promise(due_at=moment("Tue 10:45"))
    message, said = _packed(house, "Tue 10:00")
    DeliveryAttempt.objects.create(
        message=message, n=1, phase="data", outcome="deferred", intent_at=moment("Tue 10:00"),
        ended_at=moment("Tue 10:00"),
    )  # fmt: skip
    house.at("Tue 10:30")
    assert "15 min left" in mails.compose(message, said).text


@pytest.mark.parametrize("n", [1, 40])
def test_a_mail_costs_the_same_however_much_it_tells(house, django_assert_num_queries, n):
    for k in range(n):
        house.promise(title=f"Call {k:02}")
    house.sweep_at("Tue 10:00")
    message = Message.objects.filter(channel="email").latest("pk")
    said = sending.may_send(message)
    mails.compose(message, said)
    with django_assert_num_queries(15):  # clocks and attempts 3, reader, hours 2, background 3, what comes 5, names
        mails.compose(message, said)
