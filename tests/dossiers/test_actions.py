import pytest

from crm.core.actor import Actor, Source
from crm.dossiers.actions import (
    Archived,
    CircularParent,
    Filing,
    Happening,
    NameRequired,
    NameTooLong,
    TooDeep,
    file,
    file_many,
    record,
    record_many,
    refile,
)
from crm.dossiers.models import Dossier, Event, EventDossier
from tests.factories import AT
from tests.factories.dossiers import DossierFactory, tier
from tests.factories.users import UserFactory, actor

pytestmark = pytest.mark.django_db

Kind = Dossier.Kind


def refiled(dossier, **changes):
    dossier.refresh_from_db()
    values = {"title": dossier.title, "parent": dossier.parent, "tier": dossier.tier} | changes
    return refile(dossier=dossier, by=actor(), at=AT, **values)


def chain(levels):
    place = DossierFactory()
    for _level in range(levels - 1):
        place = DossierFactory(parent=place)
    return place


# --- File


def test_an_account_is_its_own_home_even_below_another():
    above = file(kind=Kind.ACCOUNT, title="Group")
    below = file(kind=Kind.ACCOUNT, title="Daughter", parent=above)
    below.refresh_from_db()
    assert (below.home_id, below.parent_id) == (below.pk, above.pk)


def test_whatever_belongs_to_an_account_is_at_home_there():
    account = DossierFactory()
    assert file(kind=Kind.PROJECT, title="Cold store", parent=account).home_id == account.pk


def test_a_contact_without_an_account_is_its_own_home():
    contact = file(kind=Kind.CONTACT, title="Beatriz")
    contact.refresh_from_db()
    assert contact.home_id == contact.pk


def test_a_title_is_kept_tidy_and_comparable():
    dossier = file(kind=Kind.ACCOUNT, title="  Caffè \n Navigli ")
    assert (dossier.title, dossier.title_key) == ("Caffè Navigli", "caffe navigli")


@pytest.mark.parametrize(("title", "refusal"), [(" \t", NameRequired), ("x" * 201, NameTooLong)])
def test_a_title_that_is_none_is_refused(title, refusal):
    with pytest.raises(refusal):
        file(kind=Kind.ACCOUNT, title=title)
    assert not Dossier.objects.filter(kind=Kind.ACCOUNT).exists()


@pytest.mark.parametrize("many", [2, 100])
def test_filing_many_costs_the_same_few_statements(django_assert_num_queries, many):
    parent = DossierFactory()
    with django_assert_num_queries(3):  # levels above the parents, insert, homes
        filed = file_many(Filing(Kind.ACCOUNT, f"Account {n}", parent) for n in range(many))
    assert Dossier.objects.filter(home_id__in=[d.pk for d in filed]).count() == many


# --- Refile


def test_refiling_says_old_and_new_in_one_event():
    parent = DossierFactory(title="Group")
    dossier = DossierFactory(title="Rio", tier=tier("a"))
    refiled(dossier, title="Rio Ltd", parent=parent, tier=tier("b"))
    event = Event.objects.get(kind=Event.Kind.CHANGED)
    assert event.facts["changes"] == {"name": ["Rio", "Rio Ltd"], "parent": ["", "Group"], "tier": ["A", "B"]}
    assert [t.dossier_id for t in event.touched.all()] == [dossier.pk]


def test_a_contacts_name_is_recorded_apart_so_that_it_can_be_blanked():
    contact = DossierFactory(kind=Kind.CONTACT, title="Beatriz")
    refiled(contact, title="Beatriz Lima")
    event = Event.objects.get(kind=Event.Kind.CHANGED)
    assert event.facts == {"changes": {"name": ["", ""]}}
    assert event.personal.values == {"changes": {"name": ["Beatriz", "Beatriz Lima"]}}


def test_refiling_without_a_change_records_nothing():
    dossier = DossierFactory(title="Rio")
    refiled(dossier, title=" Rio ")
    assert not Event.objects.exists()


def test_a_contact_moves_home_with_its_account_and_keeps_its_past_there():
    old, new = DossierFactory.create_batch(2)
    contact = DossierFactory(kind=Kind.CONTACT, parent=old)
    happened = record(kind=Event.Kind.LOGGED, dossiers=[contact, old], by=actor(), at=AT)
    assert refiled(contact, parent=new).home_id == new.pk
    assert refiled(contact, parent=None).home_id == contact.pk
    happened.refresh_from_db()
    assert happened.home_id == old.pk
    assert EventDossier.objects.filter(dossier=old, event=happened).exists()


def test_an_account_stays_at_home_when_it_gets_a_parent():
    account = DossierFactory()
    assert refiled(account, parent=DossierFactory()).home_id == account.pk


@pytest.mark.parametrize("levels", [1, 2, 4])
def test_nothing_belongs_to_what_belongs_to_it(levels):
    below = chain(levels)
    top = below
    while top.parent:
        top = top.parent
    with pytest.raises(CircularParent):
        refiled(top, parent=below)


def test_five_levels_may_stand_above_a_record_and_no_more():
    refiled(DossierFactory(), parent=chain(5))
    with pytest.raises(TooDeep):
        refiled(DossierFactory(), parent=chain(6))


def test_what_stands_below_counts_too():
    top = DossierFactory()
    DossierFactory(parent=DossierFactory(parent=top))
    with pytest.raises(TooDeep):
        refiled(top, parent=chain(4))
    refiled(top, parent=chain(3))


def test_nothing_is_filed_below_five_levels():
    file(kind=Kind.ACCOUNT, title="Fifth", parent=chain(5))
    with pytest.raises(TooDeep):
        file(kind=Kind.ACCOUNT, title="Sixth", parent=chain(6))


# --- Archived


def test_nothing_is_filed_below_what_is_archived():
    gone = DossierFactory(archived_at=AT)
    with pytest.raises(Archived) as refused:
        file(kind=Kind.PROJECT, title="New line", parent=gone)
    assert refused.value.field == "parent"
    with pytest.raises(Archived):
        refiled(DossierFactory(), parent=gone)


# --- Record


def test_an_event_keeps_who_through_which_door_and_when():
    user = UserFactory()
    event = record(
        kind=Event.Kind.LOGGED, dossiers=[DossierFactory()], by=Actor(user, Source.API, token_id=7), at=AT,
        facts={"a": 1}, personal={"note": "x"},
    )  # fmt: skip
    event.refresh_from_db()
    assert (event.actor, event.source, event.token) == (user, Source.API, 7)
    assert (event.happened_at, event.recorded_at) == (AT, AT)
    assert (event.facts, event.personal.values) == ({"a": 1}, {"note": "x"})


def test_an_event_is_at_home_where_its_first_record_is():
    account = DossierFactory()
    project = DossierFactory(kind=Kind.PROJECT, parent=account)
    event = record(kind=Event.Kind.LOGGED, dossiers=[project, DossierFactory()], by=Actor.system(), at=AT)
    assert event.home_id == account.pk
    assert event.actor_id is None


def test_a_record_named_twice_is_touched_once():
    dossier = DossierFactory()
    event = record(kind=Event.Kind.LOGGED, dossiers=[dossier, dossier], by=actor(), at=AT)
    assert event.touched.count() == 1


@pytest.mark.parametrize("many", [2, 100])
def test_recording_many_costs_the_same_few_statements(django_assert_num_queries, many):
    dossiers, by = DossierFactory.create_batch(2), actor()
    happenings = [Happening(Event.Kind.LOGGED, dossiers, AT, {}, {"note": "x"}) for _n in range(many)]
    with django_assert_num_queries(3, exact=False):  # events, timelines, names
        record_many(happenings, by=by, at=AT)
    assert EventDossier.objects.count() == 2 * many
