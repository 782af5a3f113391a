"""Amounts of time in words."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from crm.commitments.terms import Unit

MINUTE, HOUR = 60, 3600  # seconds


def span(n: int, unit: str) -> str:
    """Say an amount of time, as "4 working hours"."""
    words = {
        Unit.MINUTES: ngettext("%(n)s minute", "%(n)s minutes", n),
        Unit.HOURS: ngettext("%(n)s hour", "%(n)s hours", n),
        Unit.WORKING_MINUTES: ngettext("%(n)s working minute", "%(n)s working minutes", n),
        Unit.WORKING_HOURS: ngettext("%(n)s working hour", "%(n)s working hours", n),
        Unit.WORKING_DAYS: ngettext("%(n)s working day", "%(n)s working days", n),
    }
    return words[Unit(unit)] % {"n": n}


def short(seconds: int) -> str:
    """Say a length of time in hours and minutes, as "2 h 10 min"."""
    hours, minutes = seconds // HOUR, seconds % HOUR // MINUTE
    if not hours:
        return _("%(minutes)s min") % {"minutes": minutes}
    if not minutes:
        return _("%(hours)s h") % {"hours": hours}
    return _("%(hours)s h %(minutes)s min") % {"hours": hours, "minutes": minutes}
