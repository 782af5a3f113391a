"""The API says of everything owed how its due moment came about."""

import pytest

from crm.commitments.models import Kind
from tests.commitments.conftest import moment
from tests.factories.dossiers import DossierFactory
from tests.factories.interactions import FollowUpFactory, InteractionFactory
from tests.factories.users import UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def asks(api):
    api.force_authenticate(UserFactory(role="read_only", time_zone="UTC"))
    return api


def counted(house, **values):
    given = {"kind": Kind.FIRST_ANSWER, "due_at": None, "zone": "", "at": moment("Mon 15:00")} | values
    return house.promise(**given)


def test_one_and_many_say_it(house, asks):
    answer, said = counted(house), house.promise()
    rows = {row["id"]: row["due_because"] for row in asks.get("/api/v1/owed/").json()["results"]}
    assert rows[said.pk] == ["due Wed 4 Mar 10:00, as it was promised"]
    assert rows[answer.pk][0] == "8 working hours from Mon 2 Mar 15:00"
    assert asks.get(f"/api/v1/owed/{answer.pk}/").json()["due_because"] == rows[answer.pk]


def test_follow_ups_say_it_too_by_themselves_and_within_their_interaction(house, asks):
    said = InteractionFactory()
    follow_up = FollowUpFactory(interaction=said, commitment__dossier=said.dossier)
    one = asks.get(f"/api/v1/follow-ups/{follow_up.pk}/").json()
    assert one["due_because"][-1].startswith("due ")
    within = asks.get(f"/api/v1/interactions/{said.pk}/").json()["follow_ups"]
    assert [row["due_because"] for row in within] == [one["due_because"]]


def test_a_list_costs_the_same_however_long(house, asks, django_assert_num_queries):
    costs = []
    for more in (2, 10):
        for _n in range(more):
            counted(house, dossier=DossierFactory())
        asks.get("/api/v1/owed/")
        with django_assert_num_queries(20, exact=False) as captured:
            asks.get("/api/v1/owed/")
        costs.append(len(captured))
    assert costs[0] == costs[1]
