"""Who answers and who is told, once more: read off the rows, slowly, to compare the product's own answer with.

Nothing is prepared, nothing is clever: everybody who could answer is put in one line, in the order of the rule,
and the first who is there does. It shares no line with `crm.poc`.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo


@dataclass
class Poc:
    """A person or a team; `hours` are its own calendar's: zone, and (weekday, from, until) of each interval."""

    is_team: bool = False
    lead: int | None = None  # of a team
    home_team: int | None = None  # of a person
    gone_at: datetime | None = None
    delivery: str = "on_duty"
    hours: tuple[str, list] | None = None


@dataclass
class Absence:
    poc: int
    topic: int | None
    cover: int | None
    starts: datetime
    ends: datetime


@dataclass
class Assignment:
    record: int
    topic: int
    rank: int
    poc: int
    starts: datetime
    ends: datetime | None


@dataclass
class World:
    """The rows, as they lie in their tables."""

    records: dict[int, int | None]  # → what it belongs to
    pocs: dict[int, Poc]
    memberships: list[tuple[int, int]]  # team, member
    absences: list[Absence]
    assignments: list[Assignment]
    front_desk: int
    general: int
    house_hours: tuple[str, list] = field(default_factory=lambda: ("UTC", []))


# --- Who is there


def absence(world: World, poc: int, topic: int | None, at: datetime) -> Absence | None:
    """What keeps somebody away at a moment; what is about the topic goes before what is about everything."""
    now = [a for a in world.absences if a.poc == poc and a.starts <= at < a.ends]
    of_topic = [a for a in now if a.topic is not None and a.topic == topic]
    of_all = [a for a in now if a.topic is None]
    return (of_topic + of_all + [None])[0]


def gone(world: World, poc: int, at: datetime) -> bool:
    gone_at = world.pocs[poc].gone_at
    return gone_at is not None and gone_at <= at


def empty(world: World, poc: int, at: datetime) -> bool:
    """A team in which nobody is left."""
    members = [member for team, member in world.memberships if team == poc]
    return world.pocs[poc].is_team and all(gone(world, member, at) for member in members)


def there(world: World, poc: int, topic: int, at: datetime) -> bool:
    away = absence(world, poc, topic, at) is not None
    return not away and not gone(world, poc, at) and not empty(world, poc, at)


# --- Who answers


def above(world: World, record: int, levels: int = 5) -> list[int]:
    """The record, then what it belongs to, at most five levels up; in a circle each is asked again."""
    parent = world.records[record]
    return [record] + (above(world, parent, levels - 1) if parent is not None and levels else [])


def covers(world: World, poc: int, topic: int, at: datetime, hops: int = 3) -> list[int]:
    """The cover, the cover's cover, and theirs."""
    away = absence(world, poc, topic, at)
    if away is None or away.cover is None or not hops:
        return []
    return [away.cover, *covers(world, away.cover, topic, at, hops - 1)]


def lead(world: World, poc: int) -> list[int]:
    """The team's lead, or that of a person's home team, if there is one."""
    row = world.pocs[poc]
    team = poc if row.is_team else row.home_team
    found = world.pocs[team].lead if team is not None else None
    return [found] if found is not None else []


def holders(world: World, record: int, topic: int, at: datetime) -> dict[int, int]:
    """Rank → who holds it at a moment."""
    return {
        a.rank: a.poc
        for a in sorted(world.assignments, key=lambda a: a.rank)
        if a.record == record and a.topic == topic and a.starts <= at and (a.ends is None or a.ends > at)
    }


def places(world: World, record: int | None, topic: int, at: datetime) -> Iterator[tuple[int, int, dict[int, int]]]:
    """Where somebody is primary, in the order of the rule: the topic upward, then *general* upward."""
    for about in (topic, world.general):
        for place in above(world, record) if record is not None else []:
            held = holders(world, place, about, at)
            if 0 in held:
                yield place, about, held


def line(
    world: World, record: int | None, topic: int, at: datetime, named: int | None = None
) -> Iterator[tuple[int, int, int | None, int]]:
    """Everybody who could answer, in the order of the rule: who, for whom, and where that one was found."""
    if named is not None:
        for poc in [named, *covers(world, named, topic, at), *lead(world, named)]:
            yield poc, named, record, topic
    for place, about, held in places(world, record, topic, at):
        primary, *backups = [held[rank] for rank in sorted(held)]
        for poc in [primary, *covers(world, primary, topic, at), *backups, *lead(world, primary)]:
            yield poc, primary, place, about


def who_answers(
    world: World, record: int | None, topic: int, at: datetime, named: int | None = None
) -> tuple[int, int | None, int | None, int | None]:
    """Return who answers, for whom, and where that one was found: a record and a topic."""
    for poc, holder, place, about in line(world, record, topic, at, named):
        if there(world, poc, topic, at):
            return poc, holder, place, about
    return world.front_desk, None, None, None


def who_is_next(
    world: World, record: int | None, topic: int, at: datetime, named: int | None = None
) -> tuple[int | None, int | None, int | None]:
    """Return the backup, the lead and the lead's lead, whom the escalation steps reach: all of them there."""
    poc, holder, place, about = who_answers(world, record, topic, at, named)
    by_name = holder is not None and (holder, place, about) == (named, record, topic)
    rows = [held for p, t, held in places(world, record, topic, at) if by_name or (p, t) == (place, about)]
    backups = [rows[0][rank] for rank in sorted(rows[0]) if rank > 0] if rows else []
    leads = [_lead(world, who, topic, at) for who in (poc, holder) if who is not None]
    found = next((who for who in leads if who is not None), None)
    leads_lead = _lead(world, found, topic, at) if found is not None else None
    backup = next((p for p in backups if p != poc and there(world, p, topic, at)), None)
    return backup, found if found != poc else None, leads_lead


def _lead(world: World, poc: int, topic: int, at: datetime) -> int | None:
    return next((who for who in lead(world, poc) if who != poc and there(world, who, topic, at)), None)


# --- Who is told


def at_work(world: World, poc: int, at: datetime) -> bool:
    """Within the hours of the person's calendar, else their home team's, else the house's."""
    own, team = world.pocs[poc].hours, world.pocs[poc].home_team
    zone, hours = own or (world.pocs[team].hours if team is not None else None) or world.house_hours
    local = at.astimezone(ZoneInfo(zone))
    return any(day == local.weekday() and starts <= local.time() < ends for day, starts, ends in hours)


def told(world: World, poc: int, at: datetime) -> set[int]:
    """Return who hears of it when a POC is told: nobody who is away from everything, and nobody who left."""

    def hears(who: int) -> bool:
        return absence(world, who, None, at) is None and not gone(world, who, at)

    row = world.pocs[poc]
    if not hears(poc) and poc != world.front_desk:
        return set()
    if not row.is_team or row.delivery == "mailbox":
        return {poc}
    members = {member for team, member in world.memberships if team == poc and hears(member)}
    on_duty = {member for member in members if at_work(world, member, at)}
    return on_duty or members if row.delivery == "on_duty" else members
