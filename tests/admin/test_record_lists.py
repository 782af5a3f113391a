"""Lists of records in the administration: who has been out of touch for too long, and a tier for a selection."""

from datetime import timedelta

import pytest
from django.urls import reverse

from accounts import keeping_in_touch
from contacts.models import Contact
from crm.core.actor import Source
from crm.dossiers.models import Dossier, Event, Tier
from tests.factories import AT
from tests.factories.accounts import AccountFactory
from tests.factories.contacts import ContactFactory
from tests.factories.dossiers import tier
from tests.factories.poc import AssignmentFactory, PersonFactory

pytestmark = pytest.mark.django_db

LIST = reverse("admin:accounts_account_changelist")
DAY = timedelta(days=1)


def names(response):
    return [row.name for row in response.context["cl"].result_list]


@pytest.fixture
def touched(db):
    """Accounts of a tier that asks for a touch every 14 days, of one that asks for none, and of none; by days."""
    Tier.objects.filter(code="a").update(touch_every_days=14)
    Tier.objects.filter(code="c").update(touch_every_days=None)
    for name, code, days in (
        ("A13", "a", 13), ("A15", "a", 15), ("C15", "c", 15), ("C91", "c", 91), ("N15", None, 15), ("N91", None, 91),
    ):  # fmt: skip
        AccountFactory(name=name, tier=code and tier(code), last_touch_at=AT - days * DAY)
    AccountFactory(name="Former", tier=tier("a"), kind="former", last_touch_at=AT - 40 * DAY)
    AccountFactory(name="Z", tier=tier("a"))


def test_losing_touch_means_what_keeping_in_touch_means(as_manager, touched):
    keeping_in_touch.reconcile()
    wanted = ["A15"]  # a former customer is left alone; whoever was never reached is owed a touch from now on
    assert names(as_manager.get(LIST, {"touch": "losing"})) == wanted
    assert [row.name for row in as_manager.get("/accounts/", {"touch": "losing"}).context["page"]] == wanted


def test_whoever_was_not_touched_for_ninety_days_is_found_whatever_the_tier(as_manager, touched):
    assert names(as_manager.get(LIST, {"touch": "stale"})) == ["C91", "N91", "Z"]
    assert names(as_manager.get(LIST, {"touch": "never"})) == ["Z"]
    assert len(names(as_manager.get(LIST, {"touch": "x"}, follow=True))) == 8


def test_contacts_are_narrowed_likewise(as_manager):
    ContactFactory(name="Ana", last_touch_at=AT - 91 * DAY)
    ContactFactory(name="Bea", last_touch_at=AT)
    address = reverse("admin:contacts_contact_changelist")
    assert names(as_manager.get(address, {"touch": "stale"})) == ["Ana"]
    assert "Losing touch" not in as_manager.get(address).content.decode()  # asked of accounts, not of contacts


def test_nobody_means_what_the_gaps_mean(as_manager):
    gone = AssignmentFactory(dossier=AccountFactory(name="Left").dossier, poc=PersonFactory(deactivated_at=AT))
    AssignmentFactory(dossier=gone.dossier, rank=1, poc=PersonFactory(deactivated_at=AT))
    group = AccountFactory()
    AssignmentFactory(dossier=group.dossier)
    AccountFactory(parent=group)
    assert names(as_manager.get(LIST, {"answers": "nobody"})) == ["Left"]


def chosen(rows, **values):
    return {"action": "tier_chosen", "_selected_action": [row.pk for row in rows]} | values


def test_a_selection_gets_a_tier_in_one_act(as_manager):
    rows = AccountFactory.create_batch(3)
    assert "For 3 records" in as_manager.post(LIST, chosen(rows)).content.decode()
    response = as_manager.post(LIST, chosen(rows, apply="1", tier=tier("a").pk), follow=True)
    assert "The tier of 3 records is changed." in response.content.decode()
    assert Dossier.objects.filter(tier=tier("a")).count() == 3
    assert {event.source for event in Event.objects.all()} == {Source.ADMIN}
    response = as_manager.post(LIST, chosen(rows, apply="1", tier=tier("a").pk), follow=True)
    assert "Nothing has changed" in response.content.decode()


@pytest.mark.parametrize("many", [2, 40])
def test_a_tier_for_a_selection_costs_the_same_however_many(as_manager, django_assert_max_num_queries, many):
    rows = AccountFactory.create_batch(many)
    with django_assert_max_num_queries(24):
        as_manager.post(LIST, chosen(rows, apply="1", tier=tier("a").pk))


def test_a_tier_that_is_none_is_refused(as_manager):
    rows = AccountFactory.create_batch(1)
    assert as_manager.post(LIST, chosen(rows, apply="1", tier="99999")).status_code == 422
    assert not Event.objects.exists()


def test_whoever_may_not_change_records_is_not_offered_it(manager, client):
    group = manager.groups.get()
    group.permissions.remove(*group.permissions.filter(codename="change_contact"))
    ContactFactory()
    client.force_login(manager)
    page = client.get(reverse("admin:contacts_contact_changelist")).content.decode()
    assert "tier_chosen" not in page
    assert Contact.objects.count() == 1
