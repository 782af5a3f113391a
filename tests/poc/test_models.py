"""What must always hold of who answers, whoever writes it."""

from datetime import date, time, timedelta

import pytest
from django.db import IntegrityError, transaction
from django.db.models import ProtectedError

from crm.poc.models import (
    Absence,
    Assignment,
    CalendarException,
    CalendarHours,
    Grant,
    Membership,
    PointOfContact,
    WorkingCalendar,
)
from tests.factories import AT
from tests.factories.dossiers import topic
from tests.factories.poc import (
    AbsenceFactory,
    AssignmentFactory,
    CalendarFactory,
    GrantFactory,
    MembershipFactory,
    PersonFactory,
    TeamFactory,
)
from tests.factories.users import UserFactory

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)
Kind = PointOfContact.Kind


def breaks(constraint, write, *args, **values):
    """True when writing is refused by the constraint of that name (SQLite names columns for unique ones)."""
    with pytest.raises(IntegrityError) as caught, transaction.atomic():
        write(*args, **values)
    return constraint in str(caught.value) or "UNIQUE" in str(caught.value)


# --- Calendars


def test_one_calendar_is_the_houses_own():
    assert WorkingCalendar.objects.filter(is_default=True).count() == 1
    assert breaks("calendar_one_default", CalendarFactory, is_default=True)


@pytest.mark.parametrize(
    ("constraint", "values"),
    [
        ("hours_on_a_weekday", {"weekday": 7}),
        ("hours_end_after_start", {"ends": time(9)}),
        ("hours_end_after_start", {"ends": time(8, 59)}),
    ],
)
def test_working_hours_are_possible_ones(constraint, values):
    hours = {"calendar": CalendarFactory(), "weekday": 0, "starts": time(9), "ends": time(12)} | values
    assert breaks(constraint, CalendarHours.objects.create, **hours)


def test_midnight_ends_the_day():
    CalendarHours.objects.create(calendar=CalendarFactory(), weekday=0, starts=time(0), ends=time(0))


def test_hours_start_once_a_day():
    hours = {"calendar": CalendarFactory(), "weekday": 0, "starts": time(9), "ends": time(12)}
    CalendarHours.objects.create(**hours)
    assert breaks("hours_start_once_a_day", CalendarHours.objects.create, **hours | {"ends": time(13)})


@pytest.mark.parametrize("times", [(time(9), None), (None, time(9)), (time(9), time(9)), (time(9), time(8))])
def test_a_day_that_differs_is_closed_or_has_an_interval(times):
    values = {"calendar": CalendarFactory(), "day": date(2026, 12, 24), "starts": times[0], "ends": times[1]}
    assert breaks("exception_closed_or_an_interval", CalendarException.objects.create, **values)


def test_a_day_that_differs_starts_once():
    values = {"calendar": CalendarFactory(), "day": date(2026, 12, 24), "starts": time(9), "ends": time(12)}
    CalendarException.objects.create(**values)
    assert breaks("exception_start_once_a_day", CalendarException.objects.create, **values)


def test_a_day_is_closed_once():
    values = {"calendar": CalendarFactory(), "day": date(2026, 12, 25)}
    CalendarException.objects.create(**values)
    assert breaks("exception_closed_once_a_day", CalendarException.objects.create, **values)


# --- POCs


@pytest.mark.parametrize(
    ("constraint", "values"),
    [
        ("poc_has_a_name", {"name": ""}),
        ("poc_one_front_desk", {"is_house": True, "kind": Kind.TEAM}),
        ("poc_shared_mailbox_has_an_address", {"delivery": "mailbox", "email": ""}),
    ],
)
def test_a_poc_is_a_possible_one(constraint, values):
    assert breaks(constraint, PersonFactory, **values)


def test_a_team_is_no_user_and_has_no_home_team_and_a_person_leads_no_one_by_column():
    assert breaks("poc_team_is_no_user", TeamFactory, user=UserFactory())
    assert breaks("poc_team_has_no_home_team", TeamFactory, home_team=TeamFactory())
    assert breaks("poc_only_a_team_has_a_lead", PersonFactory, lead=PersonFactory())


def test_the_front_desk_is_a_team_and_stays():
    house = PointOfContact.objects.house()
    assert breaks("poc_front_desk_is_a_team", house.update, kind=Kind.PERSON)
    assert breaks("poc_front_desk_stays_active", house.update, deactivated_at=AT)


def test_a_user_is_one_person():
    person = PersonFactory(signs_in=True)
    assert breaks("unique", PersonFactory, user=person.user)


def test_an_imported_poc_is_there_once():
    PersonFactory(source="crm_sales", external_id="Ann")
    assert breaks("poc_external_id_once", PersonFactory, source="crm_sales", external_id="Ann")
    PersonFactory(source="other", external_id="Ann")


def test_a_member_is_in_a_team_once_and_a_team_never_in_itself():
    membership = MembershipFactory()
    again = {"team": membership.team, "member": membership.member}
    assert breaks("membership_once", Membership.objects.create, **again)
    assert breaks("membership_not_in_itself", Membership.objects.create, team=membership.team, member=membership.team)


@pytest.mark.parametrize("history", [AssignmentFactory, AbsenceFactory, GrantFactory])
def test_a_poc_with_history_cannot_be_deleted(history):
    poc = history().poc
    with pytest.raises(ProtectedError), transaction.atomic():
        poc.delete()
    with pytest.raises(ProtectedError), transaction.atomic():
        PointOfContact.objects.filter(pk=poc.pk).delete()


# --- Absences


@pytest.mark.postgres
@pytest.mark.parametrize("about", [None, "billing"])
def test_absences_of_one_poc_on_one_topic_never_overlap(about):
    about = about and topic(about)
    absence = AbsenceFactory(topic=about)
    assert breaks("absence_one_at_a_time", AbsenceFactory, poc=absence.poc, topic=about, starts_at=AT)
    AbsenceFactory(poc=absence.poc, topic=topic("support"))
    AbsenceFactory(poc=absence.poc, topic=about, starts_at=absence.ends_at, ends_at=absence.ends_at + HOUR)


def test_an_absence_does_not_end_before_it_starts():
    assert breaks("absence_ends_not_before_start", AbsenceFactory, starts_at=AT, ends_at=AT - HOUR)


def test_nobody_covers_for_themselves():
    poc = PersonFactory()
    assert breaks("absence_not_covered_by_oneself", AbsenceFactory, poc=poc, cover=poc)


# --- Assignments


def test_a_place_is_open_for_one_holder():
    held = AssignmentFactory()
    assert breaks("assignment_one", AssignmentFactory, dossier=held.dossier, starts_at=AT)
    AssignmentFactory(dossier=held.dossier, rank=1)
    AssignmentFactory(dossier=held.dossier, topic=topic("billing"))


@pytest.mark.postgres
def test_a_future_end_and_an_open_row_may_not_overlap_either():
    held = AssignmentFactory(ends_at=AT)
    values = {"dossier": held.dossier, "starts_at": AT - HOUR}
    assert breaks("assignment_one_holder_at_a_time", AssignmentFactory, **values)
    AssignmentFactory(dossier=held.dossier, starts_at=AT)


@pytest.mark.postgres
def test_what_was_withdrawn_before_it_began_excludes_nobody():
    held = AssignmentFactory(starts_at=AT, ends_at=AT)
    AssignmentFactory(dossier=held.dossier)


def test_an_assignment_does_not_end_before_it_starts():
    assert breaks("assignment_ends_not_before_start", AssignmentFactory, starts_at=AT, ends_at=AT - HOUR)


def test_a_grant_is_given_once_per_cause():
    grant = GrantFactory()
    assert breaks("grant_once_per_cause", Grant.objects.create, poc=grant.poc, home=grant.home, cause=grant.cause)


# --- The words of the querysets


@pytest.mark.parametrize(
    ("period", "counts"),
    [((0, 1), True), ((-1, 0), False), ((0, None), True), ((1, None), False), ((-1, 1), True), ((0, 0), False)],
)
def test_a_row_counts_from_its_start_until_before_its_end(period, counts):
    starts, ends = period
    AssignmentFactory(starts_at=AT + starts * HOUR, ends_at=None if ends is None else AT + ends * HOUR)
    assert Assignment.objects.at(AT).exists() is counts


@pytest.mark.parametrize(
    ("period", "shares"),
    [((0, 2), True), ((-2, 0), False), ((2, 3), False), ((1, None), True), ((2, None), False), ((1, 1), False)],
)
def test_periods_overlap_where_they_share_a_moment(period, shares):
    starts, ends = period
    AssignmentFactory(starts_at=AT + starts * HOUR, ends_at=None if ends is None else AT + ends * HOUR)
    assert Assignment.objects.overlapping(AT, AT + 2 * HOUR).exists() is shares


def test_whoever_was_deactivated_is_no_longer_offered():
    gone, here = PersonFactory(deactivated_at=AT), PersonFactory()
    assert here in PointOfContact.objects.active()
    assert gone not in PointOfContact.objects.active()


def test_a_team_has_members_while_one_of_them_is_active():
    team = TeamFactory(members=[PersonFactory(deactivated_at=AT)])
    assert not PointOfContact.objects.with_members().get(pk=team.pk).has_members
    MembershipFactory(team=team)
    assert PointOfContact.objects.with_members().get(pk=team.pk).has_members


def test_absences_at_a_moment_are_those_that_count_then():
    absence = AbsenceFactory()
    assert list(Absence.objects.at(AT)) == [absence]
    assert not Absence.objects.at(absence.ends_at).exists()
