"""Lists narrowed by who holds their records."""

from datetime import timedelta

import pytest

from accounts.models import Account
from crm.poc.held import is_held_by
from tests.factories import AT
from tests.factories.accounts import AccountFactory
from tests.factories.poc import AssignmentFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _now(clock):
    clock.freeze(AT)


@pytest.mark.parametrize(
    "values", [{"rank": 1}, {"ends_at": AT}, {"starts_at": AT + timedelta(seconds=1)}], ids=["backup", "over", "later"]
)
def test_backups_the_past_and_the_future_are_not_mine(values):
    account = AccountFactory()
    held = AssignmentFactory(dossier=account.dossier, **values)
    assert not Account.objects.filter(is_held_by([held.poc_id])).exists()


def test_mine_are_the_records_where_one_of_these_is_named():
    held = AssignmentFactory(dossier=AccountFactory().dossier)
    AssignmentFactory(dossier=AccountFactory().dossier)
    assert [a.pk for a in Account.objects.filter(is_held_by([held.poc_id]))] == [held.dossier_id]
