"""Undoing a merge: what has not changed since is as it was; what has, stays and is listed."""

from datetime import timedelta

import pytest

from accounts.actions import change_account
from accounts.models import Account
from contacts.models import Contact
from crm.commitments.actions import keep as settle
from crm.commitments.models import Commitment
from crm.desk.merging import merge
from crm.desk.unmerging import MergedOn, TooLate, UndoneAlready, unmerge
from crm.dossiers import timeline
from crm.dossiers.lineage import lineage, merged_away, merged_into
from crm.dossiers.models import Dossier, Event, EventDossier
from crm.handovers.archiving import archive
from crm.poc.models import Assignment, Grant, ShareLink
from crm.poc.resolve import resolve
from crm.poc.sharing import unshare
from interactions.employers import change_employer
from interactions.models import Interaction
from projects.models import Project
from tests.desk.test_merging import talk
from tests.factories import AT
from tests.factories.accounts import AccountFactory
from tests.factories.commitments import CommitmentFactory
from tests.factories.contacts import ContactFactory
from tests.factories.dossiers import topic
from tests.factories.poc import AssignmentFactory, GrantFactory, ShareLinkFactory
from tests.factories.projects import ProjectFactory
from tests.factories.users import actor

pytestmark = pytest.mark.django_db

LATER = AT + timedelta(days=2)


@pytest.fixture(autouse=True)
def at(clock):
    return clock.freeze(AT)


@pytest.fixture
def keep():
    return AccountFactory(name="Cervejaria Atlântico", city="Lisbon")


@pytest.fixture
def drop():
    return AccountFactory(name="Cerv. Atlantico Lda", city="Lisboa")


def merged(keep, drop, take=()):
    return merge(keep=keep, drop=drop, take=take, by=actor(), at=AT)


def undone(event, at=LATER):
    return unmerge(event=event, by=actor(), at=at)


def rows():
    """Everything a merge touches, as it stands, without what a merge and its undoing add to the past."""
    kinds = (Event.Kind.MERGED, Event.Kind.UNMERGED, Event.Kind.CHANGED)
    return {
        "accounts": list(Account.objects.order_by("pk").values()),
        "dossiers": list(Dossier.objects.order_by("pk").values()),
        "contacts": list(Contact.objects.order_by("pk").values()),
        "projects": list(Project.objects.order_by("pk").values()),
        "interactions": list(Interaction.objects.order_by("pk").values()),
        "owed": list(Commitment.objects.order_by("pk").values("pk", "dossier", "home", "state", "due_at")),
        "grants": list(Grant.objects.filter(cause__startswith="c:").order_by("pk").values()),
        "timelines": list(
            EventDossier.objects.exclude(event__kind__in=kinds).order_by("event", "dossier").values("event", "dossier")
        ),
    }


def test_everything_is_as_it_was(keep, drop):
    for account in (keep, drop):
        AccountFactory(parent=account)
        contact, project = ContactFactory(account=account), ProjectFactory(account=account)
        ContactFactory(account=account, archived_at=AT)
        for record in (account, contact, project):
            owed = CommitmentFactory(dossier=record.dossier)
            GrantFactory(home=record.dossier.home, cause=owed.grant_cause)
        talk(account)
        talk(None, contact=contact)
    before = rows()
    undone(merged(keep, drop, take=["name", "city", "tier"]))
    assert rows() == before


def test_touches_that_were_the_survivors_before_stay_with_it(keep, drop):
    contact = ContactFactory(account=keep)
    talk(drop, contact=contact)  # somebody of the one firm spoke for the other
    before = rows()
    undone(merged(keep, drop))
    assert rows() == before


def test_what_was_merged_into_it_before_comes_back_with_it(keep, drop):
    first = AccountFactory()
    talk(first)
    merged(drop, first)
    before = rows()
    undone(merged(keep, drop))
    assert rows() == before


def test_what_stood_on_both_timelines_before_stays_on_both(keep, drop):
    event = merged(AccountFactory(), AccountFactory())
    for account in (keep, drop):
        event.touched.create(dossier=account.dossier, happened_at=event.happened_at)
    undone(merged(keep, drop))
    assert event.touched.filter(dossier__in=[keep.pk, drop.pk]).count() == 2


def test_who_answered_answers_again_from_then_on(keep, drop):
    old, ours = AssignmentFactory(dossier=drop.dossier), AssignmentFactory(dossier=keep.dossier)
    contact = ContactFactory(account=drop)
    undone(merged(keep, drop))
    asked = {"dossier_id": contact.pk, "topic_id": topic().pk}
    assert resolve(**asked, at=LATER).poc_id == old.poc_id
    assert resolve(dossier_id=drop.pk, topic_id=topic().pk, at=LATER).poc_id == old.poc_id
    assert resolve(dossier_id=keep.pk, topic_id=topic().pk, at=LATER).poc_id == ours.poc_id
    assert Assignment.objects.filter(dossier=drop.pk).count() == 2


def test_whoever_answers_for_nothing_any_more_is_listed(keep, drop):
    old = AssignmentFactory(dossier=drop.dossier)
    event = merged(keep, drop)
    old.poc.deactivated_at = AT
    old.poc.save()
    assert [a.poc for a in undone(event).gone] == [old.poc]


def test_what_was_changed_since_stays_and_is_listed(keep, drop):
    moved_on, stayed = ContactFactory(account=drop), ContactFactory(account=drop)
    settled, owed = CommitmentFactory(dossier=drop.dossier), CommitmentFactory(dossier=drop.dossier)
    event = merged(keep, drop, take=["name", "city"])
    third = AccountFactory()
    change_employer(contact=moved_on, account=third, by=actor(), at=AT)
    settle(commitment=settled, by=actor(), at=AT)
    kept = Account.objects.for_list().get(pk=keep.pk)
    change_account(account=kept, name=kept.name, city="Porto", by=actor(), at=AT)
    back = undone(event)
    assert (back.fields, [d.pk for d in back.records], [c.pk for c in back.owed]) == (
        ["city"],
        [moved_on.pk],
        [settled.pk],
    )
    kept = Account.objects.for_list().get(pk=keep.pk)
    assert (kept.name, kept.city) == ("Cervejaria Atlântico", "Porto")
    assert dict(Contact.objects.values_list("pk", "account")) == {moved_on.pk: third.pk, stayed.pk: drop.pk}
    owed.refresh_from_db()
    assert owed.dossier_id == drop.pk


def test_what_came_to_the_survivor_since_stays_there(keep, drop):
    event = merged(keep, drop)
    new, touch = ContactFactory(account=keep), talk(keep, at=AT)
    undone(event)
    touch.refresh_from_db()
    assert (Contact.objects.get(pk=new.pk).account, touch.home_id) == (keep, keep.pk)


def test_an_account_that_was_put_above_it_since_is_not_put_below(keep, drop):
    below, above = AccountFactory(parent=drop), AccountFactory()
    Dossier.objects.filter(pk=drop.pk).update(parent=above.pk)
    event = merged(keep, drop)
    Dossier.objects.filter(pk=above.pk).update(parent=below.pk)
    assert [d.pk for d in undone(event).records] == [below.pk]
    assert Dossier.objects.get(pk=below.pk).parent_id == keep.pk


def test_both_say_that_it_was_undone(keep, drop):
    undone(merged(keep, drop))
    for account in (keep, drop):
        entry = timeline.page(account.pk, homes=[account.pk]).entries[0]
        assert "undid the merge of Cerv. Atlantico Lda into Cervejaria Atlântico" in entry.title


def test_what_a_record_belonged_to_is_known_for_every_day(keep, drop):
    contact = ContactFactory(account=drop)
    event = merged(keep, drop)
    assert lineage(contact.pk, at=AT - timedelta(days=1)).parents[contact.pk] == drop.pk
    assert [m.record.pk for m in merged_into(keep.pk)] == [drop.pk]
    assert merged_away(drop.pk).record.pk == keep.pk
    undone(event)
    assert lineage(contact.pk, at=AT + timedelta(days=1)).parents[contact.pk] == keep.pk
    assert lineage(contact.pk, at=AT - timedelta(days=1)).parents[contact.pk] == drop.pk
    assert merged_away(drop.pk) is None


def test_links_come_back_but_for_those_taken_back_since(keep, drop):
    first, second, ours = (ShareLinkFactory(dossier=record.dossier) for record in (drop, drop, keep))
    event = merged(keep, drop)
    unshare(link=ShareLink.objects.select_related("dossier").get(pk=second.pk), by=actor(), at=AT)
    later = ShareLinkFactory(dossier=keep.dossier)
    undone(event)
    assert list(ShareLink.objects.filter(dossier=drop.pk)) == [first]
    assert set(ShareLink.objects.filter(dossier=keep.pk)) == {second, ours, later}


def test_a_merge_from_before_links_went_along_is_undone_too(keep, drop):
    event = merged(keep, drop)
    event.facts.pop("links")
    assert undone(event).account == drop


# --- Refused


def test_after_thirty_days_it_stays(keep, drop):
    event = merged(keep, drop)
    with pytest.raises(TooLate):
        undone(event, at=AT + timedelta(days=30, seconds=1))


def test_it_is_undone_once(keep, drop):
    event = merged(keep, drop)
    undone(event)
    with pytest.raises(UndoneAlready):
        undone(event)


def test_an_earlier_merge_is_not_undone_in_place_of_a_later_one(keep, drop):
    first = merged(keep, drop)
    undone(first)
    merge(keep=keep, drop=drop, by=actor(), at=LATER)
    with pytest.raises(UndoneAlready):
        undone(first)


def test_a_survivor_that_is_gone_itself_comes_back_first(keep, drop):
    event = merged(keep, drop)
    last = merged(AccountFactory(), keep)
    with pytest.raises(MergedOn):
        undone(event)
    undone(last)
    undone(event)
    event = merged(keep, drop)
    archive(dossier=keep.dossier, by=actor(), at=LATER)
    with pytest.raises(MergedOn):
        undone(event)


@pytest.mark.parametrize("n", [1, 8])
def test_undoing_costs_the_same_for_a_small_firm_as_for_a_large_one(keep, drop, django_assert_num_queries, n):
    for _n in range(n):
        AccountFactory(parent=drop)
        CommitmentFactory(dossier=drop.dossier)
        talk(drop)
        for record in (ContactFactory(account=drop), ProjectFactory(account=drop)):
            CommitmentFactory(dossier=record.dossier)
    AssignmentFactory(dossier=drop.dossier)
    event = merged(keep, drop, take=["name"])
    by = actor()
    with django_assert_num_queries(44):
        unmerge(event=event, by=by, at=LATER)
