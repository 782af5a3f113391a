"""`{% touch_state at every %}`: how long ago the last touch was, and whether that is too long."""

from datetime import datetime

from django import template
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from crm.core.templatetags.moments import reader_now

register = template.Library()

SOON = 0.85  # of the days allowed, from which on the clock is amber


def state(at: datetime | None, now: datetime, every: int | None) -> dict[str, str]:
    """Return look, icon and words; `every` is the days a tier allows between two touches, None: any number."""
    if at is None:
        return {"look": "bad" if every else "quiet", "icon": "clock", "text": _("Never")}
    days = (timezone.localtime(now).date() - timezone.localtime(at).date()).days
    text = _("Today") if days <= 0 else ngettext("%(days)s day", "%(days)s days", days) % {"days": days}
    if every and days > every:
        return {"look": "bad", "icon": "alert", "text": text}
    if every and days >= every * SOON:
        return {"look": "warn", "icon": "clock", "text": text}
    return {"look": "good" if every else "", "icon": "check", "text": text}


@register.inclusion_tag("partials/state.html", takes_context=True)
def touch_state(context: template.Context, at: datetime | None, every: int | None = None) -> dict[str, str]:
    """Show the touch clock of a record."""
    return state(at, reader_now(context), every)
