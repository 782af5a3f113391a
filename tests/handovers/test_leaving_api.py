"""Leaving and staying, through the API."""

from datetime import timedelta

import pytest

from crm.handovers.held import Group
from crm.poc.models import Assignment, PointOfContact
from tests.doors import ask_as, problem
from tests.factories import AT
from tests.factories.dossiers import DossierFactory, topic
from tests.factories.poc import AssignmentFactory, PersonFactory, TeamFactory, front_desk
from tests.factories.users import UserFactory

DAY = timedelta(days=1)


@pytest.fixture
def user(db, clock, api):
    clock.freeze(AT)
    return ask_as(api)


def address(poc, act="leave"):
    return f"/api/v1/pocs/{poc.pk}/{act}/"


def goes(api, poc, **said):
    return api.post(address(poc), {"reason": "Moves on"} | said, format="json")


def test_what_somebody_answers_for_is_counted_with_who_could_follow(user, api):
    team = TeamFactory(name="North", members=[PersonFactory()])
    ann = PersonFactory(home_team=team)
    AssignmentFactory.create_batch(2, poc=ann)
    AssignmentFactory(poc=ann, topic=topic("billing"))
    shown = api.get(address(ann)).json()
    assert shown["groups"] == [
        {"group": "accounts", "count": 3, "about": [{"topic": "general", "count": 2}, {"topic": "billing", "count": 1}]}
    ]
    assert shown["suggested"] == [{"poc": {"id": team.pk, "name": "North"}, "why": "home_team", "count": 0}]
    assert (shown["handovers"], shown["left_at"]) == (0, None)


def test_successors_are_named_by_group_and_by_place(user, api):
    ann, bo, cy = PersonFactory.create_batch(3)
    held, other, kept_open = AssignmentFactory.create_batch(3, poc=ann)
    project = AssignmentFactory(poc=ann, dossier=DossierFactory(kind="project"))
    places = [{"assignment": other.pk, "successor": cy.pk}, {"assignment": kept_open.pk, "successor": None}]
    left = goes(api, ann, successors={"accounts": bo.pk}, leave_open=["projects"], places=places)
    assert left.status_code == 200, left.content
    assert (left.json()["groups"], left.json()["left_at"]) == ([], "2026-03-04T12:00:00Z")
    assert left.json()["can_be_undone_until"] == "2026-03-05T12:00:00Z"
    now = {a.dossier_id: a.poc_id for a in Assignment.objects.at(AT)}
    assert now == {held.dossier_id: bo.pk, other.dossier_id: cy.pk}
    assert project.dossier_id not in now


def test_one_successor_for_everything_that_says_nothing_else(user, api):
    ann, bo = PersonFactory.create_batch(2)
    AssignmentFactory(poc=ann)
    AssignmentFactory(poc=ann, rank=1)
    goes(api, ann, successor=bo.pk, leave_open=["backups"])
    assert [(a.poc_id, a.rank) for a in Assignment.objects.at(AT)] == [(bo.pk, 0)]


@pytest.mark.parametrize("group", [Group.ACCOUNTS, Group.LEADS])
def test_a_group_without_a_choice_is_named(user, api, group):
    ann, bo = PersonFactory.create_batch(2)
    AssignmentFactory(poc=ann)
    TeamFactory(lead=ann, members=[bo])
    said = {name: bo.pk for name in ("accounts", "leads") if name != group}
    field = f"successors.{group.value}"
    assert problem(goes(api, ann, successors=said)) == (422, "choice_missing", [(field, "choice_missing")])


def test_what_is_wrong_is_said_by_field(user, api):
    ann = AssignmentFactory().poc
    assert problem(goes(api, ann, successors={"accounts": 0}))[2] == [("successors.accounts", "unknown")]
    assert problem(goes(api, ann, successors={"x": 1}))[2] == [("successors.x", "no_such_field")]
    assert problem(goes(api, ann, leave_open=["x"]))[0] == 400
    both = goes(api, ann, successors={"accounts": PersonFactory().pk}, leave_open=["accounts"])
    assert problem(both)[2] == [("leave_open", "both")]
    gone = goes(api, ann, successors={"accounts": PersonFactory(deactivated_at=AT).pk})
    assert problem(gone) == (422, "poc_inactive", [("successors.accounts", "poc_inactive")])
    assert problem(goes(api, ann, leave_open=["accounts"], reason=""))[2] == [("reason", "reason_required")]
    assert problem(goes(api, front_desk()))[1] == "front_desk_stays"


def test_leaving_is_undone_and_says_what_was_changed_since(user, api):
    ann, bo = PersonFactory.create_batch(2)
    held, other = AssignmentFactory(poc=ann, dossier=DossierFactory(title="Acme")), AssignmentFactory(poc=ann)
    goes(api, ann, successor=bo.pk)
    Assignment.objects.filter(poc=bo, dossier=held.dossier).update(ends_at=AT + DAY)
    stayed = api.post(address(ann, "stay"))
    assert stayed.json() == {"restored": 1, "kept": [{"kind": "place", "name": "Acme"}]}
    assert Assignment.objects.at(AT).get(dossier=other.dossier).poc == ann
    assert api.post(address(ann, "stay")).json() == {"restored": 0, "kept": []}


def test_a_day_later_it_cannot_be_undone(user, api, clock):
    ann = PersonFactory()
    goes(api, ann)
    clock.freeze(AT + 2 * DAY)
    assert problem(api.post(address(ann, "stay")))[:2] == (409, "too_late")
    assert problem(api.post(address(PersonFactory(), "stay")))[:2] == (409, "not_left")
    assert api.get(address(ann)).json()["can_be_undone_until"] is None


@pytest.mark.parametrize("role", ["project_manager", "sales_rep", "support", "read_only"])
def test_it_is_for_administrators_and_account_managers(db, api, role):
    ask_as(api, role)
    ann = PersonFactory()
    for answer in (api.get(address(ann)), goes(api, ann), api.post(address(ann, "stay"))):
        assert problem(answer)[0] == 403


def test_a_sign_in_is_ended_by_those_who_may_change_users(user, api):
    ann = PersonFactory(signs_in=True)
    assert problem(goes(api, ann, ends_sign_in=True))[0] == 403
    me = UserFactory(administrator=True)
    api.force_authenticate(me)
    assert goes(api, ann, ends_sign_in=True).status_code == 200
    ann.user.refresh_from_db()
    assert not ann.user.is_active
    alone = goes(api, PersonFactory(user=me), ends_sign_in=True)
    assert problem(alone) == (422, "last_administrator", [("ends_sign_in", "last_administrator")])
    assert PointOfContact.objects.get(user=me).deactivated_at is None
