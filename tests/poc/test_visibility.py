"""Who may see what: the one door to rows."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import AnonymousUser

from accounts.models import Account
from contacts.models import Contact
from crm.dossiers.models import Dossier
from crm.poc.visibility import pocs_of, scope_of, visible_dossiers, visible_homes
from crm.users import roles
from crm.users.models import RoleScope, User
from projects.models import Project
from tests.factories import AT
from tests.factories.accounts import AccountFactory
from tests.factories.contacts import ContactFactory
from tests.factories.poc import (
    AbsenceFactory,
    AssignmentFactory,
    GrantFactory,
    MembershipFactory,
    PersonFactory,
    TeamFactory,
    front_desk,
)
from tests.factories.projects import ProjectFactory
from tests.factories.users import UserFactory, narrow

pytestmark = pytest.mark.django_db

Sees = RoleScope.Sees


@pytest.fixture(autouse=True)
def _now(clock):
    clock.freeze(AT)


def rep(sees=Sees.OWN):
    """A person who signs in as a sales rep whose role was narrowed."""
    narrow(roles.SALES_REP, sees)
    return PersonFactory(user=UserFactory(role=roles.SALES_REP))


def seen(poc):
    """The homes somebody sees, asked anew."""
    return set(visible_homes(User.objects.get(pk=poc.user_id)) or [])


def held_by(poc, **more):
    return AssignmentFactory(poc=poc, dossier=AccountFactory().dossier, **more).dossier_id


# --- All


@pytest.mark.parametrize("role", roles.LABELS)
def test_by_default_every_member_of_the_firm_sees_everything(role):
    assert visible_homes(UserFactory(role=role)) is None


def test_the_widest_of_several_roles_counts():
    narrow(roles.SALES_REP, Sees.OWN)
    narrow(roles.SUPPORT, Sees.TEAM)
    user = UserFactory(role=roles.SALES_REP)
    assert scope_of(User.objects.get(pk=user.pk)) == Sees.OWN
    user.groups.add(*UserFactory(role=roles.SUPPORT).groups.all())
    assert scope_of(User.objects.get(pk=user.pk)) == Sees.TEAM
    user.groups.add(*UserFactory(role=roles.PROJECT_MANAGER).groups.all())
    assert scope_of(User.objects.get(pk=user.pk)) == Sees.ALL


def test_without_a_role_one_sees_ones_own():
    held = AssignmentFactory(poc=PersonFactory(signs_in=True))
    AccountFactory()
    assert seen(held.poc) == {held.dossier_id}


def test_nobody_signed_in_and_nobody_deactivated_sees_anything():
    assert visible_homes(AnonymousUser()) == []
    assert visible_homes(UserFactory(superuser=True, is_active=False)) == []
    assert not visible_dossiers(AnonymousUser()).exists()


def test_a_superuser_sees_everything():
    assert visible_homes(UserFactory(superuser=True)) is None


@pytest.mark.parametrize("how", ["member", "lead"])
def test_the_front_desk_sees_everything(how):
    poc = rep()
    if how == "member":
        MembershipFactory(team=front_desk(), member=poc)
    else:
        type(poc).objects.house().update(lead=poc)
    assert visible_homes(User.objects.get(pk=poc.user_id)) is None


# --- Own


def test_own_is_where_one_answers_at_any_place_on_any_topic():
    poc = rep()
    mine = {held_by(poc), held_by(poc, rank=2)}
    AssignmentFactory()
    assert seen(poc) == mine


def test_a_project_of_mine_shows_its_whole_account():
    poc = rep()
    project = ProjectFactory()
    AssignmentFactory(poc=poc, dossier=project.dossier)
    contact = ContactFactory(account=project.account)
    other = ContactFactory(at_account=True)
    user = poc.user
    assert set(Account.objects.visible_to(user)) == {project.account}
    assert set(Project.objects.visible_to(user)) == {project}
    assert set(Contact.objects.visible_to(user)) == {contact}
    assert other.dossier not in visible_dossiers(user)


def test_what_belongs_to_my_account_is_mine_and_what_stands_above_is_not():
    poc = rep()
    above = AccountFactory()
    mine = AccountFactory(parent=above)
    below = AccountFactory(parent=AccountFactory(parent=mine))
    AssignmentFactory(poc=poc, dossier=mine.dossier)
    assert seen(poc) == {mine.pk, below.dossier.parent_id, below.pk}


@pytest.mark.parametrize(
    ("starts", "ends", "sees"),
    [(-1, None, True), (0, 1, True), (1, None, False), (-2, -1, False), (-1, 0, False), (0, 0, False)],
)
def test_only_where_one_answers_now_counts(starts, ends, sees):
    poc = rep()
    period = {"starts_at": AT + timedelta(days=starts), "ends_at": None if ends is None else AT + timedelta(days=ends)}
    assert bool(held_by(poc, **period) in seen(poc)) is sees


def test_covering_for_somebody_shows_what_they_answer_for_until_they_are_back(clock):
    poc = rep()
    absence = AbsenceFactory(cover=poc)
    theirs = held_by(absence.poc)
    assert seen(poc) == {theirs}
    clock.freeze(absence.ends_at)
    assert seen(poc) == set()


def test_being_told_about_a_record_opens_it_until_the_cause_ends():
    poc = rep()
    grant = GrantFactory(poc=poc)
    assert seen(poc) == {grant.home_id}
    grant.ended_at = AT
    grant.save()
    assert seen(poc) == set()


def test_own_leaves_out_the_teams():
    poc = rep()
    team = TeamFactory(members=[poc])
    held_by(team)
    assert seen(poc) == set()


# --- Team


@pytest.mark.parametrize("how", ["member", "lead", "home"])
def test_team_adds_ones_teams_and_their_members(how):
    poc = rep(Sees.TEAM)
    mate = PersonFactory()
    team = TeamFactory(members=[mate, *([poc] if how == "member" else [])], lead=poc if how == "lead" else None)
    if how == "home":
        type(poc).objects.filter(pk=poc.pk).update(home_team=team)
    mine = {held_by(poc), held_by(team), held_by(mate), GrantFactory(poc=mate).home_id}
    AssignmentFactory(poc=TeamFactory(members=[PersonFactory()]))
    assert seen(poc) == mine


def test_whom_a_mate_covers_for_is_not_mine():
    poc = rep(Sees.TEAM)
    mate = PersonFactory()
    TeamFactory(members=[poc, mate])
    held_by(AbsenceFactory(cover=mate).poc)
    assert seen(poc) == set()


# --- What it costs


def test_the_homes_are_evaluated_once_per_request(django_assert_num_queries):
    poc = rep(Sees.TEAM)
    held_by(poc)
    user = User.objects.get(pk=poc.user_id)
    visible_homes(user)
    with django_assert_num_queries(1):
        list(visible_dossiers(user))
    with django_assert_num_queries(0):
        visible_homes(user)


@pytest.mark.parametrize("many", [1, 40])
def test_finding_the_homes_costs_the_same_however_many(django_assert_num_queries, many):
    poc = rep(Sees.TEAM)
    TeamFactory(members=[poc, PersonFactory()])
    for _n in range(many):
        account = AccountFactory(parent=AccountFactory())
        AssignmentFactory(poc=poc, dossier=account.dossier.parent)
    user = User.objects.get(pk=poc.user_id)
    # roles, my POC and my teams, whom we cover, the teams' members, where we answer, what is below
    with django_assert_num_queries(6):
        assert len(visible_homes(user)) == 2 * many


def test_mine_are_my_own_poc_and_those_i_cover():
    poc = rep()
    absence = AbsenceFactory(cover=poc)
    assert pocs_of(poc.user) == {poc.pk, absence.poc_id}


def test_a_record_that_is_its_own_home_is_seen_alone():
    poc = rep()
    lonely = ContactFactory()
    AssignmentFactory(poc=poc, dossier=lonely.dossier)
    assert set(visible_dossiers(poc.user)) == {lonely.dossier}
    assert Dossier.objects.within([lonely.pk]).get() == lonely.dossier


# --- Covers of covers, and teams that cover


@pytest.mark.parametrize("how", ["member", "lead"])
def test_whom_my_team_covers_i_cover(how):
    poc = rep()
    team = TeamFactory(members=[poc]) if how == "member" else TeamFactory(lead=poc, members=[PersonFactory()])
    theirs = held_by(AbsenceFactory(cover=team).poc)
    assert seen(poc) == {theirs}


def test_whoever_covers_for_one_who_covers_sees_what_the_first_answers_for():
    poc = rep()
    second = AbsenceFactory(cover=poc).poc
    theirs = {held_by(AbsenceFactory(cover=second).poc), held_by(second)}
    assert seen(poc) == theirs


def test_a_circle_of_covers_ends():
    poc = rep()
    absence = AbsenceFactory(cover=poc)
    AbsenceFactory(poc=poc, cover=absence.poc)
    ours = {held_by(poc), held_by(absence.poc)}
    assert seen(poc) == ours
