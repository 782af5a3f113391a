"""Somebody no longer answers: all they answer for finds somebody else, or is left open, in one act."""

from datetime import timedelta

import pytest

from crm.commitments.actions import open_commitment
from crm.commitments.models import Kind, Notification
from crm.commitments.telling.wording import lines
from crm.dossiers.models import Event
from crm.dossiers.timeline import Thing, history
from crm.handovers.handing_over import Offer, offer
from crm.handovers.held import Group, count, suggested
from crm.handovers.leaving import (
    ChoiceMissing,
    Choices,
    FrontDeskNeedsSomebody,
    LeadsItself,
    LeavesToo,
    NobodyInIt,
    leave,
)
from crm.handovers.models import Handover
from crm.handovers.refusals import CircularCover, Deactivated, ReasonRequired
from crm.handovers.scope import Scope
from crm.handovers.staying import stay
from crm.poc.actions import FrontDeskStays
from crm.poc.models import Absence, Assignment, Membership, PointOfContact
from crm.poc.resolve import resolve
from crm.users.actions import LastAdministrator
from tests.factories import AT
from tests.factories.dossiers import DossierFactory, topic
from tests.factories.handovers import BRIEFING
from tests.factories.poc import AbsenceFactory, AssignmentFactory, PersonFactory, TeamFactory, front_desk
from tests.factories.users import UserFactory, actor

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


def gone(poc, to=None, *, rows=(), reason="Moves on", at=AT, by=None, **groups):
    choices = Choices(dict.fromkeys(Group.values, to) | groups, dict(rows))
    return leave(poc=poc, choices=choices, reason=reason, by=by or actor(), at=at)


def who(dossier, at=AT, about="general"):
    return resolve(dossier_id=dossier.pk, topic_id=topic(about).pk, at=at)


def owed_by(poc, **fields):
    values = {"dossier": DossierFactory(), "topic": topic(), "kind": Kind.FOLLOW_UP, "title": "Call"} | fields
    return open_commitment(**values, poc=poc, due_at=AT + DAY, by=actor(), at=AT)


# --- Places ----------------------------------------------------------------------------------------------------------


def test_whoever_follows_answers_in_every_place_and_each_record_says_why():
    ann, bo = PersonFactory.create_batch(2)
    primary, backup = AssignmentFactory(poc=ann), AssignmentFactory(poc=ann, rank=1)
    left = gone(ann, bo)
    assert (left.n_moved, left.n_open) == (2, 0)
    assert who(primary.dossier).poc_id == bo.pk
    made = Assignment.objects.at(AT).held_by([bo.pk])
    assert {(a.dossier_id, a.rank, a.reason) for a in made} == {
        (primary.dossier_id, 0, "Moves on"), (backup.dossier_id, 1, "Moves on"),
    }  # fmt: skip
    told = Event.objects.get(kind=Event.Kind.ASSIGNED, touched__dossier=primary.dossier)
    assert (told.facts["was"], told.facts["poc"], told.facts["reason"]) == (ann.pk, bo.pk, "Moves on")


def test_each_group_and_each_row_may_go_to_somebody_else():
    ann, bo, cy = PersonFactory.create_batch(3)
    account, other = AssignmentFactory(poc=ann), AssignmentFactory(poc=ann)
    project = AssignmentFactory(poc=ann, dossier=DossierFactory(kind="project"))
    gone(ann, bo, rows={f"a{other.pk}": cy}, projects=None)
    assert who(account.dossier).poc_id == bo.pk
    assert who(other.dossier).poc_id == cy.pk
    assert who(project.dossier).is_gap


def test_what_is_left_open_is_a_gap_at_once_and_the_backup_answers_where_there_is_one():
    held = AssignmentFactory()
    backup = AssignmentFactory(dossier=held.dossier, rank=1)
    alone = AssignmentFactory(poc=held.poc)
    left = gone(held.poc)
    assert (left.n_moved, left.n_open) == (0, 2)
    assert who(held.dossier).is_gap and who(alone.dossier).is_gap
    assert backup.ends_at is None
    assert Event.objects.filter(kind=Event.Kind.UNASSIGNED, touched__dossier=alone.dossier).exists()


def test_the_past_is_still_theirs():
    held = AssignmentFactory()
    gone(held.poc, PersonFactory())
    assert who(held.dossier, at=AT - DAY).poc_id == held.poc_id


def test_what_ends_later_is_held_by_the_other_until_then_and_what_is_planned_after_it_stays():
    ann, bo, cy = PersonFactory.create_batch(3)
    held = AssignmentFactory(poc=ann, ends_at=AT + 5 * DAY)
    AssignmentFactory(dossier=held.dossier, poc=cy, starts_at=AT + 5 * DAY)
    gone(ann, bo)
    assert [who(held.dossier, at=AT + n * DAY).poc_id for n in (0, 4, 5)] == [bo.pk, bo.pk, cy.pk]


def test_what_was_planned_for_them_is_withdrawn_or_planned_for_whoever_follows():
    ann, bo = PersonFactory.create_batch(2)
    given = AssignmentFactory(poc=ann, starts_at=AT + DAY)
    dropped = AssignmentFactory(poc=ann, starts_at=AT + DAY)
    gone(ann, bo, rows={f"a{dropped.pk}": None})
    for row in (given, dropped):
        row.refresh_from_db()
        assert row.ends_at == row.starts_at
    assert who(given.dossier, at=AT + DAY).poc_id == bo.pk
    assert who(dropped.dossier, at=AT + DAY).is_gap


def test_a_team_may_follow():
    ann, team = PersonFactory(), TeamFactory(members=[PersonFactory()])
    held = AssignmentFactory(poc=ann)
    gone(ann, team)
    assert who(held.dossier).poc_id == team.pk


# --- What is owed, and handovers -------------------------------------------------------------------------------------


def test_what_is_owed_by_name_goes_along_and_what_was_left_open_to_whoever_answers():
    ann, bo = PersonFactory.create_batch(2)
    given, floating = owed_by(ann), owed_by(ann)
    gone(ann, bo, rows={f"c{floating.pk}": None})
    for commitment in (given, floating):
        commitment.refresh_from_db()
    assert (given.poc, floating.poc) == (bo, None)


def test_handovers_by_and_to_them_are_withdrawn_and_say_why():
    ann, bo, by = PersonFactory(), PersonFactory(), actor(UserFactory(account_manager=True))
    given, other = AssignmentFactory(poc=ann), AssignmentFactory()
    offers = [
        offer(offer=Offer(Scope(held.dossier, held.poc), to, "Grows", BRIEFING), by=by, at=AT)
        for held, to in ((given, bo), (other, ann))
    ]
    gone(ann, bo, by=by)
    assert {h.state for h in Handover.objects.all()} == {Handover.State.WITHDRAWN}
    event = Event.objects.filter(kind=Event.Kind.HANDOVER_WITHDRAWN).first()
    assert event.personal.values["reason"] == "Moves on"
    assert all(h.commitment.__class__.objects.get(pk=h.commitment.pk).is_closed for h in offers)
    assert who(other.dossier).poc_id == other.poc_id


# --- Teams and covers ------------------------------------------------------------------------------------------------


def test_teams_they_lead_are_led_by_another_and_they_are_in_no_team_any_more():
    ann, bo, cy = PersonFactory.create_batch(3)
    led = TeamFactory(members=[ann, bo], lead=ann)
    gone(ann, cy)
    led.refresh_from_db()
    assert led.lead == cy
    assert list(led.memberships.values_list("member", flat=True)) == [bo.pk]


def test_whoever_follows_joins_a_team_in_which_nobody_else_was():
    ann, bo = PersonFactory.create_batch(2)
    team = TeamFactory(members=[ann])
    held = AssignmentFactory(poc=team)
    gone(ann, last_in=bo)
    assert list(team.memberships.values_list("member", flat=True)) == [bo.pk]
    assert who(held.dossier).poc_id == team.pk


@pytest.mark.parametrize("is_left_open", [False, True])
def test_a_team_in_which_nobody_is_left_ends_and_another_takes_over_or_nobody(is_left_open):
    ann, other = PersonFactory(), TeamFactory(members=[PersonFactory()])
    team = TeamFactory(members=[ann])
    held, owed = AssignmentFactory(poc=team), owed_by(team)
    gone(ann, last_in=None if is_left_open else other)
    team.refresh_from_db()
    owed.refresh_from_db()
    assert team.deactivated_at == AT
    assert owed.poc == (None if is_left_open else other)
    assert who(held.dossier).is_gap == is_left_open
    assert who(held.dossier, at=AT - DAY).poc_id == team.pk


def test_the_front_desk_is_never_left_without_a_person():
    ann = PersonFactory()
    Membership.objects.all().delete()
    Membership.objects.create(team=front_desk(), member=ann)
    for to in (None, TeamFactory(members=[PersonFactory()])):
        with pytest.raises(FrontDeskNeedsSomebody):
            gone(ann, to)
    gone(ann, PersonFactory())
    assert front_desk().memberships.exists()


def test_others_stand_in_where_they_did_and_what_was_covered_stays_as_it_was():
    ann, bo = PersonFactory.create_batch(2)
    running, ahead = AbsenceFactory(cover=ann), AbsenceFactory(cover=ann, starts_at=AT + DAY, ends_at=AT + 2 * DAY)
    held = AssignmentFactory(poc=running.poc)
    gone(ann, bo)
    ahead.refresh_from_db()
    assert ahead.cover == bo
    assert who(held.dossier).poc_id == bo.pk
    assert who(held.dossier, at=AT - timedelta(hours=1)).poc_id == ann.pk
    assert who(held.dossier, at=AT + DAY).poc_id == running.poc_id


def test_nobody_stands_in_where_that_is_left_open():
    running = AbsenceFactory(cover=PersonFactory())
    gone(running.cover)
    assert [a.cover for a in Absence.objects.at(AT)] == [None]


def test_nobody_covers_themselves_in_the_end():
    ann, bo = PersonFactory.create_batch(2)
    AbsenceFactory(poc=bo, cover=ann)
    with pytest.raises(CircularCover) as refusal:
        gone(ann, bo)
    assert refusal.value.field == Group.COVERS
    away = AbsenceFactory(cover=bo)
    with pytest.raises(CircularCover):
        gone(ann, away.poc)


# --- Choices ---------------------------------------------------------------------------------------------------------


def everything_of(poc):
    """Let somebody answer for something of every group."""
    for kind in ("account", "project", "contact", "touch_point"):
        AssignmentFactory(poc=poc, dossier=DossierFactory(kind=kind))
    AssignmentFactory(poc=poc, rank=1)
    AssignmentFactory(poc=poc, starts_at=AT + DAY)
    owed_by(poc)
    TeamFactory(members=[poc, PersonFactory()], lead=poc)
    TeamFactory(members=[poc])
    AbsenceFactory(cover=poc)


@pytest.mark.parametrize("group", Group)
def test_nobody_leaves_before_every_group_that_holds_something_is_decided(group):
    ann, bo = PersonFactory.create_batch(2)
    everything_of(ann)
    choices = Choices({name: bo for name in Group.values if name != group})
    with pytest.raises(ChoiceMissing) as refusal:
        leave(poc=ann, choices=choices, reason="Moves on", by=actor(), at=AT)
    assert (refusal.value.field, refusal.value.code) == (group.value, "choice_missing")
    assert str(group.label) in refusal.value.messages[0]
    ann.refresh_from_db()
    assert ann.deactivated_at is None and not Event.objects.filter(kind=Event.Kind.LEFT).exists()


def test_whoever_holds_nothing_leaves_at_once_and_without_a_reason():
    ann = PersonFactory()
    left = leave(poc=ann, choices=Choices({}), reason="", by=actor(), at=AT)
    ann.refresh_from_db()
    assert ann.deactivated_at == AT and left.n_moved == left.n_open == 0


def test_a_reason_is_needed_where_something_is_held():
    with pytest.raises(ReasonRequired):
        gone(AssignmentFactory().poc, reason=" ")


def test_whoever_follows_answers_and_stays():
    ann = AssignmentFactory().poc
    team = TeamFactory(members=[ann])
    for successor, refusal in (
        (ann, LeavesToo), (team, LeavesToo), (TeamFactory(), NobodyInIt),
        (PersonFactory(deactivated_at=AT), Deactivated),
    ):  # fmt: skip
        with pytest.raises(refusal) as refused:
            gone(ann, accounts=successor)
        assert refused.value.field == Group.ACCOUNTS
    assert ann.assignments.filter(ends_at=None).exists()


def test_a_team_is_not_led_by_itself():
    ann = PersonFactory()
    team = TeamFactory(members=[ann, PersonFactory()], lead=ann)
    with pytest.raises(LeadsItself):
        gone(ann, team)


def test_the_front_desk_never_leaves():
    with pytest.raises(FrontDeskStays):
        gone(front_desk(), reason="")


def test_leaving_twice_is_leaving_once():
    ann = PersonFactory()
    gone(ann)
    assert gone(ann).event is None
    assert Event.objects.filter(kind=Event.Kind.LEFT).count() == 1


# --- Sign-in and notices ---------------------------------------------------------------------------------------------


def test_their_sign_in_ends_where_that_is_wanted():
    UserFactory(administrator=True)
    for ends in (False, True):
        ann = PersonFactory(signs_in=True)
        leave(poc=ann, choices=Choices({}), reason="", ends_sign_in=ends, by=actor(), at=AT)
        ann.user.refresh_from_db()
        assert ann.user.is_active is not ends


def test_the_last_administrator_does_not_leave_the_house_alone():
    ann = PersonFactory(user=UserFactory(administrator=True))
    with pytest.raises(LastAdministrator):
        leave(poc=ann, choices=Choices({}), reason="", ends_sign_in=True, by=actor(), at=AT)
    ann.refresh_from_db()
    assert ann.deactivated_at is None


def test_whoever_follows_is_told_once_of_all_of_it_and_whoever_acts_is_not():
    ann, bo, me = PersonFactory(name="Ann"), PersonFactory(), PersonFactory(signs_in=True)
    for _n in range(7):
        AssignmentFactory(poc=ann)
    mine = AssignmentFactory(poc=ann)
    owed_by(ann)
    left = gone(ann, bo, rows={f"a{mine.pk}": me}, by=actor(me.user))
    told = Notification.objects.filter(recipient=bo, channel="inbox")
    facts = told.get().facts
    assert told.get().idem_key.startswith(f"e:{left.event.pk}:")
    assert (facts["name"], facts["n_records"], facts["n_owed"]) == ("Ann", 7, 1)
    assert not Notification.objects.filter(recipient=me).exists()


def test_the_notice_says_how_much_it_is_from_whom_and_leads_to_all_of_it():
    ann, bo = PersonFactory(name="Ann Keller"), PersonFactory()
    AssignmentFactory(poc=ann, dossier=DossierFactory(title="Acme"))
    gone(ann, bo, by=actor(UserFactory(name="Ada Admin")))
    [line] = lines(Notification.objects.filter(recipient=bo, channel="inbox"), AT)
    assert line.headline == "You take over from Ann Keller"
    assert line.lead == "Records: 1. Owed: 0. Decided by Ada Admin. Acme"
    assert line.note == "Moves on" and line.url.endswith(f"/pocs/{bo.pk}/")


def test_their_history_says_who_took_over_and_that_it_was_undone():
    ann, bo = PersonFactory(name="Ann Keller"), PersonFactory(name="Bo Berg")
    AssignmentFactory(poc=ann)
    gone(ann, bo)
    stay(poc=ann, by=actor(), at=AT + DAY)
    told = [entry.title for entry in history("poc", ann.pk, Thing(ann.name, PointOfContact))]
    assert told[0] == "Ann Keller stays: leaving was undone"
    assert "Ann Keller left; Bo Berg took over" in told


# --- How much it is --------------------------------------------------------------------------------------------------


def test_everything_is_counted_by_group_and_topic():
    ann = PersonFactory()
    everything_of(ann)
    AssignmentFactory(poc=ann, topic=topic("billing"))
    counted = {c.group: c for c in count(ann, at=AT)}
    assert {group: c.n for group, c in counted.items()} == dict.fromkeys(Group, 1) | {Group.ACCOUNTS: 2}
    assert sorted(counted[Group.ACCOUNTS].about) == [("billing", "Billing", 1), ("general", "General", 1)]


def test_backups_the_home_team_and_the_lead_are_suggested():
    lead, bo = PersonFactory.create_batch(2)
    team = TeamFactory(members=[lead], lead=lead)
    ann = PersonFactory(home_team=team)
    for _n in range(2):
        held = AssignmentFactory(poc=ann)
        AssignmentFactory(dossier=held.dossier, poc=bo, rank=1)
    found = [(s.poc, s.why, s.n) for s in suggested(ann, at=AT)]
    assert found == [(bo, "backup", 2), (team, "home_team", 0), (lead, "lead", 0)]


@pytest.mark.parametrize("places", [2, 30])
def test_leaving_costs_the_same_however_much_is_held(places, django_assert_num_queries):
    (ann, bo, cy), by = PersonFactory.create_batch(3), actor()
    for n in range(places):
        AssignmentFactory(poc=ann, rank=n % 2)
        AssignmentFactory(poc=ann, starts_at=AT + DAY)
        AbsenceFactory(cover=ann)
        AbsenceFactory(cover=ann, starts_at=AT + DAY, ends_at=AT + 2 * DAY)
        TeamFactory(members=[ann], lead=ann)
        owed_by(ann)
    with django_assert_num_queries(58):  # as many for two things as for two hundred, to two who follow
        gone(ann, bo, owed=cy, by=by)


def test_teams_that_leave_are_treated_alike():
    team, other = TeamFactory(members=[PersonFactory()]), TeamFactory(members=[PersonFactory()])
    held = AssignmentFactory(poc=team)
    gone(team, other)
    assert who(held.dossier).poc_id == other.pk
    assert who(held.dossier, at=AT - DAY).poc_id == team.pk
    assert PointOfContact.objects.get(pk=team.pk).deactivated_at == AT
