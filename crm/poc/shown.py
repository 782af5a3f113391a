"""What a shared page says: who answers now, by name and reach as far as the link shows them, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from django.db.models import Exists, OuterRef
from django.utils import timezone

from crm.core.working_time import WorkingTime
from crm.dossiers.models import Firm, Topic
from crm.poc import words
from crm.poc.calendars import working_times
from crm.poc.decide import Answer
from crm.poc.models import Assignment, PointOfContact, ShareLink
from crm.poc.opening import Days, Hours, hours, week
from crm.poc.resolve import Question, ask
from crm.poc.sharing import Field
from crm.poc.vcard import Contact, key_of
from crm.poc.words import Named


@dataclass(frozen=True, slots=True)
class Reach:
    """One of ours, as far as they are shown: what is not is empty.

    `pk` gives the face its colour and the file its key; it is never said.
    """

    pk: int
    kind: str
    name: str = ""
    phone: str = ""
    email: str = ""
    languages: str = ""


@dataclass(frozen=True, slots=True)
class Shown:
    """Who answers, for what (labels; empty: not said), and why it is not the one expected."""

    who: Reach
    about: Sequence[str] = field(default_factory=list)
    note: str = ""
    backup: Reach | None = None
    zone: str = ""
    hours: Hours | None = None
    week: Sequence[Days] = field(default_factory=list)


def entries(link: ShareLink, *, at: datetime) -> list[Shown]:
    """Return who answers now for what was shared, absences covered: each once, in the order of what it is about.

    Six queries, for a card as for a record, however many topics there are.
    """
    topics = list(Topic.objects.in_use())
    asked = _questions(link, topics)
    answers, fetched = ask(asked, at=at)
    named = words.names(fetched, topics)
    by_answer: dict[tuple[int, int | None, int | None], list[Question]] = {}
    for question in asked:
        answer = answers[question]
        if _is_worth_saying(question, answer, named):
            by_answer.setdefault((answer.poc_id, answer.holder_id, answer.backup_id), []).append(question)
    times = working_times({poc_id for poc_id, _holder, _backup in by_answer})
    return [
        _shown(link, answers[same[0]], _about(link, same, named, at), named, times, at) for same in by_answer.values()
    ]


def contacts(link: ShareLink, *, at: datetime, url: str) -> list[Contact]:
    """Return the cards to keep, with what is shown alone: of the one shared, else of whoever answers now.

    `url` is where they stay current.
    """
    firm = Firm.objects.get()
    if link.poc and link.poc.deactivated_at is None:
        found = [_reach(link.poc, link.shown)]
    else:
        found = [entry.who for entry in entries(link, at=at)]
    team = PointOfContact.Kind.TEAM
    return [
        Contact(
            key=key_of(who.pk), name=who.name or str(firm), is_team=who.kind == team or not who.name,
            firm=firm.name, phone=who.phone, country=str(firm.country.code or ""), email=who.email,
            languages=who.languages, url=url,
        )
        for who in {who.pk: who for who in found}.values()
    ]  # fmt: skip


def _questions(link: ShareLink, topics: Sequence[Topic]) -> list[Question]:
    if link.poc_id is not None:
        general = next(topic for topic in topics if topic.code == Topic.GENERAL)
        return [Question(None, general.pk, link.poc_id)]
    return [Question(link.dossier_id, topic.pk) for topic in topics]


def _is_worth_saying(question: Question, answer: Answer, named: Named) -> bool:
    """False of a topic for which merely *general* answers: one line says so for all of them."""
    is_general = named.topics[question.topic_id].code == Topic.GENERAL
    return is_general or (not answer.is_gap and answer.topic_id == question.topic_id)


def _about(link: ShareLink, asked: Sequence[Question], named: Named, at: datetime) -> list[Topic]:
    """What one answers for: of a card whatever they are named for anywhere, of a record what was asked. One query."""
    if link.poc_id is None or Field.TOPIC not in link.shown:
        return [named.topics[question.topic_id] for question in asked]
    held = Assignment.objects.at(at).primary().filter(poc=link.poc_id, topic=OuterRef("pk"))
    return list(Topic.objects.in_use().filter(Exists(held)))


def _shown(
    link: ShareLink,
    answer: Answer,
    topics: Sequence[Topic],
    named: Named,
    times: Mapping[int, WorkingTime],
    at: datetime,
) -> Shown:
    working = times[answer.poc_id]
    poc = named.pocs[answer.poc_id]
    next_id = answer.backup_id or answer.lead_id
    backup = named.pocs.get(next_id) if next_id and Field.BACKUP in link.shown else None
    tells_hours = Field.HOURS in link.shown
    return Shown(
        who=_reach(poc, link.shown),
        about=[topic.label for topic in topics] if Field.TOPIC in link.shown else [],
        note=_note(answer, named, working.zone) if Field.NAME in link.shown else "",
        backup=_reach(backup, link.shown) if backup else None,
        zone=working.zone if tells_hours else "",
        hours=hours(working, at) if tells_hours else None,
        week=week(working) if tells_hours else [],
    )


def _reach(poc: PointOfContact, shown: Sequence[str]) -> Reach:
    return Reach(
        pk=poc.pk,
        kind=poc.kind,
        name=poc.name if Field.NAME in shown else "",
        phone=poc.phone if Field.PHONE in shown else "",
        email=poc.email if Field.EMAIL in shown else "",
        languages=poc.languages if Field.LANGUAGES in shown else "",
    )


def _note(answer: Answer, named: Named, zone: str) -> str:
    """Say for whom this one stands in; never where the other was named: that would name another record."""
    with timezone.override(ZoneInfo(zone)):
        return words.instead(answer, named)
