"""Every change of who answers."""

from datetime import timedelta
from itertools import pairwise

import pytest
from django.db.models import ProtectedError

from crm.commitments.models import Notification
from crm.core.actor import Actor
from crm.dossiers.actions import refile
from crm.dossiers.models import Dossier, Event
from crm.handovers import actions
from crm.handovers.actions import Change
from crm.poc.models import Absence, Assignment, Grant
from crm.poc.resolve import resolve
from crm.poc.visibility import visible_homes
from crm.users import roles
from crm.users.models import RoleScope, User
from tests.factories import AT
from tests.factories.accounts import AccountFactory
from tests.factories.dossiers import DossierFactory, topic
from tests.factories.poc import AbsenceFactory, AssignmentFactory, PersonFactory, TeamFactory
from tests.factories.users import UserFactory, actor, narrow
from tests.together import together

DAY = timedelta(days=1)


def assign(dossier, poc, about="general", **more):
    values = {"reason": "", "by": actor(), "at": AT} | more
    return actions.assign(dossier=dossier, topic=topic(about), poc=poc, **values)


def who(dossier, at=AT, about="general"):
    return resolve(dossier_id=dossier.pk, topic_id=topic(about).pk, at=at).poc_id


def told():
    """Who was told what: (kind, recipient), each once whatever the channel."""
    return sorted(set(Notification.objects.values_list("kind", "recipient_id")))


# --- Assign


@pytest.mark.django_db
def test_somebody_new_answers_at_once_and_is_told():
    dossier, ann = DossierFactory(), PersonFactory()
    made = assign(dossier, ann)
    assert who(dossier) == ann.pk
    assert (made.starts_at, made.ends_at, made.rank) == (AT, None, 0)
    assert told() == [("assigned_new", ann.pk)]


@pytest.mark.django_db
def test_whoever_held_the_place_is_ended_that_moment_and_both_are_told():
    held, bo, by = AssignmentFactory(), PersonFactory(), actor()
    made = assign(held.dossier, bo, reason=" Moves to Berlin. ", by=by)
    held.refresh_from_db()
    assert (held.ends_at, made.starts_at, made.reason, made.decided_by) == (AT, AT, "Moves to Berlin.", by.user)
    assert told() == sorted([("assigned_new", bo.pk), ("assigned_old", held.poc_id)])
    assert Notification.objects.get(kind="assigned_old", channel="inbox").facts["new"] == bo.name


@pytest.mark.django_db
def test_whoever_acts_is_not_told():
    me = PersonFactory(signs_in=True)
    held = AssignmentFactory(poc=me)
    bo = PersonFactory()
    assign(held.dossier, bo, reason="Holiday", by=Actor(me.user))
    assert told() == [("assigned_new", bo.pk)]


@pytest.mark.django_db
def test_it_is_on_the_records_timeline_with_names_apart():
    held, bo, by = AssignmentFactory(), PersonFactory(name="Bo"), actor()
    assign(held.dossier, bo, reason="Moves", by=by)
    event = Event.objects.get(kind=Event.Kind.ASSIGNED)
    assert (event.facts["poc"], event.facts["was"], event.facts["reason"]) == (bo.pk, held.poc_id, "Moves")
    assert event.personal.values == {"poc": "Bo", "was": held.poc.name}
    assert [t.dossier_id for t in event.touched.all()] == [held.dossier_id]
    assert event.actor == by.user


@pytest.mark.django_db
def test_a_successor_can_be_planned_and_the_present_holder_ends_then():
    held, bo = AssignmentFactory(), PersonFactory()
    assign(held.dossier, bo, reason="From May", starts_at=AT + DAY)
    assert who(held.dossier) == held.poc_id
    assert who(held.dossier, at=AT + DAY) == bo.pk


@pytest.mark.django_db
def test_a_place_planned_for_somebody_is_not_taken_before():
    held, bo = AssignmentFactory(), PersonFactory()
    assign(held.dossier, bo, reason="From May", starts_at=AT + DAY)
    with pytest.raises(actions.AnotherBegins):
        assign(held.dossier, PersonFactory(), reason="Now")
    with pytest.raises(actions.AlreadyAssigned):
        assign(held.dossier, bo, reason="Now")


@pytest.mark.django_db
def test_after_a_withdrawn_plan_the_place_is_free():
    planned = assign(DossierFactory(), PersonFactory(), starts_at=AT + DAY)
    actions.end_assignment(assignment=planned, reason="Changed our mind", leave_open=True, by=actor(), at=AT)
    bo = PersonFactory()
    assign(planned.dossier, bo)
    assert who(planned.dossier, at=AT + 2 * DAY) == bo.pk


@pytest.mark.django_db
@pytest.mark.parametrize("reason", ["", "  "])
def test_replacing_somebody_needs_a_reason(reason):
    held = AssignmentFactory()
    with pytest.raises(actions.ReasonRequired) as refusal:
        assign(held.dossier, PersonFactory(), reason=reason)
    assert (refusal.value.field, refusal.value.code) == ("reason", "reason_required")


@pytest.mark.django_db
def test_one_who_no_longer_answers_is_refused():
    with pytest.raises(actions.Deactivated):
        assign(DossierFactory(), PersonFactory(deactivated_at=AT))


@pytest.mark.django_db
def test_one_who_holds_the_place_already_is_refused():
    held = AssignmentFactory()
    with pytest.raises(actions.AlreadyAssigned):
        assign(held.dossier, held.poc, reason="Again")


@pytest.mark.django_db
def test_what_was_is_kept_as_it_was():
    with pytest.raises(actions.StartsInThePast):
        assign(DossierFactory(), PersonFactory(), starts_at=AT - DAY)
    made = assign(DossierFactory(), PersonFactory(), starts_at=AT - timedelta(minutes=1))
    assert made.starts_at == AT


@pytest.mark.django_db
def test_a_backup_is_a_place_of_its_own():
    held, backup = AssignmentFactory(), PersonFactory()
    assign(held.dossier, backup, rank=1)
    assert who(held.dossier) == held.poc_id
    assert Event.objects.get(kind=Event.Kind.ASSIGNED).facts["rank"] == 1


@pytest.mark.django_db
@pytest.mark.parametrize("part", ["new", "old"])
def test_whoever_is_told_may_open_the_record_until_the_next_change(part):
    narrow(roles.SALES_REP, RoleScope.Sees.OWN)
    person = PersonFactory(user=UserFactory(role=roles.SALES_REP))
    dossier = AccountFactory().dossier
    others = AssignmentFactory(dossier=dossier, poc=person if part == "old" else PersonFactory())
    assign(dossier, person if part == "new" else PersonFactory(), reason="Why not")
    assert visible_homes(User.objects.get(pk=person.user_id)) == [dossier.pk]
    assign(dossier, PersonFactory(), reason="Again", at=AT + DAY)
    assert Grant.objects.filter(poc=person, ended_at=None).count() == (1 if part == "new" else 0)
    assert others.dossier_id == dossier.pk


@pytest.mark.django_db
def test_a_person_with_history_is_never_deleted():
    made = assign(DossierFactory(), PersonFactory(signs_in=True))
    for row in (made.poc, made.poc.user):
        with pytest.raises(ProtectedError):
            row.delete()


# --- Many at once


@pytest.mark.django_db
@pytest.mark.parametrize("many", [2, 60])
def test_a_selection_costs_the_same_however_long(django_assert_num_queries, many):
    pocs = [PersonFactory(signs_in=True) for _n in range(2)]
    held = [AssignmentFactory(dossier=AccountFactory().dossier) for _n in range(many)]
    changes = [Change(a.dossier, a.topic, pocs[n % 2]) for n, a in enumerate(held)]
    by = actor()
    # locks, holders, their end, the new rows, event, timelines, names, grants ended; then whom to tell (members,
    # people, absences, the firm, the teams' hours) and the notices and grants
    with django_assert_num_queries(19, exact=False):
        made = actions.assign_many(changes=changes, reason="New region", by=by, at=AT)
    assert len(made) == many
    assert Notification.objects.filter(channel="inbox").count() == 2 * many


@pytest.mark.django_db
def test_two_hundred_records_change_hands_with_one_reason():
    bo, dossiers = PersonFactory(), DossierFactory.create_batch(200)
    general = topic()
    actions.assign_many(changes=[Change(d, general, bo) for d in dossiers], reason="New region", by=actor(), at=AT)
    assert Assignment.objects.at(AT).held_by([bo.pk]).count() == 200
    assert Event.objects.filter(kind=Event.Kind.ASSIGNED).count() == 200


@pytest.mark.django_db
def test_all_or_nothing():
    held = AssignmentFactory()
    changes = [Change(DossierFactory(), topic(), PersonFactory()), Change(held.dossier, topic(), PersonFactory())]
    with pytest.raises(actions.ReasonRequired):
        actions.assign_many(changes=changes, reason="", by=actor(), at=AT)
    assert Assignment.objects.count() == 1
    assert not Event.objects.exists()


@pytest.mark.django_db
def test_those_who_hold_already_can_be_left_out():
    held, other = AssignmentFactory(), AssignmentFactory()
    changes = [Change(a.dossier, a.topic, held.poc) for a in (held, other)]
    made = actions.assign_many(changes=changes, reason="Region", skip_held=True, by=actor(), at=AT)
    assert [a.dossier_id for a in made] == [other.dossier_id]


@pytest.mark.django_db
def test_an_import_brings_its_own_starts_and_tells_nobody():
    changes = [Change(DossierFactory(), topic(), PersonFactory(), starts_at=AT - n * DAY) for n in (1, 400)]
    made = actions.assign_many(changes=changes, reason="", by=Actor.system(), at=AT, tell=False)
    assert [a.starts_at for a in made] == [AT - DAY, AT - 400 * DAY]
    assert told() == []


@pytest.mark.django_db
def test_nothing_selected_is_nothing_done():
    assert actions.assign_many(changes=[], reason="", by=actor(), at=AT) == []


# --- End


@pytest.mark.django_db
def test_ending_leaves_a_gap_on_the_timeline_and_tells_who_answered():
    held = AssignmentFactory()
    actions.end_assignment(assignment=held, reason=" Account closed ", leave_open=True, by=actor(), at=AT)
    held.refresh_from_db()
    assert held.ends_at == AT
    assert resolve(dossier_id=held.dossier_id, topic_id=held.topic_id, at=AT).is_gap
    event = Event.objects.get(kind=Event.Kind.UNASSIGNED)
    assert (event.facts["reason"], event.personal.values) == ("Account closed", {"poc": held.poc.name})
    assert told() == [("unassigned", held.poc_id)]


@pytest.mark.django_db
def test_ending_needs_a_reason():
    with pytest.raises(actions.ReasonRequired):
        actions.end_assignment(assignment=AssignmentFactory(), reason=" ", by=actor(), at=AT)


@pytest.mark.django_db
def test_ending_twice_changes_nothing_more():
    held = AssignmentFactory()
    for at in (AT, AT + DAY):
        actions.end_assignment(assignment=held, reason="Closed", leave_open=True, by=actor(), at=at)
    held.refresh_from_db()
    assert held.ends_at == AT
    assert Event.objects.count() == 1


# --- Absences


def be_away(poc, cover=None, starts=0, ends=7, **more):
    values = {"by": actor(), "at": AT} | more
    return actions.set_absence(poc=poc, cover=cover, starts_at=AT + starts * DAY, ends_at=AT + ends * DAY, **values)


@pytest.mark.django_db
def test_the_cover_answers_from_the_first_moment_until_the_last():
    held, cover = AssignmentFactory(), PersonFactory()
    be_away(held.poc, cover, starts=1, ends=3)
    shown = [who(held.dossier, at=AT + n * DAY) for n in (0, 1, 2, 3)]
    assert shown == [held.poc_id, cover.pk, cover.pk, held.poc_id]


@pytest.mark.django_db
def test_an_absence_may_be_about_one_topic():
    held, cover = AssignmentFactory(), PersonFactory()
    be_away(held.poc, cover, topic=topic("billing"))
    assert who(held.dossier, about="billing") == cover.pk
    assert who(held.dossier) == held.poc_id


@pytest.mark.django_db
def test_an_absence_is_recorded_when_entered_and_when_it_ends_early():
    absence = be_away(PersonFactory(name="Ann"), PersonFactory(name="Bo"))
    actions.end_absence(absence=absence, by=actor(), at=AT + DAY)
    absence.refresh_from_db()
    assert absence.ends_at == AT + DAY
    actions.end_absence(absence=absence, by=actor(), at=AT + 2 * DAY)
    entered, ended = Event.objects.order_by("pk")
    assert (entered.kind, ended.kind) == (Event.Kind.ABSENCE_SET, Event.Kind.ABSENCE_ENDED)
    assert entered.personal.values["cover"] == "Bo"


@pytest.mark.django_db
def test_an_absence_withdrawn_before_it_began_covers_nobody():
    held = AssignmentFactory()
    absence = be_away(held.poc, PersonFactory(), starts=1)
    actions.end_absence(absence=absence, by=actor(), at=AT)
    assert who(held.dossier, at=AT + 2 * DAY) == held.poc_id
    be_away(held.poc, starts=1)


@pytest.mark.django_db
@pytest.mark.parametrize("ends", [0, -1])
def test_an_absence_ends_after_it_starts(ends):
    with pytest.raises(actions.EndsBeforeStart):
        be_away(PersonFactory(), ends=ends)


@pytest.mark.django_db
@pytest.mark.parametrize(("starts", "ends", "fits"), [(-3, -1, True), (-1, 0, False), (0, 2, False), (1, 2, True)])
def test_absences_of_one_never_overlap_on_either_database(starts, ends, fits):
    poc = AbsenceFactory().poc
    if fits:
        be_away(poc, starts=starts, ends=ends)
    else:
        with pytest.raises(actions.Overlaps):
            be_away(poc, starts=starts, ends=ends)


@pytest.mark.django_db
def test_an_absence_on_one_topic_may_lie_within_a_whole_one():
    be_away(AbsenceFactory().poc, topic=topic("billing"))


@pytest.mark.django_db
def test_nobody_covers_for_themselves_in_the_end():
    ann, bo, cy = PersonFactory.create_batch(3)
    with pytest.raises(actions.CircularCover):
        be_away(ann, ann)
    be_away(ann, bo)
    be_away(bo, cy)
    with pytest.raises(actions.CircularCover):
        be_away(cy, ann)
    be_away(cy, ann, starts=30, ends=31)  # by then both are back


@pytest.mark.django_db
def test_a_cover_still_answers():
    with pytest.raises(actions.Deactivated) as refusal:
        be_away(PersonFactory(), PersonFactory(deactivated_at=AT))
    assert refusal.value.field == "cover"


@pytest.mark.django_db
def test_a_team_can_cover():
    held = AssignmentFactory()
    team = TeamFactory(members=[PersonFactory()])
    be_away(held.poc, team)
    assert who(held.dossier) == team.pk


# --- At the same time


@pytest.mark.parametrize("_round", range(3))
def test_those_who_assign_at_once_never_leave_two_holders(database, _round):
    by, general, dossier = Actor.system(), topic(), DossierFactory()

    def assigning(n, poc):
        at = AT + timedelta(seconds=n)
        return lambda: actions.assign(dossier=dossier, topic=general, poc=poc, reason="Race", by=by, at=at)

    done = together(*[assigning(n, poc) for n, poc in enumerate(PersonFactory.create_batch(4))])
    assert any(isinstance(made, Assignment) for made in done)
    assert Assignment.objects.filter(dossier=dossier, ends_at=None).count() == 1
    rows = Assignment.objects.filter(dossier=dossier).order_by("starts_at")
    periods = [(a.starts_at, a.ends_at) for a in rows if a.ends_at != a.starts_at]
    assert all(ended == started for (_, ended), (started, _) in pairwise(periods))


def test_two_who_plan_different_moments_at_once_never_overlap(database):
    dossier, general, by = DossierFactory(), topic(), Actor.system()
    ann, bo = PersonFactory.create_batch(2)
    together(
        lambda: actions.assign(dossier=dossier, topic=general, poc=ann, by=by, at=AT, reason="x"),
        lambda: actions.assign(dossier=dossier, topic=general, poc=bo, by=by, at=AT, reason="x", starts_at=AT + DAY),
    )
    assert Assignment.objects.at(AT + 2 * DAY).filter(dossier=dossier).count() == 1


def test_two_who_cover_for_each_other_at_once_make_no_circle(database):
    ann, bo = PersonFactory.create_batch(2)
    by = Actor.system()
    done = together(
        lambda: actions.set_absence(poc=ann, cover=bo, starts_at=AT, ends_at=AT + DAY, by=by, at=AT),
        lambda: actions.set_absence(poc=bo, cover=ann, starts_at=AT, ends_at=AT + DAY, by=by, at=AT),
    )
    assert sum(isinstance(result, Absence) for result in done) == 1
    assert sum(isinstance(result, actions.CircularCover) for result in done) == 1


def test_two_moves_at_once_make_no_circle(database):

    one, other = DossierFactory(), DossierFactory()
    by = Actor.system()
    together(
        lambda: refile(dossier=one, title="One", parent=other, tier=None, by=by, at=AT),
        lambda: refile(dossier=other, title="Other", parent=one, tier=None, by=by, at=AT),
    )
    assert Dossier.objects.filter(pk__in=[one.pk, other.pk], parent=None).count() == 1
