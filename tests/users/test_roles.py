import pytest
from django.contrib.auth.models import Group, Permission
from django.db import DEFAULT_DB_ALIAS

from crm.users import roles
from crm.users.grants import grant_shipped
from tests.factories.users import UserFactory

pytestmark = pytest.mark.django_db


def test_every_role_is_shipped_with_its_permissions():
    for name in roles.LABELS:
        assert Group.objects.get(name=name).permissions.exists(), name


@pytest.mark.parametrize(
    ("role", "may", "may_not"),
    [
        (roles.ADMINISTRATOR, "users.change_user", "users.delete_user"),
        (roles.ACCOUNT_MANAGER, "poc.change_assignment", "users.change_user"),
        (roles.PROJECT_MANAGER, "projects.change_project", "poc.change_pointofcontact"),
        (roles.SALES_REP, "contacts.change_contact", "projects.change_project"),
        (roles.SUPPORT, "contacts.add_contact", "accounts.add_account"),
        (roles.READ_ONLY, "accounts.view_account", "accounts.change_account"),
    ],
)
def test_a_role_may_what_its_work_needs_and_no_more(role, may, may_not):
    user = UserFactory(role=role)
    assert user.has_perm(may)
    assert not user.has_perm(may_not)


def test_no_role_may_delete_anything():
    assert not Permission.objects.filter(group__isnull=False, codename__startswith="delete_").exists()


def test_what_administrators_took_away_is_not_granted_again():
    group = Group.objects.get(name=roles.SALES_REP)
    group.permissions.remove(*group.permissions.filter(codename="add_account"))
    grant_shipped(using=DEFAULT_DB_ALIAS)
    assert not group.permissions.filter(codename="add_account").exists()


def test_a_role_that_may_nothing_is_granted_what_it_ships_with():
    group = Group.objects.get(name=roles.SALES_REP)
    group.permissions.clear()
    grant_shipped(using=DEFAULT_DB_ALIAS)
    assert group.permissions.filter(codename="add_account").exists()
