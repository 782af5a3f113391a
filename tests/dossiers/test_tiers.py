"""A tier for many records at once."""

import pytest

from crm.dossiers.models import Event
from crm.dossiers.tiers import set_tier
from tests.factories import AT
from tests.factories.dossiers import DossierFactory, tier
from tests.factories.users import actor

pytestmark = pytest.mark.django_db


def test_those_that_have_it_already_are_left_alone_and_each_change_is_an_event():
    plain, had = DossierFactory(), DossierFactory(tier=tier("a"))
    assert set_tier(dossiers=[plain, had], tier=tier("a"), by=actor(), at=AT) == [plain]
    plain.refresh_from_db()
    assert plain.tier == tier("a")
    assert Event.objects.get().facts == {"changes": {"tier": ["", tier("a").name]}}


def test_a_tier_may_be_taken_away():
    had = DossierFactory(tier=tier("a"))
    set_tier(dossiers=[had], tier=None, by=actor(), at=AT)
    had.refresh_from_db()
    assert had.tier is None
    assert Event.objects.get().facts == {"changes": {"tier": [tier("a").name, ""]}}


@pytest.mark.parametrize("many", [2, 40])
def test_it_costs_the_same_however_many(django_assert_num_queries, many):
    dossiers, by, best = DossierFactory.create_batch(many), actor(), tier("a")
    with django_assert_num_queries(6):  # savepoint and its end, lock, update, events, timelines
        set_tier(dossiers=dossiers, tier=best, by=by, at=AT)
