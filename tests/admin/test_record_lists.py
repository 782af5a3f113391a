"""Lists of records in the administration: who has been out of touch for too long, and a tier for a selection."""

from datetime import timedelta

import pytest
from django.urls import reverse

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


def test_stale_is_longer_than_the_tier_asks_and_ninety_days_where_it_asks_nothing(as_manager):
    Tier.objects.filter(code="a").update(touch_every_days=14)
    Tier.objects.filter(code="c").update(touch_every_days=None)
    for name, code, days in (
        ("A13", "a", 13), ("A15", "a", 15), ("C15", "c", 15), ("C91", "c", 91), ("N15", None, 15), ("N91", None, 91),
    ):  # fmt: skip
        AccountFactory(name=name, tier=code and tier(code), last_touch_at=AT - days * DAY)
    AccountFactory(name="Z", tier=tier("a"))
    assert names(as_manager.get(LIST, {"touch": "stale"})) == ["A15", "C91", "N91", "Z"]
    assert names(as_manager.get(LIST, {"touch": "never"})) == ["Z"]
    assert len(names(as_manager.get(LIST, {"touch": "x"}, follow=True))) == 7


def test_contacts_are_narrowed_likewise(as_manager):
    ContactFactory(name="Ana", last_touch_at=AT - 91 * DAY)
    ContactFactory(name="Bea", last_touch_at=AT)
    response = as_manager.get(reverse("admin:contacts_contact_changelist"), {"touch": "stale"})
    assert names(response) == ["Ana"]


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
