import pytest
from django.db import connection
from django.db.models import F, OuterRef, Value

from crm.commitments.models import Notification
from crm.core.query import ListOf, Row, RowComparison, WithKey, ids_condition
from crm.dossiers.models import Dossier, Topic
from tests.factories.commitments import NotificationFactory
from tests.factories.dossiers import DossierFactory

pytestmark = pytest.mark.django_db


def after(title, pk):
    return RowComparison(Row(F("title"), F("pk")), ">", Row(Value(title), Value(pk)))


def test_rows_are_compared_by_the_first_column_and_then_the_next():
    a, b, c = (DossierFactory(title=title) for title in ("a", "b", "b"))
    assert set(Dossier.objects.filter(after("b", b.pk))) == {c}
    assert set(Dossier.objects.filter(after("a", 0))) == {a, b, c}


def test_a_row_comparison_is_one_comparison_in_sql():
    sql = str(Dossier.objects.filter(after("a", 1)).query)
    assert ") > (" in sql
    assert " OR " not in sql


def test_any_number_of_ids_travels_as_one_parameter(django_assert_num_queries):
    dossiers = DossierFactory.create_batch(3)
    ids = [d.pk for d in dossiers] + list(range(10**9, 10**9 + 5000))
    with django_assert_num_queries(1) as queries:
        assert set(Dossier.objects.filter(pk__one_of=ids)) == set(dossiers)
    assert queries.captured_queries[0]["sql"].count("%s") <= 1


def test_one_of_follows_relations_and_takes_an_empty_list():
    child = DossierFactory(parent=DossierFactory())
    assert list(Dossier.objects.filter(parent__home__one_of=[child.parent_id])) == [child]
    assert not Dossier.objects.filter(parent__one_of=[]).exists()


def test_one_of_can_be_turned_round():
    a, b = DossierFactory.create_batch(2)
    assert list(Dossier.objects.filter(pk__gte=a.pk).exclude(pk__one_of=[a.pk])) == [b]


def test_one_of_takes_a_subquery_found_out_first(django_assert_num_queries):
    a, b = DossierFactory.create_batch(2)
    first = Dossier.objects.filter(pk__one_of=[a.pk, 10**9]).values("pk")
    with django_assert_num_queries(1):
        assert list(Dossier.objects.filter(pk__one_of=first)) == [a]
    assert list(Dossier.objects.filter(pk__gte=a.pk).exclude(pk__one_of=first)) == [b]


@pytest.mark.parametrize("others", [0, 1000])  # few are looked up, of many the list's own order is walked
def test_among_finds_the_same_however_many_are_named(others):
    a, b = DossierFactory.create_batch(2)
    ids = [a.home_id, *range(10**9, 10**9 + others)]
    assert list(Dossier.objects.filter(home__among=ids)) == [a]
    assert list(Dossier.objects.filter(pk__gte=a.pk).exclude(home__among=ids)) == [b]
    assert list(Dossier.objects.filter(parent__home__among=[*ids, b.pk])) == []
    assert not Dossier.objects.filter(home__among=[]).exists()


@pytest.mark.postgres
def test_among_many_no_index_on_the_column_is_of_use():
    rows = Dossier.objects.values("pk")
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        assert "dossier_by_home" in rows.filter(home__among=[1, 2]).explain()
        assert "dossier_by_home" not in rows.filter(home__among=range(1000)).explain()


def test_what_hangs_on_a_row_comes_with_it_as_a_list_in_its_order(django_assert_num_queries):
    parent = DossierFactory()
    b, a = (DossierFactory(title=title, parent=parent) for title in "ba")
    children = Dossier.objects.filter(parent=OuterRef("pk")).order_by("title")
    rows = Dossier.objects.filter(pk__in=[parent.pk, a.pk]).order_by("pk")
    with django_assert_num_queries(1):
        found = list(rows.annotate(names=ListOf(children, "title"), ids=ListOf(children, "pk")))
    assert [(row.names, row.ids) for row in found] == [(["a", "b"], [a.pk, b.pk]), ([], [])]


def test_ids_condition_is_good_for_raw_sql():
    wanted = list(Topic.objects.values_list("pk", flat=True)[:2])
    condition, ids = ids_condition("id", wanted)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT id FROM dossiers_topic WHERE {condition} ORDER BY id", [ids])
        assert [row[0] for row in cursor.fetchall()] == sorted(wanted)


def test_a_key_is_added_to_an_object_that_keeps_its_others():
    one, other = NotificationFactory(facts={"a": 1, "n": 9}), NotificationFactory()
    for n in (1, 2):
        Notification.objects.update(facts=WithKey("facts", "n", F("repeat") + Value(n)))
    assert Notification.objects.get(pk=one.pk).facts == {"a": 1, "n": 2}
    assert Notification.objects.get(pk=other.pk).facts == {"n": 2}
