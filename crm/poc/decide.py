"""Who answers, as a function of values. The fetch is in `resolve.py`.

The topic's primary on the record, then on what stands above it; then the primary on *general*
likewise; then the front desk. Whoever is found but away or inactive is replaced by the cover,
else by the backups of the same place, else by the lead; else the search goes on upward.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

MAX_PLACES = 6  # the record and five above it
MAX_HOPS = 3  # a cover may itself be covered
PRIMARY = 0


@dataclass(frozen=True, slots=True)
class Away:
    """An absence; `topic_id` None: from everything; `cover_id` None: nobody covers."""

    topic_id: int | None
    cover_id: int | None
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Poc:
    """What the decision needs to know of a person or a team.

    `lead_id` is the team's lead, or the lead of the person's home team; `empty_since` is when a team's
    last member left (None: somebody is in it, or it is a person).
    """

    id: int
    lead_id: int | None = None
    deactivated_at: datetime | None = None
    empty_since: datetime | None = None
    absences: Sequence[Away] = ()


@dataclass(frozen=True, slots=True)
class Holder:
    """One assignment: who, at which rank, over which period (end None: open)."""

    poc_id: int
    rank: int
    starts_at: datetime
    ends_at: datetime | None


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything the decision is made from; nothing else is looked at."""

    parents: Mapping[int, int | None]  # dossier → what it belongs to
    holders: Mapping[tuple[int, int], Sequence[Holder]]  # (dossier, topic) → whoever holds or held it
    pocs: Mapping[int, Poc]
    house_id: int
    general_id: int


@dataclass(frozen=True, slots=True)
class Reason:
    """One step on the way to the answer: a code and its values (ids, moments)."""

    code: str
    poc_id: int | None = None
    dossier_id: int | None = None
    topic_id: int | None = None
    until: datetime | None = None


NOBODY = "nobody"  # nobody for `topic_id` on `dossier_id`
FIXED = "fixed"  # `poc_id` was named for this one thing
ASSIGNED = "assigned"  # `poc_id` is primary for `topic_id` on `dossier_id`
AWAY = "away"  # `poc_id` is away until `until`
INACTIVE = "inactive"  # `poc_id` no longer answers
EMPTY = "empty"  # the team `poc_id` has nobody in it
COVERED = "covered"  # covered by `poc_id`
COVER_FAILS = "cover_fails"  # the cover is missing, away too, or goes in a circle
BACKUP = "backup"  # the backup `poc_id` answers
LEAD = "lead"  # the lead `poc_id` answers
HOUSE = "house"  # the front desk answers


@dataclass(frozen=True, slots=True)
class Answer:
    """Who answers and why; and who would be next, for the escalation steps.

    `holder_id` is the one assigned, where somebody stands in for them; `dossier_id` and
    `topic_id` say where the assignment was found. The ids of the next in line are None where
    there is nobody else.
    """

    poc_id: int
    reasons: tuple[Reason, ...]
    holder_id: int | None = None
    dossier_id: int | None = None
    topic_id: int | None = None
    backup_id: int | None = None
    lead_id: int | None = None
    leads_lead_id: int | None = None
    house_id: int | None = None

    @property
    def is_gap(self) -> bool:
        """True when only the front desk answers."""
        return self.holder_id is None and self.poc_id == self.house_id


@dataclass(slots=True)
class _Search:
    """One question on its way to an answer."""

    facts: Facts
    topic_id: int
    at: datetime
    reasons: list[Reason] = field(default_factory=list)

    def note(self, code: str, **values: object) -> None:
        self.reasons.append(Reason(code, **values))  # type: ignore[arg-type]

    def absence(self, poc: Poc) -> Away | None:
        """The absence that counts at this moment; one about the topic goes before one from everything."""
        now = [a for a in poc.absences if a.starts_at <= self.at < a.ends_at]
        about = [a for a in now if a.topic_id == self.topic_id]
        return next(iter(about + [a for a in now if a.topic_id is None]), None)

    def inactive(self, poc: Poc) -> bool:
        return poc.deactivated_at is not None and poc.deactivated_at <= self.at

    def empty(self, poc: Poc) -> bool:
        return poc.empty_since is not None and poc.empty_since <= self.at

    def answers(self, poc_id: int | None) -> bool:
        """True when this POC answers itself at this moment."""
        poc = self.facts.pocs.get(poc_id) if poc_id is not None else None
        return poc is not None and not (self.inactive(poc) or self.empty(poc) or self.absence(poc))

    def places(self, dossier_id: int) -> Iterator[int]:
        """The record and what stands above it; a circle ends it."""
        seen: set[int] = set()
        place: int | None = dossier_id
        while place is not None and place not in seen and len(seen) < MAX_PLACES:
            seen.add(place)
            yield place
            place = self.facts.parents.get(place)

    def holders(self, dossier_id: int, topic_id: int) -> list[Holder]:
        """Whoever holds this place at this moment, by rank."""
        held = self.facts.holders.get((dossier_id, topic_id), ())
        now = [h for h in held if h.starts_at <= self.at and (h.ends_at is None or self.at < h.ends_at)]
        return sorted(now, key=lambda h: h.rank)

    def stand_in(self, poc_id: int) -> int | None:
        """Return the POC itself or whoever covers it, over at most three hops; None: the cover fails."""
        seen = {poc_id}
        current = poc_id
        for _hop in range(MAX_HOPS + 1):
            if self.answers(current):
                if current != poc_id:
                    self.note(COVERED, poc_id=current)
                return current
            cover = self.why_not(current)
            if cover is None or cover in seen:
                break
            seen.add(cover)
            current = cover
        self.note(COVER_FAILS, poc_id=poc_id)
        return None

    def why_not(self, poc_id: int) -> int | None:
        """Note why this POC does not answer, and return its cover."""
        poc = self.facts.pocs.get(poc_id)
        away = self.absence(poc) if poc else None
        if poc is None or self.inactive(poc):
            self.note(INACTIVE, poc_id=poc_id)
            return away.cover_id if away else None
        if away is None:
            self.note(EMPTY, poc_id=poc_id)
            return None
        self.note(AWAY, poc_id=poc_id, until=away.ends_at, topic_id=away.topic_id)
        return away.cover_id

    def backups(self, held: Sequence[Holder], not_: int | None) -> list[int]:
        """The backups of a place who answer themselves, in their order, without `not_`."""
        return [h.poc_id for h in held if h.rank > PRIMARY and h.poc_id != not_ and self.answers(h.poc_id)]

    def lead(self, poc_id: int | None) -> int | None:
        """The lead of a POC, if that lead answers."""
        poc = self.facts.pocs.get(poc_id) if poc_id is not None else None
        return poc.lead_id if poc and poc.lead_id != poc_id and self.answers(poc.lead_id) else None

    def at_place(self, held: Sequence[Holder]) -> int | None:
        """Whoever answers for a place with a primary: it, its cover, a backup, its lead; None: nobody."""
        primary = held[0]
        answering = self.stand_in(primary.poc_id)
        if answering is not None:
            return answering
        for backup in self.backups(held, not_=primary.poc_id):
            self.note(BACKUP, poc_id=backup)
            return backup
        lead = self.lead(primary.poc_id)
        if lead is not None:
            self.note(LEAD, poc_id=lead)
        return lead


def decide(*, dossier_id: int | None, topic_id: int, at: datetime, facts: Facts, fixed_id: int | None = None) -> Answer:
    """Return who answers for `dossier_id` on `topic_id` at `at`, and why; there is always somebody.

    `fixed_id` is a POC named for this one thing: it is asked first, then its lead, then
    whoever answers anyway.
    """
    search = _Search(facts, topic_id, at)
    if fixed_id is not None:
        search.note(FIXED, poc_id=fixed_id)
        answering = search.stand_in(fixed_id) or search.lead(fixed_id)
        if answering is not None:
            if search.reasons[-1].code == COVER_FAILS:
                search.note(LEAD, poc_id=answering)
            held = _place_of(search, dossier_id)
            return _answer(search, answering, fixed_id, dossier_id, topic_id, held)
    topics = dict.fromkeys((topic_id, facts.general_id))
    for topic in topics if dossier_id is not None else ():
        for place in search.places(dossier_id):  # type: ignore[arg-type]
            held = search.holders(place, topic)
            if not held or held[0].rank != PRIMARY:
                search.note(NOBODY, dossier_id=place, topic_id=topic)
                continue
            search.note(ASSIGNED, poc_id=held[0].poc_id, dossier_id=place, topic_id=topic)
            answering = search.at_place(held)
            if answering is not None:
                return _answer(search, answering, held[0].poc_id, place, topic, held)
    search.note(HOUSE, poc_id=facts.house_id)
    return _answer(search, facts.house_id, None, None, None, [])


def _place_of(search: _Search, dossier_id: int | None) -> list[Holder]:
    """The first place with a primary: where the backups of a fixed POC are looked for."""
    topics = dict.fromkeys((search.topic_id, search.facts.general_id))
    for topic in topics if dossier_id is not None else ():
        for place in search.places(dossier_id):  # type: ignore[arg-type]
            held = search.holders(place, topic)
            if held and held[0].rank == PRIMARY:
                return held
    return []


def _answer(
    search: _Search,
    poc_id: int,
    holder_id: int | None,
    dossier_id: int | None,
    topic_id: int | None,
    held: Sequence[Holder],
) -> Answer:
    backups = search.backups(held, not_=poc_id)
    lead = search.lead(poc_id) or search.lead(holder_id)
    return Answer(
        poc_id=poc_id,
        reasons=tuple(search.reasons),
        holder_id=holder_id,
        dossier_id=dossier_id,
        topic_id=topic_id,
        backup_id=backups[0] if backups else None,
        lead_id=lead if lead != poc_id else None,
        leads_lead_id=search.lead(lead),
        house_id=search.facts.house_id,
    )
