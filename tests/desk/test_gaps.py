"""Who is not really answered for: each list against the rule told plainly, and what it costs."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm.desk import gaps
from crm.dossiers.models import Dossier, Topic
from crm.poc.decide import decide
from crm.poc.models import PRIMARY, Assignment, PointOfContact
from crm.poc.resolve import Question, fetch, resolve_many
from tests.factories import AT
from tests.factories.users import UserFactory
from tests.poc.houses import MOMENTS, houses, rolled_back, write

pytestmark = pytest.mark.django_db

EXAMPLES = 40


def all_rows(code, user, **narrowed):
    """Every row of a list, page by page."""
    found, cursor = [], ""
    while True:
        rows, cursor = gaps.rows(code, user, cursor=cursor, **({"at": AT, "size": 3} | narrowed))
        found += rows
        if not cursor:
            return found


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
        listed = all_rows("unanswered", user, at=at, topic=topic, size=50)
        assert {row.record.pk for row in listed} == {q.dossier_id for q, answer in answers.items() if answer.is_gap}


# --- Nobody else


@settings(max_examples=EXAMPLES, deadline=None, derandomize=True)
@given(world=houses(), at=st.sampled_from(MOMENTS))
def test_nobody_else_is_whom_the_front_desk_would_replace(django_db_blocker, world, at):
    with rolled_back():
        write(world)
        user = UserFactory(superuser=True)
        found = {row.poc.pk: row.n for row in all_rows("single_point", user, at=at, size=50)}
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
