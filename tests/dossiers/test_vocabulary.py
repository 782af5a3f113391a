"""Words of several kinds, read at once."""

import pytest

from crm.dossiers import vocabulary
from crm.dossiers.models import Channel, Outcome, Purpose, Tier, Topic

pytestmark = pytest.mark.django_db


def test_several_kinds_come_in_one_query_as_each_would_alone(django_assert_num_queries):
    Topic.objects.filter(code="general").update(position=999)
    kinds = [Topic.objects.in_use(), Channel.objects.in_use(), Purpose.objects.in_use(), Tier.objects.in_use()]
    phone = Outcome.objects.in_use().filter(channels__code="phone", is_inbound_only=False)
    with django_assert_num_queries(1):
        found = vocabulary.read(*kinds, phone)
    for words, kind in zip(found, [*kinds, phone], strict=True):
        alone = list(kind)
        assert words == alone and words
        for word, same in zip(words, alone, strict=True):
            columns = [field.attname for field in kind.model._meta.concrete_fields]
            assert [getattr(word, c) for c in columns] == [getattr(same, c) for c in columns]


def test_a_word_read_so_is_a_row_like_any_other():
    [[topic, *_others]] = vocabulary.read(Topic.objects.in_use())
    topic.name = "Whatever"
    topic.save()
    assert Topic.objects.get(pk=topic.pk).name == "Whatever"


def test_where_there_is_no_word_of_a_kind_there_is_none():
    assert vocabulary.read(Topic.objects.none(), Tier.objects.filter(pk=0)) == [[], []]
