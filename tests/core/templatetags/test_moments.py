"""Days, moments and spans in words."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.utils import timezone, translation

from crm.core.templatetags.moments import city, day_words, last_away, moment_words, span_words
from crm.core.templatetags.touch import state

NOW = datetime(2026, 11, 30, 14, 15, tzinfo=UTC)  # a Monday
TODAY = NOW.date()


@pytest.mark.parametrize(
    ("day", "words"),
    [
        (TODAY, "Today"),
        (TODAY - timedelta(days=1), "Yesterday"),
        (TODAY + timedelta(days=1), "Tomorrow"),
        (TODAY + timedelta(days=3), "Thu"),
        (TODAY - timedelta(days=3), "Fri 27 Nov"),
        (TODAY + timedelta(days=11), "Fri 11 Dec"),
        (date(2025, 3, 4), "4 Mar 2025"),
    ],
)
def test_a_day_is_named_as_briefly_as_it_is_clear(day, words):
    assert day_words(day, TODAY) == words


@pytest.mark.parametrize(
    ("span", "words"),
    [
        (timedelta(minutes=45), "45 min"),
        (timedelta(hours=2), "2 h"),
        (timedelta(hours=2, minutes=15), "2 h 15 min"),
        (timedelta(hours=7, minutes=15), "7 h"),
        (timedelta(days=1, hours=3), "1 day"),
        (timedelta(days=-1), "0 min"),
    ],
)
def test_a_span_is_rounded_as_people_do(span, words):
    assert span_words(span) == words


def test_the_readers_zone_decides_which_day_it_is():
    late = datetime(2026, 11, 30, 23, 30, tzinfo=UTC)
    assert moment_words(late, NOW) == "23:30"
    with timezone.override("Europe/Madrid"):
        assert moment_words(late, NOW) == "Tue 00:30"


def test_days_are_named_in_the_readers_language():
    with translation.override("es"):
        assert day_words(TODAY + timedelta(days=11), TODAY) == "vie 11 dic"


@pytest.mark.parametrize(
    ("zone", "name"), [("Europe/Lisbon", "Lisbon"), ("America/Argentina/Buenos_Aires", "Buenos Aires"), ("UTC", "UTC")]
)
def test_a_zone_is_named_as_people_do(zone, name):
    assert city(zone) == name


@pytest.mark.parametrize(
    ("language", "zone", "name"),
    [
        ("es", "Europe/Lisbon", "Lisboa"), ("it", "Europe/Lisbon", "Lisbona"), ("pt-br", "Asia/Tokyo", "Tóquio"),
        ("ru", "America/New_York", "Нью-Йорк"), ("es", "Europe/Madrid", "Madrid"),
        ("it", "Mars/Olympus_Mons", "Olympus Mons"),
    ],
)  # fmt: skip
def test_a_zone_is_named_as_the_city_is_in_the_readers_language(language, zone, name):
    with translation.override(language):
        assert city(zone) == name


@pytest.mark.parametrize(
    ("days", "every", "look", "text"),
    [
        (0, 30, "good", "Today"),
        (3, 30, "good", "3 days"),
        (26, 30, "warn", "26 days"),
        (41, 30, "bad", "41 days"),
        (400, None, "", "400 days"),
        (None, 30, "bad", "Never"),
        (None, None, "quiet", "Never"),
    ],
)
def test_the_touch_clock_is_green_amber_or_red_by_what_the_tier_asks(days, every, look, text):
    at = None if days is None else NOW - timedelta(days=days)
    seen = state(at, NOW, every)
    assert (seen["look"], seen["text"]) == (look, text)


@pytest.mark.parametrize(
    ("ends", "zone", "day"),
    [
        ("2026-11-27 00:00", "UTC", "26"),
        ("2026-11-27 00:00", "Europe/Berlin", "26"),  # one o'clock there
        ("2026-11-27 00:00", "America/New_York", "26"),
        ("2026-11-27 14:00", "Europe/Berlin", "27"),
    ],
)
def test_whoever_is_back_in_the_small_hours_is_away_until_the_day_before(ends, zone, day):
    with timezone.override(zone):
        assert f"{last_away(datetime.fromisoformat(ends + '+00:00')):%d}" == day
