"""What a mail shows of each notice: how urgent it is, with whom, what was said last, and what comes of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import groupby
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings
from django.utils import formats, timezone, translation
from django.utils.functional import Promise as Lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _l

from crm.commitments import ladder
from crm.commitments.mail import background, links
from crm.commitments.mail.background import NOTHING, Background
from crm.commitments.mail.links import Act
from crm.commitments.models import Commitment, Kind, Notification
from crm.commitments.planning import facts, steps
from crm.commitments.planning.steps import Coming
from crm.commitments.telling import groups, wording
from crm.commitments.telling.wording import STILL_NOW, Line
from crm.core.templatetags.moments import city, day_words, span_words
from crm.core.working_time import WorkingTime
from crm.poc.models import Membership
from crm.poc.recipients import Recipient, reach

UP, LATE, SOON, LATER, WAIT, NEWS, WRONG = "up", "late", "soon", "later", "wait", "news", "wrong"
HEADINGS: Mapping[str, Lazy] = {  # sections of a digest, in their order
    WRONG: _l("Something is wrong"),
    UP: _l("Escalated to you"),
    LATE: _l("Overdue"),
    SOON: _l("Due today"),
    LATER: _l("Coming up"),
    WAIT: _l("Waiting for the customer"),
    NEWS: _l("News"),
}
ORDER = list(HEADINGS)
LADDER = frozenset({"reminder", "due_reminder", "late_reminder", "escalation"})  # the badge says what they tell
State = Commitment.State


@dataclass(frozen=True, slots=True)
class Tap:
    """Something to be done with one tap: what it is called, and its address."""

    label: str
    url: str


@dataclass(frozen=True, slots=True)
class Item:
    """One notice as a mail shows it, in the language and zone that are active; what does not apply is empty."""

    line: Line
    title: str  # what is owed; where the notice tells something else, that
    look: str  # one of ORDER
    badge: str = ""
    lead: str = ""
    known: Background = NOTHING
    clock: str = ""  # how far their clock is from the reader's
    since: str = ""
    coming: str = ""  # what happens if nobody acts
    taps: Sequence[Tap] = ()
    links: Sequence[Tap] = ()
    ends_at: datetime | None = None  # of the taps


@dataclass(frozen=True, slots=True)
class _Mail:
    """To whom, when it was packed, as of when; and what is known of all it is about."""

    person: Recipient
    written_at: datetime
    at: datetime
    known: Mapping[int, Background]
    coming: Mapping[int, Sequence[Coming]]
    morning: datetime
    signs_in: bool


@dataclass(frozen=True, slots=True)
class Prepared:
    """What is known of all that several mails are about, read at once."""

    people: Mapping[int, Recipient]  # the readers, by POC
    known: Mapping[tuple[str, str], Mapping[int, Background]]  # by language and zone: it is in words
    coming: Mapping[int, Sequence[Coming]]
    hours: Mapping[int, WorkingTime]  # by POC
    names: Mapping[int, str]  # of POCs that the notices speak of
    signing_in: Collection[int]  # of the readers (POCs), those who can open a page: the others get their taps alone


def prepare(said: Mapping[int, Sequence[Notification]], at: datetime) -> Prepared:
    """Read what the mails need that tell each reader (a POC) these notices; a constant number of queries.

    A few more for each language and zone among the readers.
    """
    people = reach(said)
    about = {pk: {n.commitment_id: n.commitment for n in rows if n.commitment is not None} for pk, rows in said.items()}
    memory = facts.Memory()
    memory.keep_hours([pk for pk in said if about[pk]])
    everything = {c.pk: c for each in about.values() for c in each.values() if c.state == State.OPEN}
    groups_of_readers: dict[tuple[str, str], dict[int | None, Commitment]] = defaultdict(dict)
    for pk, person in people.items():
        groups_of_readers[person.language, person.zone] |= about[pk]
    known = {}
    for (language, zone), each in groups_of_readers.items():
        with translation.override(language), timezone.override(ZoneInfo(zone)):
            known[language, zone] = background.of(list(each.values()))
    coming = steps.steps_of_many(list(everything.values()), at=at, memory=memory)
    names = wording.names_in(n for rows in said.values() for n in rows)
    return Prepared(people, known, coming, memory.hours, names, _signing_in(people.values()))


def _signing_in(people: Iterable[Recipient]) -> Collection[int]:
    """Return the POCs who sign in, and the teams of which a member does. One query, where somebody does not."""
    users = {person.poc_id: person.user_id for person in people}
    own = {poc_id for poc_id, user_id in users.items() if user_id is not None}
    if len(own) == len(users):
        return own
    members = Membership.objects.filter(team__one_of=users.keys() - own, member__user__isnull=False)
    return own.union(members.values_list("team_id", flat=True))


def items(
    said: Sequence[Notification], *, person: Recipient, written_at: datetime, at: datetime, prepared: Prepared
) -> list[Item]:
    """Return what a mail to `person`, packed at `written_at`, shows as of `at`."""
    is_about_owed = any(n.commitment is not None for n in said)
    mail = _Mail(
        person=person,
        written_at=written_at,
        at=at,
        known=prepared.known[person.language, person.zone],
        coming=prepared.coming,
        morning=links.next_morning(at, prepared.hours[person.poc_id]) if is_about_owed else at,
        signs_in=person.poc_id in prepared.signing_in,
    )
    lines = wording.lines(said, at, prepared.names)
    if not mail.signs_in:
        lines = [replace(line, url="", details=[replace(d, url="") for d in line.details]) for line in lines]
    return [_item(n.commitment, line, mail) for n, line in zip(said, lines, strict=True)]


def sections(found: Iterable[Item]) -> list[tuple[str, list[Item]]]:
    """Put what belongs together under one heading each, the most pressing first."""
    ordered = sorted(found, key=lambda item: ORDER.index(item.look))
    return [(str(HEADINGS[look]), list(group)) for look, group in groupby(ordered, key=lambda item: item.look)]


def _item(c: Commitment | None, line: Line, mail: _Mail) -> Item:
    if c is None:
        look = WRONG if groups.group_of(line.kind) == groups.ALARMS else NEWS
        return Item(line, line.headline, look, lead=line.lead)
    known = mail.known.get(c.pk, NOTHING)
    look, badge = _badge(c, line, mail.at)
    taps = _taps(c, mail)
    return Item(
        line=line,
        title=str(c) if line.kind in LADDER else line.headline,
        look=look,
        badge=badge,
        lead=line.lead,
        known=known,
        clock=_clock(known.zone, mail.at),
        since=_("Promised %(moment)s.") % {"moment": wording.moment(c.opened_at)} if c.kind != Kind.TOUCH else "",
        coming=_coming(mail.coming.get(c.pk, ()), mail),
        taps=taps,
        links=_links(c) if mail.signs_in else (),
        ends_at=links.ends_at(c, written_at=mail.written_at, zone=mail.person.zone) if taps else None,
    )


def _badge(c: Commitment, line: Line, at: datetime) -> tuple[str, str]:
    """Say how urgent it is, and how that looks."""
    overdue = at - c.due_at
    if line.kind == "escalation":
        return UP, _("Escalated · %(span)s overdue") % {"span": span_words(overdue)}
    if c.state == State.WAITING:
        return WAIT, _("Waiting for the customer")
    if overdue > STILL_NOW:
        return LATE, _("Overdue since %(moment)s") % {"moment": wording.moment(c.due_at)}
    if overdue >= timedelta(0):
        return LATE, _("Due now")
    if timezone.localtime(c.due_at).date() != timezone.localtime(at).date():
        return LATER, _("Due %(moment)s") % {"moment": wording.moment(c.due_at)}
    values = {"hour": _hour(c.due_at), "span": span_words(-overdue)}
    return SOON, _("Due today %(hour)s · %(span)s left") % values


def _taps(c: Commitment, mail: _Mail) -> list[Tap]:
    """What the reader can do with one tap; where they are asked once more, it says exactly what."""
    person = mail.person
    morning = timezone.localtime(mail.morning)
    later = f"{day_words(morning.date(), timezone.localtime(mail.at).date())} {_hour(mail.morning)}"
    return [
        Tap(
            f"{later[:1].upper()}{later[1:]}" if act == Act.LATER else str(act.label),
            links.address(links.link_to(c, act, poc_id=person.poc_id, written_at=mail.written_at, zone=person.zone)),
        )
        for act in links.offered(c)
    ]


def _links(c: Commitment) -> list[Tap]:
    """Pages where more can be done, for whoever signs in. No worker imports a page."""
    owed = f"{settings.PUBLIC_URL}/owed/{c.pk}/"
    if c.kind == Kind.HANDOVER:
        return []
    log = Tap(_("Log what was said"), f"{settings.PUBLIC_URL}/log/?record={c.dossier_id}")
    if c.kind == Kind.TOUCH:  # it is always owed by whoever answers
        return [log]
    give = Tap(_("Give it to somebody else"), f"{owed}#{'pass-on' if c.kind == Kind.RESOLUTION else 'reassign'}")
    return [log, give]


def _coming(comes: Sequence[Coming], mail: _Mail) -> str:
    """Say who else is told, and when, if nobody acts."""
    others = (s for s in comes if not s.is_done and s.slot != ladder.POC)  # a team that answers is no one else
    step = next((s for s in others if s.poc.pk != mail.person.poc_id), None)
    if step is None:
        return ""
    values = {"name": step.poc.name, "hour": _hour(step.at), "moment": wording.moment(step.at)}
    if step.at <= mail.at:
        return _("If nobody acts, %(name)s is told next.") % values
    if timezone.localtime(step.at).date() == timezone.localtime(mail.at).date():
        return _("If nobody acts, %(name)s is told at %(hour)s.") % values
    return _("If nobody acts, %(name)s is told %(moment)s.") % values


def _clock(zone: str, at: datetime) -> str:
    """Say how far the clock in `zone` is from the reader's; nothing where it shows the same, or is not known."""
    try:
        theirs = at.astimezone(ZoneInfo(zone)).utcoffset() if zone else None
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ""
    mine = timezone.localtime(at).utcoffset()
    if theirs is None or mine is None or theirs == mine:
        return ""
    said = _("%(city)s is %(span)s ahead of you") if theirs > mine else _("%(city)s is %(span)s behind you")
    return said % {"city": city(zone), "span": span_words(abs(theirs - mine))}


def _hour(at: datetime) -> str:
    return formats.date_format(timezone.localtime(at), "H:i")
