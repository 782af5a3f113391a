"""The referee: what had to reach whom by a story, against what did, by the mail server's log and the tables.

It shares nothing with the engine but the schema: plain SQL, the rules of the acts and of the ladders written down a
second time (expected.py), its own reading of the log.
"""

from __future__ import annotations

import json
import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from tests.faults.expected import ANEW, COALESCED, NOT_THEIRS, SKIPPED, SUPERSEDED, Course, Due, Firm, Life
from tests.faults.ledger import GIVEN, RESUMED, Ledger, Mail, Notice
from tests.faults.story import ESCALATION, Act, Batch, Promise, Story

SHOWN = 20  # sentences of one sort in a verdict; the rest is counted
SENT, UNCERTAIN = "sent", "uncertain"
TOLD = "planned"
EMAIL, INBOX = "email", "inbox"
MOST_LINES = 50  # of a digest; the rest is counted


@dataclass
class Verdict:
    """What the referee found. `faults` says each in a sentence; without one nothing was wrong."""

    expected: int = 0
    lost: int = 0
    duplicates: int = 0
    wrong_recipient: int = 0
    early: int = 0
    unexpected: int = 0
    findings: int = 0
    listed: int = 0  # perhaps delivered, and said so: neither lost nor known to have arrived
    copies: Counter[int] = field(default_factory=Counter)  # copies → how many mails have so many
    most_copies_over: int = 0  # mails with more copies than their batch allows
    lateness: list[float] = field(default_factory=list)
    faults: Counter[str] = field(default_factory=Counter)
    sentences: list[str] = field(default_factory=list)

    @property
    def extra_copies(self) -> int:
        return sum((n - 1) * mails for n, mails in self.copies.items())

    @property
    def is_clean(self) -> bool:
        return not self.faults

    def percentile(self, share: float) -> float:
        ordered = sorted(self.lateness)
        return ordered[min(len(ordered) - 1, math.ceil(share * len(ordered)) - 1)] if ordered else 0.0

    def fault(self, sort: str, sentence: str, n: int = 1) -> None:
        self.faults[sort] += n
        if self.faults[sort] <= SHOWN:
            self.sentences.append(f"{sort}: {sentence}")

    def write(self, path: Path) -> None:
        values = vars(self) | {"p50_s": self.percentile(0.5), "p99_s": self.percentile(0.99)}
        values["lateness"] = len(self.lateness)
        path.write_text(json.dumps(values, indent=1, default=str))


def judge(story: Story, mails: Sequence[Mail], ledger: Ledger) -> Verdict:
    """Compare the story with what the mail server logged and what the tables say."""
    verdict = Verdict()
    copies = Counter(mail.msgid for mail in mails)
    verdict.copies = Counter(copies.values())
    by_msgid = defaultdict(list)
    for mail in mails:
        by_msgid[mail.msgid].append(mail)
    for unknown in set(by_msgid) - ledger.msgids:
        verdict.duplicates += 1
        verdict.fault("duplicate", f"mail {unknown} to {by_msgid[unknown][0].recipient}: no table knows it")
    for batch in story.batches:
        _Court(story, batch, by_msgid, ledger, verdict).judge()
    for finding in ledger.findings:
        verdict.findings += 1
        verdict.fault("auditor", finding)
    return verdict


class _Court:
    """One batch on trial."""

    def __init__(
        self, story: Story, batch: Batch, mails: dict[str, list[Mail]], ledger: Ledger, verdict: Verdict
    ) -> None:
        self.story, self.batch, self.mails, self.ledger, self.verdict = story, batch, mails, ledger, verdict
        self.acts: dict[str, list[Act]] = defaultdict(list)
        for act in sorted(batch.acts, key=lambda act: act.generation):
            self.acts[act.title].append(act)

    def judge(self) -> None:
        for promise in self.batch.promises:
            _Case(self, promise, self.acts.get(promise.title, [])).judge()


class _Case:
    """One promise on trial."""

    def __init__(self, court: _Court, promise: Promise, acts: Sequence[Act]) -> None:
        self.story, self.batch, self.mails, self.verdict = court.story, court.batch, court.mails, court.verdict
        self.promise, self.acts = promise, acts
        self.attempts = court.ledger.attempts
        self.owed = court.ledger.owed.get(promise.title)
        self.notices = court.ledger.notices.get(promise.title, [])
        self.found: dict[tuple[int, int, int], list[Notice]] = defaultdict(list)
        for notice in self.notices:
            self.found[notice.generation, notice.step, notice.repeat].append(notice)
        self.firm = Firm(self.story)
        generation = self.owed.generation if self.owed else 0
        self.course = Course(self.story, self.batch, promise, acts, dict(self.found), generation)

    def judge(self) -> None:
        dues = {due.key: due for due in self.course.dues()}
        for key, due in dues.items():
            self._judge_due(due, self.found.get(key, []))
        for key, surplus in self.found.items():
            if key not in dues and any(notice.state != SKIPPED for notice in surplus):
                self.verdict.unexpected += 1
                self._fault("unexpected", f"generation {key[0]}, step {key[1]}/{key[2]}")
        self._judge_lives()
        self._judge_acts()
        self._judge_standing()

    def _fault(self, sort: str, sentence: str) -> None:
        self.verdict.fault(sort, f"{self.promise.title}: {sentence}")

    # --- One thing to be told -----------------------------------------------------------------------------------------

    def _judge_due(self, due: Due, notices: Sequence[Notice]) -> None:
        if due.needed:
            self.verdict.expected += 1
        if due.skipped:
            if due.needed and not any(n.state == SKIPPED for n in notices):
                self._lost(due, "is not recorded as skipped")
            return
        said = [n for n in notices if n.state != SKIPPED]
        at = min((n.decided_at for n in notices), default=due.since)
        if at < due.since:
            self._early(due, f"decided at {at}")
        reader = self._judge_readers(due, notices, said, at)
        if due.is_recorded and not said:
            self._lost(due, "was never decided")
        elif reader and not self._is_told_with_later(due, said):
            for channel in (INBOX,) if self._is_not_theirs(due, said) else (INBOX, EMAIL):
                self._judge_channel(due, reader, channel, [n for n in said if n.state == TOLD and n.channel == channel])

    def _judge_readers(self, due: Due, notices: Sequence[Notice], said: Sequence[Notice], at: datetime) -> str:
        """Judge whom it was for, and what was left out on the way; return whom it had to be for. Nobody: empty."""
        reader, passed = self.firm.whom(due, self.promise, self._told_below(due), at)
        for notice in said:
            if notice.address != reader:
                self._wrong(due, f"is for {notice.address}, not {reader or 'nobody'}")
            if notice.state == TOLD:
                self._judge_intents(due, notice)
        left_out = {n.slot for n in notices if n.state == SKIPPED}
        if (said or due.needed) and not set(passed) <= left_out:
            self._lost(due, f"is not recorded to have passed {', '.join(sorted({*passed} - left_out))}")
        return reader

    def _told_below(self, due: Due) -> set[str]:
        """Return who was told at a lower step since the last act."""
        if due.step < 0 or self.batch.steps[due.step].kind != ESCALATION:
            return set()
        told: set[str] = set()
        for life in reversed(self.course.lives[: self.course.lives.index(due.life) + 1]):
            told |= {n.address for n in self.notices if self._tells_below(n, life, due)}
            if life.act != ANEW:
                break
        return told

    def _tells_below(self, notice: Notice, life: Life, due: Due) -> bool:
        step = life.first - 1 if notice.step == GIVEN and life.act == "reassign" else notice.step
        is_told = notice.state in (TOLD, SUPERSEDED)
        return is_told and notice.generation == life.generation and 0 <= step < due.step

    def _judge_intents(self, due: Due, notice: Notice) -> None:
        """It may leave when it is due, for somebody who answers when it leaves."""
        if notice.intent_at is not None and notice.intent_at < due.since:
            self._early(due, f"tried at {notice.intent_at}")
        for at in {notice.intent_at, notice.last_intent_at} - {None}:
            if at is not None and not self.firm.may_read(notice, self.promise, due.life.holder, at):
                self._wrong(due, f"left for {notice.address}, who did not answer at {at}")

    def _is_told_with_later(self, due: Due, said: Sequence[Notice]) -> bool:
        """Say whether a later reminder told the same person, and this one is on record as told with it."""
        together = {n.address for n in said if n.state == COALESCED}
        later = [n for n in self.notices if n.generation == due.life.generation and n.step > due.step]
        return bool(together & {n.address for n in later if n.state == TOLD})

    def _is_not_theirs(self, due: Due, said: Sequence[Notice]) -> bool:
        """Say whether its mail was taken back from whoever went away, and need not be planned anew.

        The news that they were given something are in their inbox; and of a later step somebody has the mail.
        """
        if not any(n.reason == NOT_THEIRS for n in said):
            return False
        later = [n for n in self.notices if n.generation == due.life.generation and n.step > due.step]
        return due.step in (GIVEN, RESUMED) or any(n.channel == EMAIL and n.message_state == SENT for n in later)

    # --- What arrived -------------------------------------------------------------------------------------------------

    def _judge_channel(self, due: Due, reader: str, channel: str, told: Sequence[Notice]) -> None:
        msgids = {n.msgid for n in told if n.msgid}
        if len(msgids) > 1:
            self.verdict.duplicates += 1
            self.verdict.fault("duplicate", f"{due} {channel}: {len(msgids)} messages")
        if channel == INBOX:
            if due.needed and not any(n.message_state == SENT for n in told):
                self._lost(due, "is in no inbox")
            return
        arrived = [mail for msgid in msgids for mail in self.mails.get(msgid, [])]
        is_sent = any(n.message_state == SENT for n in told)
        if arrived:
            self._judge_arrival(due, reader, arrived)
        elif is_sent or (due.needed and not self._is_listed(told)):
            states = [f"{n.state}/{n.message_state}" for n in told] or ["no notice"]
            self._lost(due, f"never reached the mail server: {', '.join(states)}")

    def _judge_arrival(self, due: Due, reader: str, arrived: Sequence[Mail]) -> None:
        if len(arrived) > self.batch.copies:
            self.verdict.most_copies_over += 1
            self.verdict.fault("copies", f"{due}: {len(arrived)} copies, {self.batch.copies} allowed")
        wrong = {mail.recipient for mail in arrived} - {reader}
        if wrong:
            self._wrong(due, f"reached {', '.join(sorted(wrong))}, not {reader}")
        self.verdict.lateness.append(self.story.seconds(due.since, min(mail.at for mail in arrived)))

        for mail in arrived:
            if mail.said is not None and self.promise.title not in mail.said and len(mail.said) < MOST_LINES:
                self._lost(due, f"is not in the mail {mail.msgid} that tells of it")

    def _judge_mentions(self, notice: Notice, over: datetime | None) -> None:
        """A mail that tells of more says nothing of what was taken back before it left."""
        if over is None or any(n.msgid == notice.msgid and n.state == TOLD for n in self.notices):
            return
        before = sum(at <= over for at in self.attempts.get(notice.msgid, ()))
        mentions = sum(self.promise.title in (mail.said or ()) for mail in self.mails.get(notice.msgid, ()))
        if mentions > before:
            self.verdict.wrong_recipient += 1
            self._fault("wrong recipient", f"mail {notice.msgid} tells {notice.address} what was taken back at {over}")

    def _is_listed(self, told: Sequence[Notice]) -> bool:
        """Say whether it was perhaps delivered, as often as is allowed, and stands in the list of such mails."""
        uncertain = [n for n in told if n.message_state == UNCERTAIN and n.n_ambiguous > n.max_ambiguous]
        self.verdict.listed += bool(uncertain)
        return bool(uncertain)

    def _lost(self, due: Due, why: str) -> None:
        self.verdict.lost += 1
        self.verdict.fault("lost", f"{due} {why}")

    def _wrong(self, due: Due, how: str) -> None:
        self.verdict.wrong_recipient += 1
        self.verdict.fault("wrong recipient", f"{due} {how}")

    def _early(self, due: Due, how: str) -> None:
        self.verdict.early += 1
        self.verdict.fault("early", f"{due} is due {due.since}: {how}")

    # --- The whole ----------------------------------------------------------------------------------------------------

    def _judge_lives(self) -> None:
        """Nothing is decided after the end of a generation, nothing is taken from who answers."""
        lives = {life.generation: life for life in self.course.lives}
        for notice in self.notices:
            life = lives.get(notice.generation)
            if life is not None and life.over is not None and notice.decided_at > life.over:
                self._fault("after the act", f"{notice.kind} of generation {notice.generation} at {notice.decided_at}")
            if life is not None and notice.state == SUPERSEDED and notice.msgid:
                self._judge_mentions(notice, life.over)
            if life is not None and notice.reason == NOT_THEIRS and self._is_still_theirs(notice, life):
                self._fault("unexpected", f"{notice.kind} taken from {notice.address}, who answers")

    def _is_still_theirs(self, notice: Notice, life: Life) -> bool:
        """Say whether the reader of what was taken back was whom to tell all the time."""
        until = life.over or self.story.until
        ends = [at for a in self.story.away for at in (a.since, a.until) if notice.decided_at < at]
        changes = [at for at in ends if until is None or at <= until]
        return all(
            self.firm.may_read(notice, self.promise, life.holder, at) for at in [notice.decided_at, *changes]
        ) and not self._is_taken_along(notice)

    def _is_taken_along(self, notice: Notice) -> bool:
        """Say whether another notice of the same generation was taken from its reader: all that is pending goes."""
        return any(
            n.reason == NOT_THEIRS and n.generation == notice.generation and n.address != notice.address
            for n in self.notices
        )

    def _judge_acts(self) -> None:
        """No attempt may follow an act that belongs to a generation before it."""
        for act in self.acts:
            before = [n for n in self.notices if n.generation < act.generation and n.is_alone]
            attempts = sum({n.msgid: n.attempts for n in before}.values())
            if attempts > act.attempts:
                self.verdict.wrong_recipient += 1
                self._fault(
                    "wrong recipient",
                    f"{attempts} attempts of generations before {act.generation}, {act.attempts} at its {act.kind}",
                )

    def _judge_standing(self) -> None:
        """In the end it is due when it has to be, and looked at when it has to be."""
        if self.owed is None:
            self._fault("standing", "is gone")
            return
        life, look_by = self.course.lives[-1], self.course.upcoming()
        if self.owed.generation != life.generation:
            self._fault("standing", f"is in generation {self.owed.generation}, not {life.generation}")
        elif (self.owed.state in ("kept", "cancelled")) != life.is_closed:
            self._fault("standing", f"is {self.owed.state} after {life.act}")
        elif self.owed.due != life.due:
            self._fault("standing", f"is due {self.owed.due}, not {life.due}")
        elif look_by is not None and (self.owed.next_look is None or self.owed.next_look > look_by):
            self._fault("standing", f"is looked at {self.owed.next_look}, not by {look_by}")
