"""Which policy a promise comes under: the first of its kind, in their order, that matches."""

import pytest

from crm.commitments.models import Kind, PolicyVersion
from crm.commitments.opening import Promise, open_commitments, target_due
from crm.commitments.policy import policies
from crm.commitments.policy.writing_policies import add_policy, move_policy, newest_of, retire_policy
from crm.commitments.refusals import DueRequired
from crm.core.working_time import WorkingTime, always
from crm.dossiers.models import Dossier
from crm.poc.calendars import working_times
from tests.commitments.conftest import MONDAY, moment
from tests.factories.commitments import PolicyVersionFactory, shipped
from tests.factories.dossiers import DossierFactory, channel, purpose, tier, topic
from tests.factories.poc import CalendarFactory
from tests.factories.users import actor

pytestmark = pytest.mark.django_db


def policy(name, **match):
    return add_policy(kind=Kind.FIRST_ANSWER, name=name, **match, by=actor(), at=MONDAY)


def name_of(**values):
    case = policies.Case(Kind.FIRST_ANSWER, **values)
    return policies.current([case])[case].policy.name


@pytest.mark.parametrize(
    ("match", "values"),
    [
        (lambda: {"priority": "urgent"}, lambda: {"priority": "urgent"}),
        (lambda: {"purpose": purpose("complaint")}, lambda: {"purpose": purpose("complaint").pk}),
        (lambda: {"tier": tier("a")}, lambda: {"tier": tier("a").pk}),
        (lambda: {"topic": topic("billing")}, lambda: {"topic": topic("billing").pk}),
        (lambda: {"channel": channel("email")}, lambda: {"channel": channel("email").pk}),
    ],
    ids=["priority", "purpose", "tier", "topic", "channel"],
)
def test_each_criterion_narrows_and_the_rest_is_for_the_one_without(match, values):
    policy("Narrow", **match())
    assert name_of(**values()) == "Narrow"
    assert name_of() == "First answer"


def test_all_its_criteria_have_to_match():
    policy("Urgent bills", priority="urgent", topic=topic("billing"))
    assert name_of(priority="urgent", topic=topic("billing").pk) == "Urgent bills"
    assert name_of(priority="urgent", topic=topic().pk) == name_of(topic=topic("billing").pk) == "First answer"


def test_of_several_that_match_the_first_in_their_order_decides():
    policy("Urgent", priority="urgent")
    bills = policy("Bills", topic=topic("billing"))
    both = {"priority": "urgent", "topic": topic("billing").pk}
    assert name_of(**both) == "Urgent"
    move_policy(policy=bills, up=True, by=actor(), at=MONDAY)
    assert name_of(**both) == "Bills"
    retire_policy(policy=bills, by=actor(), at=MONDAY)
    assert name_of(**both) == "Urgent"


def test_the_newest_version_counts():
    old = shipped(Kind.RESOLUTION)
    new = PolicyVersionFactory(policy=old.policy, number=2)
    assert [v.pk for v in policies.current([policies.Case(Kind.RESOLUTION)]).values()] == [new.pk]
    assert set(PolicyVersion.objects.newest().filter(policy=old.policy)) == {new}


def test_a_thousand_cases_of_every_kind_cost_one_query(django_assert_num_queries):
    cases = [policies.Case(kind, topic=n) for kind in Kind.values for n in range(200)]
    with django_assert_num_queries(1):
        assert len(policies.current(cases)) == 1200


def test_the_tier_is_the_records_own_else_its_homes(house, django_assert_num_queries):
    policy("Best", tier=tier("a"))
    home = DossierFactory(tier=tier("a"))
    below = [DossierFactory(kind=Dossier.Kind.PROJECT, parent=home, home=home) for _n in range(3)]
    other = DossierFactory(kind=Dossier.Kind.PROJECT, parent=home, home=home, tier=tier("b"))

    def promises(*records):
        return [
            Promise(dossier=record, topic=topic(), kind=Kind.FIRST_ANSWER, title="Answer", due_at=moment("Wed 10:00"))
            for record in records
        ]

    opened = open_commitments(promises(home, *below, other), by=house.by, at=MONDAY)
    assert [c.policy_version.policy.name for c in opened] == ["Best"] * 4 + ["First answer"]
    many = promises(*below)
    with django_assert_num_queries(6):  # policies, tiers of homes, rows, events with their two parts
        open_commitments(many, by=house.by, at=MONDAY)


def test_a_promise_by_target_remembers_what_it_was_counted_from_and_in_which_hours(house):
    calendar = CalendarFactory(nine_to_six=True)
    house.ann.calendar = calendar
    house.ann.save()
    answer = house.promise(kind=Kind.FIRST_ANSWER, due_at=None, zone="")
    assert (answer.counted_from, answer.calendar_id, answer.calendar_version) == (MONDAY, calendar.pk, calendar.version)
    said = house.promise()
    assert (said.counted_from, said.calendar_id) == (None, None)


def test_the_calendar_a_policy_names_goes_before_that_of_whoever_answers(house):
    calendar = CalendarFactory(zone="America/New_York", nine_to_six=True)
    version = newest_of(policy("Over there", priority="high"))
    PolicyVersion.objects.filter(pk=version.pk).update(calendar=calendar)
    there = house.promise(kind=Kind.FIRST_ANSWER, due_at=None, zone="", priority="high")
    here = house.promise(kind=Kind.FIRST_ANSWER, due_at=None, zone="")
    assert (there.due_at, there.zone, there.calendar_id) == (moment("Mon 22:00"), "America/New_York", calendar.pk)
    assert here.due_at == moment("Mon 17:30").replace(hour=17, minute=30)


def test_a_target_counts_from_a_moment_and_later_by_what_was_paused(house):
    working = working_times([house.ann.pk])[house.ann.pk]
    version = PolicyVersion(target_amount=4, target_unit="working_hours")
    assert target_due(version, moment("Mon 15:00"), working) == moment("Tue 10:00")
    assert target_due(version, moment("Mon 15:00"), working, paused_seconds=7200) == moment("Tue 12:00")
    assert target_due(version, moment("Mon 15:00"), always()) == moment("Mon 19:00")
    with pytest.raises(DueRequired):
        target_due(PolicyVersion(), MONDAY, working)


def test_where_the_calendar_never_opens_a_target_counts_elapsed_time():
    version = PolicyVersion(target_amount=2, target_unit="working_days")
    closed = WorkingTime("UTC", {})
    assert target_due(version, MONDAY, closed, paused_seconds=60) == moment("Wed 09:31").replace(hour=9, minute=31)
