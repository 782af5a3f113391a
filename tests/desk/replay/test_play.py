"""Doing again what a log tells, through the product's own actions."""

from accounts.models import Account
from contacts.models import Contact
from crm.commitments.models import Commitment, Kind
from crm.desk.replay.log import State
from crm.dossiers.models import Event
from crm.outbox.models import Message
from crm.poc.models import Assignment, PointOfContact
from interactions.models import Interaction
from tests.desk.replay.incidents import at, count, later, quick, replayed, slow, story, write


def test_locations_callers_groups_and_resolvers_become_accounts_contacts_teams_and_people(db, tmp_path):
    replayed(write(tmp_path, quick("I1"), slow("I2", caller_id="Caller 2", location="Location 2")))
    assert sorted(Account.objects.values_list("dossier__title", flat=True)) == ["Location 1", "Location 2"]
    assert Contact.objects.get(dossier__title="Caller 2").account.name == "Location 2"
    team = PointOfContact.objects.get(name="Group A")
    assert (team.lead.name, team.lead.home_team) == ("Resolver 1", team)
    assert set(Assignment.objects.values_list("dossier__title", "poc__name")) == {
        ("Location 1", "Group A"), ("Location 2", "Group A"),
    }  # fmt: skip


def test_an_incident_is_an_inbound_problem_answered_and_solved_at_its_own_minutes(db, tmp_path):
    replayed(write(tmp_path, quick("I1")))
    touches = Interaction.objects.order_by("occurred_at")
    assert [(t.direction, t.occurred_at, t.purpose.code) for t in touches] == [
        ("in", at("7 09:00"), "problem"), ("out", at("7 10:00"), "problem"), ("out", at("7 11:00"), "problem"),
    ]  # fmt: skip
    owed = {c.kind: (c.opened_at, c.closed_at, c.state) for c in Commitment.objects.all()}
    assert owed == {
        Kind.FIRST_ANSWER: (at("7 09:00"), at("7 10:00"), "kept"),
        Kind.RESOLUTION: (at("7 09:00"), at("7 15:00"), "kept"),
    }  # fmt: skip


def test_reassignments_are_followed_by_passing_on_and_the_customer_s_team_keeps_the_record(db, tmp_path):
    report = replayed(write(tmp_path, slow("I1"), quick("I2")))
    reassigned = count(report, "reassignments")
    assert (reassigned.log, reassigned.ours, reassigned.reasons) == (1, 1, {})
    moved = Event.objects.get(kind=Event.Kind.PASSED_ON)
    assert moved.happened_at == at("8 10:00")
    assert Commitment.objects.get(kind=Kind.RESOLUTION, title__startswith="I1").poc.name == "Group B"


def test_it_comes_back_to_whoever_answers_when_no_group_is_named(db, tmp_path):
    rows = story("I1", {"at": "7 10:00", "assignment_group": "Group B", "reassignment_count": "1"},
                 {"at": "7 11:00", "assignment_group": "?", "reassignment_count": "2"})  # fmt: skip
    report = replayed(write(tmp_path, rows))
    assert count(report, "reassignments").ours == 2
    assert Commitment.objects.get(kind=Kind.RESOLUTION).poc is None


def test_another_priority_brings_its_own_target(db, tmp_path):
    rows = story("I1", {"at": "7 10:00", "priority": "1 - Critical"})
    replayed(write(tmp_path, rows), solution=["urgent=4h"])
    assert Commitment.objects.get(kind=Kind.RESOLUTION).due_at == at("7 13:00")


def test_nobody_acts_and_the_lead_is_told_then_the_front_desk(db, tmp_path):
    forgotten = story("I1", {"at": "31 10:00", "incident_state": "Closed", "assigned_to": "?"})
    rows = [*quick("I2"), *forgotten]  # somebody leads the group
    steps = replayed(write(tmp_path, rows), solution=["normal=8wh"]).steps
    of_solutions = [(s.rung.kind, s.rung.asked, s.told) for s in steps if s.rung.owed == Kind.RESOLUTION]
    assert of_solutions[1:] == [
        ("reminder", "poc", {"poc": 1}), ("escalation", "backup", {"lead": 1}), ("escalation", "lead", {"house": 1}),
    ]  # fmt: skip


def test_what_is_solved_and_taken_up_again_is_owed_again(db, tmp_path):
    again = later(quick("I1"), incident_state="Active", reopen_count="1")
    reopened = count(replayed(write(tmp_path, again)), "reopenings")
    assert (reopened.log, reopened.ours) == (1, 1)
    assert Commitment.objects.get(kind=Kind.RESOLUTION).closed_at is None


def test_settled_when_solved_is_a_choice(db, tmp_path):
    replayed(write(tmp_path, quick("I1")), end=State.SOLVED)
    assert Commitment.objects.get(kind=Kind.RESOLUTION).closed_at == at("7 11:00")


def test_no_mail_leaves_the_house(db, tmp_path):
    replayed(write(tmp_path, slow("I1")))
    assert Message.objects.count() > 0
    assert not Message.objects.filter(state="ready").exists()
