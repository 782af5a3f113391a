"""What roles give, and that it comes with whoever asks for a page."""

import pytest
from django.contrib.auth.models import Group, Permission
from django.test import Client

from crm.users.models import RoleScope, User
from crm.users.rights import Rights, rights_of, with_rights
from tests.factories.users import UserFactory, narrow

pytestmark = pytest.mark.django_db


def again(user: User) -> User:
    """The same user as the next request finds them."""
    return User.objects.get(pk=user.pk)


def test_roles_add_up():
    narrow("support", RoleScope.Sees.TEAM)
    user = UserFactory(role="support")
    assert not again(user).has_perm("accounts.change_account")
    user.groups.add(Group.objects.get(name="sales_rep"))
    assert again(user).has_perm("accounts.change_account")
    assert rights_of(again(user)).sees == {"team", "all"}


def test_without_a_role_one_may_nothing_and_sees_no_more_than_ones_own():
    assert rights_of(UserFactory()) == Rights(frozenset(), frozenset())


def test_only_roles_give_rights():
    user = UserFactory()
    user.user_permissions.add(Permission.objects.get(codename="view_account"))
    assert not again(user).has_perm("accounts.view_account")


def test_who_may_not_sign_in_any_more_may_nothing():
    user = UserFactory(role="administrator", is_active=False)
    assert not user.has_perm("accounts.view_account")
    assert user.get_all_permissions() == set()


def test_a_superuser_may_everything():
    user = UserFactory(superuser=True)
    assert user.has_perm("accounts.view_account")
    assert "accounts.view_account" in user.get_all_permissions()


def test_rights_are_read_once_and_with_the_user_where_that_was_asked(django_assert_num_queries):
    user = again(UserFactory(role="sales_rep"))
    with django_assert_num_queries(1):
        assert user.has_perm("accounts.view_account") and user.has_module_perms("accounts")
        assert rights_of(user).sees == {"all"}
    with django_assert_num_queries(1):
        assert with_rights(User.objects.all()).get(pk=user.pk).has_perm("accounts.view_account")


def test_every_page_asks_twice_for_its_reader(client: Client, django_assert_num_queries):
    client.force_login(UserFactory(role="read_only"))
    with django_assert_num_queries(2):  # session; reader, with their rights, the moment and the firm's zone
        assert client.get("/accounts/new/").status_code == 403
