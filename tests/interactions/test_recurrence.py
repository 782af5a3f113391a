"""How often, from plain words; what is left of them says the first time."""

from datetime import UTC, datetime, time

import pytest

from crm.core.working_time import WorkingTime
from interactions import due, recurrence
from interactions.recurrence import Recurrence

NOW = datetime(2026, 12, 1, 10, 0, tzinfo=UTC)  # a Tuesday
WEEK = WorkingTime(zone="UTC", hours=dict.fromkeys(range(5), ((time(9), time(18)),)))


@pytest.mark.parametrize(("text", "left", "every", "unit"), [
    ("fri 9 every 2 weeks", "fri 9", 2, "weeks"),
    ("tomorrow 9, weekly", "tomorrow 9", 1, "weeks"),
    ("Every month", "", 1, "months"),
    ("every other week", "", 2, "weeks"),
    ("every 10 days", "", 10, "days"),
    ("every year", "", 12, "months"),
    ("quarterly", "", 3, "months"),
    ("every friday 14:00", "friday 14:00", 1, "weeks"),
    ("mañana 9 cada 3 meses", "mañana 9", 3, "months"),
    ("amanhã a cada 2 semanas", "amanhã", 2, "weeks"),
    ("domani ogni settimana", "domani", 1, "weeks"),
    ("завтра каждые 2 недели", "завтра", 2, "weeks"),
    ("каждый день", "", 1, "days"),
    ("ежемесячно", "", 1, "months"),
])  # fmt: skip
def test_words_that_recur(text, left, every, unit):
    assert recurrence.split(text) == (left, Recurrence(every, unit))


@pytest.mark.parametrize(
    "text",
    ["fri 9", "in 3 working days", "every", "every 0 days", "every 1000 days", "every 2 hours", "every 2 weeks 9"],
)
def test_words_that_do_not_recur_stay_as_they_are(text):
    assert recurrence.split(text) == (text, None)


@pytest.mark.parametrize(("text", "moment"), [
    ("fri 9 every 2 weeks", datetime(2026, 12, 4, 9, tzinfo=UTC)),
    ("every week", datetime(2026, 12, 8, 9, tzinfo=UTC)),  # alone, it begins when it would come again
    ("monthly", datetime(2027, 1, 1, 9, tzinfo=UTC)),
    ("tomorrow 9", datetime(2026, 12, 2, 9, tzinfo=UTC)),
])  # fmt: skip
def test_the_first_time(text, moment):
    assert recurrence.read(text, at=NOW, working=WEEK)[0] == moment


@pytest.mark.parametrize("text", ["soon every week", "every two whiles"])
def test_what_says_no_moment_is_refused(text):
    with pytest.raises(due.Unreadable):
        recurrence.read(text, at=NOW, working=WEEK)
