"""Changing who somebody is and what they may."""

import pytest
from django.contrib.auth.models import Group

from crm.dossiers.actions import NameRequired
from crm.dossiers.models import Event
from crm.users import roles
from crm.users.actions import BadAddress, LastAdministrator, SignsInAlready, change_user
from tests.factories import AT
from tests.factories.users import UserFactory, actor

pytestmark = pytest.mark.django_db


def changed(user, **values):
    own = {"name": user.name, "email": user.email, "groups": list(user.groups.all())}
    return change_user(user=user, by=actor(), at=AT, **own | values)


@pytest.fixture(autouse=True)
def administrator():
    return UserFactory(administrator=True)


def test_the_address_is_kept_in_lower_case_and_is_ones_own():
    UserFactory(email="bo@firm.example")
    user = UserFactory()
    assert changed(user, email=" Ann@Firm.example ").email == "ann@firm.example"
    with pytest.raises(SignsInAlready):
        changed(user, email="BO@firm.example")


@pytest.mark.parametrize(("values", "refusal"), [({"name": " "}, NameRequired), ({"email": "nobody"}, BadAddress)])
def test_bad_input_is_refused(values, refusal):
    with pytest.raises(refusal):
        changed(UserFactory(), **values)


def test_the_administration_opens_and_closes_with_the_roles():
    user = UserFactory(role=roles.SALES_REP)
    manager = Group.objects.get(name=roles.ACCOUNT_MANAGER)
    assert changed(user, groups=[manager]).is_staff
    assert not changed(user, groups=[]).is_staff


def test_an_administrator_who_is_active_remains(administrator):
    with pytest.raises(LastAdministrator):
        changed(administrator, is_active=False)
    with pytest.raises(LastAdministrator):
        changed(administrator, groups=[])
    UserFactory(administrator=True)
    assert not changed(administrator, is_active=False).is_active


def test_giving_the_same_again_records_nothing():
    changed(UserFactory(role=roles.SALES_REP))
    assert not Event.objects.exists()


def test_what_is_personal_is_recorded_apart():
    user = UserFactory(name="Bo", email="bo@firm.example")
    changed(user, name="Bo Berg", email="berg@firm.example", time_zone="Europe/Lisbon")
    event = Event.objects.get()
    assert event.facts["changes"] == {"time_zone": ["", "Europe/Lisbon"], "name": ["", ""], "email": ["", ""]}
    assert event.personal.values["changes"]["email"] == ["bo@firm.example", "berg@firm.example"]
