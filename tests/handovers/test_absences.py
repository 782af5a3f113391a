"""Being away: entered, changed, ended; who covers, and who is told."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from crm.commitments.models import Notification
from crm.core.actor import Actor
from crm.core.refusals import Refused
from crm.dossiers.models import Event
from crm.handovers import absences
from crm.handovers.absences import Cover
from crm.handovers.refusals import (
    BegunAlready,
    CircularCover,
    CoverRequired,
    Deactivated,
    EndedAlready,
    EndsBeforeStart,
    EndsInThePast,
    Overlaps,
    StartsInThePast,
)
from crm.poc.models import Absence
from crm.poc.resolve import resolve
from crm.poc.visibility import visible_homes
from crm.users import roles
from crm.users.models import RoleScope, User
from tests.factories import AT
from tests.factories.dossiers import topic
from tests.factories.poc import AbsenceFactory, AssignmentFactory, PersonFactory, TeamFactory
from tests.factories.users import UserFactory, actor, narrow
from tests.together import together

DAY = timedelta(days=1)


def be_away(poc, *covers, starts=0, ends=7, **more):
    values = {"by": actor(), "at": AT} | more
    covers = [cover if isinstance(cover, Cover) else Cover(cover) for cover in covers]
    return absences.set_absences(poc=poc, covers=covers, starts_at=AT + starts * DAY, ends_at=AT + ends * DAY, **values)


def change(absence, **fields):
    known = {name: getattr(absence, name) for name in ("starts_at", "ends_at", "cover", "reason")}
    return absences.change_absence(absence=absence, **known | {"by": actor(), "at": AT} | fields)


def who(dossier, at=AT, about="general"):
    return resolve(dossier_id=dossier.pk, topic_id=topic(about).pk, at=at).poc_id


def told(kind=None):
    rows = Notification.objects.filter(channel="inbox").order_by("pk")
    return [(n.kind, n.recipient.name) for n in rows.select_related("recipient") if kind in (None, n.kind)]


# --- Per topic


@pytest.mark.django_db
def test_another_may_cover_about_one_topic_than_about_everything_else():
    held = AssignmentFactory()
    ann, team = PersonFactory(), TeamFactory(members=[PersonFactory()])
    made = be_away(held.poc, Cover(team), Cover(ann, topic("billing")))
    assert [(a.topic, a.cover) for a in made] == [(None, team), (topic("billing"), ann)]
    assert (who(held.dossier, about="billing"), who(held.dossier), who(held.dossier, about="technical")) == (
        ann.pk, team.pk, team.pk,
    )  # fmt: skip


@pytest.mark.django_db
def test_one_refusal_leaves_nothing_of_the_rest_and_names_its_field():
    poc = PersonFactory()
    covers = [Cover(PersonFactory()), Cover(PersonFactory(deactivated_at=AT), topic("billing"), "cover_billing")]
    with pytest.raises(Deactivated) as refusal:
        be_away(poc, *covers)
    assert refusal.value.field == "cover_billing"
    assert not Absence.objects.exists()
    assert not Event.objects.exists()


@pytest.mark.django_db
def test_the_same_topic_twice_is_an_overlap_at_its_own_field():
    covers = [Cover(PersonFactory(), topic("billing"), f"covers.{n}.cover") for n in range(2)]
    with pytest.raises(Overlaps) as refusal:
        be_away(PersonFactory(), *covers)
    assert refusal.value.field == "covers.1.cover"


@pytest.mark.django_db
def test_somebody_is_away_about_something():
    with pytest.raises(CoverRequired):
        be_away(PersonFactory())


# --- Circles


@pytest.mark.django_db
def test_covers_who_never_meet_make_no_circle():
    ann, bo, cy = PersonFactory.create_batch(3)
    be_away(bo, cy, starts=0, ends=2)
    be_away(cy, ann, starts=4, ends=6)
    be_away(ann, bo, starts=0, ends=7)  # Bo is covered by Cy, and Cy by Ann, but never at one moment
    assert Absence.objects.count() == 3


@pytest.mark.django_db
def test_covers_about_different_topics_make_no_circle_and_about_the_same_they_do():
    ann, bo = PersonFactory.create_batch(2)
    be_away(ann, Cover(bo, topic("billing")))
    be_away(bo, Cover(ann, topic("technical")))
    with pytest.raises(CircularCover) as refusal:
        be_away(bo, Cover(ann, topic("billing"), "cover_billing"))
    assert refusal.value.field == "cover_billing"


# --- It begins and ends by itself


@pytest.mark.django_db
def test_it_begins_and_ends_as_the_clock_passes_and_nothing_runs_for_it(clock):
    narrow(roles.SALES_REP, RoleScope.Sees.OWN)
    held = AssignmentFactory()
    cover = PersonFactory(user=UserFactory(role=roles.SALES_REP))
    be_away(held.poc, cover, starts=1, ends=3)
    seen = []
    for day in (0, 1, 2, 3):
        at = clock.freeze(AT + day * DAY)
        may_open = visible_homes(User.objects.get(pk=cover.user_id)) == [held.dossier_id]
        seen.append((who(held.dossier, at=at) == cover.pk, may_open))
    assert seen == [(False, False), (True, True), (True, True), (False, False)]


# --- Who is told


@pytest.mark.django_db
def test_whoever_covers_is_told_when_it_is_entered_and_the_one_away_when_another_entered_it():
    ann, bo = PersonFactory(name="Ann", signs_in=True), PersonFactory(name="Bo")
    be_away(ann, bo, starts=1)
    assert told() == [("cover_asked", "Bo"), ("away_entered", "Ann")]
    assert "reason" not in Notification.objects.first().facts


@pytest.mark.django_db
def test_whoever_enters_it_is_told_nothing():
    ann, bo = PersonFactory(name="Ann", signs_in=True), PersonFactory(name="Bo", signs_in=True)
    be_away(ann, bo, starts=1, by=Actor(ann.user))
    assert told() == [("cover_asked", "Bo")]


@pytest.mark.django_db
def test_who_is_away_already_gets_not_even_the_news_of_it():
    be_away(PersonFactory(name="Ann", signs_in=True), PersonFactory(name="Bo"))
    assert told() == [("cover_asked", "Bo")]


@pytest.mark.django_db
def test_of_a_team_that_covers_its_members_are_told_as_the_team_wants():
    team = TeamFactory(members=[PersonFactory(name="Cy"), PersonFactory(name="Di")], delivery="all")
    be_away(PersonFactory(), team)
    assert told("cover_asked") == [("cover_asked", "Cy"), ("cover_asked", "Di")]


@pytest.mark.django_db
def test_an_absence_entered_after_it_is_over_tells_nobody():
    (past,) = be_away(PersonFactory(signs_in=True), PersonFactory(), starts=-7, ends=-1)
    assert (told(), past.summed_up_at) == ([], AT)


@pytest.mark.django_db
def test_whoever_covers_hears_that_it_ends_early_or_never_begins():
    (running,) = be_away(PersonFactory(), PersonFactory(name="Bo"))
    (planned,) = be_away(PersonFactory(), PersonFactory(name="Cy"), starts=2)
    for absence in (running, planned, planned):
        absences.end_absence(absence=absence, by=actor(), at=AT + DAY)
    assert told("cover_ended") == [("cover_ended", "Bo")]
    assert told("cover_withdrawn") == [("cover_withdrawn", "Cy")]


# --- Changed


@pytest.mark.django_db
def test_the_end_is_moved_recorded_as_old_and_new_and_told():
    (absence,) = be_away(PersonFactory(), PersonFactory(name="Bo"))
    changed = change(absence, ends_at=AT + 9 * DAY)
    assert (changed.pk, changed.ends_at) == (absence.pk, AT + 9 * DAY)
    facts = Event.objects.latest("pk").facts
    assert facts["changes"] == {"ends_at": [(AT + 7 * DAY).isoformat(), (AT + 9 * DAY).isoformat()]}
    assert told("cover_changed") == [("cover_changed", "Bo")]


@pytest.mark.django_db
def test_another_cover_while_it_runs_leaves_what_was_as_it_was():
    held, bo, cy = AssignmentFactory(), PersonFactory(name="Bo"), PersonFactory(name="Cy")
    (absence,) = be_away(held.poc, bo)
    goes_on = change(absence, cover=cy, at=AT + 2 * DAY)
    shown = [who(held.dossier, at=AT + day * DAY) for day in (0, 1, 2, 6, 7)]
    assert shown == [bo.pk, bo.pk, cy.pk, cy.pk, held.poc_id]
    assert goes_on.pk != absence.pk
    assert told("cover_passed") == [("cover_passed", "Bo")]
    assert told("cover_asked") == [("cover_asked", "Bo"), ("cover_asked", "Cy")]


@pytest.mark.django_db
def test_another_cover_before_it_begins_is_the_same_absence():
    (absence,) = be_away(PersonFactory(), PersonFactory(), starts=1)
    cy = PersonFactory()
    changed = change(absence, cover=cy, starts_at=AT + 2 * DAY)
    assert (changed.pk, changed.cover, changed.starts_at) == (absence.pk, cy, AT + 2 * DAY)
    assert set(Event.objects.latest("pk").facts["changes"]) == {"cover", "starts_at"}


@pytest.mark.django_db
def test_the_same_values_change_nothing_and_a_reason_is_told_to_nobody():
    (absence,) = be_away(PersonFactory(), PersonFactory(name="Bo"))
    change(absence)
    assert Event.objects.count() == 1
    change(absence, reason=" Flu ")
    event = Event.objects.latest("pk")
    assert (event.facts["changes"], event.personal.values["reason"]) == ({"reason": ["", ""]}, "Flu")
    assert told("cover_changed") == []


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("fields", "refusal"),
    [
        ({"starts_at": AT + DAY}, BegunAlready),
        ({"ends_at": AT}, EndsInThePast),
        ({"at": AT + 8 * DAY}, EndedAlready),
    ],
)
def test_what_has_begun_or_ended_is_not_changed(fields, refusal):
    (absence,) = be_away(PersonFactory(), PersonFactory())
    with pytest.raises(refusal):
        change(absence, **fields)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("fields", "refusal"),
    [
        ({"starts_at": AT - DAY}, StartsInThePast),
        ({"starts_at": AT + 7 * DAY}, EndsBeforeStart),
    ],
)
def test_a_planned_one_is_moved_within_reason(fields, refusal):
    (absence,) = be_away(PersonFactory(), PersonFactory(), starts=1)
    with pytest.raises(refusal):
        change(absence, **fields)


@pytest.mark.django_db
def test_a_withdrawn_one_is_not_changed():
    (absence,) = be_away(PersonFactory(), None, starts=1)
    absences.end_absence(absence=absence, by=actor(), at=AT)
    with pytest.raises(EndedAlready):
        change(absence, ends_at=AT + 20 * DAY)


@pytest.mark.django_db
def test_a_change_meets_no_other_absence_and_makes_no_circle():
    ann, bo = PersonFactory.create_batch(2)
    (absence,) = be_away(ann, bo, ends=2)
    be_away(ann, None, starts=4, ends=6)
    with pytest.raises(Overlaps):
        change(absence, ends_at=AT + 5 * DAY)
    be_away(bo, PersonFactory(), starts=1)
    with pytest.raises(CircularCover):
        change(absence, cover=ann)


# --- Who may enter it


@pytest.mark.django_db
def test_oneself_those_one_leads_and_for_managers_anybody_may_be_entered():
    lead = PersonFactory(user=UserFactory(role=roles.SALES_REP))
    at_home = PersonFactory(home_team=TeamFactory(lead=lead))
    member = PersonFactory()
    team = TeamFactory(lead=lead, members=[member, lead])
    stranger, gone = PersonFactory(), PersonFactory(home_team=team, deactivated_at=AT)
    mine = set(absences.set_away_by(lead.user))
    assert {lead, at_home, member, team} <= mine
    assert not mine & {stranger, gone}
    managers = absences.set_away_by(UserFactory(role=roles.ACCOUNT_MANAGER))
    assert stranger in managers
    assert stranger not in absences.set_away_by(UserFactory(role=roles.PROJECT_MANAGER))


# --- The database holds it, whoever comes at once


@pytest.mark.django_db
@pytest.mark.parametrize(
    "fields", [{"ends_at": AT - 2 * DAY}, {"cover": "self"}], ids=["ends before it starts", "covered by oneself"]
)
def test_the_database_refuses_what_cannot_be(fields):
    absence = AbsenceFactory()
    values = {name: absence.poc if value == "self" else value for name, value in fields.items()}
    with pytest.raises(IntegrityError), transaction.atomic():
        Absence.objects.filter(pk=absence.pk).update(**values)


@pytest.mark.postgres
@pytest.mark.django_db
@pytest.mark.parametrize("about", [None, "billing"])
def test_postgres_refuses_two_absences_at_one_moment_whoever_writes_them(about):
    about = topic(about) if about else None
    absence = AbsenceFactory(topic=about)
    with pytest.raises(IntegrityError), transaction.atomic():
        AbsenceFactory(poc=absence.poc, topic=about, starts_at=AT, ends_at=AT + 9 * DAY)


def test_of_several_who_enter_the_same_time_at_once_one_is_taken(database):
    ann, cover, by = PersonFactory(), PersonFactory(), Actor.system()

    def entering(n):
        return lambda: absences.set_absence(
            poc=ann, cover=cover, starts_at=AT + n * DAY, ends_at=AT + (n + 3) * DAY, by=by, at=AT
        )

    done = together(*[entering(n) for n in range(3)])
    assert sorted(type(result).__name__ for result in done) == ["Absence", "Overlaps", "Overlaps"]
    assert Absence.objects.filter(poc=ann).count() == 1


def test_three_who_cover_for_each_other_in_a_ring_at_once_make_no_circle(database):
    people, by = PersonFactory.create_batch(3), Actor.system()

    def entering(n):
        return lambda: absences.set_absence(
            poc=people[n], cover=people[(n + 1) % 3], starts_at=AT, ends_at=AT + DAY, by=by, at=AT
        )

    done = together(*[entering(n) for n in range(3)])
    assert sum(isinstance(result, CircularCover) for result in done) == 1
    assert Absence.objects.count() == 2


def test_a_change_and_an_end_at_once_leave_one_truth(database):
    absence = AbsenceFactory(cover=PersonFactory())
    by, at = Actor.system(), AT
    cy = PersonFactory()
    done = together(
        lambda: change(absence, cover=cy, by=by),
        lambda: absences.end_absence(absence=absence, by=by, at=at),
    )
    assert not [result for result in done if isinstance(result, Refused) and not isinstance(result, EndedAlready)]
    rows = Absence.objects.filter(poc=absence.poc).at(AT + timedelta(minutes=1))
    assert rows.count() == (1 if any(isinstance(r, Absence) for r in done) else 0)
