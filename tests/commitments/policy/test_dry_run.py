"""A dry run over last month: what steps would have told whom, beside what was told. Nothing is written."""

from datetime import timedelta

import pytest

from crm.commitments import actions
from crm.commitments.models import Kind, Notification
from crm.commitments.policy import dry_run, writing_policies
from crm.commitments.policy.policy_checks import StepTerms, Terms
from crm.dossiers.models import Event, EventDossier
from crm.outbox.models import Message
from tests.commitments.conftest import MONDAY, moment
from tests.factories.commitments import shipped
from tests.factories.dossiers import DossierFactory, purpose, topic
from tests.factories.poc import AbsenceFactory, AssignmentFactory, PersonFactory
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
