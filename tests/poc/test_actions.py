"""Opening and changing who answers."""

import pytest

from crm.dossiers.actions import NameRequired
from crm.dossiers.models import Event
from crm.poc import actions
from crm.poc.models import Membership, PointOfContact
from tests.factories import AT
from tests.factories.poc import PersonFactory, TeamFactory
from tests.factories.users import UserFactory, actor

pytestmark = pytest.mark.django_db

PERSON, TEAM = PointOfContact.Kind.PERSON, PointOfContact.Kind.TEAM


def test_a_user_becomes_a_person_who_answers_with_the_same_name_and_address():
    user = UserFactory(name="Inês Carvalho")
    poc = actions.open_person(user=user, by=actor(), at=AT, phone="+351 21 000 00 00")
    assert (poc.name, poc.email, poc.phone, poc.user) == ("Inês Carvalho", user.email, "+351 21 000 00 00", user)
    assert poc.name_key == "ines carvalho"


def test_a_user_answers_as_one_person_only():
    user = PersonFactory(signs_in=True).user
    with pytest.raises(actions.AlreadyAPoc):
        actions.open_person(user=user, by=actor(), at=AT)


def test_a_home_team_has_its_people_as_members():
    team = TeamFactory()
    person = actions.open_poc(kind=PERSON, name="Ann", home_team=team, by=actor(), at=AT)
    assert list(team.memberships.values_list("member", flat=True)) == [person.pk]


def test_a_person_who_changes_the_home_team_joins_the_new_one():
    person, new = PersonFactory(home_team=TeamFactory()), TeamFactory()
    actions.change_poc(poc=person, home_team=new, by=actor(), at=AT)
    assert Membership.objects.filter(team=new, member=person).exists()


@pytest.mark.parametrize("pocs", [1, 12])
def test_opening_many_costs_four_statements_however_many(pocs, django_assert_num_queries):
    by = actor()
    team = TeamFactory()
    new = [actions.NewPoc(PERSON, f"Person {n}", {"home_team": team}) for n in range(pocs)]
    with django_assert_num_queries(4 + 2):  # POCs, memberships, events, their personal part; a savepoint around
        actions.open_pocs(pocs=new, by=by, at=AT)


def test_nobody_answers_without_a_name():
    with pytest.raises(NameRequired):
        actions.open_poc(kind=PERSON, name="  ", by=actor(), at=AT)


def test_what_belongs_to_people_and_to_teams_is_kept_apart():
    team, person = TeamFactory(), PersonFactory()
    with pytest.raises(actions.PersonRequired):
        actions.open_poc(kind=TEAM, name="Support", home_team=team, by=actor(), at=AT)
    with pytest.raises(actions.TeamRequired):
        actions.open_poc(kind=PERSON, name="Ann", home_team=person, by=actor(), at=AT)
    with pytest.raises(actions.TeamRequired):
        actions.set_lead(team=person, lead=team, by=actor(), at=AT)
    with pytest.raises(actions.LeadsItself):
        actions.set_lead(team=team, lead=team, by=actor(), at=AT)
    with pytest.raises(actions.PersonRequired):
        actions.add_member(team=team, member=TeamFactory(), by=actor(), at=AT)


def test_a_change_is_recorded_with_its_names_apart():
    poc = PersonFactory(name="Ann Keller")
    actions.change_poc(poc=poc, name="Ann  Weber", zone="Europe/Berlin", by=actor(), at=AT)
    event = Event.objects.get(kind=Event.Kind.CHANGED)
    assert event.facts["changes"] == {"zone": ["", "Europe/Berlin"], "name": ["", ""]}
    assert event.personal.values == {"name": "Ann Weber", "changes": {"name": ["Ann Keller", "Ann Weber"]}}


def test_what_stays_as_it_is_leaves_no_trace():
    team = TeamFactory(members=[person := PersonFactory()], lead=person)
    actions.change_poc(poc=person, name=person.name, by=actor(), at=AT)
    actions.add_member(team=team, member=person, by=actor(), at=AT)
    actions.set_lead(team=team, lead=person, by=actor(), at=AT)
    assert not Event.objects.exists()


def test_a_person_leaves_a_team():
    team = TeamFactory(members=[person := PersonFactory()])
    actions.remove_member(team=team, member=person, by=actor(), at=AT)
    assert not team.memberships.exists()
    assert Event.objects.get().personal.values["changes"] == {"member": [person.name, ""]}
