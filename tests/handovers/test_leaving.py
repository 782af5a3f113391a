"""Somebody no longer answers."""

from datetime import timedelta

import pytest

from crm.dossiers.models import Event
from crm.handovers.actions import Deactivated, ReasonRequired
from crm.handovers.leaving import held_places, leave
from crm.poc.actions import FrontDeskStays, reactivate
from crm.poc.models import Assignment
from crm.poc.resolve import resolve
from tests.factories import AT
from tests.factories.dossiers import topic
from tests.factories.poc import AssignmentFactory, PersonFactory, front_desk
from tests.factories.users import actor

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


def gone(poc, successor=None, reason="Moves on", at=AT):
    return leave(poc=poc, successor=successor, reason=reason, by=actor(), at=at)


def who(dossier, at=AT):
    return resolve(dossier_id=dossier.pk, topic_id=topic().pk, at=at)


def test_whoever_follows_answers_in_every_place_and_is_told_why():
    ann, bo = PersonFactory.create_batch(2)
    primary, backup = AssignmentFactory(poc=ann), AssignmentFactory(poc=ann, rank=1)
    assert gone(ann, bo) == 2
    assert who(primary.dossier).poc_id == bo.pk
    made = Assignment.objects.at(AT).held_by([bo.pk])
    assert {(a.dossier_id, a.rank, a.reason) for a in made} == {
        (primary.dossier_id, 0, "Moves on"), (backup.dossier_id, 1, "Moves on"),
    }  # fmt: skip


def test_the_past_is_still_theirs():
    held = AssignmentFactory()
    gone(held.poc, PersonFactory())
    assert who(held.dossier, at=AT - DAY).poc_id == held.poc_id


def test_without_a_successor_the_places_are_gaps_at_once():
    held = AssignmentFactory()
    gone(held.poc)
    assert who(held.dossier).is_gap


def test_what_was_planned_for_them_is_withdrawn():
    planned = AssignmentFactory(starts_at=AT + DAY)
    gone(planned.poc)
    planned.refresh_from_db()
    assert planned.ends_at == planned.starts_at
    assert not held_places(planned.poc, AT + DAY)


def test_a_reason_is_needed_only_where_something_is_held():
    with pytest.raises(ReasonRequired):
        gone(AssignmentFactory().poc, reason=" ")
    assert gone(PersonFactory(), reason="") == 0


def test_the_successor_answers_and_is_somebody_else():
    ann = AssignmentFactory().poc
    for successor in (ann, PersonFactory(deactivated_at=AT)):
        with pytest.raises(Deactivated) as refusal:
            gone(ann, successor)
        assert refusal.value.field == "successor"
    assert ann.assignments.filter(ends_at=None).exists()


def test_the_front_desk_never_leaves():
    with pytest.raises(FrontDeskStays):
        gone(front_desk(), reason="")


def test_leaving_and_coming_back_are_recorded_once_each():
    ann = PersonFactory()
    gone(ann)
    ann.refresh_from_db()
    gone(ann)
    reactivate(poc=ann, by=actor(), at=AT)
    changes = [e.facts["changes"] for e in Event.objects.filter(facts__poc=ann.pk)]
    assert [list(c) for c in changes] == [["deactivated_at"], ["deactivated_at"]]
    ann.refresh_from_db()
    assert ann.deactivated_at is None
