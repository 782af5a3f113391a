"""Quiet hours in somebody's own zone: over midnight, and on the nights when the clocks change."""

from datetime import UTC, datetime, time

import pytest

from crm.outbox.quiet import ends_at

NIGHT = (time(22), time(7))


def utc(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-{text}:00+00:00")


@pytest.mark.parametrize(
    ("at", "zone", "hours", "end"),
    [
        ("03-02T21:59", "UTC", NIGHT, None),
        ("03-02T22:00", "UTC", NIGHT, "03-03T07:00"),
        ("03-03T00:00", "UTC", NIGHT, "03-03T07:00"),
        ("03-03T06:59", "UTC", NIGHT, "03-03T07:00"),
        ("03-03T07:00", "UTC", NIGHT, None),
        ("03-02T12:30", "Asia/Tokyo", (time(21), time(6)), "03-02T21:00"),  # 21:30 there
        ("03-02T12:30", "UTC", (time(12), time(13)), "03-02T13:00"),
        ("03-02T12:30", "UTC", (time(13), time(12)), None),
        ("03-02T23:30", "UTC", (time(22), time(0)), "03-03T00:00"),
        ("03-02T00:00", "UTC", (time(0), time(7)), "03-02T07:00"),
        ("03-02T23:59", "UTC", (time(0), time(7)), None),
        # Berlin: on 29 March 02:00 becomes 03:00, on 25 October 03:00 becomes 02:00.
        ("03-28T23:00", "Europe/Berlin", NIGHT, "03-29T05:00"),  # a short night
        ("03-29T00:30", "Europe/Berlin", (time(22), time(2, 30)), "03-29T01:00"),  # an end that is missing
        ("03-29T01:00", "Europe/Berlin", (time(22), time(2, 30)), None),
        ("03-29T01:00", "Europe/Berlin", (time(2, 30), time(6)), "03-29T04:00"),  # so is the start
        ("10-24T23:00", "Europe/Berlin", NIGHT, "10-25T06:00"),  # a long night
        ("10-25T00:45", "Europe/Berlin", (time(22), time(2, 30)), "10-25T01:30"),  # an end that comes twice
        ("10-25T01:29", "Europe/Berlin", (time(22), time(2, 30)), "10-25T01:30"),
        ("10-25T01:30", "Europe/Berlin", (time(22), time(2, 30)), None),
        ("10-25T00:45", "Europe/Berlin", (time(2, 30), time(6)), "10-25T05:00"),  # a start: the first of the two
    ],
)
def test_quiet_hours_end(at, zone, hours, end):
    assert ends_at(utc(at), zone, *hours) == (utc(end) if end else None)


def test_a_moment_of_any_zone_is_judged_in_the_readers():
    at = datetime(2026, 3, 2, 23, 0, tzinfo=UTC)
    assert ends_at(at, "America/Sao_Paulo", *NIGHT) is None  # 20:00 there
