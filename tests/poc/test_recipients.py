"""Whom to tell when a POC is told."""

import pytest
from hypothesis import given, settings

from crm.dossiers.models import Firm
from crm.poc.models import PointOfContact
from crm.poc.recipients import recipients
from tests.factories import AT
from tests.factories.dossiers import topic
from tests.factories.poc import AbsenceFactory, CalendarFactory, PersonFactory, TeamFactory
from tests.factories.users import UserFactory
from tests.poc import oracle
from tests.poc.houses import MOMENTS, houses, read, rolled_back, write

pytestmark = pytest.mark.django_db

Delivery = PointOfContact.Delivery


def told(*pocs):
    return {poc: [r.poc_id for r in recipients([p.pk for p in pocs], at=AT)[poc.pk]] for poc in pocs}


def off_duty(**values):
    return PersonFactory(calendar=CalendarFactory(), **values)


def test_a_person_is_told_on_and_off_duty():
    person, off = PersonFactory(), off_duty()
    assert told(person, off) == {person: [person.pk], off: [off.pk]}


def test_the_absent_and_the_deactivated_are_told_nothing():
    away, gone = AbsenceFactory().poc, PersonFactory(deactivated_at=AT)
    assert told(away, gone) == {away: [], gone: []}


def test_one_away_from_a_single_topic_is_still_told():
    away = AbsenceFactory(topic=topic("billing")).poc
    assert told(away) == {away: [away.pk]}


def test_a_team_tells_whoever_is_on_duty():
    on, off = PersonFactory(), off_duty()
    team = TeamFactory(members=[on, off])
    assert told(team) == {team: [on.pk]}


def test_a_team_with_nobody_on_duty_tells_all_who_are_not_away():
    first, second = off_duty(name="Ann"), off_duty(name="Bo")
    team = TeamFactory(members=[second, first, AbsenceFactory(poc=off_duty()).poc])
    assert told(team) == {team: [first.pk, second.pk]}


def test_a_team_may_tell_all_members_or_its_mailbox():
    on, off = PersonFactory(name="Ann"), off_duty(name="Bo")
    everybody = TeamFactory(members=[on, off], delivery=Delivery.ALL)
    mailbox = TeamFactory(members=[on], delivery=Delivery.MAILBOX, email="ar@firm.example")
    assert told(everybody, mailbox) == {everybody: [on.pk, off.pk], mailbox: [mailbox.pk]}


def test_a_team_that_is_away_or_gone_tells_nobody():
    gone = TeamFactory(members=[PersonFactory()], deactivated_at=AT)
    away = AbsenceFactory(poc=TeamFactory(members=[PersonFactory()])).poc
    assert told(gone, away) == {gone: [], away: []}


def test_everybody_is_written_to_in_their_own_words_else_in_the_firms():
    Firm.objects.update(language="it", zone="Europe/Rome")
    own = PersonFactory(user=UserFactory(language="es", time_zone="Europe/Madrid"), email="")
    plain = PersonFactory(zone="Europe/Lisbon")
    bare = PersonFactory(email="")
    found = recipients([own.pk, plain.pk, bare.pk], at=AT)
    shown = [(r[0].language, r[0].zone, r[0].address) for r in (found[own.pk], found[plain.pk], found[bare.pk])]
    assert shown == [
        ("es", "Europe/Madrid", own.user.email),
        ("it", "Europe/Lisbon", plain.email),
        ("it", "Europe/Rome", ""),
    ]


@settings(max_examples=50, deadline=None, derandomize=True)
@given(house=houses())
def test_whoever_is_told_is_told_as_the_rule_said_a_second_time(house):
    with rolled_back():
        write(house)
        world = read()
        for at in MOMENTS:
            for poc, people in recipients(world.pocs, at=at).items():
                assert {person.poc_id for person in people} == oracle.told(world, poc, at)


@pytest.mark.parametrize("many", [1, 40])
def test_telling_many_costs_the_same(django_assert_num_queries, many):
    calendar = CalendarFactory(nine_to_six=True)
    teams = [TeamFactory(members=[PersonFactory(calendar=calendar, signs_in=True)]) for _n in range(many)]
    recipients([t.pk for t in teams], at=AT)  # calendars are known from then on
    with django_assert_num_queries(3):  # POCs and their members; for duty: calendars, and whose is which
        recipients([t.pk for t in teams], at=AT)
