"""When something is due, in plain words. The table is the specification."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest

from crm.core.working_time import WorkingTime
from interactions import due

MADRID = ZoneInfo("Europe/Madrid")
WEEK = WorkingTime(zone="Europe/Madrid", hours={day: [(time(9), time(18))] for day in range(5)})
LATE_WEEK = WorkingTime(zone="Europe/Madrid", hours={day: [(time(10, 30), time(18))] for day in range(5)})
NEVER = WorkingTime(zone="Europe/Madrid", hours={})
NOW = datetime(2026, 11, 30, 15, 15, tzinfo=MADRID)  # a Monday
FRIDAY = datetime(2026, 12, 4, 17, 0, tzinfo=MADRID)


def local(moment):
    return moment.astimezone(MADRID).strftime("%a %Y-%m-%d %H:%M")


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("today 16:00", "Mon 2026-11-30 16:00"),
        ("Today at 4 pm", "Mon 2026-11-30 16:00"),
        ("tomorrow", "Tue 2026-12-01 09:00"),
        ("tomorrow 9", "Tue 2026-12-01 09:00"),
        ("tomorrow at 14.30", "Tue 2026-12-01 14:30"),
        ("tomorrow noon", "Tue 2026-12-01 12:00"),
        ("Tomorrow, 9am", "Tue 2026-12-01 09:00"),
        ("day after tomorrow 10", "Wed 2026-12-02 10:00"),
        ("in 3 working days", "Thu 2026-12-03 09:00"),
        ("in 5 business days", "Mon 2026-12-07 09:00"),
        ("in 3 working days 14:00", "Thu 2026-12-03 14:00"),
        ("in 2 hours", "Mon 2026-11-30 17:15"),
        ("in 4 working hours", "Tue 2026-12-01 10:15"),
        ("in a week", "Mon 2026-12-07 09:00"),
        ("in 2 weeks", "Mon 2026-12-14 09:00"),
        ("in 3 months", "Mon 2027-03-01 09:00"),  # the last of February is a Sunday
        ("+2w", "Mon 2026-12-14 09:00"),
        ("+3d 11", "Thu 2026-12-03 11:00"),
        ("+4h", "Mon 2026-11-30 19:15"),
        ("+5wd", "Mon 2026-12-07 09:00"),
        ("+1m", "Wed 2026-12-30 09:00"),
        ("fri 14:00", "Fri 2026-12-04 14:00"),
        ("Friday", "Fri 2026-12-04 09:00"),
        ("monday", "Mon 2026-12-07 09:00"),
        ("next monday 10", "Mon 2026-12-07 10:00"),
        ("next week", "Mon 2026-12-07 09:00"),
        ("sunday", "Mon 2026-12-07 09:00"),  # closed: the next open morning
        ("sunday 11", "Sun 2026-12-06 11:00"),  # an hour that was written is meant
        ("2026-12-03", "Thu 2026-12-03 09:00"),
        ("2026-12-03 14:00", "Thu 2026-12-03 14:00"),
        ("2026-12-03T14:00", "Thu 2026-12-03 14:00"),
        ("3.12.", "Thu 2026-12-03 09:00"),
        ("3.12.2026 14:00", "Thu 2026-12-03 14:00"),
        ("3 dec", "Thu 2026-12-03 09:00"),
        ("Dec 3rd 10", "Thu 2026-12-03 10:00"),
        ("3 feb", "Wed 2027-02-03 09:00"),
        ("3 dec 2027", "Fri 2027-12-03 09:00"),
        ("16:00", "Mon 2026-11-30 16:00"),
        ("9:00", "Tue 2026-12-01 09:00"),  # gone today
        ("mañana a las 9", "Tue 2026-12-01 09:00"),
        ("pasado mañana", "Wed 2026-12-02 09:00"),
        ("en 3 días laborables", "Thu 2026-12-03 09:00"),
        ("dentro de 2 semanas", "Mon 2026-12-14 09:00"),
        ("viernes 14:00", "Fri 2026-12-04 14:00"),
        ("3 de diciembre", "Thu 2026-12-03 09:00"),
        ("amanhã às 9", "Tue 2026-12-01 09:00"),
        ("em 3 dias úteis", "Thu 2026-12-03 09:00"),
        ("sexta-feira 14h30", "Fri 2026-12-04 14:30"),
        ("domani alle 9", "Tue 2026-12-01 09:00"),
        ("fra 3 giorni lavorativi", "Thu 2026-12-03 09:00"),
        ("tra una settimana", "Mon 2026-12-07 09:00"),
        ("venerdì", "Fri 2026-12-04 09:00"),
        ("mar 9", "Tue 2026-12-01 09:00"),  # martes, martedì
        ("завтра в 9", "Tue 2026-12-01 09:00"),
        ("послезавтра", "Wed 2026-12-02 09:00"),
        ("через 3 рабочих дня", "Thu 2026-12-03 09:00"),
        ("через неделю", "Mon 2026-12-07 09:00"),
        ("в пятницу 14:00", "Fri 2026-12-04 14:00"),
        ("3 декабря", "Thu 2026-12-03 09:00"),
    ],
)
def test_plain_words_say_when(text, meant):
    assert local(due.read(text, at=NOW, working=WEEK)) == meant


@pytest.mark.parametrize(
    "text",
    ["", " ", "soon", "9", "tomorrow 25", "tomorrow 9 and 10", "31.2.", "in three days", "in 0x3 days", "fri 9:75",
     "13 pm", "in 2 working weeks", "+2x", "in 9999 days", "2026-13-01", "tomorrow" * 20, "½", "3.12",
     "\0", "1" * 50],
)  # fmt: skip
def test_what_does_not_say_when_is_unreadable(text):
    with pytest.raises(due.Unreadable):
        due.read(text, at=NOW, working=WEEK)


@pytest.mark.parametrize("text", ["2040-01-01", "in 999 weeks", "3 dec 2099"])
def test_nobody_plans_for_more_than_five_years(text):
    with pytest.raises(due.TooFar):
        due.read(text, at=NOW, working=WEEK)


def test_a_past_moment_is_read_as_it_was_written():
    assert local(due.read("today 9", at=NOW, working=WEEK)) == "Mon 2026-11-30 09:00"


def test_on_a_friday_tomorrow_is_the_next_open_morning():
    assert local(due.tomorrow(at=FRIDAY, working=WEEK)) == "Mon 2026-12-07 09:00"
    assert local(due.read("tomorrow", at=FRIDAY, working=WEEK)) == "Mon 2026-12-07 09:00"


def test_three_working_days_leave_the_week_end_out():
    assert local(due.in_working_days(3, at=FRIDAY, working=WEEK)) == "Wed 2026-12-09 09:00"


def test_a_week_on_from_a_holiday_is_the_next_open_morning():
    closed = WorkingTime(zone="Europe/Madrid", hours=WEEK.hours, exceptions={date(2026, 12, 7): []})
    assert local(due.in_a_week(at=NOW, working=closed)) == "Tue 2026-12-08 09:00"


def test_a_morning_begins_with_the_opening_where_that_is_later():
    assert local(due.tomorrow(at=NOW, working=LATE_WEEK)) == "Tue 2026-12-01 10:30"


def test_where_nobody_ever_works_days_are_just_days():
    assert local(due.tomorrow(at=NOW, working=NEVER)) == "Tue 2026-12-01 09:00"
    assert local(due.in_working_days(3, at=NOW, working=NEVER)) == "Thu 2026-12-03 09:00"


def test_the_day_is_the_one_where_the_work_is_done():
    tokyo = WorkingTime(zone="Asia/Tokyo", hours={day: [(time(9), time(18))] for day in range(5)})
    late = datetime(2026, 11, 30, 20, 0, tzinfo=UTC)  # Tuesday there already
    assert due.read("tomorrow 9", at=late, working=tokyo) == datetime(2026, 12, 2, 0, 0, tzinfo=UTC)
