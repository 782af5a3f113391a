"""Amounts of time as the steps count them. Nine to five, Monday to Friday, UTC."""

from datetime import time, timedelta

import pytest

from crm.commitments.ladder import opens, shift
from crm.core.working_time import WorkingTime
from tests.commitments.conftest import moment

WEEK = WorkingTime("UTC", {key: [(time(9), time(17))] for key in range(5)})


@pytest.mark.parametrize(
    ("amount", "unit", "expected"),
    [
        (30, "minutes", "Fri 16:30"),
        (2, "hours", "Fri 18:00"),
        (90, "working_minutes", "Mon+ 09:30"),
        (2, "working_hours", "Mon+ 10:00"),
        (1, "working_days", "Mon+ 16:00"),
        (-1, "working_days", "Thu 16:00"),
    ],
)
def test_amounts_are_elapsed_or_working_time(amount, unit, expected):
    assert shift(moment("Fri 16:00"), amount, unit, WEEK) == moment(expected)


@pytest.mark.parametrize("unit", ["working_minutes", "working_hours", "working_days"])
def test_a_calendar_that_never_opens_falls_back_to_elapsed_time(unit):
    length = {
        "working_minutes": timedelta(minutes=2),
        "working_hours": timedelta(hours=2),
        "working_days": timedelta(2),
    }
    assert shift(moment("Mon 09:30"), 2, unit, WorkingTime("UTC", {})) == moment("Mon 09:30") + length[unit]


def test_a_calendar_opens_when_a_weekday_does_or_when_enough_days_still_come():
    now = moment("Wed 10:00")
    fairs = {(now + timedelta(days=n)).date(): [(time(9), time(12))] for n in range(1, 40)}
    assert opens(WEEK, now)
    assert opens(WorkingTime("UTC", {}, fairs), now)
    assert not opens(WorkingTime("UTC", {}, fairs), now + timedelta(days=30))
    assert not opens(WorkingTime("UTC", {}), now)
