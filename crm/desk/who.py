"""Who answers for what somebody typed: an account, a project, a person, a number, with a topic or without."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from django.db.models import Q

from contacts.actions import firm_country
from contacts.phones import ways
from crm.core.text import search_key
from crm.dossiers.lineage import lineage
from crm.dossiers.models import Dossier, Topic
from crm.poc import words
from crm.poc.calendars import working_times
from crm.poc.models import PointOfContact
from crm.poc.opening import CLOSED, Hours, hours
from crm.poc.resolve import Question, ask
from crm.poc.seats import Seat, seats_for, worth_showing
from crm.users.models import User
from interactions.look_up import KINDS, Typed, by_address, records

FOUND = 8
PEOPLE = 4
TRUNK_ZERO = "(0)"  # dialled only within the country
LEAST_OF_A_TOPIC = 4  # letters of a topic's name that are enough


@dataclass(frozen=True, slots=True)
class Found:
    """One answer: for a record on a topic, or a person or team by name (`dossier` None).

    Outside the reader's view only the record's name, who answers and how to reach them is told.
    `hours` is None where another day is asked about.
    """

    dossier: Dossier | None
    topic: Topic
    poc: PointOfContact
    hours: Hours | None
    is_visible: bool = True
    absent: PointOfContact | None = None
    backup: PointOfContact | None = None
    why: str = ""
    path: Sequence[str] = field(default_factory=list)
    is_gap: bool = False


def search(text: str, *, user: User, at: datetime, is_now: bool = True) -> list[Found]:
    """Return the answers to what was typed, the best first; not `is_now`: as of another moment.

    What one may see is what one may see today. A constant number of queries; as of another moment a few more.
    """
    topics = list(Topic.objects.in_use())
    topic, rest = _topic_of(text, topics)
    seen, unseen = _records(rest, user)
    if topic and not (seen or unseen) and search_key(rest) != search_key(text):  # the word belonged to the name
        seen, unseen = _records(text, user)
        topic = topic if not (seen or unseen) else None
    general = next(t for t in topics if t.code == Topic.GENERAL)
    about = topic or general
    dossiers = [*seen, *unseen]
    parents = {} if is_now else _parents_then(dossiers, at)
    asked = {d.pk: Question(d.pk, about.pk) for d in dossiers}
    seats = seats_for(asked.values(), at=at, parents=parents) if dossiers else {}
    visible = {d.pk for d in seen}
    found = [_found(d, seats[asked[d.pk]], d.pk in visible) for d in dossiers]
    found.sort(key=lambda f: f.is_gap)  # somebody rather than nobody
    if found and found[0].is_visible and found[0].dossier:
        found[1:1] = _other_topics(found[0].dossier, about, topics, at, parents)
    found += _people(rest or text, general, at)
    if not found and topic and not rest:
        found = _of_nobody(topic, at)
    return _with_hours(found, at) if is_now else [replace(f, hours=None) for f in found]


def _topic_of(text: str, topics: Iterable[Topic]) -> tuple[Topic | None, str]:
    """Split a topic's name off what was typed: "marvila billing" is billing on marvila."""
    given = text[:200].split()
    for word in given:
        key = search_key(word)
        for topic in topics:
            names = {search_key(topic.code), search_key(topic.name), search_key(topic.label)}
            if key in names or (len(key) >= LEAST_OF_A_TOPIC and any(name.startswith(key) for name in names)):
                return topic, " ".join(w for w in given if w != word)
    return None, text


def _records(text: str, user: User) -> tuple[list[Dossier], list[Dossier]]:
    typed = Typed.of(text)
    kinds = (*KINDS, Dossier.Kind.TOUCH_POINT)
    return records(typed, _reached(text, typed), user=user, limit=FOUND, kinds=kinds)


def _reached(text: str, typed: Typed) -> dict[int, str]:
    """Contacts with this number or address: as it was typed, else the number in any other way of writing it."""
    reached = by_address(typed)
    if reached or not typed.number:
        return reached
    for number in ways(text[:60].replace(TRUNK_ZERO, ""), country=firm_country()):
        reached = reached or by_address(replace(typed, number=number))
    return reached


def _found(dossier: Dossier, seat: Seat, is_visible: bool) -> Found:
    if not is_visible:
        return Found(dossier, seat.topic, seat.poc, CLOSED, is_visible=False)
    return Found(
        dossier, seat.topic, seat.poc, CLOSED, absent=seat.absent, backup=seat.backup, why=seat.why, path=seat.path,
        is_gap=seat.is_gap,
    )  # fmt: skip


def _parents_then(dossiers: Iterable[Dossier], at: datetime) -> dict[int, int | None]:
    """What the records found, and those above them, belonged to at another moment. A few queries for each."""
    parents: dict[int, int | None] = {}
    for dossier in dossiers:
        parents |= lineage(dossier.pk, at=at).parents
    return parents


def _other_topics(
    dossier: Dossier, about: Topic, topics: Sequence[Topic], at: datetime, parents: Mapping[int, int | None]
) -> list[Found]:
    """What else is answered for on the record found first."""
    asked = [Question(dossier.pk, topic.pk) for topic in topics]
    seats = seats_for(asked, at=at, parents=parents)
    return [
        _found(dossier, seat, True)
        for seat in worth_showing([seats[question] for question in asked])
        if seat.topic.pk != about.pk
    ]


def _people(text: str, general: Topic, at: datetime) -> list[Found]:
    """People and teams of ours by name or address, or whoever stands in for them."""
    typed = Typed.of(text)
    if not typed.words and not typed.address:
        return []
    meant = Q(email__iexact=typed.address) if typed.address else Q()
    for word in typed.words:
        meant &= Q(name_key__contains=word)
    rows = PointOfContact.objects.active().with_members().filter(meant)
    pocs = list(rows.order_by("name_key", "pk")[:PEOPLE])
    asked = {poc.pk: Question(None, general.pk, poc.pk) for poc in pocs}
    answers, fetched = ask(asked.values(), at=at)
    named = words.names(fetched)
    found = []
    for poc in pocs:
        answer = answers[asked[poc.pk]]
        is_there = answer.poc_id == poc.pk
        why = "" if is_there else words.why(answer, named, dossier_id=None, topic_id=general.pk)
        stands_in = None if is_there else poc
        found.append(Found(None, general, named.pocs[answer.poc_id], CLOSED, absent=stands_in, why=why))
    return found


def _of_nobody(topic: Topic, at: datetime) -> list[Found]:
    """A topic alone: whoever answers where nobody is named."""
    question = Question(None, topic.pk)
    answers, fetched = ask([question], at=at)
    answer, named = answers[question], words.names(fetched)
    return [Found(None, topic, named.pocs[answer.poc_id], CLOSED, why=words.path(answer, named)[-1])]


def _with_hours(found: Sequence[Found], at: datetime) -> list[Found]:
    if not found:
        return []
    times = working_times({f.poc.pk for f in found})
    return [replace(f, hours=hours(times[f.poc.pk], at)) for f in found]
