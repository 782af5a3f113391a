"""A dry run over last month: what steps would have told whom, beside what was told. Nothing is written."""

from dataclasses import replace
from datetime import date, time, timedelta

import pytest

from crm.commitments import actions, waiting
from crm.commitments.models import Kind, Notification
from crm.commitments.moving import move_many
from crm.commitments.policy import dry_run, writing_policies
from crm.commitments.policy.policy_checks import StepTerms, Terms
from crm.desk.merging import merge
from crm.desk.unmerging import unmerge
from crm.dossiers.models import Event, EventDossier, Tier
from crm.dossiers.tiers import set_tier
from crm.outbox.models import Message
from crm.poc import hours
from tests.commitments.conftest import MONDAY, moment
from tests.factories.accounts import AccountFactory
from tests.factories.commitments import shipped
from tests.factories.dossiers import DossierFactory, purpose, tier, topic
from tests.factories.poc import AbsenceFactory, AssignmentFactory, CalendarFactory, PersonFactory
from tests.factories.users import UserFactory

pytestmark = pytest.mark.django_db

STEPS = (StepTerms(), StepTerms(kind="escalation", amount=4, slot="backup"))
TERMS = Terms(steps=STEPS)
NOW = moment("Fri 12:00")


def run(policy=None, terms=TERMS, at=NOW, user=None):
    policy = policy or shipped(Kind.FOLLOW_UP).policy
    return dry_run.dry_run(policy, terms, user=user or UserFactory(superuser=True), at=at)


def would(ran, row=0):
    return [(told.at, told.name, told.is_escalation) for told in ran.rows[row].would]


def test_it_says_who_would_have_been_told_and_when(house):
    house.promise()
    ran = run()
    assert would(ran) == [(moment("Wed 10:00"), "Ann", False), (moment("Wed 14:00"), "Ben", True)]
    assert (ran.n_would, ran.n_would_escalate, ran.n_would_be_late, ran.n_late) == (2, 1, 1, 1)


def test_beside_it_stands_what_was_really_told(house):
    house.promise()
    house.sweep_at("Tue 10:00")
    house.sweep_at("Wed 10:00")
    ran = run()
    assert [(told.at, told.name) for told in ran.rows[0].really] == [
        (moment("Tue 10:00"), "Ann"),
        (moment("Wed 10:00"), "Ann"),
    ]
    assert (ran.n_really, ran.n_really_escalated) == (2, 0)


def test_whoever_answered_at_the_moment_of_the_step_would_have_been_told(house):
    house.promise()
    AbsenceFactory(poc=house.ann, cover=house.lea, starts_at=moment("Wed 09:00"), ends_at=moment("Wed 12:00"))
    assert [name for _at, name, _is in would(run())] == ["Lea", "Ben"]
    other = DossierFactory()
    AssignmentFactory(dossier=other, poc=PersonFactory(name="Zoe"), starts_at=moment("Wed 12:00"))
    house.promise(dossier=other, due_at=moment("Wed 16:00"))
    assert would(run())[0][1] == "Zoe"


def test_nothing_comes_after_it_was_settled(house):
    promised = house.promise()
    house.at("Wed 11:00")
    actions.keep(commitment=promised, by=house.by, at=moment("Wed 11:00"))
    assert [name for _at, name, _is in would(run())] == ["Ann"]


def test_another_target_moves_the_due_moment_of_what_was_counted(house):
    house.promise(kind=Kind.FIRST_ANSWER, due_at=None, zone="")
    policy = shipped(Kind.FIRST_ANSWER).policy
    ran = run(policy, Terms(target_amount=2, target_unit="working_hours", steps=STEPS))
    assert (ran.rows[0].due_at, ran.rows[0].commitment.due_at) == (moment("Mon 11:30"), moment("Mon 17:30"))
    assert would(ran)[0][0] == moment("Mon 11:30")


def test_somebody_named_who_has_gone_would_not_have_been_told(house):
    house.promise()
    gone = PersonFactory(name="Gone", deactivated_at=MONDAY)
    ran = run(terms=Terms(steps=(StepTerms(slot="named", poc=gone),)))
    assert [name for _at, name, _is in would(ran)] == ["Lea"]  # it climbs to the lead


def test_only_what_would_have_come_under_the_policy_counts(house):
    complaint = purpose("complaint")
    values = {"kind": Kind.FOLLOW_UP, "name": "Complaints", "purpose": complaint, "by": house.by, "at": MONDAY}
    policy = writing_policies.add_policy(**values)
    mine = house.promise(purpose=complaint)
    house.promise()
    house.promise(topic=topic("billing"))
    assert [row.commitment for row in run(policy).rows] == [mine]
    assert mine not in [row.commitment for row in run().rows]


def test_last_month_is_thirty_one_days_and_the_newest_are_gone_through(house, monkeypatch):
    for _n in range(3):
        house.promise()
    assert len(run(at=MONDAY + timedelta(days=32)).rows) == 0
    monkeypatch.setattr(dry_run, "MOST", 2)
    ran = run()
    assert (len(ran.rows), ran.is_cut) == (2, True)


def test_it_writes_nothing_and_costs_the_same_however_many(house, django_assert_max_num_queries):
    for n in range(12):
        house.promise(dossier=DossierFactory() if n % 2 else house.record)
    user = UserFactory(superuser=True)
    before = [model.objects.count() for model in (Notification, Message, Event, EventDossier)]
    run(user=user)
    with django_assert_max_num_queries(24):
        run(user=user)
    assert before == [model.objects.count() for model in (Notification, Message, Event, EventDossier)]


# --- What was done meanwhile


def test_an_acknowledgement_holds_the_next_step_off_for_as_long_as_the_terms_tried_say(house):
    promised = house.promise()
    house.at("Wed 11:00")
    actions.acknowledge(commitment=promised, by=house.by, at=moment("Wed 11:00"))
    ran = run(terms=replace(TERMS, ack_amount=6, ack_unit="working_hours"))
    assert would(ran)[1] == (moment("Wed 17:00"), "Ben", True)
    ran = run(terms=replace(TERMS, ack_amount=1, ack_unit="hours"))
    assert would(ran)[1] == (moment("Wed 15:00"), "Ben", True)  # four hours after whoever took it on had read it


def test_what_waited_is_due_later_by_the_rest_it_would_have_had(house):
    promised = house.promise(kind=Kind.FIRST_ANSWER, due_at=None, zone="")  # in eight working hours: Mon 17:30
    waiting.wait(commitment=promised, by=house.by, at=moment("Mon 10:30"))
    waiting.resume(commitment=promised, by=house.by, at=moment("Wed 10:00"))
    policy = shipped(Kind.FIRST_ANSWER).policy
    asked = {"wait_amount": 4, "wait_unit": "working_hours", "steps": STEPS}
    ran = run(policy, Terms(target_amount=3, target_unit="working_hours", **asked))
    assert ran.rows[0].due_at == moment("Wed 12:00")
    assert [(at, name) for at, name, _is in would(ran)] == [
        (moment("Mon 14:30"), "Ann"),  # whether it still waits
        (moment("Tue 09:30"), "Ann"),
        (moment("Tue 13:30"), "Ann"),
        (moment("Tue 17:30"), "Ann"),
        (moment("Wed 12:00"), "Ann"),
        (moment("Wed 16:00"), "Ben"),
    ]
    overdue_then = run(policy, Terms(target_amount=30, target_unit="working_minutes", **asked))
    assert overdue_then.rows[0].due_at == moment("Wed 11:00")  # an hour at least


def test_what_was_counted_is_known_though_it_was_moved_since(house):
    promised = house.promise(kind=Kind.FIRST_ANSWER, due_at=None, zone="")
    actions.redue(commitment=promised, due_at=moment("Thu 12:00"), by=house.by, at=moment("Mon 14:00"))
    ran = run(shipped(Kind.FIRST_ANSWER).policy, Terms(target_amount=2, target_unit="working_hours", steps=STEPS))
    assert [at for at, *_ in would(ran)] == [moment("Mon 11:30"), moment("Thu 12:00"), moment("Thu 16:00")]
    assert ran.rows[0].due_at == moment("Thu 12:00")


def test_a_day_off_entered_meanwhile_moves_it_from_then_on(house):
    calendar = CalendarFactory(nine_to_six=True)
    terms = Terms(target_amount=3, target_unit="working_days", calendar=calendar, steps=STEPS)
    policy = shipped(Kind.FIRST_ANSWER).policy
    writing_policies.write_version(policy=policy, terms=terms, by=house.by, at=MONDAY)
    house.promise(kind=Kind.FIRST_ANSWER, due_at=None, zone="")
    house.sweep_at("Mon 09:31")
    values = {"name": calendar.name, "zone": "UTC", "week": {day: [(time(9), time(18))] for day in range(5)}}
    values |= {"days": {date(2026, 3, 4): hours.Day((), "Fair")}, "by": house.by, "at": moment("Tue 12:00")}
    house.at("Tue 12:00")
    hours.change_calendar(calendar=calendar, **values)
    for text in ("Tue 12:00", "Tue 12:01", "Fri 09:30"):
        house.sweep_at(text)
    ran = run(policy, terms)
    assert (ran.rows[0].due_at, would(ran)) == (moment("Fri 09:30"), [(moment("Fri 09:30"), "Ann", False)])
    assert list(ran.rows[0].really) == list(ran.rows[0].would)


def test_what_another_act_told_of_begins_with_the_first_step(house):
    promised = house.promise()
    house.at("Thu 10:00")
    move_many(commitments=[promised], to=house.lea, tell=False, by=house.by, at=moment("Thu 10:00"))
    assert [(at, name) for at, name, _is in would(run())][2:] == [
        (moment("Thu 10:00"), "Lea"),
        (moment("Thu 14:00"), "Ben"),
    ]


def test_it_comes_under_the_tier_of_its_day(house):
    by = {"by": house.by, "at": MONDAY}
    policy = writing_policies.add_policy(kind=Kind.FOLLOW_UP, name="Best", tier=tier("a"), **by)
    set_tier(dossiers=[house.record], tier=tier("a"), **by)
    best = house.promise(at=moment("Mon 10:00"))
    set_tier(dossiers=[house.record], tier=tier("b"), by=house.by, at=moment("Tue 10:00"))
    house.promise(at=moment("Tue 11:00"))
    ran = run(policy)
    assert ([row.commitment for row in ran.rows], ran.n_unsure) == ([best], 0)
    set_tier(dossiers=[house.record], tier=tier("a"), by=house.by, at=moment("Thu 10:00"))
    Tier.objects.filter(code="b").update(name="Silver")
    ran = run(policy)
    assert (len(ran.rows), ran.n_unsure) == (2, 2)  # whatever "B" was then: it is judged by today's


def test_keeping_in_touch_is_told_from_the_last_touch_on(house):
    touched = moment("Tue 09:00")
    values = {"kind": Kind.TOUCH, "recur_every": 1, "recur_unit": "days", "recur_from": touched, "zone": "UTC"}
    promise = actions.Promise(
        dossier=house.record, topic=topic(), title="Keep in touch", due_at=moment("Wed 09:00"), **values
    )
    actions.open_commitments([promise], by=house.by, at=MONDAY)
    ran = run(shipped(Kind.TOUCH).policy)
    assert ran.is_touch
    assert would(ran)[0] == (moment("Wed 09:00"), "Ann", False)


def test_what_was_merged_is_told_from_where_it_lay_to_where_it_lies(house):
    keep, drop = AccountFactory(), AccountFactory()
    AssignmentFactory(dossier=keep.dossier, poc=house.lea)
    AssignmentFactory(dossier=drop.dossier, poc=house.ann, ends_at=moment("Tue 12:00"))
    values = {"dossier": drop.dossier, "purpose": purpose("complaint")}
    promised = house.promise(**values)
    house.sweep_at("Tue 10:00")
    actions.snooze(commitment=promised, until=moment("Wed 11:00"), by=house.by, at=moment("Tue 11:00"))
    event = merge(keep=keep, drop=drop, by=house.by, at=house.at("Tue 12:00"))
    told = [(moment("Tue 10:00"), "Ann"), (moment("Wed 11:00"), "Lea")]
    policy = shipped(Kind.FOLLOW_UP)
    ran = run(terms=writing_policies.terms_of(policy), at=house.sweep_at("Wed 11:00"))
    assert [(at, name) for at, name, _is in would(ran)] == told
    assert list(ran.rows[0].would) == list(ran.rows[0].really)
    house.at("Wed 12:00")
    unmerge(event=event, by=house.by, at=moment("Wed 12:00"))
    assert [(at, name) for at, name, _is in would(run(at=moment("Wed 12:00")))][-1] == told[-1]
