"""Several who decide who answers, at the same moment: one after the other, and everybody is told once."""

from collections import Counter
from datetime import timedelta

import pytest

from crm.commitments.models import Notification
from crm.core.actor import Actor
from crm.core.refusals import Refused
from crm.dossiers.models import Event
from crm.handovers import actions
from crm.handovers.actions import Change
from crm.poc.models import Assignment
from tests.factories import AT
from tests.factories.dossiers import DossierFactory, topic
from tests.factories.poc import AssignmentFactory, PersonFactory
from tests.together import together

BY = Actor.system()
DAY = timedelta(days=1)


def overlapping():
    """Pairs of assignments that hold one place at one moment: there may be none, ever."""
    rows = list(Assignment.objects.exclude(starts_at=None).order_by("pk"))
    return [
        (one.pk, other.pk)
        for one in rows
        for other in rows
        if one.pk < other.pk
        and (one.dossier_id, one.topic_id, one.rank) == (other.dossier_id, other.topic_id, other.rank)
        and (one.ends_at is None or other.starts_at < one.ends_at)
        and (other.ends_at is None or one.starts_at < other.ends_at)
        and one.starts_at != one.ends_at
        and other.starts_at != other.ends_at
    ]


def told() -> Counter:
    """How often each was told each thing, in the inbox."""
    return Counter(Notification.objects.filter(channel="inbox").values_list("kind", "recipient"))


def test_of_two_who_plan_the_same_place_for_the_same_day_one_is_refused(database):
    dossier, general = DossierFactory(), topic()
    ann, bo = PersonFactory.create_batch(2)
    done = together(*[
        lambda poc=poc: actions.assign(
            dossier=dossier, topic=general, poc=poc, reason="Plan", by=BY, at=AT, starts_at=AT + DAY
        )
        for poc in (ann, bo)
    ])  # fmt: skip
    made = [a for a in done if isinstance(a, Assignment)]
    assert overlapping() == []
    assert Assignment.objects.at(AT + 2 * DAY).count() == 1
    assert sum(told().values()) == len(made) + (len(made) > 1)  # each new one, and whoever was replaced
    assert set(told().values()) == {1}


def test_planning_a_successor_while_the_place_is_ended_leaves_no_overlap(database):
    held, ann, general = AssignmentFactory(), PersonFactory(), topic()
    together(
        lambda: actions.assign(
            dossier=held.dossier, topic=general, poc=ann, reason="Plan", by=BY, at=AT, starts_at=AT + DAY
        ),
        lambda: actions.end_assignment(assignment=held, reason="Leaves", leave_open=True, by=BY, at=AT),
    )
    held.refresh_from_db()
    assert held.ends_at == AT  # whoever came first: the plan moves no end that has passed
    assert [a.poc_id for a in Assignment.objects.at(AT + 2 * DAY)] == [ann.pk]
    assert overlapping() == []
    assert max(told().values()) == 1


@pytest.mark.parametrize("_round", range(2))
def test_selections_that_overlap_in_other_orders_wait_for_each_other(database, _round):
    general = topic()
    held = [AssignmentFactory() for _n in range(12)]
    records = [a.dossier for a in held]
    people = PersonFactory.create_batch(3)
    orders = [records, records[::-1], records[6:] + records[:6]]
    done = together(*[
        lambda poc=poc, order=order, n=n: actions.assign_many(
            changes=[Change(r, general, poc) for r in order], reason="Race", by=BY, at=AT + timedelta(seconds=n)
        )
        for n, (poc, order) in enumerate(zip(people, orders, strict=True))
    ])  # fmt: skip
    assert all(isinstance(rows, list | Refused) for rows in done)
    assert overlapping() == []
    now = list(Assignment.objects.filter(ends_at=None).values_list("poc", flat=True))
    assert len(now) == 12
    assert len(set(now)) == 1  # the last one took all of them
    assert Event.objects.filter(kind=Event.Kind.ASSIGNED).count() == Assignment.objects.count() - 12


def test_ending_one_place_at_once_is_told_once(database):
    held = AssignmentFactory()
    together(*[lambda: actions.end_assignment(assignment=held, reason="Leaves", leave_open=True, by=BY, at=AT)] * 4)
    assert told() == {("unassigned", held.poc_id): 1}
    assert Event.objects.filter(kind=Event.Kind.UNASSIGNED).count() == 1
