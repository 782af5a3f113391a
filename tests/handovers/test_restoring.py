"""Restoring: a record comes back with what was archived along with it and who answered there."""

from datetime import timedelta

import pytest

from crm.commitments.models import Commitment, Notification
from crm.dossiers import timeline
from crm.dossiers.models import Dossier, Event
from crm.handovers.actions import assign
from crm.handovers.archiving import archive
from crm.handovers.restoring import MergedAway, ParentArchived, archived_by, restore
from crm.poc.models import Assignment
from crm.poc.resolve import resolve
from tests.factories import AT, LONG_AGO
from tests.factories.accounts import AccountFactory
from tests.factories.contacts import ContactFactory
from tests.factories.dossiers import topic
from tests.factories.poc import AssignmentFactory, PersonFactory
from tests.factories.projects import ProjectFactory
from tests.factories.users import actor
from tests.handovers.test_archiving import busy_account

pytestmark = pytest.mark.django_db

NEXT_WEEK = AT + timedelta(days=7)


@pytest.fixture(autouse=True)
def at(clock):
    return clock.freeze(AT)


def archived(dossier, **values):
    values = {"along": True, "settle": True, "reason": "Closed down", "by": actor(), "at": AT} | values
    return archive(dossier=dossier, **values)


def restored(dossier, **values):
    return restore(dossier=dossier, **{"by": actor(), "at": NEXT_WEEK} | values)


def answering(dossier_id, at):
    return resolve(dossier_id=dossier_id, topic_id=topic().pk, at=at).poc_id


def test_a_record_comes_back_with_what_was_archived_along_with_it():
    dossier = busy_account(2)
    archived(dossier)
    back = restored(dossier)
    assert len(back.records) == 5
    assert not Dossier.objects.filter(archived_at__isnull=False).exists()


def test_what_was_archived_before_stays_archived():
    account = AccountFactory()
    project = ProjectFactory(account=account)
    archived(project.dossier)
    archived(account.dossier, at=AT + timedelta(days=1))
    restored(account.dossier)
    assert list(Dossier.objects.filter(archived_at__isnull=False)) == [project.dossier]


def test_what_came_back_alone_and_was_archived_again_stays_archived():
    account = AccountFactory()
    project = ProjectFactory(account=account)
    archived(account.dossier)
    restored(account.dossier, at=AT + timedelta(days=1))
    archived(project.dossier, at=AT + timedelta(days=2))
    archived(account.dossier, at=AT + timedelta(days=3))
    restored(account.dossier)
    assert Dossier.objects.get(pk=project.pk).archived_at == AT + timedelta(days=2)


def test_who_answered_answers_again_from_then_on_and_nobody_did_in_between():
    held = AssignmentFactory(dossier=AccountFactory().dossier)
    archived(held.dossier)
    restored(held.dossier)
    assert answering(held.dossier_id, NEXT_WEEK) == held.poc_id
    assert answering(held.dossier_id, AT + timedelta(days=1)) != held.poc_id
    assert answering(held.dossier_id, AT - timedelta(days=1)) == held.poc_id
    assert Assignment.objects.count() == 2


def test_a_successor_who_was_planned_is_planned_again():
    account = AccountFactory()
    later = AT + timedelta(days=30)
    AssignmentFactory(dossier=account.dossier, ends_at=later)
    AssignmentFactory(dossier=account.dossier, starts_at=later)
    archived(account.dossier)
    restored(account.dossier)
    periods = Assignment.objects.filter(starts_at__gte=NEXT_WEEK).exclude(ends_at=later, starts_at=later)
    assert list(periods.order_by("pk").values_list("starts_at", "ends_at"))[-2:] == [(NEXT_WEEK, later), (later, None)]


def test_who_no_longer_answers_for_anything_is_named_as_missing():
    held = AssignmentFactory(dossier=AccountFactory().dossier)
    archived(held.dossier)
    held.poc.deactivated_at = AT
    held.poc.save()
    back = restored(held.dossier)
    assert (list(back.back), [a.poc for a in back.gone]) == ([], [held.poc])


def test_the_places_are_free_again():
    account = AccountFactory()
    archived(account.dossier)
    restored(account.dossier)
    assign(dossier=account.dossier, topic=topic(), poc=PersonFactory(), by=actor(), at=NEXT_WEEK)


def test_what_was_cancelled_stays_cancelled():
    dossier = busy_account()
    archived(dossier)
    restored(dossier)
    assert set(Commitment.objects.values_list("state", flat=True)) == {"cancelled"}


def test_those_who_answer_again_are_told():
    held = AssignmentFactory(dossier=AccountFactory().dossier)
    archived(held.dossier, by=actor(held.poc.user))
    restored(held.dossier)
    told = Notification.objects.filter(kind="restored")
    assert set(told.values_list("recipient", flat=True)) == {held.poc_id}


def test_it_is_said_on_the_timeline_and_twice_does_nothing():
    account = AccountFactory(name="Adega Azul")
    archived(account.dossier)
    by = actor()
    restored(account.dossier, by=by)
    assert restored(account.dossier).records == []
    assert timeline.page(account.pk, homes=None).entries[0].title == f"{by.user.name} restored Adega Azul"
    assert Event.objects.filter(kind=Event.Kind.RESTORED).count() == 1


def test_a_record_does_not_come_back_below_an_archived_one():
    contact = ContactFactory(at_account=True)
    archived(contact.account.dossier)
    with pytest.raises(ParentArchived):
        restored(contact.dossier)


def test_what_was_merged_comes_back_only_by_undoing_the_merge():
    account = AccountFactory(archived_at=AT)
    account.dossier.home = AccountFactory().dossier
    account.dossier.save()
    with pytest.raises(MergedAway):
        restored(account.dossier)


def test_what_was_archived_without_a_word_comes_back_too():
    account = AccountFactory(archived_at=LONG_AGO)
    assert archived_by(account.dossier) is None
    assert restored(account.dossier).records == [account.dossier]


@pytest.mark.parametrize("n", [1, 8])
def test_restoring_costs_the_same_for_a_small_firm_as_for_a_large_one(django_assert_num_queries, n):
    dossier = busy_account(n)
    archived(dossier)
    by = actor()
    # the savepoint and its end (2) · the record, how it was archived, what came along, who answered · the records ·
    # assignments (2) · events (2) · told: whom that reaches, notices
    with django_assert_num_queries(14):
        restore(dossier=dossier, by=by, at=NEXT_WEEK)
