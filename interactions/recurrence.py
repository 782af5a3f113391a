"""How often something is owed again, from plain words: "every 2 weeks", "monthly", "cada 3 meses". Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from crm.core.text import search_key
from crm.core.working_time import WorkingTime
from interactions import due
from interactions import due_words as words

MOST = 999
UNITS = {"day": "days", "week": "weeks", "month": "months"}  # as the promise counts
EVERY = words.words("every each cada toda todo todas todos ogni каждые каждыи каждую каждое каждая each")
OTHER = {"other": 2, "second": 2, "segundo": 2, "segunda": 2, "secondo": 2, "второи": 2, "вторую": 2}
ADVERBS = {
    word: (every, unit)
    for row, every, unit in (
        ("daily diario diariamente quotidiano quotidianamente giornaliero ежедневно", 1, "days"),
        ("weekly semanal semanalmente settimanale settimanalmente еженедельно", 1, "weeks"),
        ("fortnightly biweekly quincenal quinzenal quindicinale", 2, "weeks"),
        ("monthly mensual mensal mensalmente mensile mensilmente ежемесячно", 1, "months"),
        ("quarterly trimestral trimestrale ежеквартально", 3, "months"),
        ("yearly annually anual anualmente annuale ежегодно", 12, "months"),
    )
    for word in row.split()
}
YEARS = words.words("year years y ano anos anno anni год года лет")
LAST = re.compile(r"[\s,;]+")


@dataclass(frozen=True, slots=True)
class Recurrence:
    """Owed again every so many days, weeks or months."""

    every: int
    unit: str


def split(text: str) -> tuple[str, Recurrence | None]:
    """Take a recurrence off the end of plain words; return what is left, which says the first time.

    Left as they are where they name none: "fri 9" recurs not at all.
    """
    given = [word for word in LAST.split(text.strip()) if word]
    keys = [search_key(word).strip(" .!") for word in given]
    for place in range(len(keys)):
        found = _read(keys[place:])
        if found is not None:
            before = given[: place - 1] if place and keys[place - 1 : place + 1] == ["a", "cada"] else given[:place]
            return " ".join(before), found
        if keys[place] in EVERY and keys[place + 1 : place + 2] and keys[place + 1] in words.WEEKDAYS:
            return " ".join(given[:place] + given[place + 1 :]), Recurrence(1, "weeks")
    return text, None


def read(text: str, *, at: datetime, working: WorkingTime) -> tuple[datetime, Recurrence | None]:
    """Return the moment plain words mean, and how often it is owed again; "every week" alone begins in a week.

    :raises due.Unreadable: they say no moment.
    :raises due.TooFar: it lies years ahead.
    """
    first, recurs = split(text)
    if recurs is None:
        return due.read(text, at=at, working=working), None
    return due.read(first or f"+{recurs.every}{recurs.unit[0]}", at=at, working=working), recurs


def _read(keys: list[str]) -> Recurrence | None:
    """Read words that are a recurrence and nothing else."""
    if len(keys) == 1 and keys[0] in ADVERBS:
        return Recurrence(*ADVERBS[keys[0]])
    if len(keys) < 2 or keys[0] not in EVERY:
        return None
    given, n = [word for word in keys[1:] if word not in ("os", "as", "los", "las")], 1
    if given and given[0].isascii() and given[0].isdigit():
        n, given = int(given[0]), given[1:]
    elif given and given[0] in OTHER:
        n, given = OTHER[given[0]], given[1:]
    if len(given) != 1 or not 1 <= n <= MOST:
        return None
    if given[0] in YEARS:
        return Recurrence(12 * n, "months")
    unit = UNITS.get(words.UNIT_OF.get(given[0], ""))
    return Recurrence(n, unit) if unit else None
