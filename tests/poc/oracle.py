"""Who answers, once more: written from the words of the rule, slowly and separately, to compare `decide` with."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime


@dataclass
class Person:
    lead: int | None = None
    gone_at: datetime | None = None
    reachable: bool = True  # a person, or a team with somebody in it
    absences: list[tuple[int | None, int | None, datetime, datetime]] = field(default_factory=list)  # topic, cover, …


@dataclass
class World:
    parents: dict[int, int | None]
    assignments: list[tuple[int, int, int, int, datetime, datetime | None]]  # dossier, topic, rank, who, from, until
    people: dict[int, Person]
    front_desk: int
    general: int


def cover_of(world: World, who: int, topic: int, at: datetime) -> tuple[bool, int | None]:
    """Return whether `who` is away, and their cover."""
    for wanted in (topic, None):  # what is about the topic goes first
        for about, cover, starts, ends in world.people[who].absences:
            if about == wanted and starts <= at and at < ends:
                return True, cover
    return False, None


def is_there(world: World, who: int | None, topic: int, at: datetime) -> bool:
    if who is None or who not in world.people:
        return False
    person = world.people[who]
    gone = person.gone_at is not None and not at < person.gone_at
    return person.reachable and not gone and not cover_of(world, who, topic, at)[0]


def substitutes(world: World, who: int, topic: int, at: datetime) -> list[int]:
    """Return `who` and the covers that follow, at most three, up to a repetition."""
    chain = [who]
    while len(chain) < 4:
        last = chain[-1]
        if last not in world.people:
            break
        cover = cover_of(world, last, topic, at)[1]
        if cover is None or cover in chain:
            break
        chain.append(cover)
    return chain


def first_there(world: World, who: int, topic: int, at: datetime) -> int | None:
    for candidate in substitutes(world, who, topic, at):
        if is_there(world, candidate, topic, at):
            return candidate
        if candidate in world.people and not cover_of(world, candidate, topic, at)[0]:
            return None  # gone, or nobody in it: no cover was named
    return None


def upward(world: World, dossier: int | None) -> list[int]:
    way: list[int] = []
    while dossier is not None and dossier not in way and len(way) < 6:
        way.append(dossier)
        dossier = world.parents.get(dossier)
    return way


def places(world: World, dossier: int | None, topic: int, at: datetime) -> Iterator[tuple[int, int, list[int]]]:
    """Yield the places with a primary, in the order they are asked: dossier, topic, who (primary first)."""
    for asked in [topic] if topic == world.general else [topic, world.general]:
        for place in upward(world, dossier):
            held = sorted(
                (rank, who)
                for d, t, rank, who, starts, ends in world.assignments
                if (d, t) == (place, asked) and starts <= at and (ends is None or at < ends)
            )
            if held and held[0][0] == 0:
                yield place, asked, [who for _rank, who in held]


def lead_of(world: World, who: int | None, topic: int, at: datetime) -> int | None:
    lead = world.people[who].lead if who in world.people else None
    return lead if lead != who and is_there(world, lead, topic, at) else None


def who_answers(
    world: World, dossier: int | None, topic: int, at: datetime, fixed: int | None = None
) -> tuple[int, int | None, int | None, int | None]:
    """Return who answers, for whom, and where that was found."""
    if fixed is not None:
        found = first_there(world, fixed, topic, at) or lead_of(world, fixed, topic, at)
        if found is not None:
            return found, fixed, dossier, topic
    for place, asked, (primary, *backups) in places(world, dossier, topic, at):
        candidates = [first_there(world, primary, topic, at)]
        candidates += [b for b in backups if b != primary and is_there(world, b, topic, at)]
        candidates += [lead_of(world, primary, topic, at)]
        for candidate in candidates:
            if candidate is not None:
                return candidate, primary, place, asked
    return world.front_desk, None, None, None
