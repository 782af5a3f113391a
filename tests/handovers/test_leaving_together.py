"""Somebody leaves while others act: one after the other, and nothing is held twice."""

from datetime import timedelta

from crm.core.actor import Actor
from crm.dossiers.models import Event
from crm.handovers.actions import assign
from crm.handovers.held import Group
from crm.handovers.leaving import Choices, leave
from crm.handovers.staying import stay
from crm.poc.models import Assignment
from tests.factories import AT
from tests.factories.poc import AssignmentFactory, PersonFactory
from tests.handovers.test_together import overlapping, together

BY = Actor.system()
HOUR = timedelta(hours=1)


def leaves(poc, to):
    return lambda: leave(poc=poc, choices=Choices(dict.fromkeys(Group.values, to)), reason="Moves on", by=BY, at=AT)


def test_two_who_let_somebody_leave_at_once_do_it_once(database):
    ann, bo, cy = PersonFactory.create_batch(3)
    AssignmentFactory.create_batch(3, poc=ann)
    done = together(leaves(ann, bo), leaves(ann, cy))
    assert sorted(left.n_moved for left in done) == [0, 3]
    assert Event.objects.filter(kind=Event.Kind.LEFT).count() == 1
    assert len({a.poc_id for a in Assignment.objects.at(AT)}) == 1 and not overlapping()


def test_whoever_is_named_at_the_same_moment_holds_the_place_alone(database):
    ann, bo, cy = PersonFactory.create_batch(3)
    held = AssignmentFactory(poc=ann)
    named = lambda: assign(dossier=held.dossier, topic=held.topic, poc=cy, reason="Better", by=BY, at=AT)  # noqa: E731
    together(leaves(ann, bo), named)
    assert [a.poc_id for a in Assignment.objects.at(AT)] == [cy.pk] and not overlapping()


def test_two_who_undo_it_at_once_undo_it_once(database):
    ann, bo = PersonFactory.create_batch(2)
    AssignmentFactory.create_batch(3, poc=ann)
    leaves(ann, bo)()
    undone = [lambda: stay(poc=ann, by=BY, at=AT + HOUR)] * 2
    assert sorted(stayed.n_restored for stayed in together(*undone)) == [0, 3]
    assert {a.poc_id for a in Assignment.objects.at(AT)} == {ann.pk} and not overlapping()
