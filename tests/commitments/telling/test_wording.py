"""Every kind of notice has words, and they read well whatever is not known."""

import pytest

from crm.commitments.models import Notification
from crm.commitments.telling import groups, wording
from tests.factories import AT

KINDS = sorted(wording._words)


@pytest.mark.parametrize("kind", sorted(groups._group_of))
def test_whatever_can_be_chosen_has_words(kind):
    assert kind in wording._words


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_not_known_leaves_no_trace_in_a_sentence(kind):
    (line,) = wording.lines([Notification(kind=kind, facts={})], AT)
    for text in (line.headline, line.lead):
        assert "%" not in text and "None" not in text and "  " not in text
    assert line.headline
