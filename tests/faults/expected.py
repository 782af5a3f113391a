"""What had to follow from a story: the acts' rules and the ladder's, written down a second time, as plainly as may be.

A promise has a life for each of its generations: it begins with an act and is over with the next. What people are to
be told in one is worked out from how the life began, and from when the steps before were handed off, which the tables
say. Some lives the engine begins by itself: a mail that was for somebody who has gone away meanwhile is planned anew.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from tests.faults import hours
from tests.faults.ledger import ASKED, GIVEN, RESUMED, Notice
from tests.faults.story import BACKUP, ESCALATION, HOUSE, LEAD, POC, REMINDER, Act, Batch, Promise, Story

CLIMB = (POC, BACKUP, LEAD, HOUSE)
MOST_HOPS = 3  # from one who is away to their cover, who may be away too
AT_LEAST = 3600  # working seconds that are left when it goes on
LOOK_AGAIN = timedelta(minutes=1)  # how late it may be noticed that a step was handed off
COALESCED, SKIPPED, SUPERSEDED = "coalesced", "skipped", "superseded"
NOT_THEIRS = "not_theirs"  # why a mail was taken back: its reader answers no more
ANEW = "anew"
Found = Mapping[tuple[int, int, int], Sequence[Notice]]  # generation, step, repeat → the rows


@dataclass(frozen=True)
class Life:
    """One generation of a promise: how it began, and how its steps count. `over`: when the next one had begun."""

    generation: int
    act: str
    begun: datetime
    holder: str  # an address; empty: whoever answers for the record
    due: datetime
    anchor: datetime
    quiet_until: datetime
    first: int = 0  # the step it begins with
    handed: datetime | None = None  # when the step before that one was handed off
    not_before: datetime | None = None  # when the first step runs: an acknowledgement is over, it is planned anew
    left: float | None = None  # working seconds kept while it waits for the customer
    ask_at: datetime | None = None
    asked: int = 0
    is_closed: bool = False
    over: datetime | None = None


@dataclass(frozen=True)
class Due:
    """One thing that somebody is to be told: by a step of a life, not before a moment.

    `needed` is false of what an act overtook: it may have left before, it need not. `is_recorded`: but it must have
    been decided. `skipped`: nobody is told, and that is recorded.
    """

    title: str
    life: Life
    step: int
    slot: str
    since: datetime
    needed: bool
    repeat: int = 0
    skipped: bool = False
    is_recorded: bool = False

    @property
    def key(self) -> tuple[int, int, int]:
        return self.life.generation, self.step, self.repeat

    def __str__(self) -> str:
        return f"{self.title}, generation {self.life.generation} ({self.life.act}), step {self.step}/{self.repeat}"


# --- Who ------------------------------------------------------------------------------------------------------------


class Firm:
    """Who answers, and who is next in line, at any moment."""

    def __init__(self, story: Story) -> None:
        self.story = story

    def is_there(self, who: str, at: datetime) -> bool:
        return bool(who) and not any(a.who == who and a.since <= at < a.until for a in self.story.away)

    def slots(self, promise: Promise, holder: str, at: datetime) -> dict[str, str]:
        """Return who is in each slot at a moment; nobody: empty."""
        answers = ""
        if holder:
            answers = self._stand_in(holder, at) or self._lead(holder, at)
        if not answers:  # whoever answers for the record: its POC, their cover, the backup, the lead
            holder = promise.poc
            backup = promise.backup if self.is_there(promise.backup, at) else ""
            answers = self._stand_in(holder, at) or backup or self._lead(holder, at)
        if not answers:
            return {POC: self.story.desk, BACKUP: "", LEAD: "", HOUSE: self.story.desk}
        backup = promise.backup if self.is_there(promise.backup, at) else ""
        lead = self._lead(answers, at) or self._lead(holder, at)
        return {
            POC: answers,
            BACKUP: "" if backup == answers else backup,
            LEAD: "" if lead == answers else lead,
            HOUSE: self.story.desk,
        }

    def whom(self, due: Due, promise: Promise, told: set[str], at: datetime) -> tuple[str, list[str]]:
        """Return who is told, and the slots that were passed by: empty, or with somebody told at a lower step."""
        slots = self.slots(promise, due.life.holder, at)
        passed: list[str] = []
        for slot in CLIMB[CLIMB.index(due.slot) :]:
            if slots[slot] and slots[slot] not in told:
                return slots[slot], passed
            passed.append(slot)
        return "", passed

    def may_read(self, notice: Notice, promise: Promise, holder: str, at: datetime) -> bool:
        """Say whether a mail may leave for its reader at a moment: they are in its slot, or answer by then."""
        slots = self.slots(promise, holder, at)
        return notice.address in (slots[POC], slots.get(notice.slot, ""))

    def _stand_in(self, who: str, at: datetime) -> str:
        tried: list[str] = []
        while who and who not in tried and len(tried) <= MOST_HOPS:
            if self.is_there(who, at):
                return who
            tried.append(who)
            who = next((a.cover for a in self.story.away if a.who == who and a.since <= at < a.until), "")
        return ""

    def _lead(self, who: str, at: datetime) -> str:
        lead = self.story.leads.get(who, "")
        return lead if self.is_there(lead, at) else ""


# --- When -----------------------------------------------------------------------------------------------------------


class Course:
    """What had to follow for one promise, of which the tables say the notices, and its last generation."""

    def __init__(
        self, story: Story, batch: Batch, promise: Promise, acts: Sequence[Act], found: Found, generation: int
    ) -> None:
        self.story, self.batch, self.promise, self.found, self.generation = story, batch, promise, found, generation
        self.lives = self._lives(acts)

    def dues(self) -> Iterator[Due]:
        for life in self.lives:
            yield from self._dues(life)

    def upcoming(self) -> datetime | None:
        """Return when the promise must be looked at again, at the latest; None: never."""
        life = self.lives[-1]
        if life.is_closed:
            return None
        until = self.story.until or life.begun
        if life.left is not None:
            return self._next_ask(life)
        coming = [due.since for due in self._walk(life) if due.since > until]
        open_end = hours.next_day(self.story.hours, until) + LOOK_AGAIN  # used up; or a mail is on its way
        return max([*coming, until + LOOK_AGAIN]) if coming else open_end

    # --- Lives

    def _lives(self, acts: Sequence[Act]) -> list[Life]:
        promise = self.promise
        lives = [Life(1, "open", promise.opened, promise.poc, promise.due, promise.due, promise.opened)]
        for act in acts:
            while lives[-1].generation + 1 < act.generation and self._lost(lives[-1]):
                self._end(lives, self._anew(lives[-1]), None)
            self._end(lives, self._after(lives[-1], act), act.over)
        while lives[-1].generation < self.generation and self._lost(lives[-1]) and not lives[-1].is_closed:
            self._end(lives, self._anew(lives[-1]), None)
        return lives

    def _end(self, lives: list[Life], following: Life, over: datetime | None) -> None:
        began = [n.decided_at for key, rows in self.found.items() if key[0] == following.generation for n in rows]
        lives[-1] = replace(lives[-1], over=over or min(began, default=self.story.until))
        lives.append(following)

    def _after(self, life: Life, act: Act) -> Life:
        """Return the life that an act begins."""
        if act.kind in ("keep", "cancel"):
            return replace(life, generation=act.generation, act=act.kind, begun=act.at, is_closed=True)
        new = replace(
            life, generation=act.generation, act=act.kind, begun=act.at, quiet_until=act.at, first=0, handed=None,
            not_before=None, asked=0, is_closed=False,
        )  # fmt: skip
        if act.kind == "acknowledge":
            first = self._ran(life)
            over = act.at + timedelta(minutes=self.batch.ack)
            return replace(new, first=first, handed=act.at if first else None, not_before=over)
        if act.kind == "snooze":
            until = act.until or act.at
            return replace(new, anchor=max(until, life.due), quiet_until=until)
        if act.kind == "reassign":
            is_told = life.left is None and life.due <= act.at  # the notice to them is the step at the due moment, too
            first = self._at_due() + 1 if is_told else 0
            ask_at = self._next_ask(life) if life.left is not None else None
            return replace(new, holder=act.to, anchor=max(life.due, act.at), first=first, ask_at=ask_at)
        ask_at = act.at + timedelta(minutes=self.batch.ask)
        if act.kind == "wait":
            left = hours.between(self.story.hours, act.at, life.due)
            return replace(new, anchor=life.due, left=left, ask_at=ask_at)
        if act.kind == "reopen":
            return replace(new, anchor=life.due, ask_at=ask_at)
        due = act.until or life.due  # redue
        if act.kind == "resume":
            due = max(life.due, hours.after(self.story.hours, act.at, max(life.left or 0, AT_LEAST)))
        return replace(new, due=due, anchor=due, left=None, ask_at=None)

    def _anew(self, life: Life) -> Life:
        """Return the life that the engine begins where a reader answers no more: from the step they lost."""
        lost = [self._at_due() if n.step == GIVEN else n.step for n in self._lost(life)]
        began = [key[1] for key in self.found if key[0] == life.generation + 1 and key[1] in lost]
        first = min(began or lost)
        since = {due.step: due.since for due in self._walk(life)}
        asked = [key[2] + 1 for key in self.found if key[:2] == (life.generation, ASKED)]
        return replace(
            life, generation=life.generation + 1, act=ANEW, first=max(first, 0), handed=None,
            not_before=since.get(first, life.begun), asked=max(asked, default=0), over=None,
        )  # fmt: skip

    def _lost(self, life: Life) -> list[Notice]:
        rows = [n for key, found in self.found.items() if key[0] == life.generation for n in found]
        given = GIVEN if life.first else 0  # that was a step as well
        return [n for n in rows if n.reason == NOT_THEIRS and (n.step >= 0 or n.step in (given, ASKED))]

    def _ran(self, life: Life) -> int:
        """Return the step that comes after those that ran."""
        ran = [key[1] + 1 for key in self.found if key[0] == life.generation and key[1] >= 0]
        return max([life.first, *ran])

    def _at_due(self) -> int:
        """Return the last reminder at the due moment."""
        return [n for n, step in enumerate(self.batch.steps) if step.kind == REMINDER and not step.minutes][-1]

    # --- Steps

    def _dues(self, life: Life) -> Iterator[Due]:
        limit = life.over or self.story.until
        return (due for due in self._walk(life) if limit is None or due.since <= limit)

    def _walk(self, life: Life) -> Iterator[Due]:
        """Walk the steps of a life as far as they are known, beyond its end too."""
        is_last = life.over is None
        told = {"reassign": GIVEN, "resume": RESUMED}.get(life.act)
        if told is not None:
            yield Due(self.promise.title, life, told, POC, life.begun, is_last, is_recorded=True)
        if life.is_closed:
            return
        if life.left is not None:
            yield from self._asks(life, is_last)
            return
        before = (life.generation, GIVEN, 0) if life.first and life.act == "reassign" else None
        not_before = life.not_before
        for number, step in enumerate(self.batch.steps[life.first :], life.first):
            own = life.anchor + timedelta(minutes=step.minutes if step.kind == REMINDER else 0)
            if step.kind == REMINDER and step.minutes and own < life.quiet_until:
                yield Due(self.promise.title, life, number, step.slot, own, is_last, skipped=True)
                continue
            if not_before is not None:
                since = max(own, not_before)
            elif step.kind == REMINDER:
                since = own
            else:
                handed = self._handed_off(self.found.get(before, ())) if before else life.handed
                if handed is None and before:
                    return
                since = (handed or max(life.anchor, life.quiet_until)) + timedelta(minutes=step.minutes)
            needed = is_last and self._is_noticed(step.kind, since)
            yield Due(self.promise.title, life, number, step.slot, since, needed)
            before, not_before = (life.generation, number, 0), None

    def _is_noticed(self, kind: str, since: datetime) -> bool:
        return kind != ESCALATION or self.story.until is None or since <= self.story.until - LOOK_AGAIN

    def _asks(self, life: Life, is_last: bool) -> Iterator[Due]:
        since, repeat = life.ask_at or life.begun, life.asked
        while True:
            yield Due(self.promise.title, life, ASKED, POC, since, is_last, repeat)
            rows = self.found.get((life.generation, ASKED, repeat), ())
            if not rows:
                return
            since, repeat = self._asked_after(rows), repeat + 1

    def _next_ask(self, life: Life) -> datetime:
        return [due.since for due in self._asks(life, is_last=False)][-1]

    def _asked_after(self, rows: Sequence[Notice]) -> datetime:
        return min(n.decided_at for n in rows) + timedelta(minutes=self.batch.ask)

    def _handed_off(self, notices: Sequence[Notice]) -> datetime | None:
        """Return when a step reached somebody: its mail was taken, or ended otherwise; None: not yet.

        A step that found nobody was handed off when it was decided.
        """
        mails = [n for n in notices if n.channel == "email"]
        if not mails:
            return max((n.decided_at for n in notices), default=None)
        sent = [n.ended_at for n in mails if n.message_state == "sent" and n.ended_at]
        return min(sent) if sent else max((n.ended_at for n in mails if n.ended_at), default=None)
