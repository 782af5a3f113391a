"""What is to be done next, and trying it again."""

from datetime import UTC, datetime, timedelta

import pytest

from crm.commitments.models import Commitment
from interactions.follow_ups import DueInThePast, NewFollowUp, plan, retry
from interactions.models import FollowUp
from tests.factories import AT
from tests.factories.dossiers import channel, topic
from tests.factories.interactions import FollowUpFactory

TOMORROW = AT + timedelta(days=1)


@pytest.mark.parametrize(
    ("code", "title"),
    [("phone", "Call Beatriz Lima"), ("email", "Write to Beatriz Lima"), ("shop", "Meet Beatriz Lima"),
     ("", "Call Beatriz Lima")],
)  # fmt: skip
def test_without_words_of_its_own_it_says_what_the_channel_asks_for(by, lima, code, title):
    how = channel(code) if code else None
    planned = plan(
        new=NewFollowUp(TOMORROW), dossier=lima.dossier, topic=topic(), contact=lima, channel=how, by=by, at=AT
    )
    assert planned.commitment.title == title


def test_a_visit_has_a_place(by, lima):
    new = NewFollowUp(TOMORROW, title="Walk the dock", text="Bring boots.", place="Calle de Alcalá 214")
    planned = plan(new=new, dossier=lima.dossier, topic=topic(), by=by, at=AT)
    assert (planned.place, planned.text, planned.commitment.due_at) == ("Calle de Alcalá 214", "Bring boots.", TOMORROW)


def test_before_now_nothing_is_planned(by, lima):
    with pytest.raises(DueInThePast):
        plan(new=NewFollowUp(AT - timedelta(seconds=1)), dossier=lima.dossier, topic=topic(), by=by, at=AT)
    assert not FollowUp.objects.exists()


def test_tried_on_a_friday_it_is_owed_again_on_monday(by, lima):
    follow_up = FollowUpFactory(commitment__dossier=lima.dossier)
    friday = datetime(2026, 3, 6, 15, 0, tzinfo=UTC)
    retry(commitment=follow_up.commitment, by=by, at=friday)
    assert Commitment.objects.get().due_at == datetime(2026, 3, 9, 15, 0, tzinfo=UTC)
    assert FollowUp.objects.get().attempt == 2
