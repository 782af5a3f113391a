"""The fetch behind "who answers": what it loads, and that it costs the same however many are asked."""

from datetime import timedelta
from itertools import product

import pytest
from hypothesis import HealthCheck, given, settings

from crm.poc import decide
from crm.poc.resolve import Question, resolve, resolve_many
from tests.factories import AT
from tests.factories.accounts import AccountFactory
from tests.factories.dossiers import DossierFactory, topic
from tests.factories.poc import AbsenceFactory, AssignmentFactory, PersonFactory, TeamFactory, front_desk
from tests.factories.projects import ProjectFactory
from tests.poc import oracle
from tests.poc.houses import MOMENTS, houses, read, rolled_back, write

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


def ask(dossier, about="general", at=AT, poc=None):
    return resolve(dossier_id=dossier.pk, topic_id=topic(about).pk, at=at, poc_id=poc and poc.pk)


def test_a_project_is_answered_for_by_its_accounts_group():
    group = AccountFactory()
    project = ProjectFactory(account=AccountFactory(parent=group))
    held = AssignmentFactory(dossier=group.dossier)
    answer = ask(project.dossier, "billing")
    assert (answer.poc_id, answer.dossier_id, answer.topic_id) == (held.poc_id, group.pk, held.topic_id)


def test_nobody_named_is_the_front_desk():
    answer = ask(DossierFactory())
    assert answer.poc_id == front_desk().pk
    assert answer.is_gap


def test_the_past_is_answered_as_it_was_and_the_future_as_it_is_planned():
    dossier = DossierFactory()
    then = AssignmentFactory(dossier=dossier, ends_at=AT - DAY)
    now = AssignmentFactory(dossier=dossier, starts_at=AT - DAY, ends_at=AT + DAY)
    later = AssignmentFactory(dossier=dossier, starts_at=AT + DAY)
    assert [ask(dossier, at=at).poc_id for at in (AT - 2 * DAY, AT, AT + DAY)] == [
        then.poc_id, now.poc_id, later.poc_id,
    ]  # fmt: skip


def test_a_withdrawn_plan_never_answers():
    dossier = DossierFactory()
    AssignmentFactory(dossier=dossier, starts_at=AT, ends_at=AT)
    assert ask(dossier).is_gap


def test_one_who_left_since_still_answers_for_the_past():
    held = AssignmentFactory(poc=PersonFactory(deactivated_at=AT))
    assert ask(held.dossier, at=AT - DAY).poc_id == held.poc_id
    assert ask(held.dossier, at=AT).is_gap


def test_a_cover_of_a_cover_is_loaded():
    held = AssignmentFactory()
    first = AbsenceFactory(poc=held.poc, cover=PersonFactory())
    second = AbsenceFactory(poc=first.cover, cover=PersonFactory())
    assert ask(held.dossier).poc_id == second.cover_id


def test_a_person_is_replaced_by_the_lead_of_the_home_team_and_a_team_by_its_own():
    lead = PersonFactory()
    team = TeamFactory(lead=lead, members=[])
    person = AssignmentFactory(poc=PersonFactory(home_team=team, deactivated_at=AT))
    empty = AssignmentFactory(poc=team)
    for held in (person, empty):
        answer = ask(held.dossier)
        assert (answer.poc_id, answer.reasons[-1].code) == (lead.pk, decide.LEAD)


def test_a_team_whose_members_all_left_is_empty():
    held = AssignmentFactory(poc=TeamFactory(members=[PersonFactory(deactivated_at=AT)]))
    assert [r.code for r in ask(held.dossier).reasons].count(decide.EMPTY) == 1


def test_the_leads_lead_is_the_lead_of_the_leads_own_home_team():
    chief = PersonFactory()
    lead = PersonFactory(home_team=TeamFactory(lead=chief))
    held = AssignmentFactory(poc=PersonFactory(home_team=TeamFactory(lead=lead)))
    answer = ask(held.dossier)
    assert (answer.lead_id, answer.leads_lead_id) == (lead.pk, chief.pk)


def test_backups_come_in_their_order():
    dossier = DossierFactory()
    AssignmentFactory(dossier=dossier, poc=PersonFactory(deactivated_at=AT))
    second = AssignmentFactory(dossier=dossier, rank=2)
    first = AssignmentFactory(dossier=dossier, rank=1)
    answer = ask(dossier)
    assert (answer.poc_id, answer.backup_id) == (first.poc_id, second.poc_id)


def test_one_named_for_a_thing_is_asked_first():
    held = AssignmentFactory()
    named = PersonFactory()
    assert ask(held.dossier, poc=named).poc_id == named.pk


def test_many_questions_at_different_moments_get_their_own_answers():
    dossier = DossierFactory()
    old = AssignmentFactory(dossier=dossier, ends_at=AT)
    new = AssignmentFactory(dossier=dossier, starts_at=AT)
    general = topic().pk
    before, now = Question(dossier.pk, general, at=AT - DAY), Question(dossier.pk, general)
    answers = resolve_many([before, now, now], at=AT)
    assert {q: a.poc_id for q, a in answers.items()} == {before: old.poc_id, now: new.poc_id}


def test_a_team_that_emptied_since_still_answers_for_the_past():
    held = AssignmentFactory(poc=TeamFactory(members=[PersonFactory(deactivated_at=AT)]))
    assert ask(held.dossier, at=AT - DAY).poc_id == held.poc_id
    assert ask(held.dossier, at=AT).is_gap


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(house=houses())
def test_through_the_database_it_answers_as_the_rule_told_a_second_time(house):
    with rolled_back():
        write(house)
        world = read()
        topics = [topic().pk, topic("billing").pk]
        named = [None, *sorted(world.pocs)[:3]]
        asked = [Question(*question) for question in product([*world.records, None], topics, named, MOMENTS)]
        answers = resolve_many(asked, at=AT)
    for q, answer in answers.items():
        question = (world, q.dossier_id, q.topic_id, q.at, q.poc_id)
        found = (answer.poc_id, answer.holder_id, answer.dossier_id, answer.topic_id)
        assert found == oracle.who_answers(*question), q
        assert (answer.backup_id, answer.lead_id, answer.leads_lead_id) == oracle.who_is_next(*question), q


@settings(max_examples=6, deadline=None, derandomize=True)
@given(house=houses())
def test_asked_alone_or_among_many_the_answer_is_the_same(house):
    with rolled_back():
        write(house)
        asked = [Question(*question) for question in product(read().records, [topic("billing").pk], [None], MOMENTS)]
        together = resolve_many(asked, at=AT)
        for q in asked:
            assert resolve(dossier_id=q.dossier_id, topic_id=q.topic_id, at=q.at) == together[q]


def test_no_question_costs_no_query(django_assert_num_queries):
    with django_assert_num_queries(0):
        assert resolve_many([], at=AT) == {}


@pytest.mark.parametrize("many", [2, 150])
def test_two_queries_are_enough_however_many_are_asked(django_assert_num_queries, many):
    chief = PersonFactory(home_team=TeamFactory(lead=PersonFactory()))
    lead = PersonFactory(home_team=TeamFactory(lead=chief))
    team = TeamFactory(lead=lead)
    questions = []
    for n in range(many):
        project = ProjectFactory(account=AccountFactory(parent=AccountFactory()))
        held = AssignmentFactory(dossier=project.dossier, poc=PersonFactory(home_team=team))
        if n % 2:
            AbsenceFactory(poc=held.poc, cover=PersonFactory(home_team=team))
        questions.append(Question(project.pk, topic("billing").pk))
    with django_assert_num_queries(2):  # the places with their holders; the POCs with their leads, covers and absences
        answers = resolve_many(questions, at=AT)
    assert {a.lead_id for a in answers.values()} == {lead.pk}
