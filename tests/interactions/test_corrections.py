"""Undoing what was just logged, and putting strangers to the records they belong to."""

from datetime import timedelta

import pytest

from accounts.models import Account
from contacts.models import Contact
from crm.commitments.models import Commitment
from crm.core.actor import Actor
from crm.dossiers.actions import Archived
from crm.dossiers.models import Event, EventDossier
from interactions import corrections
from interactions.actions import WhoRequired, log
from interactions.corrections import put_to_record, undo
from interactions.follow_ups import NewFollowUp
from interactions.models import FollowUp, Interaction
from tests.factories import AT
from tests.factories.accounts import AccountFactory
from tests.factories.dossiers import purpose
from tests.factories.interactions import FollowUpFactory, InteractionFactory
from tests.factories.poc import GrantFactory
from tests.factories.users import UserFactory

LATER = AT + timedelta(minutes=10)


def test_undoing_takes_back_what_it_opened(by, lima, call):
    touch = call(contact=lima, direction="in", purpose=purpose())
    logged = log(touch=touch, follow_up=NewFollowUp(AT + timedelta(days=1)), by=by, at=AT)
    undo(interaction=logged.interaction, by=by, at=LATER)
    assert set(Commitment.objects.values_list("state", flat=True)) == {Commitment.State.CANCELLED}
    assert not Interaction.objects.current().exists()


def test_undoing_owes_again_what_it_settled(by, lima, call):
    promised = FollowUpFactory(commitment__dossier=lima.dossier, contact=lima).commitment
    logged = log(touch=call(contact=lima), settles=[promised], by=by, at=AT)
    due = promised.due_at
    undo(interaction=logged.interaction, by=by, at=LATER)
    promised.refresh_from_db()
    assert (promised.state, promised.due_at, promised.closed_at) == (Commitment.State.OPEN, due, None)


def test_undoing_no_answer_gives_the_old_due_moment_and_the_attempt_back(by, lima, call):
    follow_up = FollowUpFactory(commitment__dossier=lima.dossier, contact=lima)
    due = follow_up.commitment.due_at
    logged = log(touch=call("no_answer", contact=lima), settles=[follow_up.commitment], by=by, at=AT)
    undo(interaction=logged.interaction, by=by, at=LATER)
    assert FollowUp.objects.get().attempt == 1
    assert Commitment.objects.get().due_at == due


def test_undoing_sets_the_touch_clocks_to_the_touch_before(by, lima, call):
    before = AT - timedelta(days=3)
    log(touch=call(contact=lima, occurred_at=before), by=by, at=AT)
    undo(interaction=log(touch=call(contact=lima), by=by, at=AT).interaction, by=by, at=LATER)
    assert Contact.objects.get(pk=lima.pk).last_touch_at == before
    assert Account.objects.get(pk=lima.account_id).last_touch_at == before


def test_undoing_twice_does_nothing_more(by, lima, call):
    logged = log(touch=call(contact=lima), by=by, at=AT).interaction
    undo(interaction=logged, by=by, at=AT)
    undo(interaction=logged, by=by, at=AT + timedelta(days=1))
    assert Event.objects.filter(kind=Event.Kind.WITHDRAWN).count() == 1


def test_only_the_one_who_logged_it_undoes_it_and_within_ten_minutes(by, lima, call):
    logged = log(touch=call(contact=lima), by=by, at=AT).interaction
    for who, when in ((Actor(UserFactory()), AT), (by, LATER + timedelta(seconds=1)), (Actor.system(), AT)):
        with pytest.raises(corrections.TooLate):
            undo(interaction=logged, by=who, at=when)
    assert Interaction.objects.current().exists()


def test_a_stranger_put_to_a_contact_is_theirs_with_what_is_owed(by, lima, call):
    touch = call(caller="+351 21 777 1410", direction="in", purpose=purpose())
    logged = log(touch=touch, follow_up=NewFollowUp(AT + timedelta(days=1)), by=by, at=AT)
    put = put_to_record(interaction=logged.interaction, contact=lima, by=by, at=LATER)
    assert (put.contact, put.account, put.dossier, put.home_id) == (lima, lima.account, lima.dossier, lima.account_id)
    assert {c.dossier for c in Commitment.objects.all()} == {lima.dossier}
    assert {c.home_id for c in Commitment.objects.all()} == {lima.account_id}
    assert FollowUp.objects.get().contact == lima
    assert Account.objects.get(pk=lima.account_id).last_touch_at == AT


def test_a_sorted_touch_stands_on_the_records_timeline_at_its_own_moment(by, lima, call):
    logged = log(touch=call(caller="+351 21 777 1410"), by=by, at=AT).interaction
    put_to_record(interaction=logged, contact=lima, by=by, at=LATER)
    entry = EventDossier.objects.get(dossier=lima.account_id, event__kind=Event.Kind.LOGGED)
    assert (entry.happened_at, entry.event.home_id) == (AT, lima.account_id)


def test_undoing_a_sorted_touch_still_takes_back_what_it_opened(by, lima, call):
    touch = call(caller="+351 21 777 1410", direction="in", purpose=purpose())
    logged = log(touch=touch, by=by, at=AT).interaction
    put_to_record(interaction=logged, contact=lima, by=by, at=AT)
    undo(interaction=Interaction.objects.get(), by=by, at=AT)
    assert Commitment.objects.get().state == Commitment.State.CANCELLED


def test_a_touch_is_sorted_once_and_to_a_record(by):
    stranger = InteractionFactory(stranger=True)
    with pytest.raises(WhoRequired):
        put_to_record(interaction=stranger, by=by, at=AT)
    put_to_record(interaction=stranger, account=AccountFactory(), by=by, at=AT)
    with pytest.raises(corrections.SortedAlready):
        put_to_record(interaction=stranger, account=AccountFactory(), by=by, at=AT)


def test_whoever_was_told_of_a_strangers_promise_may_open_the_record_it_went_to(by, lima, call):
    logged = log(touch=call(caller="+351 21 777 1410", direction="in", purpose=purpose()), by=by, at=AT)
    told = GrantFactory(home=logged.interaction.dossier, cause=logged.answer.grant_cause)
    put_to_record(interaction=logged.interaction, contact=lima, by=by, at=LATER)
    told.refresh_from_db()
    assert told.home_id == lima.account_id


def test_a_touch_is_not_put_to_what_is_archived(by):
    with pytest.raises(Archived):
        put_to_record(
            interaction=InteractionFactory(stranger=True), account=AccountFactory(archived_at=AT), by=by, at=AT
        )
