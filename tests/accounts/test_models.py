import pytest
from django.db import IntegrityError, transaction
from django.db.models import ProtectedError

from accounts.models import Account
from tests.factories import AT
from tests.factories.accounts import AccountFactory
from tests.factories.projects import ProjectFactory

pytestmark = pytest.mark.django_db


def test_an_imported_account_is_there_once():
    AccountFactory(source="crm_sales", external_id="Acme")
    with pytest.raises(IntegrityError), transaction.atomic():
        AccountFactory(source="crm_sales", external_id="Acme")
    AccountFactory(source="crm_sales")
    AccountFactory(source="crm_sales")


def test_an_account_with_projects_cannot_be_deleted():
    account = ProjectFactory().account
    with pytest.raises(ProtectedError):
        account.delete()


def test_an_archived_account_is_out_of_lists():
    here = AccountFactory()
    AccountFactory(archived_at=AT)
    assert list(Account.objects.current()) == [here]


@pytest.mark.parametrize("many", [1, 12])
def test_a_list_loads_in_one_query(django_assert_num_queries, many):
    parent = AccountFactory()
    AccountFactory.create_batch(many, parent=parent)
    with django_assert_num_queries(1):
        for account in Account.objects.for_list():
            assert account.name
            assert account.dossier.parent or account == parent
