"""Addresses in mails: what they say, who wrote them, how long they last."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.commitments.mail import links
from crm.commitments.mail.links import Act, Link
from crm.commitments.models import Commitment, Kind
from crm.core.working_time import WorkingTime, always
from tests.factories import AT

MINUTES = st.integers(0, 50_000_000).map(lambda n: links.EPOCH + timedelta(minutes=n))


@given(act=st.sampled_from(Act), ids=st.tuples(st.integers(1), st.integers(1)), due=MINUTES, expires=MINUTES)
def test_what_is_written_is_read_again_and_the_address_is_plain(act, ids, due, expires):
    link = Link(act, *ids, due, expires)
    token = links.token(link)
    assert links.read(token) == link
    assert token.isascii() and "/" not in token and " " not in token
    assert links.token(link) == token  # no clock, no chance: copies of a mail are the same


@pytest.mark.parametrize(
    "tamper",
    [
        lambda t: t[1:],
        lambda t: t[:-1],
        lambda t: "d" + t[1:],
        lambda t: t.replace(".", "-1."),
        lambda t: t.partition(".")[0],
        lambda t: "",
        lambda t: "x" * 5000,
        lambda t: t + "\x00é",
    ],
)
def test_nobody_else_can_write_one(tamper):
    token = links.token(Link(Act.ON_IT, 1, 2, AT.replace(second=0), AT.replace(second=0)))
    assert links.read(tamper(token)) is None


def owed(**values):
    return Commitment(**({"pk": 7, "due_at": AT, "kind": Kind.FOLLOW_UP, "state": "open"} | values))


@pytest.mark.parametrize(
    ("values", "acts"),
    [
        ({}, [Act.DONE, Act.ON_IT, Act.LATER, Act.WAIT]),
        ({"state": "acknowledged"}, [Act.DONE, Act.ON_IT, Act.LATER, Act.WAIT]),
        ({"state": "waiting"}, [Act.GO_ON, Act.DONE]),
        ({"kind": Kind.TOUCH}, [Act.ON_IT, Act.LATER]),
        ({"kind": Kind.HANDOVER}, []),
        ({"state": "kept"}, []),
    ],
)
def test_only_what_can_be_done_about_it_is_offered(values, acts):
    assert list(links.offered(owed(**values))) == acts


def test_links_last_a_week_after_the_due_moment_or_the_mail_to_the_end_of_the_readers_day():
    due = datetime(2026, 3, 4, 10, tzinfo=UTC)
    early = links.ends_at(owed(due_at=due), written_at=due - timedelta(days=3), zone="Asia/Tokyo")
    assert early == datetime(2026, 3, 11, 15, tzinfo=UTC)  # Thursday 12 March begins in Tokyo
    late = links.ends_at(owed(due_at=due), written_at=due + timedelta(days=3), zone="UTC")
    assert late == datetime(2026, 3, 15, tzinfo=UTC)


def test_the_next_morning_is_that_of_the_next_open_day():
    nine_to_six = WorkingTime(
        "UTC", {day: [(datetime.min.time().replace(hour=9), datetime.min.time().replace(hour=18))] for day in range(5)}
    )
    friday = datetime(2026, 3, 6, 15, tzinfo=UTC)
    assert links.next_morning(friday, nine_to_six) == datetime(2026, 3, 9, 9, tzinfo=UTC)
    assert links.next_morning(friday, always("UTC")) == datetime(2026, 3, 7, 9, tzinfo=UTC)
    assert links.next_morning(friday, WorkingTime("UTC", {})) == datetime(2026, 3, 7, 9, tzinfo=UTC)  # never opens
