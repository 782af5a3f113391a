"""The due chip: the heavier, the more urgent."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from crm.core.templatetags.owed import chip

NOW = datetime(2026, 11, 30, 14, 15, tzinfo=UTC)  # a Monday


@pytest.mark.parametrize(
    ("at", "state", "look", "words", "more"),
    [
        (NOW + timedelta(minutes=45), "open", "soon", "Due 15:00", "45 min left"),
        (NOW + timedelta(hours=2, minutes=15), "open", "soon", "Due 16:30", "2 h 15 min left"),
        (NOW + timedelta(hours=20), "open", "later", "Due Tue 10:15", ""),
        (NOW + timedelta(days=11), "open", "later", "Due Fri 11 Dec", ""),
        (NOW + timedelta(days=60), "open", "later", "Due 29 Jan 2027", ""),
        (NOW - timedelta(hours=3), "open", "late", "Overdue", "since 11:15"),
        (NOW - timedelta(days=3), "open", "late", "Overdue", "since Fri 14:15"),
        (NOW - timedelta(hours=3), "acknowledged", "late", "Overdue", "taken on"),
        (None, "open", "later", "No date", ""),
        (NOW, "kept", "done", "Done", ""),
        (NOW, "cancelled", "done", "Cancelled", ""),
    ],
)
def test_the_moment_and_the_state_choose_the_chip(at, state, look, words, more):
    seen = chip(at=at, now=NOW, state=state)
    assert (seen.look, seen.words, seen.more) == (look, words, more)


def test_what_was_escalated_says_to_whom_and_when():
    seen = chip(at=NOW, now=NOW, escalated_to="Giulia", escalated_at=NOW - timedelta(hours=1))
    assert (seen.look, seen.words, seen.more) == ("up", "Escalated to Giulia", "13:15")


def test_waiting_for_the_customer_says_since_when():
    seen = chip(at=NOW, now=NOW, state="waiting", since=NOW - timedelta(days=4))
    assert (seen.look, seen.words, seen.more) == ("wait", "Waiting for the customer", "since Thu")
    seen = chip(at=NOW, now=NOW, state="waiting", since=NOW - timedelta(hours=1))
    assert seen.more == "since 13:15"


def test_a_snooze_says_until_when():
    seen = chip(at=NOW, now=NOW, state="snoozed", since=NOW + timedelta(days=2))
    assert (seen.look, seen.words) == ("later", "Snoozed until Wed 14:15")


def test_a_snooze_that_is_over_is_an_open_one():
    assert chip(at=NOW, now=NOW + timedelta(hours=1), state="snoozed", since=NOW).look == "late"


def test_moments_are_said_in_the_readers_zone():
    with timezone.override("Europe/Madrid"):
        assert chip(at=NOW + timedelta(minutes=45), now=NOW).words == "Due 16:00"
