"""What a record belonged to at a moment, read from its events."""

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm.core.refusals import Refused
from crm.dossiers.actions import refile
from crm.dossiers.lineage import lineage, merged_away, merged_into
from crm.dossiers.models import Dossier, Event
from tests.factories import AT
from tests.factories.dossiers import DossierFactory, EventFactory
from tests.factories.users import actor
from tests.poc.houses import rolled_back

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)
MOVES = st.lists(st.tuples(st.integers(0, 4), st.none() | st.integers(0, 4)), min_size=1, max_size=8)


def up(dossier: Dossier) -> list[int]:
    """The way up as it is now."""
    way = []
    place: int | None = dossier.pk
    while place is not None:
        way.append(place)
        place = Dossier.objects.values_list("parent_id", flat=True).get(pk=place)
    return way


@settings(max_examples=30, deadline=None, derandomize=True)
@given(moves=MOVES)
def test_the_way_up_at_any_moment_is_the_one_there_was(moves):
    with rolled_back():
        records, by = DossierFactory.create_batch(5), actor()
        was = {AT: [up(record) for record in records]}
        for n, (moved, to) in enumerate(moves, start=1):
            record = Dossier.objects.get(pk=records[moved].pk)
            parent = None if to is None else Dossier.objects.get(pk=records[to].pk)
            at = AT + n * HOUR
            try:
                refile(dossier=record, title=f"{record.title} {n}", parent=parent, tier=None, by=by, at=at)
            except Refused:
                continue  # a circle
            was[at] = [up(record) for record in records]
        for at, ways in was.items():
            assert [list(lineage(record.pk, at=at).parents) for record in records] == ways


def test_a_move_says_which_records_belong_elsewhere_today():
    top, other = DossierFactory.create_batch(2)
    record = DossierFactory(parent=top)
    refile(dossier=record, title=record.title, parent=other, tier=None, by=actor(), at=AT)
    before, after = lineage(record.pk, at=AT - HOUR), lineage(record.pk, at=AT)
    assert (before.parents, list(before.moved)) == ({record.pk: top.pk, top.pk: None}, [record.pk])
    assert (after.parents, list(after.moved)) == ({record.pk: other.pk, other.pk: None}, [])


def test_a_move_that_says_no_ids_leaves_it_unsure():
    record = DossierFactory(parent=DossierFactory())
    EventFactory(
        kind=Event.Kind.CHANGED, dossiers=[record], happened_at=AT, facts={"changes": {"parent": ["Old", "New"]}}
    )
    assert list(lineage(record.pk, at=AT - HOUR).unsure) == [record.pk]
    assert list(lineage(record.pk, at=AT).unsure) == []


def test_the_way_up_costs_two_queries_a_level(django_assert_num_queries):
    record = DossierFactory(parent=DossierFactory(parent=DossierFactory()))
    EventFactory.create_batch(5, kind=Event.Kind.CHANGED, dossiers=[record], facts={"changes": {"tier": ["A", "B"]}})
    with django_assert_num_queries(6):
        lineage(record.pk, at=AT - HOUR)


def test_of_merging_and_undoing_it_the_last_one_counts():
    keep, drop = DossierFactory.create_batch(2)
    for n, kind in enumerate((Event.Kind.MERGED, Event.Kind.UNMERGED, Event.Kind.MERGED)):
        facts = {"merged": drop.pk, "into": keep.pk}
        EventFactory(kind=kind, dossiers=[keep, drop], happened_at=AT + n * HOUR, facts=facts)
    assert [(m.record, m.at) for m in merged_into(keep.pk)] == [(drop, AT + 2 * HOUR)]
    assert merged_away(drop.pk).record == keep
    assert merged_away(keep.pk) is None
