"""Why somebody answers, in words."""

from datetime import timedelta

import pytest

from crm.poc import words
from crm.poc.resolve import Question, ask
from crm.poc.seats import answering, seats_of, worth_showing
from tests.factories import AT
from tests.factories.accounts import AccountFactory
from tests.factories.dossiers import topic
from tests.factories.poc import AbsenceFactory, AssignmentFactory, PersonFactory, TeamFactory
from tests.factories.projects import ProjectFactory

pytestmark = pytest.mark.django_db


def seat(record, code="general"):
    return seats_of(record.pk, topics=[topic(code)], at=AT)[0]


def test_somebody_named_right_here_needs_no_explanation():
    account = AccountFactory()
    AssignmentFactory(dossier=account.dossier, poc=PersonFactory(name="João Pereira"))
    shown = seat(account)
    assert (shown.poc.name, shown.why, shown.is_inherited, shown.is_gap) == ("João Pereira", "", False, False)


def test_somebody_named_above_is_inherited_and_says_from_where():
    account = AccountFactory(name="Grupo Atlântico")
    AssignmentFactory(dossier=account.dossier, topic=topic("billing"))
    project = ProjectFactory(account=account)
    shown = seat(project, "billing")
    assert (shown.why, shown.is_inherited) == ("From Grupo Atlântico", True)


def test_a_topic_nobody_was_named_for_is_answered_as_general():
    account = AccountFactory()
    AssignmentFactory(dossier=account.dossier)
    assert seat(account, "billing").why == "Named for general"


def test_the_absent_and_their_cover_are_both_named():
    ann, team = PersonFactory(name="Ann"), TeamFactory(name="Team AR", members=[PersonFactory()])
    account = AccountFactory()
    AssignmentFactory(dossier=account.dossier, poc=ann)
    AbsenceFactory(poc=ann, cover=team, starts_at=AT - timedelta(days=1), ends_at=AT + timedelta(days=2))
    shown = seat(account)
    assert shown.why == "Ann is away until 6 Mar → covered by Team AR"
    assert (shown.absent, shown.poc) == (ann, team)
    assert shown.path == [f"On {account.name} for general: Ann", "Ann is away until 6 Mar", "Covered by Team AR"]


def test_where_nobody_was_named_the_front_desk_answers_and_it_is_a_gap():
    account = AccountFactory(name="Mercado Sur")
    shown = seat(account)
    assert (shown.is_gap, shown.why) == (True, "Nobody was named here or above")
    assert shown.path[0] == "Nobody for general on Mercado Sur"


def test_topics_for_which_merely_general_answers_are_not_worth_a_place():
    account = AccountFactory()
    AssignmentFactory(dossier=account.dossier)
    AssignmentFactory(dossier=account.dossier, topic=topic("billing"))
    shown = worth_showing(seats_of(account.pk, topics=[topic("general"), topic("billing"), topic("technical")], at=AT))
    assert [s.topic.code for s in shown] == ["general", "billing"]


@pytest.mark.parametrize("accounts", [1, 12])
def test_many_records_cost_what_one_costs(django_assert_num_queries, accounts):
    records = AccountFactory.create_batch(accounts)
    for record in records:
        AssignmentFactory(dossier=record.dossier)
    with django_assert_num_queries(3):  # topics, the places with their holders, the POCs
        answering([record.pk for record in records], at=AT)


def test_who_is_asked_for_by_name_and_away_without_anybody_is_answered_for_by_the_front_desk():
    ann = PersonFactory(name="Ann")
    AbsenceFactory(poc=ann, cover=None, starts_at=AT - timedelta(days=1), ends_at=AT + timedelta(days=2))
    question = Question(None, topic().pk, ann.pk)
    answers, fetched = ask([question], at=AT)
    assert words.instead(answers[question], words.names(fetched)) == "Ann is away until 6 Mar → Front desk answers"
