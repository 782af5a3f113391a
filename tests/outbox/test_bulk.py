"""Many rows in one statement: the one conflict that is meant is forgiven, nothing else."""

from datetime import timedelta

import pytest
from django.db import DataError, IntegrityError, transaction

from crm.commitments.models import Notification
from crm.dossiers.models import Firm
from crm.outbox import bulk
from crm.outbox.models import Heartbeat, Message
from tests.factories import AT
from tests.factories.commitments import NotificationFactory
from tests.factories.outbox import MessageFactory

pytestmark = pytest.mark.django_db
NAMES = ["component", "last_ok_at", "paused_because"]


def test_rows_that_are_there_already_stay_as_they_are():
    bulk.insert(Heartbeat, NAMES, [("planner", AT, "1")], once=["component"])
    bulk.insert(Heartbeat, NAMES, [("planner", AT, "2"), ("sender", AT, "3")], once=["component"])
    rows = Heartbeat.objects.order_by("component").values_list("component", "paused_because", "last_ok_at")
    assert list(rows) == [("planner", "1", AT), ("sender", "3", AT)]


def test_another_constraint_is_not_forgiven():
    with pytest.raises(IntegrityError), transaction.atomic():
        bulk.insert(Firm, ["id", "name", "country", "zone", "language"], [(2, "", "", "UTC", "en")], once=["id"])
    with pytest.raises(IntegrityError), transaction.atomic():
        bulk.insert(Heartbeat, NAMES, [("planner", None, "")], once=["component"])


@pytest.mark.postgres
def test_a_text_that_is_too_long_is_refused_not_cut():
    with pytest.raises(DataError), transaction.atomic():
        bulk.insert(Heartbeat, NAMES, [("p" * 21, AT, "")], once=["component"])


def test_rows_are_updated_each_with_its_own_values():
    first, second = NotificationFactory(), NotificationFactory(step=None)
    names = ["facts", "reason", "step", "tell_at"]
    later = AT + timedelta(hours=1)
    bulk.update(Notification, names, [(first.pk, {"n": 1}, "", None, AT), (second.pk, {"a": "ü"}, "sent", 1, later)])
    found = Notification.objects.order_by("pk").values_list(*names)
    assert list(found) == [({"n": 1}, "", None, AT), ({"a": "ü"}, "sent", 1, later)]


def test_a_moment_may_be_none():
    first, second = MessageFactory(), MessageFactory(read_at=AT)
    bulk.update(Message, ["read_at"], [(first.pk, AT), (second.pk, None)])
    assert list(Message.objects.order_by("pk").values_list("read_at", flat=True)) == [AT, None]


def test_no_rows_are_no_statement(django_assert_num_queries):
    with django_assert_num_queries(0):
        bulk.insert(Heartbeat, NAMES, [], once=["component"])
        bulk.update(Heartbeat, NAMES[1:], [])


@pytest.mark.parametrize("text", ['say "no"', "a\\b", "{a,b}", "NULL", " ", "two\nlines", "Ünïcode €", "''", "\\"])
def test_a_text_arrives_as_it_was_whatever_is_in_it(text):
    notice = NotificationFactory()
    bulk.update(Notification, ["reason", "facts"], [(notice.pk, text, {text: text})])
    assert Notification.objects.values_list("reason", "facts").get() == (text, {text: text})
