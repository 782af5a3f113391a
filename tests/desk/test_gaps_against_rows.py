"""The lists of gaps against the rows of small houses in which nearly everything that can be odd is."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm.desk import gaps
from crm.dossiers.models import Dossier, Topic
from crm.poc.decide import decide
from crm.poc.models import PRIMARY, Assignment, PointOfContact
from crm.poc.resolve import Question, fetch, resolve_many
from tests.factories.users import UserFactory
from tests.poc.houses import MOMENTS, houses, rolled_back, write

pytestmark = pytest.mark.django_db

EXAMPLES = 60
DAY = timedelta(days=1)


def rows_of(code, user, at, **narrowed):
    """The whole list: these houses have eight records."""
    return gaps.rows(code, user, at=at, size=100, **narrowed)[0]


# --- Nobody answers


@settings(max_examples=EXAMPLES, deadline=None, derandomize=True)
@given(world=houses(), topic=st.sampled_from(["general", "billing"]), at=st.sampled_from(MOMENTS))
def test_the_list_is_exactly_the_records_that_resolve_calls_gaps(django_db_blocker, world, topic, at):
    with rolled_back():
        write(world)
        user = UserFactory(superuser=True)
        about = Topic.objects.get(code=topic).pk
        ids = Dossier.objects.filter(touch_point=None).values_list("pk", flat=True)
        answers = resolve_many([Question(pk, about) for pk in ids], at=at)
        listed = rows_of("unanswered", user, at, topic=topic)
        assert {row.record.pk for row in listed} == {q.dossier_id for q, answer in answers.items() if answer.is_gap}


# --- What the rows say, told plainly


@settings(max_examples=EXAMPLES, deadline=None, derandomize=True)
@given(world=houses(), at=st.sampled_from(MOMENTS))
def test_the_other_lists_are_what_the_rows_say(django_db_blocker, world, at):
    with rolled_back():
        write(world)
        user = UserFactory(superuser=True)
        held = [a for a in Assignment.objects.all() if a.starts_at != a.ends_at]
        ended = {row.id for row in rows_of("past_end", user, at)}
        assert ended == {a.pk for a in held if a.rank == PRIMARY and ends_and_nobody_follows(a, held, at)}
        gone = {row.poc.pk: row.n for row in rows_of("inactive", user, at)}
        assert gone == n_records(a for a in held if not_over(a, at) and is_gone(a.poc, at))
        busy = {row.poc.pk: row.n for row in rows_of("overloaded", user, at, over=0)}
        now = [a for a in held if not_over(a, at) and a.starts_at <= at and a.rank == PRIMARY]
        assert busy == n_records(a for a in now if not a.poc.is_team and not is_gone(a.poc, at))


def not_over(assignment, at):
    return assignment.ends_at is None or assignment.ends_at > at


def ends_and_nobody_follows(one, held, at):
    if one.ends_at is None or not at - 90 * DAY < one.ends_at <= at + 14 * DAY:
        return False
    place = (one.dossier_id, one.topic_id, PRIMARY)
    same = [a for a in held if (a.dossier_id, a.topic_id, a.rank) == place]
    return not any(a.ends_at is None or a.ends_at > one.ends_at for a in same)


def is_gone(poc, at):
    """Deactivated by then; or a team that everybody in it has left by then."""
    if poc.deactivated_at is not None and poc.deactivated_at <= at:
        return True
    members = [m.member for m in poc.memberships.select_related("member")]
    return poc.is_team and all(m.deactivated_at is not None and m.deactivated_at <= at for m in members)


def n_records(assignments):
    found = {}
    for assignment in assignments:
        found.setdefault(assignment.poc_id, set()).add(assignment.dossier_id)
    return {poc_id: len(ids) for poc_id, ids in found.items()}


# --- Nobody else


@settings(max_examples=EXAMPLES, deadline=None, derandomize=True)
@given(world=houses(), at=st.sampled_from(MOMENTS))
def test_nobody_else_is_whom_the_front_desk_would_replace(django_db_blocker, world, at):
    with rolled_back():
        write(world)
        user = UserFactory(superuser=True)
        found = {row.poc.pk: row.n for row in rows_of("single_point", user, at)}
        assert found == alone(at)


def alone(at):
    """Whoever answers at a place that is filled is let go, and it is asked again."""
    places = set(Assignment.objects.at(at).filter(rank=PRIMARY).values_list("dossier", "topic"))
    questions = [Question(*place) for place in places]
    facts = fetch(questions, at).facts if questions else None
    people = set(PointOfContact.objects.people().values_list("pk", flat=True))
    concerned = {}
    for question in questions:
        ask = {"dossier_id": question.dossier_id, "topic_id": question.topic_id, "at": at}
        answer = decide(**ask, facts=facts)
        if answer.is_gap:
            continue
        gone = replace(facts.pocs[answer.poc_id], deactivated_at=at)
        without = decide(**ask, facts=replace(facts, pocs={**facts.pocs, gone.id: gone}))
        if without.is_gap and gone.id in people:
            concerned.setdefault(gone.id, set()).add(question.dossier_id)
    return {poc_id: len(ids) for poc_id, ids in concerned.items()}
