"""Projects: the list, the table of who answers, the forms, the stakeholders."""

from datetime import date, timedelta

import pytest
from django.test import Client

from crm.users.models import RoleScope
from interactions.actions import Touch, log
from projects.models import Project, Stakeholder
from tests.factories import AT
from tests.factories.accounts import AccountFactory
from tests.factories.contacts import ContactFactory, role
from tests.factories.dossiers import EventFactory, channel, outcome, topic
from tests.factories.poc import AssignmentFactory, PersonFactory
from tests.factories.projects import ProjectFactory, StakeholderFactory
from tests.factories.users import actor, narrow
from tests.pages.test_accounts import names, promise

pytestmark = pytest.mark.django_db


def full_project(**fields) -> Project:
    """A project with somebody who answers, a stakeholder, something owed and something that happened."""
    project = ProjectFactory(**fields)
    AssignmentFactory(dossier=project.dossier)
    StakeholderFactory(project=project, contact=ContactFactory(account=project.account))
    promise(project)
    EventFactory(dossiers=[project.dossier])
    return project


@pytest.mark.parametrize("projects", [1, 12])
def test_the_list_costs_the_same_however_long(as_rep: Client, django_assert_num_queries, projects):
    for _n in range(projects):
        full_project()
    # session, reader · rows · who answers: topics, places, POCs · what is owed next
    with django_assert_num_queries(7):
        assert len(as_rep.get("/projects/").context["page"]) == projects


@pytest.mark.parametrize("n", [1, 10])
def test_the_page_costs_the_same_whatever_happened(as_rep: Client, django_assert_num_queries, n):
    project = full_project()
    for _n in range(n):
        EventFactory.create_batch(10, dossiers=[project.dossier])
        promise(project)
        contact = ContactFactory(account=project.account, phones=["+351 21 555 0123"])
        StakeholderFactory(project=project, contact=contact)
        touch = Touch(channel=channel(), direction="out", topic=topic(), project=project, outcome=outcome())
        log(touch=touch, by=actor(), at=AT)
    # session, reader · project, stakeholders, words, what is owed · who answers: places, POCs · timeline ·
    # table: last touches, what is owed next · handovers that wait
    with django_assert_num_queries(12):
        as_rep.get(f"/projects/{project.pk}/")


def test_a_project_outside_ones_view_is_not_there(as_manager: Client):
    narrow("account_manager", RoleScope.Sees.OWN)
    project = ProjectFactory()
    for address in ("", "edit/", "stakeholders/new/"):
        assert as_manager.get(f"/projects/{project.pk}/{address}").status_code == 404
    assert names(as_manager.get("/projects/")) == []


def test_each_topic_shows_who_answers_on_both_sides_and_gaps(as_rep: Client):
    project = ProjectFactory(account=AccountFactory(name="Cervejaria"))
    AssignmentFactory(dossier=project.dossier, topic=topic("delivery"), poc=PersonFactory(name="Thorsten"))
    AssignmentFactory(dossier=project.account.dossier, topic=topic("billing"), poc=PersonFactory(name="Ann"))
    beatriz = ContactFactory(name="Beatriz Lima", account=project.account)
    StakeholderFactory(project=project, contact=beatriz, role=role("billing"))
    rows = {row.seat.topic.code: row for row in as_rep.get(f"/projects/{project.pk}/").context["rows"]}
    assert (rows["delivery"].seat.poc.name, rows["delivery"].seat.is_inherited) == ("Thorsten", False)
    assert (rows["billing"].seat.poc.name, rows["billing"].seat.is_inherited) == ("Ann", True)
    assert rows["billing"].contact == beatriz
    assert rows["general"].seat.is_gap
    assert "nobody answers about general" in as_rep.get(f"/projects/{project.pk}/").content.decode()


def test_the_head_names_who_manages_it_with_the_comma_at_the_name(as_rep: Client):
    project = ProjectFactory()
    AssignmentFactory(dossier=project.dossier, poc=PersonFactory(name="Annika Brandhoff"))
    html = as_rep.get(f"/projects/{project.pk}/").content.decode()
    assert "Annika Brandhoff</a>, project manager</span>" in html


def test_the_last_touch_and_the_next_promise_stand_beside_their_topic(as_rep: Client):
    project = ProjectFactory()
    touch = Touch(channel=channel("email"), direction="out", topic=topic("technical"), project=project,
                  outcome=outcome("sent"), occurred_at=AT - timedelta(days=1))  # fmt: skip
    log(touch=touch, by=actor(), at=AT)
    promised = promise(project)
    rows = {row.seat.topic.code: row for row in as_rep.get(f"/projects/{project.pk}/").context["rows"]}
    assert rows["technical"].touch.channel.code == "email"
    assert (rows["general"].owed, rows["technical"].owed) == (promised, None)


def test_the_list_shows_what_runs_until_asked_for_more(as_rep: Client):
    ProjectFactory(name="Running", phase="running")
    ProjectFactory(name="Won", phase="won")
    assert names(as_rep.get("/projects/")) == ["Running"]
    assert names(as_rep.get("/projects/?phase=all")) == ["Running", "Won"]
    assert names(as_rep.get("/projects/?phase=won")) == ["Won"]


@pytest.mark.parametrize("query", ["sort=-ends", "sort=phase", "sort=x", "phase=x", "answers=x", "after=W10"])
def test_an_address_somebody_made_up_still_shows_the_list(as_rep: Client, query):
    ProjectFactory()
    assert as_rep.get(f"/projects/?{query}").status_code == 200


def test_a_project_is_opened_for_its_account(as_rep: Client):
    account = AccountFactory(name="Cervejaria")
    values = {"name": "Cold store", "account": "cervejaria", "phase": "planned", "starts_on": "2026-03-01"}
    assert as_rep.post("/projects/new/", values)["Location"] == Project.objects.get().get_absolute_url()
    assert (Project.objects.get().account, Project.objects.get().starts_on) == (account, date(2026, 3, 1))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("account", ""),
        ("account", "Nobody"),
        ("phase", "x"),
        ("starts_on", "soon"),
        ("ends_on", "2026-01-01"),
    ],
)
def test_bad_input_is_said_beside_its_field_and_nothing_is_saved(as_rep: Client, field, value):
    AccountFactory(name="Cervejaria")
    values = {"name": "Cold store", "account": "Cervejaria", "phase": "planned", "starts_on": "2026-03-01"}
    answer = as_rep.post("/projects/new/", values | {field: value})
    assert answer.status_code == 422
    assert field in answer.context["form"].errors
    assert not Project.objects.exists()


def test_stakeholders_come_and_go(as_manager: Client):
    project, contact = ProjectFactory(), ContactFactory(name="Rui Tavares")
    values = {"contact": "Rui Tavares", "role": role().pk, "influence": "high"}
    address = f"/projects/{project.pk}/stakeholders/"
    assert as_manager.post(f"{address}new/", values).status_code == 302
    stakeholder = Stakeholder.objects.get()
    assert stakeholder.contact == contact
    assert "contact" in as_manager.post(f"{address}new/", values).context["form"].errors
    for _time in range(2):
        assert as_manager.post(f"{address}{stakeholder.pk}/remove/").status_code == 302
    assert not Stakeholder.objects.exists()
