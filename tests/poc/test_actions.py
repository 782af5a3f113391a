"""Opening and changing who answers."""

from datetime import timedelta

import pytest

from crm.dossiers.actions import NameRequired
from crm.dossiers.models import Event
from crm.poc import actions
from crm.poc.models import Membership, PointOfContact
from tests.factories import AT
from tests.factories.poc import AbsenceFactory, AssignmentFactory, PersonFactory, TeamFactory, front_desk
from tests.factories.users import UserFactory, actor

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)
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
        actions.change_poc(poc=person, lead=team, by=actor(), at=AT)
    with pytest.raises(actions.LeadsItself):
        actions.change_poc(poc=team, lead=team, by=actor(), at=AT)
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
    actions.change_poc(poc=team, lead=person, by=actor(), at=AT)
    assert not Event.objects.exists()


def test_a_person_leaves_a_team():
    team = TeamFactory(members=[person := PersonFactory(), PersonFactory()])
    for _time in range(2):
        actions.remove_member(team=team, member=person, by=actor(), at=AT)
    assert not team.memberships.filter(member=person).exists()
    assert Event.objects.get().personal.values["changes"] == {"member": [person.name, ""]}


def test_the_last_one_who_answers_stays_in_their_team():
    team = TeamFactory(members=[person := PersonFactory(name="Ann"), PersonFactory(deactivated_at=AT)])
    with pytest.raises(actions.LastMember) as refusal:
        actions.remove_member(team=team, member=person, by=actor(), at=AT)
    assert (refusal.value.field, refusal.value.code) == ("member", "last_member")
    assert "Ann is the last one" in refusal.value.messages[0]
    assert team.memberships.filter(member=person).exists()


# --- Answering no longer ---------------------------------------------------------------------------------------------


def holds_a_place(poc):
    AssignmentFactory(poc=poc)


def is_to_hold_one(poc):
    AssignmentFactory(poc=poc, starts_at=AT + DAY)


def leads_a_team(poc):
    TeamFactory(lead=poc)


def stands_in(poc):
    AbsenceFactory(cover=poc)


def is_the_last_in_a_team(poc):
    TeamFactory(members=[poc])


@pytest.mark.parametrize("holds", [holds_a_place, is_to_hold_one, leads_a_team, stands_in, is_the_last_in_a_team])
def test_nobody_is_deactivated_who_answers_for_something(holds):
    poc = PersonFactory(name="Ann")
    holds(poc)
    with pytest.raises(actions.StillAnswers) as refusal:
        actions.deactivate_many(pocs=[poc], by=actor(), at=AT)
    assert refusal.value.messages == ["Ann still answers for something. Say who follows: let them leave."]
    poc.refresh_from_db()
    assert poc.deactivated_at is None


def test_what_is_over_holds_nobody_back():
    poc = PersonFactory()
    AssignmentFactory(poc=poc, ends_at=AT)
    AssignmentFactory(poc=poc, starts_at=AT + DAY, ends_at=AT + DAY)  # withdrawn
    AbsenceFactory(cover=poc, ends_at=AT)
    TeamFactory(lead=poc, deactivated_at=AT)
    TeamFactory(members=[poc, PersonFactory()])
    actions.deactivate_many(pocs=[poc], by=actor(), at=AT)
    poc.refresh_from_db()
    assert poc.deactivated_at == AT


def test_a_team_and_its_last_one_go_together():
    team = TeamFactory(members=[person := PersonFactory()], lead=None)
    actions.deactivate_many(pocs=[team, person], by=actor(), at=AT)
    assert not PointOfContact.objects.active().filter(pk__in=[team.pk, person.pk]).exists()


@pytest.mark.parametrize("pocs", [1, 12])
def test_deactivating_many_costs_the_same(pocs, django_assert_num_queries):
    by, people = actor(), PersonFactory.create_batch(pocs)
    with django_assert_num_queries(5 + 2):  # lock, who holds something, update, events, their names; a savepoint
        actions.deactivate_many(pocs=people, by=by, at=AT)


def test_going_and_coming_back_are_recorded_once_each():
    poc = PersonFactory()
    for _time in range(2):
        actions.deactivate_many(pocs=[poc], by=actor(), at=AT)
    for _time in range(2):
        actions.reactivate(poc=poc, by=actor(), at=AT)
    assert [list(e.facts["changes"]) for e in Event.objects.all()] == [["deactivated_at"]] * 2


def test_the_front_desk_always_stays():
    with pytest.raises(actions.FrontDeskStays):
        actions.deactivate_many(pocs=[front_desk()], by=actor(), at=AT)
