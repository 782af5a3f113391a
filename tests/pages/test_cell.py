"""Who answers, changed in the cell where it stands: in the table of a project, in the strip of another record."""

import re

import pytest
from django.test import Client

from crm.poc.models import Assignment
from crm.users.models import RoleScope
from tests.factories import AT
from tests.factories.accounts import AccountFactory
from tests.factories.contacts import ContactFactory
from tests.factories.poc import AssignmentFactory, PersonFactory
from tests.factories.projects import ProjectFactory, StakeholderFactory
from tests.factories.users import narrow

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}


def cell(record, code="billing"):
    return f"/d/{record.pk}/cell/{code}/"


def text(response):
    return response.content.decode()


def test_a_cell_opens_a_form_in_its_row_and_the_others_stay(as_manager: Client):
    project = ProjectFactory()
    AssignmentFactory(dossier=project.dossier, poc=PersonFactory(name="Ann"))
    page = text(as_manager.get(f"{cell(project)}?rank=0", headers=HTMX))
    assert page.count("<form") == 1
    assert 'name="reason"' in page
    assert "Change who answers about general" in page


def test_saving_draws_the_table_anew_with_what_inherits_and_goes_back_to_the_cell(as_manager: Client, manager):
    project, ann = ProjectFactory(), PersonFactory(name="Ann")
    response = as_manager.post(cell(project, "general"), {"rank": "0", "poc": ann.pk}, headers=HTMX)
    made = Assignment.objects.get()
    assert (made.poc, made.rank, made.topic.code, made.decided_by, made.starts_at) == (ann, 0, "general", manager, AT)
    rows = {row.seat.topic.code: row.seat for row in response.context["rows"]}
    assert rows["general"].poc == rows["billing"].poc == ann
    assert rows["billing"].is_inherited
    assert 'id="cell-general-0"' in text(response).split("data-focus")[0]
    assert text(response).count("data-focus") == 1
    assert '<div id="risk" hx-swap-oob="true"></div>' in text(response)


def test_a_backup_has_a_cell_of_its_own(as_manager: Client):
    held = AssignmentFactory(dossier=ProjectFactory().dossier)
    bo = PersonFactory(name="Bo")
    page = text(as_manager.get(f"/projects/{held.dossier_id}/"))
    assert 'id="cell-general-1"' in page  # a red gap
    as_manager.post(f"/d/{held.dossier_id}/cell/general/", {"rank": "1", "poc": bo.pk}, headers=HTMX)
    assert Assignment.objects.get(rank=1).poc == bo


def test_replacing_somebody_asks_why_in_the_cell(as_manager: Client):
    held = AssignmentFactory(dossier=ProjectFactory().dossier)
    bo = PersonFactory()
    refused = as_manager.post(f"/d/{held.dossier_id}/cell/general/", {"rank": "0", "poc": bo.pk}, headers=HTMX)
    assert refused.status_code == 422
    assert "Say why: somebody is replaced." in text(refused)
    saved = as_manager.post(
        f"/d/{held.dossier_id}/cell/general/", {"rank": "0", "poc": bo.pk, "reason": "Moves"}, headers=HTMX
    )
    assert saved.status_code == 200
    assert Assignment.objects.get(ends_at=None).poc == bo


def test_leaving_the_form_shows_the_table_and_changes_nothing(as_manager: Client):
    project = ProjectFactory()
    response = as_manager.get(f"{cell(project)}?back&rank=0", headers=HTMX)
    assert "<form" not in text(response)
    assert text(response).count("data-focus") == 1
    assert not Assignment.objects.exists()


@pytest.mark.parametrize("make", [AccountFactory, ContactFactory])
def test_the_strip_of_an_account_and_a_contact_is_edited_in_place_too(as_manager: Client, make):
    record, ann = make(), PersonFactory(name="Ann")
    assert "<form" in text(as_manager.get(cell(record, "general"), headers=HTMX))
    response = as_manager.post(cell(record, "general"), {"rank": "0", "poc": ann.pk}, headers=HTMX)
    assert text(response).startswith('<ul class="pocs" id="seats">')
    assert "Ann" in text(response)


def test_an_empty_cell_is_a_gap_and_an_inherited_one_is_not(as_manager: Client):
    project = ProjectFactory()
    AssignmentFactory(dossier=project.account.dossier, poc=PersonFactory(name="Ann"))
    StakeholderFactory(project=project)
    page = text(as_manager.get(f"/projects/{project.pk}/"))
    assert re.search(r'class="inh"><a href="/pocs/\d+/">Ann</a><small>From', page)
    assert "on their side about billing: name somebody" in page
    assert "answers about billing: name somebody" not in page


def test_without_script_the_page_that_changes_who_answers_is_shown(as_manager: Client):
    project = ProjectFactory()
    for way in (as_manager.get, as_manager.post):
        response = way(f"{cell(project)}?rank=1")
        assert response.status_code == 302
        assert response["Location"].startswith(f"/d/{project.pk}/who/?topic=billing")
    assert f'href="/d/{project.pk}/who/?topic=billing&amp;rank=0"' in text(as_manager.get(f"/projects/{project.pk}/"))


@pytest.mark.parametrize(("values", "field"), [({"rank": "9"}, "rank"), ({"poc": "x"}, "poc"), ({"poc": ""}, "poc")])
def test_what_was_made_up_is_refused_in_the_form(as_manager: Client, values, field):
    sent = {"rank": "0", "poc": PersonFactory().pk} | values
    response = as_manager.post(cell(ProjectFactory()), sent, headers=HTMX)
    assert response.status_code == 422
    assert field in response.context["editing"]["form"].errors
    assert not Assignment.objects.exists()


def test_only_who_may_and_sees_it_opens_a_cell(as_rep: Client, client: Client, manager):
    project = ProjectFactory()
    assert as_rep.get(cell(project), headers=HTMX).status_code == 403
    assert "cell-billing" not in text(as_rep.get(f"/projects/{project.pk}/"))
    client.force_login(manager)
    narrow("account_manager", RoleScope.Sees.OWN)
    assert client.get(cell(project), headers=HTMX).status_code == 404
    narrow("account_manager", RoleScope.Sees.ALL)
    assert client.get(cell(project, "weather"), headers=HTMX).status_code == 404
    archived = AccountFactory(archived_at=AT)
    assert client.get(cell(archived), headers=HTMX).status_code == 404


@pytest.mark.parametrize("n", [1, 12])
def test_a_cell_costs_the_same_however_much_there_is(as_manager: Client, django_assert_num_queries, n):
    project = ProjectFactory()
    for rank in range(n):
        AssignmentFactory(dossier=project.dossier, rank=rank)
        StakeholderFactory(project=project, contact=ContactFactory(account=project.account))
    # session, reader · record, topic · topics, places, POCs, words · project, stakeholders, what is owed · last
    # touches, what is owed next · whom to choose
    with django_assert_num_queries(14):
        as_manager.get(f"{cell(project)}?rank=0", headers=HTMX)
