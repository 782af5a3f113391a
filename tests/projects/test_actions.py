from datetime import date

import pytest

from crm.dossiers.actions import NameRequired
from crm.dossiers.models import Event
from projects.actions import (
    AccountRequired,
    AlreadyStakeholder,
    EndsBeforeStart,
    NewProject,
    add_stakeholder,
    change_project,
    open_project,
    open_projects,
    remove_stakeholder,
)
from projects.models import Project
from tests.factories import AT
from tests.factories.accounts import AccountFactory
from tests.factories.contacts import ContactFactory, role
from tests.factories.dossiers import tier
from tests.factories.projects import ProjectFactory, StakeholderFactory
from tests.factories.users import actor

pytestmark = pytest.mark.django_db


def changed(project, **values):
    """Change a project, by default to what it is."""
    own = {"name": project.name, "account": project.account, "tier": None}
    return change_project(project=project, by=actor(), at=AT, **own | values)


def test_opening_lies_on_the_timelines_of_project_and_account():
    account = AccountFactory()
    project = open_project(name="Cold store", account=account, tier=tier(), phase="running", by=actor(), at=AT)
    assert (project.name, project.dossier.home_id, project.account) == ("Cold store", account.pk, account)
    event = Event.objects.get()
    assert {t.dossier_id for t in event.touched.all()} == {project.pk, account.pk}
    assert event.home_id == account.pk


@pytest.mark.parametrize(
    ("values", "refusal"),
    [
        ({"name": " "}, NameRequired),
        ({"account": None}, AccountRequired),
        ({"starts_on": date(2026, 3, 4), "ends_on": date(2026, 3, 3)}, EndsBeforeStart),
    ],
)
def test_bad_input_is_refused_and_nothing_is_written(values, refusal):
    with pytest.raises(refusal):
        open_project(**{"name": "Cold store", "account": AccountFactory(), "by": actor(), "at": AT} | values)
    assert not Project.objects.exists()


@pytest.mark.parametrize("many", [2, 40])
def test_opening_many_costs_the_same_few_statements(django_assert_num_queries, many):
    by, account = actor(), AccountFactory()
    # savepoint, levels above, records, projects, events, timelines, names, savepoint
    with django_assert_num_queries(8):
        open_projects(projects=[NewProject(f"Project {n}", account) for n in range(many)], by=by, at=AT)


def test_changing_says_old_and_new_and_moves_home_with_the_account():
    project, other = ProjectFactory(name="Cold store"), AccountFactory(name="Rio")
    was = project.account.name
    moved = changed(project, account=other, phase="running", starts_on=date(2026, 3, 4))
    assert (moved.account, moved.dossier.home_id) == (other, other.pk)
    filed, fields = Event.objects.order_by("pk")
    assert filed.facts["changes"] == {"parent": [was, "Rio"]}
    assert fields.facts["changes"] == {"phase": ["planned", "running"], "starts_on": ["", "2026-03-04"]}


def test_a_project_keeps_an_account_and_possible_dates():
    project = ProjectFactory(starts_on=date(2026, 3, 4))
    with pytest.raises(AccountRequired):
        changed(project, account=None)
    with pytest.raises(EndsBeforeStart):
        changed(project, ends_on=date(2026, 3, 3))
    project.refresh_from_db()
    assert project.ends_on is None


def test_a_contact_is_given_a_part_once_and_it_can_be_taken_away():
    project, contact = ProjectFactory(), ContactFactory(name="Rui Tavares")
    stake = add_stakeholder(project=project, contact=contact, role=role(), by=actor(), at=AT)
    with pytest.raises(AlreadyStakeholder):
        add_stakeholder(project=project, contact=contact, role=role(), by=actor(), at=AT)
    remove_stakeholder(stakeholder=stake, by=actor(), at=AT)
    assert not project.stakeholders.exists()
    added, removed = Event.objects.order_by("pk")
    assert added.facts["changes"] == {"stakeholder": ["", "Decision maker"]}
    assert removed.facts["changes"] == {"stakeholder": ["Decision maker", ""]}
    assert added.personal.values == removed.personal.values == {"contact": "Rui Tavares"}


def test_a_stakeholder_may_come_from_another_account():
    stake = StakeholderFactory(contact=ContactFactory(at_account=True))
    assert stake.contact.account != stake.project.account
