"""The words of a notice, in the reader's language: for mails and for the inbox.

Whoever brings a new kind of notice registers its words when its app is ready (those of this app and
of what it tells for others: `crm.commitments.telling.words`). Words are format
strings over the notice's context, and over `title` (what is owed), `record`, `due`. A `path` in
the context is where the notice leads, in place of the record.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from django.conf import settings
from django.utils import formats, timezone
from django.utils.dateparse import parse_datetime
from django.utils.functional import Promise as Lazy
from django.utils.translation import gettext, pgettext
from django.utils.translation import gettext_lazy as _

from crm.commitments import ladder
from crm.commitments.models import Notification
from crm.core.templatetags.moments import weekday_and_date
from crm.outbox.outcomes import BAD_ADDRESS
from crm.poc import decide
from crm.poc.models import PointOfContact
from crm.poc.words import last_day

STILL_NOW = timedelta(minutes=30)  # so long after its moment it is due, not overdue
EVERYTHING = "General"  # the shipped topic of whoever answers for all that nobody else does; not worth a word
MAX_NOTE = 1000  # characters of somebody's own words in a mail


@dataclass(frozen=True, slots=True)
class Detail:
    """One of several things a notice tells, and where it is found; without an address it is merely said."""

    text: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class Words:
    """How one kind of notice reads: its headline, a sentence under it, and the things it lists from its facts."""

    headline: Lazy | str
    lead: Lazy | str = ""
    details: Callable[[Mapping[str, Any]], Sequence[Detail]] | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """One notice, said: what a mail or an inbox entry shows of it."""

    kind: str
    headline: str
    lead: str
    why: str
    note: str
    record: str
    url: str
    is_late: bool
    details: Sequence[Detail] = ()


_words: dict[str, Words] = {}


def register(kind: str, words: Words) -> None:
    """Give a kind of notice its words."""
    _words[kind] = words


_OUR_REPLIES: Mapping[Any, Lazy] = {BAD_ADDRESS: _("it is no address that mails can be sent to")}


class _Values(dict[str, Any]):
    """Values for a format string; what is not known is left empty."""

    def __missing__(self, key: str) -> str:
        return ""


def lines(notices: Iterable[Notification], at: datetime, names: Mapping[int, str] | None = None) -> list[Line]:
    """Say these notices in the language and zone that are active. At most one query; none with `names_in` them.

    `commitment` and `dossier` must be loaded.
    """
    notices = list(notices)
    if names is None:
        names = names_in(notices)
    return [_line(notice, names, at) for notice in notices]


def names_in(notices: Iterable[Notification]) -> dict[int, str]:
    """Return the names of the POCs that these notices speak of. At most one query."""
    ids = {n.facts.get(key) for n in notices for key in ("team", "holder", "answers")} - {None}
    return dict(PointOfContact.objects.filter(pk__one_of=list(ids)).values_list("pk", "name")) if ids else {}


def home() -> str:
    """Return the address of My day."""
    return settings.PUBLIC_URL + "/"


def moment(at: datetime) -> str:
    """Say a moment so that it is still true tomorrow: Mon 30 Nov, 16:00."""
    local = timezone.localtime(at)
    return f"{weekday_and_date(local)}, {formats.date_format(local, 'H:i')}"


def first_moment(at: datetime) -> str:
    """Say when a period begins: a day alone where the whole of it counts."""
    return _whole_day(at) or moment(at)


def last_moment(at: datetime) -> str:
    """Say when a half-open period ends: its last day where it ends at midnight."""
    return _whole_day(at, timedelta(days=1)) or moment(at)


def _whole_day(at: datetime, back: timedelta = timedelta(0)) -> str:
    local = timezone.localtime(at)
    return weekday_and_date(local - back) if local.time() == time(0) else ""


def _line(notice: Notification, names: Mapping[int, str], at: datetime) -> Line:
    commitment, dossier = notice.commitment, notice.dossier
    overdue = at - commitment.due_at if commitment is not None else -STILL_NOW
    kind = notice.kind
    if kind == "reminder" and overdue >= timedelta(0):
        kind = "late_reminder" if overdue > STILL_NOW else "due_reminder"
    words = _words.get(kind, Words(_("News about %(record)s")))
    values = _Values(_translated(notice.facts), record=dossier.title if dossier else "")
    if commitment is not None:
        values |= {"title": str(commitment), "due": moment(commitment.due_at)}
    return Line(
        kind=kind,
        headline=" ".join((str(words.headline) % values).split()),
        lead=" ".join((str(words.lead) % values).split()),
        why=_why(notice, names),
        note=str(notice.facts.get("note") or notice.facts.get("reason") or "")[:MAX_NOTE],
        record=dossier.title if dossier else "",
        url=_url(notice),
        is_late=overdue > STILL_NOW,
        details=words.details(notice.facts) if words.details else (),
    )


def _url(notice: Notification) -> str:
    """Where a notice leads: a page of its own (`path` in its context), else its record, else My day."""
    if notice.facts.get("path"):
        return f"{settings.PUBLIC_URL}{notice.facts['path']}"
    return f"{settings.PUBLIC_URL}/d/{notice.dossier_id}/" if notice.dossier_id else home()  # no worker imports a page


def _translated(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Translate shipped words, and a reply that is ours, no mail server's; an empty actor is the product itself."""
    values = {key: value for key, value in facts.items() if isinstance(value, str | int)}
    for key in ("topic", "purpose", "outcome", "channel", "reply"):
        if values.get(key):
            values[key] = str(_OUR_REPLIES.get(values[key]) or gettext(str(values[key])))
    if not values.get("by"):
        values["by"] = pgettext("actor", "Liaison")
    for key, say in (("from", first_moment), ("until", last_moment)):
        at = parse_datetime(str(values.get(key) or ""))
        values[key] = say(at) if at else ""
    topic = str(values.get("topic") or "").lower()
    says_more = topic and facts.get("topic") != EVERYTHING
    values["about"] = gettext("About %(topic)s.") % {"topic": topic} if says_more else ""
    return values


def _why(notice: Notification, names: Mapping[int, str]) -> str:
    """Say why this reader is told."""
    facts = notice.facts
    values = _Values({key: names.get(facts.get(key), "") for key in ("team", "holder", "answers")})
    values["by"] = str(facts.get("by") or "")
    slot = str(facts.get("why", ""))
    if slot == ladder.POC:
        is_member = facts.get("answers") not in (None, notice.recipient_id)
        values["team"] = values["team"] or (values["answers"] if is_member else "")
        slot = _why_poc(notice, values)
    sentence = str(_WHY.get(slot, "")) % values
    team = gettext("You are in %(team)s.") % values if values["team"] and not slot.startswith(_TEAM) else ""
    return f"{sentence} {team}".strip()


def _why_poc(notice: Notification, values: _Values) -> str:
    """Say in which way the reader, or their team, is the one who answers; for a cover also until when."""
    facts = notice.facts
    if values["holder"]:
        until = parse_datetime(facts.get("away_until") or "")
        values["until"] = last_day(until) if until else ""
        return "cover_away" if until else "cover_gone" if facts.get("cause") == decide.INACTIVE else "cover"
    given_to = notice.commitment.poc_id if notice.commitment is not None else None
    if given_to is not None and given_to == notice.recipient_id:
        return "given"
    if not values["team"]:
        return ladder.POC
    if given_to is None or given_to != facts.get("answers"):
        return _TEAM
    return f"{_TEAM}_passed_on" if notice.kind == "passed_on" and values["by"] else f"{_TEAM}_given"


_TEAM = "team"  # how the reasons begin that name the reader's team
_WHY: Mapping[str, Lazy] = {
    "given": _("You get this because it was given to you."),
    "team": _("You get this because your team answers for it: %(team)s."),
    "team_given": _("You get this because it was given to your team: %(team)s."),
    "team_passed_on": _("You get this because %(by)s passed it on to your team: %(team)s."),
    "cover": _("You get this because you stand in for %(holder)s."),
    "cover_away": _("You get this because you stand in for %(holder)s, away until %(until)s."),
    "cover_gone": _("You get this because you stand in for %(holder)s, who no longer answers."),
    ladder.POC: _("You get this because you answer for it."),
    ladder.BACKUP: _("You get this because you are the backup of %(answers)s."),
    ladder.LEAD: _("You get this because you lead the team of %(answers)s."),
    ladder.LEADS_LEAD: _("You get this because you lead the team that %(answers)s belongs to."),
    ladder.HOUSE: _("You get this because the front desk is asked last."),
}
