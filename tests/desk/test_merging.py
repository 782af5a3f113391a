"""Merging two accounts that are one firm."""

from datetime import date, timedelta

import pytest

from accounts.models import Account
from contacts.models import Contact
from crm.commitments.models import Commitment, Kind, Notification
from crm.desk.merging import SameAccount, merge
from crm.dossiers import timeline
from crm.dossiers.actions import Archived, CircularParent, TooDeep
from crm.dossiers.models import Dossier, Event
from crm.handovers.archiving import HandoverWaits
from crm.poc.models import Assignment, Grant, ShareLink
from crm.poc.resolve import resolve
from crm.poc.sharing import opened_by
from crm.poc.visibility import visible_homes
from crm.users.models import RoleScope, User
from interactions.actions import Touch, log
from interactions.models import Interaction
from projects.models import Project
from tests.factories import AT
from tests.factories.accounts import AccountFactory
from tests.factories.commitments import CommitmentFactory
from tests.factories.contacts import ContactFactory
from tests.factories.dossiers import channel, outcome, tier, topic
from tests.factories.poc import AssignmentFactory, GrantFactory, PersonFactory, ShareLinkFactory
from tests.factories.projects import ProjectFactory
from tests.factories.users import UserFactory, actor, narrow

pytestmark = pytest.mark.django_db

BEFORE = AT - timedelta(days=3)


@pytest.fixture(autouse=True)
def at(clock):
    return clock.freeze(AT)


@pytest.fixture
def keep():
    return AccountFactory(name="Cervejaria Atlântico")


@pytest.fixture
def drop():
    return AccountFactory(name="Cerv. Atlantico Lda")


def merged(keep, drop, take=(), **values):
    return merge(keep=keep, drop=drop, take=take, **{"by": actor(), "at": AT} | values)


def talk(account, at=BEFORE, **who):
    touch = Touch(channel(), "out", topic(), account=account, outcome=outcome(), occurred_at=at, **who)
    return log(touch=touch, by=actor(), at=at).interaction


def titles(account, homes=None):
    return [entry.title for entry in timeline.page(account.pk, homes=homes).entries]


def test_contacts_projects_and_accounts_below_belong_to_the_survivor(keep, drop):
    contact, project, below = ContactFactory(account=drop), ProjectFactory(account=drop), AccountFactory(parent=drop)
    merged(keep, drop)
    assert Contact.objects.get(pk=contact.pk).account == keep
    assert Project.objects.get(pk=project.pk).account == keep
    places = Dossier.objects.filter(pk__in=[contact.pk, project.pk]).values_list("parent", "home")
    assert set(places) == {(keep.pk, keep.pk)}
    assert list(Dossier.objects.filter(pk=below.pk).values_list("parent", "home")) == [(keep.pk, below.pk)]


def test_archived_contacts_go_over_too_and_stay_archived(keep, drop):
    contact = ContactFactory(account=drop, archived_at=AT)
    merged(keep, drop)
    moved = Contact.objects.for_list().get(pk=contact.pk)
    assert (moved.account, moved.dossier.archived_at) == (keep, AT)


def test_what_is_owed_is_owed_on_the_survivor_and_whoever_was_told_may_open_it(keep, drop):
    own = CommitmentFactory(dossier=drop.dossier)
    on_contact = CommitmentFactory(dossier=ContactFactory(account=drop).dossier)
    grants = [GrantFactory(home=drop.dossier, cause=c.grant_cause) for c in (own, on_contact)]
    other = GrantFactory(home=drop.dossier, cause="e:7:logged")
    merged(keep, drop)
    own.refresh_from_db()
    on_contact.refresh_from_db()
    assert (own.dossier_id, own.home_id, own.state) == (keep.pk, keep.pk, Commitment.State.OPEN)
    assert on_contact.home_id == keep.pk
    assert set(Grant.objects.filter(pk__in=[g.pk for g in (*grants, other)]).values_list("home", flat=True)) == {
        keep.pk
    }


def test_one_timeline_tells_what_happened_to_both(keep, drop):
    talk(keep)
    talk(drop)
    merged(keep, drop)
    said = titles(keep)
    assert sum("called Cerv. Atlantico Lda" in title for title in said) == 1
    assert sum("called Cervejaria Atlântico" in title for title in said) == 1
    assert any("merged Cerv. Atlantico Lda into Cervejaria Atlântico" in title for title in said)


def test_touches_are_at_home_with_the_survivor_and_still_say_with_whom_they_were(keep, drop):
    touch = talk(drop)
    merged(keep, drop)
    touch.refresh_from_db()
    assert (touch.home_id, touch.account_id) == (keep.pk, drop.pk)
    assert Account.objects.get(pk=keep.pk).last_touch_at == BEFORE


def test_an_event_on_both_before_is_on_the_timeline_once(keep, drop):
    event = merged(AccountFactory(), AccountFactory())  # any event
    for account in (keep, drop):
        event.touched.create(dossier=account.dossier, happened_at=event.happened_at)
    assert merged(keep, drop).facts["shared"] == [event.pk]
    assert len([e for e in timeline.page(keep.pk, homes=None).entries if e.id == event.pk]) == 1


def test_who_answered_for_it_is_history_and_those_of_the_survivor_answer_for_all(keep, drop):
    old, ours = AssignmentFactory(dossier=drop.dossier), AssignmentFactory(dossier=keep.dossier)
    contact = ContactFactory(account=drop)
    merged(keep, drop)
    assert resolve(dossier_id=drop.pk, topic_id=topic().pk, at=BEFORE).poc_id == old.poc_id
    assert resolve(dossier_id=contact.pk, topic_id=topic().pk, at=AT).poc_id == ours.poc_id
    assert not Assignment.objects.at(AT).filter(dossier=drop.pk).exists()


def test_both_sides_are_told_but_not_whoever_did_it(keep, drop):
    old = AssignmentFactory(dossier=drop.dossier, poc__name="Ann", poc__signs_in=True)
    ours = AssignmentFactory(dossier=keep.dossier, poc__name="Ben", poc__signs_in=True)
    merged(keep, drop, by=actor(ours.poc.user))
    told = Notification.objects.filter(kind="merged")
    assert set(told.values_list("recipient", "dossier")) == {(old.poc_id, keep.pk)}


def test_the_values_chosen_are_taken_from_the_other_one(keep, drop):
    Account.objects.filter(pk=drop.pk).update(city="Lisbon", renewal_on=date(2027, 1, 1), kind="customer", country="PT")
    Dossier.objects.filter(pk=drop.pk).update(tier=tier("a"))
    merged(keep, drop, take=["name", "city", "renewal_on", "tier", "country"])
    kept = Account.objects.for_list().get(pk=keep.pk)
    assert (kept.name, kept.city, kept.renewal_on, kept.dossier.tier.code, kept.country.code, kept.kind) == (
        "Cerv. Atlantico Lda", "Lisbon", date(2027, 1, 1), "a", "PT", "prospect",
    )  # fmt: skip


def test_it_leaves_lists_and_leads_to_the_survivor(keep, drop, client):
    merged(keep, drop)
    client.force_login(UserFactory(role="sales_rep"))
    for address in (f"/d/{drop.pk}/", f"/accounts/{drop.pk}/"):
        assert client.get(address, follow=True).redirect_chain[-1][0] == f"/accounts/{keep.pk}/"
    assert [a.pk for a in client.get("/accounts/").context["page"]] == [keep.pk]


def test_what_was_merged_before_leads_to_the_last_survivor(keep, drop):
    first = AccountFactory()
    merged(drop, first)
    merged(keep, drop)
    assert set(Dossier.objects.filter(pk__in=[first.pk, drop.pk]).values_list("home", flat=True)) == {keep.pk}


def test_whoever_answers_for_the_survivor_alone_sees_all_of_it(keep, drop):
    narrow("sales_rep", RoleScope.Sees.OWN)
    user = UserFactory(role="sales_rep")
    AssignmentFactory(dossier=keep.dossier, poc=PersonFactory(user=user))
    touch, contact = talk(drop), ContactFactory(account=drop)
    merged(keep, drop)
    user = User.objects.get(pk=user.pk)
    assert set(visible_homes(user)) == {keep.pk, drop.pk}
    assert list(Interaction.objects.visible_to(user)) == [touch]
    assert list(Contact.objects.visible_to(user)) == [contact]
    assert any("called Cerv. Atlantico Lda" in title for title in titles(keep, homes=visible_homes(user)))


def test_whoever_answered_for_the_other_alone_sees_neither_any_more(keep, drop):
    narrow("sales_rep", RoleScope.Sees.OWN)
    user = UserFactory(role="sales_rep")
    AssignmentFactory(dossier=drop.dossier, poc=PersonFactory(user=user))
    merged(keep, drop, by=actor(user))
    assert visible_homes(User.objects.get(pk=user.pk)) == []


# --- Refused


def test_an_account_is_not_merged_with_itself(keep):
    with pytest.raises(SameAccount):
        merged(keep, keep)


@pytest.mark.parametrize(("keep_gone", "drop_gone", "field"), [(AT, None, "a"), (None, AT, "b")])
def test_archived_ones_are_not_merged(keep_gone, drop_gone, field):
    with pytest.raises(Archived) as refused:
        merged(AccountFactory(archived_at=keep_gone), AccountFactory(archived_at=drop_gone))
    assert refused.value.field == field


def test_a_survivor_does_not_belong_to_the_other_but_the_other_may_belong_to_it(drop):
    below = AccountFactory(parent=AccountFactory(parent=drop))
    with pytest.raises(CircularParent):
        merged(below, drop)
    merged(drop, below)
    assert Dossier.objects.get(pk=below.pk).archived_at == AT


def test_nothing_comes_to_stand_below_more_than_five(keep, drop):
    parent = keep
    for _level in range(4):
        parent = AccountFactory(parent=parent)
    AccountFactory(parent=AccountFactory(parent=drop))
    with pytest.raises(TooDeep):
        merged(parent, drop)


def test_a_handover_that_waits_is_answered_first(keep, drop):
    CommitmentFactory(dossier=drop.dossier, kind=Kind.HANDOVER)
    with pytest.raises(HandoverWaits):
        merged(keep, drop)
    assert not Event.objects.exists()


def test_who_was_given_a_link_to_the_other_is_told_who_answers_for_both(keep, drop):
    given = ShareLinkFactory(dossier=drop.dossier, secret="given")
    ours = ShareLinkFactory(dossier=keep.dossier)
    ended = [
        ShareLinkFactory(dossier=drop.dossier, revoked_at=AT - timedelta(hours=1)),
        ShareLinkFactory(dossier=drop.dossier, expires_at=AT - timedelta(hours=1)),
    ]
    event = merged(keep, drop)
    assert event.facts["links"] == [given.pk]
    assert set(ShareLink.objects.filter(dossier=keep.pk)) == {given, ours}
    assert set(ShareLink.objects.filter(dossier=drop.pk)) == set(ended)
    assert opened_by("given") == given


@pytest.mark.parametrize("n", [1, 8])
def test_merging_costs_the_same_for_a_small_firm_as_for_a_large_one(keep, drop, django_assert_num_queries, n):
    for _n in range(n):
        AccountFactory(parent=drop)
        CommitmentFactory(dossier=drop.dossier)
        talk(drop)
        for record in (ContactFactory(account=drop), ProjectFactory(account=drop)):
            CommitmentFactory(dossier=record.dossier)
            talk(None, **({"contact": record} if isinstance(record, Contact) else {"project": record}))
        AssignmentFactory(dossier=drop.dossier, rank=_n)
        ShareLinkFactory(dossier=drop.dossier)
    by = actor()
    with django_assert_num_queries(53):
        merge(keep=keep, drop=drop, take=["name"], by=by, at=AT)
