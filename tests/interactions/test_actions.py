"""Logging a touch, what it settles, and what follows."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction

from accounts import keeping_in_touch
from accounts.models import Account
from contacts.models import Contact
from crm.commitments.models import Commitment, Kind, Notification
from crm.core.actor import Actor
from crm.dossiers.models import Event, EventDossier
from crm.poc.calendars import working_times
from interactions import actions
from interactions.actions import Touch, log
from interactions.follow_ups import DueInThePast, NewFollowUp
from interactions.models import Interaction
from interactions.settling import SettlesElsewhere
from tests.factories import AT
from tests.factories.accounts import AccountFactory
from tests.factories.commitments import CommitmentFactory
from tests.factories.contacts import ContactFactory
from tests.factories.dossiers import channel, purpose, tier, topic
from tests.factories.interactions import FollowUpFactory, unknown_callers
from tests.factories.poc import AssignmentFactory, PersonFactory, TeamFactory, front_desk
from tests.factories.projects import ProjectFactory
from tests.factories.users import UserFactory


def test_a_call_lies_on_the_contact_and_knows_who_answered_and_why(by, lima, ann, call):
    logged = log(touch=call(contact=lima, note=" Fine. "), by=by, at=AT).interaction
    assert (logged.dossier, logged.account, logged.home) == (lima.dossier, lima.account, lima.account.dossier)
    assert (logged.poc, logged.poc_why[-1]["code"]) == (ann, "assigned")
    assert (logged.note, logged.logged_by, logged.occurred_at) == ("Fine.", by.user, AT)


def test_a_call_about_a_project_lies_on_the_project(by, lima, call):
    project = ProjectFactory(account=lima.account)
    logged = log(touch=call(contact=lima, project=project), by=by, at=AT).interaction
    assert logged.dossier == project.dossier
    entries = EventDossier.objects.filter(event__kind=Event.Kind.LOGGED).values_list("dossier", flat=True)
    assert set(entries) == {project.pk, lima.pk, lima.account_id}


def test_a_call_that_reached_them_moves_the_touch_clocks(by, lima, call):
    log(touch=call(contact=lima), by=by, at=AT)
    assert Contact.objects.get(pk=lima.pk).last_touch_at == AT
    assert Account.objects.get(pk=lima.account_id).last_touch_at == AT


def test_a_call_nobody_answered_is_no_touch(by, lima, call):
    log(touch=call("no_answer", contact=lima), by=by, at=AT)
    assert Account.objects.get(pk=lima.account_id).last_touch_at is None


def test_a_late_entry_does_not_set_the_clock_back(by, lima, call):
    log(touch=call(contact=lima), by=by, at=AT)
    log(touch=call(contact=lima, occurred_at=AT - timedelta(days=9)), by=by, at=AT)
    assert Contact.objects.get(pk=lima.pk).last_touch_at == AT


def test_a_stranger_is_kept_where_the_front_desk_answers(by, call):
    logged = log(touch=call(caller="+34 600 111 222", direction="in", purpose=purpose()), by=by, at=AT)
    assert logged.interaction.touch_point == unknown_callers()
    assert (logged.interaction.poc, logged.answer.kind) == (front_desk(), Kind.FIRST_ANSWER)


@pytest.mark.parametrize(
    ("fields", "refusal"),
    [
        ({}, actions.WhoRequired),
        ({"caller": "  "}, actions.WhoRequired),
        ({"occurred_at": AT + timedelta(seconds=1), "caller": "x"}, actions.InTheFuture),
        ({"occurred_at": AT.replace(year=1995), "caller": "x"}, actions.TooLongAgo),
        ({"note": "x" * 20_001, "caller": "x"}, actions.NoteTooLong),
    ],
)
def test_what_cannot_be_is_refused(by, call, fields, refusal):
    with pytest.raises(refusal):
        log(touch=call(**fields), by=by, at=AT)
    assert not Interaction.objects.exists()


def test_an_outcome_belongs_to_its_channel_and_direction(by, lima, call):
    for wrong in (call("met", contact=lima), call("missed", contact=lima)):
        with pytest.raises(actions.OutcomeMismatch):
            log(touch=wrong, by=by, at=AT)


def test_a_project_of_another_account_is_refused(by, lima, call):
    with pytest.raises(actions.AccountMismatch):
        log(touch=call(contact=lima, project=ProjectFactory(), account=lima.account), by=by, at=AT)


def test_the_same_client_key_is_saved_once(by, lima, call):
    key = uuid4()
    first = log(touch=call(contact=lima, client_key=key), follow_up=NewFollowUp(AT + timedelta(days=1)), by=by, at=AT)
    again = log(touch=call(contact=lima, client_key=key), follow_up=NewFollowUp(AT + timedelta(days=1)), by=by, at=AT)
    assert (again.interaction, again.is_new, again.follow_up) == (first.interaction, False, first.follow_up)
    assert Commitment.objects.count() == 1


def test_somebody_elses_client_key_is_refused(by, lima, call):
    key = uuid4()
    log(touch=call(contact=lima, client_key=key), by=by, at=AT)
    with pytest.raises(actions.KeyTaken):
        log(touch=call(contact=lima, client_key=key), by=Actor(UserFactory()), at=AT)


def test_the_database_holds_the_client_key_unique(by, lima, call):
    key = uuid4()
    log(touch=call(contact=lima, client_key=key), by=by, at=AT)
    other = log(touch=call(contact=lima), by=by, at=AT).interaction
    with pytest.raises(IntegrityError), transaction.atomic():
        Interaction.objects.filter(pk=other.pk).update(client_key=key)


def test_reaching_them_keeps_the_promise(by, lima, call):
    promised = FollowUpFactory(commitment__dossier=lima.dossier, contact=lima).commitment
    log(touch=call(contact=lima), settles=[promised], by=by, at=AT)
    promised.refresh_from_db()
    assert promised.state == Commitment.State.KEPT


def test_no_answer_owes_it_again_the_next_working_day_as_another_attempt(by, lima, call):
    follow_up = FollowUpFactory(commitment__dossier=lima.dossier, contact=lima)
    log(touch=call("no_answer", contact=lima), settles=[follow_up.commitment], by=by, at=AT)
    follow_up.refresh_from_db()
    follow_up.commitment.refresh_from_db()
    assert (follow_up.attempt, follow_up.commitment.state) == (2, Commitment.State.OPEN)
    assert follow_up.commitment.due_at == AT + timedelta(days=1)


def test_what_lies_elsewhere_or_is_done_is_not_settled(by, lima, call):
    for other in (CommitmentFactory(), CommitmentFactory(dossier=lima.dossier, kept=True)):
        with pytest.raises(SettlesElsewhere):
            log(touch=call(contact=lima), settles=[other], by=by, at=AT)
    assert not Interaction.objects.exists()


@pytest.mark.parametrize(
    ("direction", "purpose_code", "outcome_code", "owed"),
    [
        ("in", "inquiry", "reached", True),
        ("in", "problem", "left_message", True),
        ("in", "feedback", "missed", True),
        ("in", "feedback", "reached", False),
        ("in", "inquiry", "resolved", False),
        ("out", "inquiry", "reached", False),
    ],
)
def test_an_answer_is_owed_where_they_expect_one(by, lima, call, direction, purpose_code, outcome_code, owed):
    touch = call(outcome_code, contact=lima, direction=direction, purpose=purpose(purpose_code))
    assert (log(touch=touch, by=by, at=AT).answer is not None) is owed


def test_an_answer_is_owed_from_now_however_late_it_was_logged(by, lima, call):
    touch = call(contact=lima, direction="in", purpose=purpose(), occurred_at=AT - timedelta(days=30))
    assert log(touch=touch, by=by, at=AT).answer.due_at > AT


def test_whoever_answers_is_told_unless_they_logged_it(by, marta, lima, ann, call):
    assert log(touch=call(contact=lima), by=by, at=AT).told == ann
    assert Notification.objects.get().recipient == ann
    mine = ContactFactory(at_account=True)
    AssignmentFactory(dossier=mine.account.dossier, poc=marta)
    assert log(touch=call(contact=mine), by=by, at=AT).told is None
    assert Notification.objects.count() == 1


def test_a_complaint_is_told_by_mail_too(by, lima, call):
    log(touch=call(contact=lima, direction="in", purpose=purpose("complaint")), by=by, at=AT)
    assert set(Notification.objects.values_list("channel", flat=True)) == {"inbox", "email"}


def test_a_wrong_number_is_marked(by, lima, call):
    log(touch=call("wrong_number", contact=lima, phone=lima.phones.get()), by=by, at=AT)
    assert lima.phones.get().is_wrong


def test_a_follow_up_is_for_whoever_answers_then_or_for_one_by_name(by, marta, lima, call):
    tomorrow = AT + timedelta(days=1)
    floating = log(touch=call(contact=lima), follow_up=NewFollowUp(tomorrow), by=by, at=AT).follow_up.commitment
    named = log(touch=call(contact=lima), follow_up=NewFollowUp(tomorrow, poc=marta), by=by, at=AT).follow_up.commitment
    assert (floating.poc, floating.title, named.poc) == (None, "Call Beatriz Lima", marta)


def test_a_follow_up_is_not_due_before_now_and_then_nothing_is_saved(by, lima, call):
    with pytest.raises(DueInThePast):
        log(touch=call(contact=lima), follow_up=NewFollowUp(AT - timedelta(minutes=1)), by=by, at=AT)
    assert not Interaction.objects.exists()


def test_a_follow_up_after_a_meeting_is_a_meeting(by, lima, call):
    touch = call("met", contact=lima, channel=channel("in_person"))
    followed = log(touch=touch, follow_up=NewFollowUp(AT + timedelta(days=1)), by=by, at=AT).follow_up
    assert followed.commitment.title == "Meet Beatriz Lima"


def test_about_a_project_with_nobody_in_particular_it_was_the_firm_that_was_called(by, call):
    project = ProjectFactory(name="Cold store", account__name="Atlantico")
    logged = log(touch=call(project=project), follow_up=NewFollowUp(AT + timedelta(days=1)), by=by, at=AT)
    assert logged.follow_up.commitment.title == "Call Atlantico"
    assert logged.interaction.them == "Atlantico"


def test_the_logger_sees_it_even_where_they_may_see_nothing_else(by, call):
    account = AccountFactory()
    touch = Touch(channel=channel(), direction="out", topic=topic(), account=account)
    logged = log(touch=touch, by=by, at=AT).interaction
    assert Interaction.objects.visible_to(by.user).get() == logged


# The outcome's channels · who answers: places, POCs · the touch · policy, promise, follow-up · the clocks of contact
# and account · the events of promise and touch, in three parts
LOGGING = 12
TOUCHED = 3  # where a tier asks to keep in touch: what is owed, its calendar, what is owed from now on
TELLING = 3  # whom, the notices, who may open it from then on
DUTY = 2  # calendars, and whose is which
AROUND = 2  # the transaction; in a test it is a savepoint begun and released


@pytest.mark.parametrize("n", [1, 12])
def test_logging_ones_own_call_with_a_follow_up_costs_the_same_in_a_full_house(
    by, marta, call, django_assert_num_queries, n
):
    mine = ContactFactory(at_account=True)
    AssignmentFactory(dossier=mine.account.dossier, poc=marta)
    PersonFactory.create_batch(n, home_team=TeamFactory(lead=marta))
    ContactFactory.create_batch(n, account=mine.account)
    touch = call(contact=mine)
    with django_assert_num_queries(LOGGING + AROUND):
        assert log(touch=touch, follow_up=NewFollowUp(AT + timedelta(days=1)), by=by, at=AT).told is None


def test_logging_costs_fifteen_queries_where_a_tier_asks_to_keep_in_touch(by, marta, call, django_assert_num_queries):
    tiered = AccountFactory(tier=tier("a"))
    AssignmentFactory(dossier=tiered.dossier, poc=marta)
    keeping_in_touch.reconcile()
    touch = call(contact=ContactFactory(account=tiered))
    with django_assert_num_queries(LOGGING + TOUCHED + AROUND):
        log(touch=touch, follow_up=NewFollowUp(AT + timedelta(days=1)), by=by, at=AT + timedelta(hours=1))
    assert LOGGING + TOUCHED <= 15  # what is promised


@pytest.mark.parametrize("n", [1, 12])
def test_telling_the_team_that_answers_costs_five_more_however_many_they_are(by, call, django_assert_num_queries, n):
    contact = ContactFactory(at_account=True)
    team = TeamFactory(members=PersonFactory.create_batch(n, signs_in=True))
    AssignmentFactory(dossier=contact.account.dossier, poc=team)
    working_times([team.pk])  # calendars are known from then on
    touch = call(contact=contact)
    with django_assert_num_queries(LOGGING + TELLING + DUTY + AROUND):
        assert log(touch=touch, follow_up=NewFollowUp(AT + timedelta(days=1)), by=by, at=AT).told == team
