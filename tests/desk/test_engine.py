"""The engine page, its actions, the metrics: for administrators, and the same however much there is."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from crm.commitments.auditing import auditor
from crm.commitments.models import Commitment, Finding
from crm.desk import engine
from crm.desk.engine import SHOWN, Level, snapshot
from crm.dossiers.models import Event
from crm.outbox import turns
from crm.outbox.models import DeliveryAttempt, Heartbeat, Message
from tests.factories import AT
from tests.factories.commitments import CommitmentFactory, NotificationFactory
from tests.factories.outbox import DeliveryAttemptFactory, MessageFactory
from tests.factories.users import UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def running(clock):
    """Every part was heard just now."""
    clock.freeze(AT)
    for component in ("planner", "sender", "auditor", "guard"):
        turns.beat(component)


@pytest.fixture
def admin(client, running):
    user = UserFactory(administrator=True)
    client.force_login(user)
    return client


def says(state):
    return [(problem.level, str(problem.says)) for problem in state.problems]


def taken(seconds: int, *, minutes_ago: int = 1, **values) -> Message:
    """Write a mail that a server took so many seconds after it was wanted."""
    at = AT - timedelta(minutes=minutes_ago)
    message = MessageFactory(sent=True, **values)
    NotificationFactory(
        message=message, planned_for=at - timedelta(seconds=seconds), created_at=at, tell_at=at,
        idem_key=f"e:{message.pk}", commitment=None, generation=None, dossier=None, step=None,
    )  # fmt: skip
    DeliveryAttemptFactory(message=message, intent_at=at, ended_at=at, outcome=DeliveryAttempt.Outcome.ACCEPTED)
    return message


# --- The snapshot


def test_all_is_well_while_every_part_is_heard_and_nothing_waits(running):
    state = snapshot()
    assert (state.level, says(state)) == (Level.WELL, [])
    assert (state.looks.n, state.notices.n, state.mails.n, sum(state.minutes)) == (0, 0, 0, 0)


@pytest.mark.parametrize(
    ("component", "level"), [("planner", 2), ("sender", 2), ("auditor", 1), ("guard", 1)]
)  # fmt: skip
def test_a_part_that_is_silent_is_said_and_without_planner_or_sender_it_is_down(running, component, level):
    Heartbeat.objects.filter(component=component).update(last_ok_at=AT - timedelta(hours=1))
    state = snapshot()
    assert state.level == level
    assert len(state.problems) == 1


def test_a_planner_that_was_never_heard_is_down_and_a_guard_that_never_was_is_not_missed(clock):
    clock.freeze(AT)
    for component in ("sender", "auditor"):
        turns.beat(component)
    assert says(snapshot()) == [(2, "Nobody works out reminders.")]


def test_what_is_due_is_counted_with_the_first_of_it(running):
    for minutes in (1, 6):
        CommitmentFactory(next_action_at=AT - timedelta(minutes=minutes))
    MessageFactory(available_at=AT - timedelta(minutes=11))
    MessageFactory(available_at=AT + timedelta(minutes=1))
    state = snapshot()
    assert state.looks == (2, AT - timedelta(minutes=6))
    assert state.mails == (1, AT - timedelta(minutes=11))
    assert says(state) == [(1, "Reminders are worked out late."), (1, "Mails wait to be sent.")]


def test_mails_are_counted_by_the_minute_and_how_late_they_were_of_the_last_hour(running):
    for seconds in range(1, 101):
        taken(seconds, minutes_ago=1 + seconds % 2)
    taken(9999, minutes_ago=61)
    state = snapshot()
    assert state.minutes[-3:] == [0, 50, 50] and sum(state.minutes) == 100
    assert (state.seconds_late(0.5), state.seconds_late(0.99)) == (51, 100)


def test_what_waited_for_a_digest_was_not_late(running):
    message = taken(0)
    held = message.notifications.get()
    type(held).objects.filter(pk=held.pk).update(
        planned_for=AT - timedelta(minutes=40), created_at=AT - timedelta(minutes=40), tell_at=AT - timedelta(minutes=2)
    )
    assert snapshot().seconds_late(0.99) == 60


def test_what_was_caught_up_with_counts_from_when_it_was_packed(running):
    taken(7 * 3600, created_at=AT - timedelta(minutes=3))
    assert snapshot().seconds_late(0.99) == 120


def test_what_failed_was_set_aside_or_found_wants_to_be_looked_at(running):
    MessageFactory(state=Message.State.DEAD, reason="refused", ended_at=AT - timedelta(hours=1))
    MessageFactory(state=Message.State.UNCERTAIN, ended_at=AT - timedelta(days=3))
    MessageFactory(state=Message.State.DEAD, ended_at=AT - timedelta(days=31))
    CommitmentFactory(quarantined_at=AT, next_action_at=AT)
    Finding.objects.create(code="lost", subject="n:1", found_at=AT, seen_at=AT)
    state = snapshot()
    assert [text for _level, text in says(state)] == [
        "1 thing owed was set aside after errors.", "1 mail failed within a day.", "The auditor found 1 thing wrong.",
    ]  # fmt: skip
    assert state.n_undelivered == {"dead": 1, "uncertain": 1}
    assert (state.n_quarantined, state.n_findings, state.looks.n) == (1, 1, 0)


def test_what_is_wrong_is_counted_and_not_what_is_shown_of_it(running):
    before = AT - timedelta(hours=1)
    rows = [Finding(code="lost", subject=f"n:{n}", found_at=before, seen_at=AT) for n in range(SHOWN + 10)]
    rows += [Finding(code="quarantined", subject=f"c:{n}", found_at=AT, seen_at=AT) for n in range(SHOWN)]
    Finding.objects.bulk_create(rows)
    MessageFactory.create_batch(SHOWN + 10, state=Message.State.DEAD, ended_at=before)
    MessageFactory(state=Message.State.DEAD, ended_at=AT - timedelta(days=2))
    state = snapshot()
    assert [text for _level, text in says(state)] == [
        "30 mails failed within a day.", "The auditor found 30 things wrong.",
    ]  # fmt: skip
    assert (state.n_findings, state.n_undelivered, len(state.findings)) == (50, {"dead": 31}, SHOWN)


def test_how_late_mails_are_is_taken_from_the_newest(running, monkeypatch):
    monkeypatch.setattr(engine, "SAMPLE", 2)
    for seconds, minutes_ago in ((900, 30), (5, 2), (7, 1)):
        taken(seconds, minutes_ago=minutes_ago)
    assert snapshot().lateness == [5, 7]


def test_while_the_guard_does_the_work_it_is_said(running):
    turns.beat("guard_stood_in")
    assert [text for _level, text in says(snapshot())] == [
        "The guard does the work: the scheduler is silent, or no worker hears it."
    ]


def test_while_the_mail_server_is_away_it_is_said(running):
    Heartbeat.objects.filter(component="sender").update(paused_until=AT + timedelta(seconds=30))
    Finding.objects.create(code="mail_server", subject="h:sender", found_at=AT, seen_at=AT)
    MessageFactory(available_at=AT - timedelta(hours=1))
    [(_level, text)] = says(snapshot())  # said once, whoever noticed, and with what waits meanwhile
    assert text.startswith("The mail server cannot be reached.")


def test_the_page_says_why_the_mail_server_is_not_talked_to(admin):
    because = {"paused_until": AT + timedelta(seconds=30), "paused_because": "535 5.7.8 <bad> password"}
    Heartbeat.objects.filter(component="sender").update(**because)
    assert "535 5.7.8 &lt;bad&gt; password</small>" in admin.get(reverse("desk:engine")).content.decode()


def test_while_the_mail_server_breaks_off_at_the_end_of_mails_that_is_said_instead(admin):
    for message in MessageFactory.create_batch(3, available_at=AT + timedelta(minutes=1)):
        DeliveryAttemptFactory(message=message, outcome="ambiguous", intent_at=AT, ended_at=AT)
    assert says(snapshot()) == []
    Heartbeat.objects.filter(component="sender").update(paused_until=AT + timedelta(seconds=30))
    [(level, text)] = says(snapshot())
    assert (level, text.partition(":")[0]) == (
        Level.LOOK, "The mail server takes mails to their end and then breaks off",
    )  # fmt: skip
    assert "breaks off</span>" in admin.get(reverse("desk:engine")).content.decode()


def test_a_moment_that_the_auditor_noted_is_said_in_the_readers_zone(admin):
    Finding.objects.create(
        code="mail_server", subject="h:sender", detail=f"{AT:%Y-%m-%d %H:%M}:24.713000", found_at=AT, seen_at=AT
    )
    page = admin.get(reverse("desk:engine")).content.decode()
    assert "24.713" not in page and f"{timezone.localtime(AT):%H:%M} ·" in page


# --- The page


def test_the_page_says_in_one_sentence_that_all_is_well(admin):
    page = admin.get(reverse("desk:engine")).content.decode()
    assert "All is well: reminders and mails are on time." in page
    assert 'hx-trigger="every 10s"' in page and "<title>Reminders and mails" in page


def test_since_when_something_waits_is_said_from_a_minute_on(admin):
    MessageFactory(available_at=AT - timedelta(seconds=50))
    assert "the first for" not in admin.get(reverse("desk:engine")).content.decode()
    MessageFactory(available_at=AT - timedelta(minutes=9))
    assert "the first for 9 min" in admin.get(reverse("desk:engine")).content.decode()


def test_administrators_find_it_in_their_menu(admin):
    assert f'href="{reverse("desk:engine")}"' in admin.get("/").content.decode()


def test_it_can_be_paused(admin):
    assert "every 10s" not in admin.get(reverse("desk:engine"), {"paused": 1}).content.decode()


def test_htmx_gets_the_part_alone(admin):
    part = admin.get(reverse("desk:engine"), headers={"HX-Request": "true"}).content.decode()
    assert 'id="engine"' in part and "<html" not in part


@pytest.mark.parametrize("rows", [1, 8])
def test_it_costs_the_same_however_much_there_is(admin, django_assert_num_queries, rows):
    for _ in range(rows):
        MessageFactory(state=Message.State.DEAD, reason="refused", ended_at=AT)
        CommitmentFactory(quarantined_at=AT)
        taken(1)
    Finding.objects.bulk_create(
        Finding(code=code, subject=f"c:{n}", found_at=AT, seen_at=AT, ended_at=ended)
        for n in range(rows) for code, ended in (("far_look", None), ("lost", AT))
    )  # fmt: skip
    admin.get(reverse("desk:engine"))
    with django_assert_num_queries(16):  # session, reader; fourteen of the snapshot
        assert admin.get(reverse("desk:engine")).status_code == 200


def test_only_administrators_find_it(client, running):
    assert client.get(reverse("desk:engine")).status_code == 302
    client.force_login(UserFactory(account_manager=True))
    assert client.get(reverse("desk:engine")).status_code == 403
    assert reverse("desk:engine") not in client.get("/").content.decode()
    for name in ("mail_retry", "owed_retry", "finding_seen"):
        assert client.post(reverse(f"desk:{name}", args=[1])).status_code == 403


def test_a_mail_that_failed_is_sent_again_from_there(admin):
    message = taken(1)
    Message.objects.filter(pk=message.pk).update(state="dead", kind="notice", reason="refused")
    page = admin.get(reverse("desk:engine")).content.decode()
    assert "The mail server refused it." in page
    admin.post(reverse("desk:mail_retry", args=[message.pk]))
    message.refresh_from_db()
    assert (message.state, message.available_at) == ("ready", AT)


def test_what_holds_no_more_is_refused_in_words(admin):
    message = MessageFactory(kind="notice", state=Message.State.DEAD, reason="refused", ended_at=AT)
    page = admin.post(reverse("desk:mail_retry", args=[message.pk]), follow=True).content.decode()
    assert "What it says holds no more" in page


def test_what_was_set_aside_is_taken_up_again_from_there(admin):
    owed = CommitmentFactory(quarantined_at=AT, plan_errors=5, next_action_at=AT + timedelta(hours=1))
    assert owed.title in admin.get(reverse("desk:engine")).content.decode()
    admin.post(reverse("desk:owed_retry", args=[owed.pk]))
    owed = Commitment.objects.get(pk=owed.pk)
    assert (owed.quarantined_at, owed.plan_errors, owed.next_action_at) == (None, 0, AT)
    assert Event.objects.filter(kind=Event.Kind.RELEASED).exists()


def test_findings_lead_to_what_they_are_about_and_those_past_can_be_put_away(admin):
    owed = CommitmentFactory()
    Finding.objects.create(code="far_look", subject=f"c:{owed.pk}", found_at=AT, seen_at=AT)
    past = Finding.objects.create(code="twice", subject="m:7", found_at=AT, seen_at=AT)
    page = admin.get(reverse("desk:engine")).content.decode()
    assert reverse("owed:item", args=[owed.pk]) in page and "/admin/outbox/message/7/change/" in page
    assert page.count("/seen/") == 1
    admin.post(reverse("desk:finding_seen", args=[past.pk]))
    past.refresh_from_db()
    assert past.ended_at == AT


def test_what_is_so_now_cannot_be_put_away(admin):
    finding = Finding.objects.create(code="far_look", subject="c:1", found_at=AT, seen_at=AT)
    admin.post(reverse("desk:finding_seen", args=[finding.pk]))
    assert Finding.objects.standing().filter(pk=finding.pk).exists()


def test_the_auditor_shows_what_it_found_by_itself(admin):
    owed = CommitmentFactory(quarantined_at=AT)
    auditor.sweep()
    assert reverse("owed:item", args=[owed.pk]) in admin.get(reverse("desk:engine")).content.decode()
