"""Touches of the past come in by the thousand, with who answered at their moments."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from crm.commitments.models import Commitment, Notification
from crm.dossiers.models import EventDossier
from interactions.actions import InTheFuture, OutcomeMismatch, TooLongAgo, WhoRequired
from interactions.history import PastTouch, log_many
from interactions.models import Interaction
from tests.factories import AT
from tests.factories.accounts import AccountFactory
from tests.factories.contacts import ContactFactory
from tests.factories.dossiers import channel, outcome, purpose, topic
from tests.factories.poc import AssignmentFactory, PersonFactory, front_desk
from tests.factories.users import actor

pytestmark = pytest.mark.django_db

WEEK = timedelta(days=7)


def touch(**values):
    given = {"channel": channel(), "direction": "in", "topic": topic(), "occurred_at": AT - WEEK}
    return PastTouch(**given | values)


def bring(*touches):
    return log_many(touches=touches, by=actor(), at=AT)


def test_each_has_whoever_answered_at_its_moment():
    account = AccountFactory()
    AssignmentFactory(dossier=account.dossier, poc=PersonFactory(name="Ann"), ends_at=AT - WEEK)
    AssignmentFactory(dossier=account.dossier, poc=PersonFactory(name="Ben"), starts_at=AT - WEEK)
    made = bring(touch(account=account, occurred_at=AT - 2 * WEEK), touch(account=account))
    assert [interaction.poc.name for interaction in made] == ["Ann", "Ben"]


def test_nobody_is_told_and_no_answer_is_owed():
    bring(touch(account=AccountFactory(), purpose=purpose("complaint"), outcome=outcome("call_back")))
    assert not Commitment.objects.exists() and not Notification.objects.exists()


def test_touch_clocks_only_go_forward():
    contact = ContactFactory(at_account=True)
    bring(touch(contact=contact))
    bring(touch(contact=contact, occurred_at=AT - 2 * WEEK), touch(contact=contact, outcome=outcome("no_answer")))
    contact.refresh_from_db()
    assert contact.last_touch_at == contact.account.__class__.objects.get().last_touch_at == AT - WEEK


def test_it_lies_on_the_timelines_of_contact_and_account_at_its_own_moment():
    contact = ContactFactory(at_account=True)
    bring(touch(contact=contact))
    rows = EventDossier.objects.values_list("dossier", "happened_at")
    assert set(rows) == {(contact.pk, AT - WEEK), (contact.account_id, AT - WEEK)}


def test_a_caller_nobody_knew_is_kept_for_the_front_desk():
    (made,) = bring(touch(caller="+39 02 0000 000"))
    assert made.touch_point.is_default and made.poc == front_desk()


@pytest.mark.parametrize(
    ("values", "refusal"),
    [
        ({}, WhoRequired),
        ({"caller": "x", "occurred_at": AT + WEEK}, InTheFuture),
        ({"caller": "x", "occurred_at": AT.replace(year=1995)}, TooLongAgo),
        ({"caller": "x", "outcome": "met"}, OutcomeMismatch),
        ({"caller": "x", "outcome": "missed", "direction": "out"}, OutcomeMismatch),
    ],
)
def test_one_that_cannot_be_leaves_none(values, refusal):
    if "outcome" in values:
        values = values | {"outcome": outcome(values["outcome"])}
    with pytest.raises(refusal):
        bring(touch(caller="y"), touch(**values))
    assert not Interaction.objects.exists()


def test_many_cost_what_one_costs():
    costs = []
    for n in (1, 30):
        touches = [touch(account=AccountFactory(), external_id=f"{n}-{i}", source="test") for i in range(n)]
        by = actor()
        with CaptureQueriesContext(connection) as queries:
            log_many(touches=touches, by=by, at=AT)
        costs.append(len(queries))
    assert costs[0] == costs[1] < 25
