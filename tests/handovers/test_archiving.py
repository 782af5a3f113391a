"""Archiving: what is open is settled or moved first, and nobody answers for what is archived."""

from datetime import timedelta

import pytest

from crm.commitments.models import Commitment, Kind, Notification
from crm.dossiers import timeline
from crm.dossiers.actions import Archived
from crm.dossiers.models import Dossier, Event
from crm.handovers.actions import assign
from crm.handovers.archiving import GoesToo, HandoverWaits, HasRecords, StillOwed, archive, archive_many, standing
from crm.handovers.refusals import ReasonRequired
from crm.poc.models import Assignment, Grant
from crm.poc.resolve import resolve
from interactions.actions import Touch, log
from interactions.follow_ups import NewFollowUp, plan
from projects.actions import add_stakeholder, open_project
from tests.factories import AT
from tests.factories.accounts import AccountFactory
from tests.factories.commitments import CommitmentFactory
from tests.factories.contacts import ContactFactory, role
from tests.factories.dossiers import channel, outcome, topic
from tests.factories.poc import AssignmentFactory, GrantFactory, PersonFactory
from tests.factories.projects import ProjectFactory
from tests.factories.users import actor

pytestmark = pytest.mark.django_db

LATER = AT + timedelta(days=30)


@pytest.fixture(autouse=True)
def at(clock):
    return clock.freeze(AT)


def archived(dossier, **values):
    return archive(dossier=dossier, **{"by": actor(), "at": AT} | values)


def busy_account(n: int = 1) -> Dossier:
    """An account with projects, contacts, things owed on each, and who answers now and later."""
    account = AccountFactory()
    records = [
        account,
        *ProjectFactory.create_batch(n, account=account),
        *ContactFactory.create_batch(n, account=account),
    ]
    for record in records:
        CommitmentFactory(dossier=record.dossier)
        AssignmentFactory(dossier=record.dossier, ends_at=LATER)
        AssignmentFactory(dossier=record.dossier, starts_at=LATER)
    return account.dossier


def test_a_record_with_nothing_open_is_archived_at_once_and_only_once():
    dossier = AccountFactory().dossier
    archived(dossier)
    assert archived(dossier, at=LATER) is None
    dossier.refresh_from_db()
    assert dossier.archived_at == AT
    assert Event.objects.filter(kind=Event.Kind.ARCHIVED).count() == 1


def test_what_is_open_is_counted_first():
    open_now = standing([busy_account(2)], at=AT)
    assert len(open_now.roots) == 1
    assert sorted(d.kind for d in open_now.below) == ["contact", "contact", "project", "project"]
    assert (len(open_now.owed), len(open_now.named)) == (5, 10)


def test_what_belongs_to_it_is_not_archived_silently():
    dossier = busy_account()
    with pytest.raises(HasRecords) as refused:
        archived(dossier, settle=True, reason="Closed down")
    assert refused.value.field == "along"
    assert Dossier.objects.filter(archived_at__isnull=False).count() == 0


def test_what_is_owed_is_not_forgotten_silently():
    dossier = CommitmentFactory(dossier=AccountFactory().dossier).dossier
    with pytest.raises(StillOwed) as refused:
        archived(dossier)
    assert refused.value.field == "owed"


def test_cancelling_what_is_owed_needs_a_reason_that_is_read_there():
    owed = CommitmentFactory(dossier=AccountFactory().dossier)
    with pytest.raises(ReasonRequired):
        archived(owed.dossier, settle=True)
    archived(owed.dossier, settle=True, reason="Closed down")
    owed.refresh_from_db()
    assert (owed.state, owed.closed_at, owed.next_action_at) == (Commitment.State.CANCELLED, AT, None)
    notes = [entry.note for entry in timeline.page(owed.dossier_id, homes=None).entries if entry.kind == "cancelled"]
    assert notes == ["Closed down"]


def test_what_is_owed_moves_to_another_record_with_whoever_was_told():
    project = ProjectFactory()
    owed = CommitmentFactory(dossier=project.dossier)
    told = GrantFactory(home=project.dossier.home, cause=owed.grant_cause)
    other = AccountFactory().dossier
    archived(project.dossier, move_to=other)
    owed.refresh_from_db()
    told.refresh_from_db()
    assert (owed.dossier_id, owed.home_id, owed.is_closed) == (other.pk, other.pk, False)
    assert (told.home_id, told.ended_at) == (other.pk, None)
    assert {e.kind for e in timeline.page(other.pk, homes=None).entries} == {"changed"}


def test_it_does_not_move_to_what_is_archived_too():
    account = AccountFactory()
    project = ProjectFactory(account=account)
    CommitmentFactory(dossier=project.dossier)
    gone = AccountFactory(archived_at=AT).dossier
    for target in (project.dossier, account.dossier, gone):
        with pytest.raises(GoesToo):
            archived(account.dossier, along=True, move_to=target)


def test_a_handover_that_waits_is_answered_first():
    waits = CommitmentFactory(dossier=AccountFactory().dossier, kind=Kind.HANDOVER)
    with pytest.raises(HandoverWaits):
        archived(waits.dossier, settle=True, reason="Closed down")


def test_who_answered_is_history_and_what_was_planned_is_withdrawn():
    dossier = busy_account()
    archived(dossier, along=True, settle=True, reason="Closed down")
    rows = Assignment.objects.order_by("dossier_id", "starts_at")
    assert {row.ends_at for row in rows if row.starts_at < AT} == {AT}
    assert all(row.ends_at == row.starts_at for row in rows if row.starts_at > AT)
    assert not Assignment.objects.at(AT).exists()


def test_who_answered_on_a_day_before_is_still_answered():
    held = AssignmentFactory(dossier=AccountFactory().dossier)
    archived(held.dossier)
    asked = {"dossier_id": held.dossier_id, "topic_id": topic().pk}
    assert resolve(**asked, at=AT - timedelta(days=1)).poc_id == held.poc_id


def test_those_who_answered_are_told_once_but_not_whoever_did_it():
    account = AccountFactory()
    ann, ben = PersonFactory(signs_in=True), PersonFactory(signs_in=True)
    AssignmentFactory(dossier=account.dossier, poc=ann)
    AssignmentFactory(dossier=account.dossier, poc=ann, topic=topic("billing"))
    AssignmentFactory(dossier=ProjectFactory(account=account).dossier, poc=ben)
    archived(account.dossier, along=True, by=actor(ben.user))
    assert set(Notification.objects.values_list("recipient", "kind")) == {(ann.pk, "archived")}


@pytest.mark.parametrize("until", [None, LATER])
def test_whoever_was_told_that_they_answer_may_no_longer_open_it(until):
    held = AssignmentFactory(dossier=AccountFactory().dossier, ends_at=until)
    told = GrantFactory(home=held.dossier, poc=held.poc, cause=f"a:{held.pk}:new", ended_at=until)
    archived(held.dossier)
    assert Grant.objects.get(pk=told.pk).ended_at == AT


def test_each_record_says_that_it_was_archived_and_its_account_too():
    account = AccountFactory()
    project = ProjectFactory(account=account, name="New line")
    by = actor()
    archived(project.dossier, by=by, reason="Never began")
    for shown in (project, account):
        (entry,) = timeline.page(shown.pk, homes=None).entries
        assert (entry.title, entry.note) == (f"{by.user.name} archived New line", "Never began")


@pytest.mark.parametrize("n", [1, 8])
def test_archiving_costs_the_same_for_a_small_firm_as_for_a_large_one(django_assert_num_queries, n):
    dossier = busy_account(n)
    by = actor()
    # the savepoint and its end (2) · what is below, locks, which are current · what is below, owed, named ·
    # owed: savepoint (2), rows, notices, rows written, grants, events (3) · assignments, grants · the records ·
    # events (2) · told: whom that reaches, who is on duty, hours, notices, grants
    with django_assert_num_queries(25):
        archive(dossier=dossier, along=True, settle=True, reason="Closed down", by=by, at=AT)


def test_a_selection_is_archived_in_one_act():
    account = AccountFactory()
    project = ProjectFactory(account=account)
    others = AccountFactory.create_batch(2)
    chosen = [project.dossier, account.dossier, *(o.dossier for o in others)]
    events = archive_many(dossiers=chosen, along=True, by=actor(), at=AT)
    assert [e.facts["record"] for e in events] == sorted([account.pk, *(o.pk for o in others)])
    assert not Dossier.objects.current().filter(pk__in=[d.pk for d in chosen]).exists()


def test_nothing_is_assigned_logged_promised_or_opened_on_what_is_archived():
    account, contact = AccountFactory(archived_at=AT), ContactFactory(archived_at=AT)
    acts = {
        "record": [
            lambda: assign(dossier=account.dossier, topic=topic(), poc=PersonFactory(), by=actor(), at=AT),
            lambda: plan(new=NewFollowUp(LATER), dossier=account.dossier, topic=topic(), by=actor(), at=AT),
        ],
        "who": [
            lambda: log(
                touch=Touch(channel(), "out", topic(), account=account, outcome=outcome()), by=actor(), at=AT
            ),
        ],
        "parent": [lambda: open_project(name="New", account=account, by=actor(), at=AT)],
        "contact": [
            lambda: add_stakeholder(project=ProjectFactory(), contact=contact, role=role(), by=actor(), at=AT)
        ],
    }  # fmt: skip
    for field, tried in acts.items():
        for act in tried:
            with pytest.raises(Archived) as refused:
                act()
            assert refused.value.field == field
    assert not Commitment.objects.exists()
