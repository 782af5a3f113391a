"""Somebody's ordinary week in words: `{{ days|days_name }}`, `{{ intervals|hours_name }}`."""

from collections.abc import Sequence
from datetime import time
from typing import Any

from django import template
from django.utils import formats
from django.utils.dates import WEEKDAYS_ABBR
from django.utils.translation import gettext as _

register = template.Library()


@register.filter
def days_name(days: Any) -> str:
    """Name neighbouring weekdays: Mon, Mon–Fri."""
    first, last = str(WEEKDAYS_ABBR[days.first]), str(WEEKDAYS_ABBR[days.last])
    return first if days.first == days.last else f"{first}–{last}"


@register.filter
def hours_name(intervals: Sequence[tuple[time, time]]) -> str:
    """Name intervals of a day: 9:00–12:30, 13:30–18:00; closed; a whole day is round the clock."""
    if not intervals:
        return _("closed")
    if list(intervals) == [(time(0), time(0))]:
        return _("round the clock")
    return ", ".join(f"{_hour(starts)}–{_hour(ends, ends_day=True)}" for starts, ends in intervals)


def _hour(clock: time, *, ends_day: bool = False) -> str:
    return "24:00" if ends_day and clock == time(0) else formats.time_format(clock, "G:i")
