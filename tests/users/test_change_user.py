"""Changing who somebody is and what they may."""

import pytest
from django.contrib.auth.models import Group

from crm.dossiers.actions import NameRequired
from crm.dossiers.models import Event
from crm.poc.models import PointOfContact
from crm.users import roles
from crm.users.actions import BadAddress, LastAdministrator, SignsInAlready, StillAnswers, change_user, set_active
from crm.users.models import User
from tests.factories import AT
from tests.factories.poc import PersonFactory
from tests.factories.users import UserFactory, actor

pytestmark = pytest.mark.django_db


def changed(user, **values):
    own = {"name": user.name, "email": user.email, "groups": list(user.groups.all())}
    return change_user(user=user, by=actor(), at=AT, **own | values)


def active(user, is_active):
    return set_active(user=user, is_active=is_active, by=actor(), at=AT)


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
        active(administrator, False)
    with pytest.raises(LastAdministrator):
        changed(administrator, groups=[])
    UserFactory(administrator=True)
    assert not active(administrator, False).is_active


def test_whoever_answers_signs_in_until_they_leave():
    poc = PersonFactory(signs_in=True)
    with pytest.raises(StillAnswers) as refusal:
        active(poc.user, False)
    assert (refusal.value.field, refusal.value.code) == ("is_active", "still_answers")
    PointOfContact.objects.filter(pk=poc.pk).update(deactivated_at=AT)
    assert not active(User.objects.get(pk=poc.user_id), False).is_active


def test_a_sign_in_that_ends_and_begins_is_recorded_once_each():
    user = UserFactory()
    for is_active in (True, False, False, True):
        active(user, is_active)
    changes = [event.facts["changes"]["is_active"] for event in Event.objects.order_by("pk")]
    assert changes == [["True", "False"], ["False", "True"]]


def test_giving_the_same_again_records_nothing():
    changed(UserFactory(role=roles.SALES_REP))
    assert not Event.objects.exists()


def test_what_is_personal_is_recorded_apart():
    user = UserFactory(name="Bo", email="bo@firm.example")
    changed(user, name="Bo Berg", email="berg@firm.example", time_zone="Europe/Lisbon")
    event = Event.objects.get()
    assert event.facts["changes"] == {"time_zone": ["", "Europe/Lisbon"], "name": ["", ""], "email": ["", ""]}
    assert event.personal.values["changes"]["email"] == ["bo@firm.example", "berg@firm.example"]
