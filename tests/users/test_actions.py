"""Letting people sign in."""

import pytest

from crm.dossiers.actions import NameRequired
from crm.dossiers.models import Event
from crm.users import actions, roles
from crm.users.models import User
from tests.factories import AT
from tests.factories.users import UserFactory, actor

pytestmark = pytest.mark.django_db


def open_user(**values):
    given = {"email": "Eva@Firm.example", "name": "Eva Sol", "role": roles.SALES_REP} | values
    return actions.open_user(by=actor(), at=AT, **given)


def test_somebody_signs_in_with_a_role():
    user = open_user(password="a long enough one")
    assert user.email == "eva@firm.example" and user.check_password("a long enough one")
    assert [g.name for g in user.groups.all()] == [roles.SALES_REP] and not user.is_staff
    assert Event.objects.get().personal.values == {"name": "Eva Sol", "email": "eva@firm.example"}


def test_without_a_password_nobody_signs_in_before_they_asked_for_one():
    assert not open_user().has_usable_password()


@pytest.mark.parametrize("role", roles.OPENS_ADMINISTRATION)
def test_those_who_need_it_may_open_the_administration(role):
    assert open_user(role=role).is_staff


@pytest.mark.parametrize(
    ("values", "refusal"),
    [
        ({"name": " "}, NameRequired),
        ({"email": "eva"}, actions.BadAddress),
        ({"role": "owner"}, actions.NoSuchRole),
        ({"email": "ANN@firm.example"}, actions.SignsInAlready),
    ],
)
def test_who_cannot_sign_in_is_refused(values, refusal):
    UserFactory(email="ann@firm.example")
    with pytest.raises(refusal):
        open_user(**values)
    assert not User.objects.filter(name="Eva Sol").exists()
