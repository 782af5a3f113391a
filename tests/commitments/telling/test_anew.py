"""Right before a mail goes: is it still for its reader? If not, whoever answers now gets exactly one."""

import threading
from datetime import timedelta

import pytest
from django.db import connection, transaction

from crm.commitments import actions, inbox
from crm.commitments.models import Commitment, Notification
from crm.outbox import actions as outbox
from crm.outbox import sender
from crm.outbox.models import DeliveryAttempt, Message
from crm.poc.models import Absence, Assignment, Membership, PointOfContact
from tests.commitments.conftest import moment
from tests.factories.dossiers import DossierFactory, topic
from tests.factories.poc import (
    AbsenceFactory,
    AssignmentFactory,
    MembershipFactory,
    PersonFactory,
    TeamFactory,
    front_desk,
)
from tests.services.processes import wait_until

WEEK = {"starts_at": moment("Mon 00:00"), "ends_at": moment("Sun 00:00")}


@pytest.fixture
def post(house, sink, settings):
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", sink.port
    return sink


def put_off(house, post, person, text="Tue 10:00"):
    """Let the mail to somebody be decided and put off."""
    post.rules[person.email] = "451"
    house.sweep_at(text)
    sender.sweep()
    assert DeliveryAttempt.objects.get().outcome == "deferred"
    post.rules.clear()


def run(house, *moments):
    for text in moments:
        for _ in range(2):
            house.sweep_at(text)
            sender.sweep()


def test_who_went_away_gets_nothing_and_the_cover_exactly_one(house, post):
    house.promise()
    put_off(house, post, house.ann)
    cora = PersonFactory(name="Cora")
    AbsenceFactory(poc=house.ann, cover=cora, **WEEK)
    run(house, "Tue 10:05", "Tue 10:06", "Tue 10:07")
    assert post.recipients == [cora.email]
    mail = Message.objects.get(recipient=house.ann, channel="email")
    assert (mail.state, mail.reason) == ("dropped", "superseded")
    taken_back = Notification.objects.get(message=mail)
    assert (taken_back.state, taken_back.reason) == ("superseded", "not_theirs")


def test_who_is_away_on_this_topic_alone_gets_nothing_either(house, post):
    house.promise()
    put_off(house, post, house.ann)
    cora = PersonFactory(name="Cora")
    AbsenceFactory(poc=house.ann, cover=cora, topic=topic(), **WEEK)
    run(house, "Tue 10:05")
    assert post.recipients == [cora.email]


def test_a_cover_that_ends_during_a_retry_gets_nothing(house, post):
    cora = PersonFactory(name="Cora")
    absence = AbsenceFactory(poc=house.ann, cover=cora, **WEEK)
    house.promise()
    put_off(house, post, cora)
    Absence.objects.filter(pk=absence.pk).update(ends_at=moment("Tue 10:02"))
    run(house, "Tue 10:05", "Tue 10:06")
    assert [m.recipient for m in post.mails if "Call Ms Lima" in m.message["Subject"]] == [house.ann.email]


def test_what_was_done_meanwhile_vouches_for_nothing_else_in_the_same_mail(house, post):
    """A digest told a cover of her own things, which are done, and of what she covered, which she does no more."""
    cora = PersonFactory(name="Cora")
    absence = AbsenceFactory(poc=house.ann, cover=cora, **WEEK)
    covered = [house.promise(title=f"Covered {n}") for n in range(3)]
    own = [house.promise(poc=cora, title=f"Own {n}") for n in range(3)]
    put_off(house, post, cora)
    for each in own:
        actions.keep(commitment=each, by=house.by, at=house.at("Tue 10:01"))
    Absence.objects.filter(pk=absence.pk).update(ends_at=moment("Tue 10:02"))
    run(house, "Tue 10:05", "Tue 10:06")
    told = Notification.objects.planned().filter(commitment__in=covered, message__state="sent", channel="email")
    assert set(told.values_list("recipient__name", flat=True)) == {house.ann.name}
    assert cora.email not in post.recipients


def test_a_circle_of_covers_ends_with_the_backup(house, post):
    house.promise()
    put_off(house, post, house.ann)
    cora = PersonFactory(name="Cora")
    AbsenceFactory(poc=house.ann, cover=cora, **WEEK)
    AbsenceFactory(poc=cora, cover=house.ann, **WEEK)
    run(house, "Tue 10:05", "Tue 10:06")
    assert post.recipients == [house.ben.email]


def test_who_left_the_house_gets_nothing(house, post):
    house.promise(poc=house.ann)
    put_off(house, post, house.ann)
    PointOfContact.objects.filter(pk=house.ann.pk).update(deactivated_at=moment("Tue 10:01"))
    run(house, "Tue 10:05", "Tue 10:06")
    assert post.recipients == [house.lea.email]


def test_who_answers_no_more_for_the_record_gets_nothing(house, post):
    """What is given to nobody by name is owed by whoever answers when it is said."""
    house.promise()
    put_off(house, post, house.ann)
    nina = PersonFactory(name="Nina")
    Assignment.objects.filter(poc=house.ann).update(ends_at=moment("Tue 10:01"))
    AssignmentFactory(dossier=house.record, poc=nina, starts_at=moment("Tue 10:01"))
    run(house, "Tue 10:05", "Tue 10:06")
    assert post.recipients == [nina.email]


@pytest.mark.parametrize("about", ["billing", "general"])
def test_who_answers_for_what_the_record_belongs_to_is_asked_until_somebody_answers_for_it_itself(house, post, about):
    below = DossierFactory(parent=house.record, home=house.record)
    house.promise(dossier=below, topic=topic("billing"))
    put_off(house, post, house.ann)
    run(house, "Tue 10:05")
    assert post.recipients == [house.ann.email]
    house.promise(dossier=below, topic=topic("billing"), title="Send the bill")
    put_off_one(house, post, house.ann)
    nina = PersonFactory(name="Nina")
    AssignmentFactory(dossier=below, topic=topic(about), poc=nina, starts_at=moment("Tue 10:06"))
    run(house, "Tue 10:20", "Tue 10:21")
    assert post.recipients == [house.ann.email, nina.email]


def test_who_answers_on_the_topic_goes_before_who_answers_on_everything(house, post):
    house.promise(topic=topic("billing"))
    put_off(house, post, house.ann)
    bill = PersonFactory(name="Bill")
    AssignmentFactory(dossier=house.record, topic=topic("billing"), poc=bill, starts_at=moment("Tue 10:01"))
    run(house, "Tue 10:05", "Tue 10:06")
    assert post.recipients == [bill.email]


def test_a_team_that_was_emptied_is_replaced_by_one_notice(house, post):
    people = [PersonFactory(name="Tia"), PersonFactory(name="Tom")]
    team = TeamFactory(members=people, delivery="all")
    Assignment.objects.filter(poc=house.ann).update(poc=team)
    house.promise()
    post.rules = {p.email: "451" for p in people}
    house.sweep_at("Tue 10:00")
    sender.sweep()
    post.rules = {}
    Membership.objects.filter(team=team).delete()
    run(house, "Tue 10:05", "Tue 10:06")
    assert post.recipients == [house.ben.email]


def test_where_another_of_the_team_is_told_nobody_is_asked_twice(house, post):
    tia, tom = people = [PersonFactory(name="Tia"), PersonFactory(name="Tom")]
    house.promise(poc=TeamFactory(members=people, delivery="all"))
    put_off_one(house, post, tia)
    AbsenceFactory(poc=tia, **WEEK)
    run(house, "Tue 10:05", "Tue 10:06")
    assert post.recipients == [tom.email]
    assert Commitment.objects.get().generation == 1


def put_off_one(house, post, person):
    post.rules = {person.email: "451"}
    house.sweep_at("Tue 10:00")
    sender.sweep()
    post.rules = {}


def test_an_escalation_whose_reader_answers_by_now_still_goes_to_them(house, post):
    house.promise()
    run(house, "Wed 10:00")
    put_off_step(house, post, house.ben, "Wed 16:00")
    AbsenceFactory(poc=house.ann, **WEEK)
    run(house, "Wed 16:05", "Wed 16:06")
    escalated = [m.recipient for m in post.mails if m.message["Subject"].startswith("Escalated")]
    assert escalated == [house.ben.email]


def test_an_escalation_whose_reader_went_away_climbs_and_nobody_is_asked_twice(house, post):
    house.promise()
    run(house, "Wed 10:00")
    put_off_step(house, post, house.ben, "Wed 16:00")
    AbsenceFactory(poc=house.ben, **WEEK)
    run(house, "Wed 16:05", "Wed 16:06", "Wed 16:07")
    assert [m.recipient for m in post.mails if m.message["Subject"].startswith("Escalated")] == [house.lea.email]
    assert len(post.to(house.ann.email)) == 1


def reminded_before_nina_answered(house, post):
    """Ann was reminded; then Nina came to answer, and Ann to stand in after Ben, whose mail is put off."""
    commitment = house.promise()
    run(house, "Tue 10:00", "Wed 10:00")
    Assignment.objects.filter(poc=house.ann).update(ends_at=moment("Wed 11:00"))
    AssignmentFactory(dossier=house.record, poc=PersonFactory(name="Nina"), starts_at=moment("Wed 11:00"))
    AssignmentFactory(dossier=house.record, poc=house.ann, rank=2, starts_at=moment("Wed 11:00"))
    put_off_step(house, post, house.ben, "Wed 14:00")
    return commitment


def test_who_was_told_at_a_lower_step_is_passed_over_by_a_step_that_is_planned_anew(house, post):
    reminded_before_nina_answered(house, post)
    AbsenceFactory(poc=house.ben, **WEEK)
    run(house, "Wed 16:05", "Wed 16:06", "Wed 16:07")
    assert escalated(post) == [house.dora.email]
    assert len(post.to(house.ann.email)) == 2
    left_out = Notification.objects.filter(generation=2, state="skipped").order_by("pk").values_list("slot", "reason")
    assert list(left_out) == [("backup", "told_already"), ("lead", "empty"), ("leads_lead", "empty")]


def test_who_was_told_before_is_remembered_however_often_a_step_is_planned_anew(house, post):
    reminded_before_nina_answered(house, post)
    MembershipFactory(team=front_desk(), member=house.ann)
    AbsenceFactory(poc=house.ben, **WEEK)
    put_off_step(house, post, house.dora, "Wed 16:05")
    AbsenceFactory(poc=house.dora, **WEEK)
    run(house, "Wed 17:00", "Wed 17:30")
    assert Commitment.objects.get().generation == 3
    assert escalated(post) == []
    assert len(post.to(house.ann.email)) == 2


def test_an_act_lets_everybody_be_told_again_after_a_step_was_planned_anew(house, post):
    commitment = reminded_before_nina_answered(house, post)
    AbsenceFactory(poc=house.ben, **WEEK)
    run(house, "Wed 16:05")
    assert escalated(post) == [house.dora.email]
    actions.snooze(commitment=commitment, until=house.at("Thu 10:00"), by=house.by, at=house.at("Wed 17:00"))
    run(house, "Thu 10:00", "Thu 14:00")
    assert escalated(post) == [house.dora.email, house.ann.email]


def test_when_the_mail_of_a_step_planned_anew_fails_nobody_is_told_who_was_told_before(house, post):
    MembershipFactory(team=front_desk(), member=house.ann)
    house.promise()
    run(house, "Tue 10:00", "Wed 10:00")
    put_off_step(house, post, house.ben, "Wed 14:00")
    AbsenceFactory(poc=house.ben, **WEEK)
    post.rules = {house.lea.email: "550"}
    run(house, "Wed 16:05", "Wed 16:06", "Wed 16:07")
    instead = Notification.objects.planned().filter(kind="undelivered", channel="email")
    assert list(instead.values_list("recipient__name", flat=True)) == ["Dora"]


def test_who_was_escalated_to_before_a_later_step_was_planned_anew_still_has_it_before_them(house, post):
    tia, tom = people = [PersonFactory(name="Tia"), PersonFactory(name="Tom")]
    Assignment.objects.filter(poc=house.ben).update(poc=TeamFactory(members=people, delivery="all"))
    house.promise()
    run(house, "Wed 10:00", "Wed 14:00")
    put_off_step(house, post, house.lea, "Thu 14:00")
    AbsenceFactory(poc=house.lea, **WEEK)
    run(house, "Thu 15:00")
    c = Commitment.objects.get()
    assert (c.generation, c.escalated_to) == (2, front_desk())
    assert list(inbox.escalated_to([tom.pk])) == [c]
    assert tia.email in post.recipients


def test_a_mail_sent_again_late_does_not_take_the_steps_back(house, post):
    """Whoever it was for is away by now; everybody above was told meanwhile, and is told no second time."""
    commitment = house.promise()
    post.rules = {house.ann.email: "drop"}
    run(house, "Tue 10:00", "Tue 11:00")
    post.rules = {}
    run(house, "Wed 10:00", "Wed 14:00", "Thu 14:00")
    before = escalated(post)
    assert before == [house.ben.email, house.lea.email]
    AbsenceFactory(poc=house.ann, **WEEK)
    failed = Message.objects.get(state="uncertain")
    outbox.send_again(message=failed, by=house.by, at=house.at("Thu 15:00"))
    run(house, "Thu 15:00", "Thu 15:01", "Fri 14:00", "Mon+ 14:00")
    failed.refresh_from_db()
    assert (failed.state, failed.reason) == ("dropped", "superseded")
    assert escalated(post) == before
    commitment.refresh_from_db()
    assert commitment.generation == 1


def test_where_the_mail_of_another_of_the_team_failed_the_step_is_planned_anew(house, post):
    """Her inbox has it; but no mail reached anybody."""
    tia, tom = people = [PersonFactory(name="Tia"), PersonFactory(name="Tom")]
    house.promise(poc=TeamFactory(members=people, delivery="all"))
    post.rules = {tia.email: "550", tom.email: "451"}
    run(house, "Tue 10:00")
    post.rules = {tia.email: "550"}
    AbsenceFactory(poc=tom, **WEEK)
    run(house, "Tue 10:05", "Tue 10:06", "Tue 10:07")
    assert post.recipients != []
    assert Commitment.objects.get().generation == 2


def test_a_sender_that_lost_its_lease_plans_nothing_anew(house, post, settings):
    """Ann got it, from another sender; that she is away by now is no reason to tell anybody else."""
    house.promise()
    at = house.sweep_at("Tue 10:00")
    [slow] = sender.claim()
    house.clock.freeze(at + timedelta(seconds=settings.MAIL_LEASE))
    sender.sweep()
    assert post.recipients == [house.ann.email]
    AbsenceFactory(poc=house.ann, **WEEK)
    assert sender.outcomes.intend(slow) == (None, None)
    assert Commitment.objects.get().generation == 1
    assert Notification.objects.get(channel="email").state == "planned"


def escalated(post):
    return [mail.recipient for mail in post.mails if mail.message["Subject"].startswith("Escalated")]


def put_off_step(house, post, person, text):
    post.rules = {person.email: "451"}
    run(house, text)
    post.rules = {}


@pytest.mark.parametrize(("kind", "urgent", "arrives"), [("assigned_old", False, False), ("assigned_old", True, True)])
def test_news_for_somebody_who_is_away_are_dropped_unless_they_are_urgent(house, post, kind, urgent, arrives):
    actions.notify(
        idem_key="a:1:old", kind=kind, recipient_poc_ids=[house.ann.pk], dossier=house.record, urgent=urgent,
        context={"topic": "Billing", "new": "Nina"}, by=house.by, at=house.at("Tue 10:00"),
    )  # fmt: skip
    house.sweep_at("Tue 10:00")
    AbsenceFactory(poc=house.ann, **WEEK)
    sender.sweep()
    assert (house.ann.email in post.recipients) is arrives


def test_news_for_somebody_who_left_are_dropped_however_urgent(house, post):
    actions.notify(
        idem_key="a:1:old", kind="assigned_old", recipient_poc_ids=[house.ann.pk], dossier=house.record, urgent=True,
        context={}, by=house.by, at=house.at("Tue 10:00"),
    )  # fmt: skip
    house.sweep_at("Tue 10:00")
    PointOfContact.objects.filter(pk=house.ann.pk).update(deactivated_at=moment("Tue 09:59"))
    sender.sweep()
    assert post.mails == []


@pytest.mark.postgres
def test_what_is_reassigned_while_its_mail_is_about_to_go_does_not_go(house_alone, sink, settings):
    """The sender waits for the act, and then sees it."""
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", sink.port
    house, commitment = house_alone, house_alone.promise(poc=house_alone.ann)
    at = house.sweep_at("Tue 10:00")

    def send() -> None:
        sender.sweep()
        connection.close()

    thread = threading.Thread(target=send)
    with transaction.atomic():
        actions.reassign(commitment=commitment, poc=house.ben, by=house.by, at=at)
        thread.start()
        wait_until(someone_waits)
    thread.join(10)
    assert not DeliveryAttempt.objects.filter(message__recipient=house.ann).exists()
    run(house, "Tue 10:01")
    assert set(sink.recipients) == {house.ben.email}


@pytest.mark.postgres
def test_an_act_waits_for_an_intent_that_came_first(house_alone, sink, settings, monkeypatch):
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", sink.port
    house, commitment = house_alone, house_alone.promise(poc=house_alone.ann)
    at = house.sweep_at("Tue 10:00")
    [message] = sender.claim()
    done = threading.Event()

    def act() -> None:
        actions.reassign(commitment=commitment, poc=house.ben, by=house.by, at=at)
        done.set()
        connection.close()

    thread = threading.Thread(target=act)
    with transaction.atomic():
        attempt, _ = sender.outcomes.intend(message)
        thread.start()
        wait_until(someone_waits)
        assert not done.is_set()
    thread.join(10)
    assert attempt is not None
    assert Commitment.objects.get().generation == 2


def someone_waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
        return cursor.fetchone()[0] > 0
