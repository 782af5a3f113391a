"""`{% due … %}`: when something owed falls due, as one chip; heavier the more urgent."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import template
from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from crm.core.templatetags.moments import (
    day_words,
    moment_words,
    reader_now,
    span_words,
    weekday_and_date,
    whole_date,
)  # fmt: skip

register = template.Library()


@dataclass(frozen=True)
class Chip:
    """What the chip shows: its look (later, soon, late, up, wait, done), icon, words and the lighter addition."""

    look: str
    icon: str
    words: str
    more: str = ""


def chip(
    *,
    at: datetime | None,
    now: datetime,
    state: str = "open",
    escalated_to: str = "",
    escalated_at: datetime | None = None,
    since: datetime | None = None,
    done_by: str = "",
) -> Chip:
    """Choose the chip of something owed by `at`.

    `state` is open, acknowledged, snoozed, waiting, kept or cancelled. `since` is when waiting began, or the moment
    a snooze ends. `escalated_to` names who was told after the due moment; with it an unkept one is escalated.
    """
    if state == "kept":
        return Chip("done", "check", _("Done by %(name)s") % {"name": done_by} if done_by else _("Done"))
    if state == "cancelled":
        return Chip("done", "close", _("Cancelled"))
    if state == "waiting":
        more = _("since %(moment)s") % {"moment": _since(since, now)} if since else ""
        return Chip("wait", "wait", _("Waiting for the customer"), more)
    if escalated_to:
        words = _("Escalated to %(name)s") % {"name": escalated_to}
        return Chip("up", "escalate", words, moment_words(escalated_at, now) if escalated_at else "")
    if state == "snoozed" and since and since > now:
        return Chip("later", "snooze", _("Snoozed until %(moment)s") % {"moment": moment_words(since, now)})
    return _by_moment(at, now, acknowledged=state == "acknowledged")


def _by_moment(at: datetime | None, now: datetime, *, acknowledged: bool) -> Chip:
    """Choose among later, soon and late; soon is what falls due before the reader's day ends."""
    if at is None:
        return Chip("later", "clock", _("No date"))
    seen = _("taken on") if acknowledged else ""
    if at < now:
        return Chip("late", "alert", _("Overdue"), seen or _("since %(moment)s") % {"moment": moment_words(at, now)})
    words = _("Due %(moment)s") % {"moment": moment_words(at, now)}
    if timezone.localtime(at).date() == timezone.localtime(now).date():
        return Chip("soon", "clock", words, seen or _("%(span)s left") % {"span": span_words(at - now)})
    return Chip("later", "clock", words, seen)


def _since(at: datetime, now: datetime) -> str:
    """Say briefly since when: the hour today, else the day."""
    local, today = timezone.localtime(at), timezone.localtime(now).date()
    if local.date() == today:
        return moment_words(at, now)
    near = (today - local.date()).days < 7
    return formats.date_format(local, "D") if near else day_words(local.date(), today)


@register.inclusion_tag("partials/due.html", takes_context=True)
def due(context: template.Context, at: datetime | None, state: str = "open", **more: object) -> dict[str, Chip]:
    """Show the chip of something owed by `at`; the other arguments as `chip` takes them."""
    return {"chip": chip(at=at, now=reader_now(context), state=state, **more)}


@register.inclusion_tag("partials/due.html", takes_context=True)
def item_due(context: template.Context, item: Any) -> dict[str, Chip]:
    """Show the chip of one thing owed, a commitment of `for_list`."""
    since = {"snoozed": item.hold_until, "waiting": item.waiting_since}.get(item.state)
    escalated_to = item.escalated_to.name if item.escalated_to_id else ""
    now = reader_now(context)
    return {
        "chip": chip(
            at=item.due_at, now=now, state=item.state, since=since, escalated_to=escalated_to,
            escalated_at=item.escalated_at,
        )
    }  # fmt: skip


@register.simple_tag(takes_context=True)
def asked_again(context: template.Context, item: Any) -> str:
    """Say when whoever has something that waits is asked whether it still does; "" where that is now.

    By its date: a weekday alone would be read as the one on which it began to wait.
    """
    at, now = item.next_action_at, reader_now(context)
    if at is None or at <= now:
        return ""
    local = timezone.localtime(at)
    if local.date() == now.date():
        return _("today, %(hour)s") % {"hour": formats.date_format(local, "H:i")}
    return weekday_and_date(local) if local.year == now.year else whole_date(local)


@register.simple_tag
def how_often(every: int, unit: str) -> str:
    """Say how often something is owed again: every 2 weeks."""
    if (every, unit) == (12, "months"):
        return _("every year")
    return _EVERY[unit](every) % {"n": every}


_EVERY: dict[str, Callable[[int], str]] = {
    "days": lambda n: ngettext("every day", "every %(n)s days", n),
    "weeks": lambda n: ngettext("every week", "every %(n)s weeks", n),
    "months": lambda n: ngettext("every month", "every %(n)s months", n),
}
