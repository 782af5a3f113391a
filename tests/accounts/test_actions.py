from datetime import date

import pytest

from accounts.actions import NewAccount, change_account, open_account, open_accounts
from accounts.models import Account
from crm.dossiers.actions import CircularParent, NameRequired, TooDeep
from crm.dossiers.models import Dossier, Event
from tests.factories import AT
from tests.factories.accounts import AccountFactory
from tests.factories.dossiers import tier
from tests.factories.users import actor

pytestmark = pytest.mark.django_db


def changed(account, **values):
    """Change an account, by default to what it is."""
    own = {"name": account.name, "parent": None, "tier": None}
    return change_account(account=account, by=actor(), at=AT, **own | values)


def test_opening_files_a_record_of_its_own_and_records_it():
    by = actor()
    group = AccountFactory()
    account = open_account(name=" Rio  Ltd ", parent=group, tier=tier(), kind="customer", city="Rio", by=by, at=AT)
    account = Account.objects.for_list().get(pk=account.pk)
    assert (account.name, account.kind, account.city) == ("Rio Ltd", "customer", "Rio")
    assert (account.dossier.kind, account.dossier.home_id, account.dossier.parent_id) == (
        Dossier.Kind.ACCOUNT, account.pk, group.pk,
    )  # fmt: skip
    event = Event.objects.get()
    assert (event.kind, event.facts, event.home_id, event.actor) == (
        Event.Kind.CREATED, {"kind": "account"}, account.pk, by.user,
    )  # fmt: skip


def test_an_account_needs_a_name():
    with pytest.raises(NameRequired):
        open_account(name=" ", by=actor(), at=AT)
    assert not Account.objects.exists()


@pytest.mark.parametrize("many", [2, 60])
def test_opening_many_costs_the_same_few_statements(django_assert_num_queries, many):
    by, parent = actor(), AccountFactory()
    # savepoint, levels above, records, homes, accounts, events, timelines, savepoint
    with django_assert_num_queries(8):
        open_accounts(accounts=[NewAccount(f"Account {n}", parent) for n in range(many)], by=by, at=AT)
    assert Account.objects.count() == many + 1


def test_changing_says_old_and_new():
    account = AccountFactory(name="Rio")
    changed(account, name="Rio Ltd", tier=tier("b"), kind="customer", renewal_on=date(2027, 1, 1), country="PT")
    name, fields = Event.objects.order_by("pk")
    assert name.facts["changes"] == {"name": ["Rio", "Rio Ltd"], "tier": ["", "B"]}
    assert fields.facts["changes"] == {
        "kind": ["prospect", "customer"], "renewal_on": ["", "2027-01-01"], "country": ["", "PT"],
    }  # fmt: skip
    account.refresh_from_db()
    assert (account.kind, account.dossier.title_key) == ("customer", "rio ltd")


def test_changing_nothing_records_nothing():
    account = AccountFactory(city="Rio")
    changed(account, city="Rio")
    assert not Event.objects.exists()


def test_an_account_never_belongs_to_what_belongs_to_it():
    top = AccountFactory()
    below = AccountFactory(parent=AccountFactory(parent=top))
    with pytest.raises(CircularParent):
        changed(top, parent=below)
    with pytest.raises(CircularParent):
        changed(top, parent=top)


def test_five_accounts_may_stand_above_another():
    account = None
    for _level in range(6):
        account = AccountFactory(parent=account)
    with pytest.raises(TooDeep):
        open_account(name="Seventh", parent=account, by=actor(), at=AT)


def test_a_refusal_writes_nothing_at_all():
    account = AccountFactory(name="Rio")
    with pytest.raises(NameRequired):
        changed(account, name="", kind="customer")
    account.refresh_from_db()
    assert (account.name, account.kind) == ("Rio", "prospect")
