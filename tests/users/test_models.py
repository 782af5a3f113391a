import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.db import IntegrityError, transaction
from django.db.models import ProtectedError

from crm.users import roles
from crm.users.models import RoleScope, User
from tests.factories.dossiers import EventFactory
from tests.factories.poc import AssignmentFactory, PersonFactory
from tests.factories.users import UserFactory

pytestmark = pytest.mark.django_db


def test_an_address_is_one_user_whatever_its_case():
    UserFactory(email="ann@firm.example")
    with pytest.raises(IntegrityError), transaction.atomic():
        UserFactory(email="Ann@firm.example")


def test_a_user_has_a_name():
    with pytest.raises(IntegrityError, match="user_has_a_name"), transaction.atomic():
        UserFactory(name="")


def test_users_are_made_with_their_address_in_lower_case(clock):
    user = User.objects.create_user("Ann@Firm.example", "secret words here", name="Ann")
    assert user.email == "ann@firm.example"
    assert user.check_password("secret words here")
    assert User.objects.get_by_natural_key("ANN@firm.EXAMPLE") == user


def test_a_user_without_a_password_cannot_sign_in_until_they_asked_for_one():
    assert not User.objects.create_user("bo@firm.example", name="Bo").has_usable_password()


def test_a_superuser_may_open_the_administration():
    user = User.objects.create_superuser("root@firm.example", "x", name="Root")
    assert user.is_staff
    assert user.is_superuser


def test_users_with_history_cannot_be_deleted():
    acted = EventFactory(actor=UserFactory()).actor
    answers = PersonFactory(signs_in=True).user
    decided = AssignmentFactory(decided_by=UserFactory()).decided_by
    for user in (acted, answers, decided):
        with pytest.raises(ProtectedError), transaction.atomic():
            user.delete()
    assert get_user_model().objects.filter(pk__in=[acted.pk, answers.pk, decided.pk]).count() == 3


def test_a_role_has_one_scope():
    group = Group.objects.get(name=roles.SALES_REP)
    RoleScope.objects.create(group=group, sees=RoleScope.Sees.OWN)
    with pytest.raises(IntegrityError), transaction.atomic():
        RoleScope.objects.create(group=group)
