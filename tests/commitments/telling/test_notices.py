"""An alarm is told to somebody: the administrators, the front desk in their absence, in the end the inbox alone."""

import pytest

from crm.commitments.models import Notification
from crm.commitments.telling import notices
from tests.commitments.conftest import MONDAY, moment
from tests.factories.dossiers import DossierFactory
from tests.factories.poc import AbsenceFactory, PersonFactory, front_desk
from tests.factories.users import UserFactory


@pytest.fixture
def ada(house):
    """The only administrator."""
    return PersonFactory(name="Ada", user=UserFactory(administrator=True))


def away(poc) -> None:
    AbsenceFactory(poc=poc, starts_at=MONDAY, ends_at=moment("Sun 00:00"))


def alarm(house) -> list[tuple[str, str]]:
    """Raise one on Tuesday, and return who hears of it, and how."""
    notices.alarm(idem_key="q:c1", kind="set_aside", facts={"title": "Call"}, at=house.at("Tue 10:00"))
    return sorted(Notification.objects.filter(kind="set_aside").values_list("recipient__name", "channel"))


def test_an_alarm_is_the_administrators(house, ada):
    assert alarm(house) == [("Ada", "email"), ("Ada", "inbox")]


def test_while_all_administrators_are_away_the_front_desk_hears_of_it(house, ada):
    away(ada)
    assert alarm(house) == [("Dora", "email"), ("Dora", "inbox")]


def test_an_administrator_who_is_there_hears_of_it_alone(house, ada):
    away(ada)
    PersonFactory(name="Bob", user=UserFactory(administrator=True))
    assert alarm(house) == [("Bob", "email"), ("Bob", "inbox")]


def test_where_nobody_is_there_it_waits_in_the_administrators_inbox(house, ada):
    away(ada)
    front_desk().memberships.all().delete()
    assert alarm(house) == [("Ada", "inbox")]


def test_without_an_administrator_the_front_desk_hears_of_it(house):
    assert alarm(house) == [("Dora", "email"), ("Dora", "inbox")]


@pytest.mark.parametrize("n", [1, 40])
def test_alarms_cost_the_same_however_many(house, ada, django_assert_num_queries, n):
    owed = [house.promise(title=f"Call {i}", dossier=DossierFactory()) for i in range(n)]
    alarms = [notices.Alarm(f"q:c{c.pk}", "nobody", {"title": c.title}, c) for c in owed]
    at = house.at("Tue 10:00")
    with django_assert_num_queries(4):  # who administers, how to reach them; notices, grants
        notices.alarm_all(alarms, at=at)
    assert Notification.objects.filter(kind="nobody", channel="inbox").count() == n
