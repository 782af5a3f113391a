"""The referee: what had to reach whom by a story, against what did, by the mail server's log and the tables.

It shares nothing with the engine but the schema: plain SQL, a ladder arithmetic of its own for the simple ladders
of the scenarios, its own reading of the log.
"""

from __future__ import annotations

import json
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from tests.faults.ledger import Ledger, Mail, Notice
from tests.faults.story import REMINDER, Act, Batch, Promise, Story

SHOWN = 20  # sentences of one sort in a verdict; the rest is counted
SENT, UNCERTAIN = "sent", "uncertain"
TOLD, COALESCED, SKIPPED = "planned", "coalesced", "skipped"
EMAIL, INBOX = "email", "inbox"
ASSIGNED = -1  # stands for the step of a notice that tells of a reassignment


@dataclass(frozen=True)
class Due:
    """One thing that somebody is to be told: by a step of a generation, not before a moment.

    `needed` is false of what an act overtook: it may have left before, it need not. `skipped`: nobody is told, and
    that is recorded.
    """

    title: str
    generation: int
    step: int
    address: str
    since: datetime
    needed: bool = True
    skipped: bool = False

    @property
    def key(self) -> tuple[str, int, int]:
        return self.title, self.generation, self.step


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
            notices = self.ledger.notices.get(promise.title, [])
            self._judge_promise(promise, notices)
            self._judge_acts(promise, notices)

    def _judge_promise(self, promise: Promise, notices: Sequence[Notice]) -> None:
        found: dict[tuple[int, int], list[Notice]] = defaultdict(list)
        for notice in notices:
            found[notice.generation, notice.step].append(notice)
        dues = {(due.generation, due.step): due for due in self._dues(promise, found)}
        for key, due in dues.items():
            self._judge_due(due, found.get(key, []), notices)
        for key, surplus in found.items():
            if key not in dues and any(notice.state in (TOLD, COALESCED) for notice in surplus):
                self.verdict.unexpected += 1
                self.verdict.fault("unexpected", f"{promise.title}: generation {key[0]}, step {key[1]}")

    # --- What had to follow ------------------------------------------------------------------------------------------

    def _dues(self, promise: Promise, found: dict[tuple[int, int], list[Notice]]) -> Iterator[Due]:
        acts = self.acts.get(promise.title, [])
        yield from self._ladder(promise, 1, promise.opened, promise.due, promise.poc, found, last=not acts)
        for act in acts:
            if act.kind != "reassign":
                continue
            last = act is acts[-1]
            overdue = promise.due <= act.at
            yield Due(promise.title, act.generation, ASSIGNED, act.to, act.at, needed=last)
            yield from self._ladder(
                promise, act.generation, act.at, max(promise.due, act.at), act.to, found, last=last, combined=overdue
            )

    def _ladder(
        self,
        promise: Promise,
        generation: int,
        quiet_until: datetime,
        anchor: datetime,
        poc: str,
        found: dict[tuple[int, int], list[Notice]],
        *,
        last: bool,
        combined: bool = False,
    ) -> Iterator[Due]:
        """Walk the steps; `combined`: the notice of the reassignment is also the step at the due moment."""
        addresses = {"poc": poc, "backup": promise.backup, "lead": promise.lead}
        before: tuple[int, int] | None = None
        for number, step in enumerate(self.batch.steps):
            key, address = (generation, number), addresses[step.slot]
            if step.kind == REMINDER:
                if combined:
                    before = (generation, ASSIGNED)
                    continue
                since = anchor + timedelta(minutes=step.minutes)
                if step.minutes and since < quiet_until:
                    yield Due(promise.title, *key, address, since, needed=last, skipped=True)
                    continue
            else:
                handed = self._handed_off(found.get(before, [])) if before else anchor
                if handed is None:
                    return
                since = handed + timedelta(minutes=step.minutes)
            if self.story.until is not None and since > self.story.until:
                return
            yield Due(promise.title, *key, address, since, needed=last)
            before = key

    def _handed_off(self, notices: Sequence[Notice]) -> datetime | None:
        """Return when a step reached somebody: its mail was taken, or ended otherwise; None: not yet."""
        ended = [n for n in notices if n.channel == EMAIL and n.ended_at is not None]
        sent = [n.ended_at for n in ended if n.message_state == SENT and n.ended_at]
        return min(sent) if sent else max((n.ended_at for n in ended if n.ended_at), default=None)

    # --- What did ----------------------------------------------------------------------------------------------------

    def _judge_due(self, due: Due, notices: Sequence[Notice], all_notices: Sequence[Notice]) -> None:
        if due.needed:
            self.verdict.expected += 1
        if due.skipped:
            if due.needed and not any(n.state == SKIPPED for n in notices):
                self._lost(due, "is not recorded as skipped")
            return
        told = [n for n in notices if n.state == TOLD]
        if not told and self._is_told_with_another(due, notices, all_notices):
            return
        for notice in told:
            self._judge_recipient(due, notice)
        for channel in (EMAIL, INBOX):
            self._judge_channel(due, channel, [n for n in told if n.channel == channel])

    def _is_told_with_another(self, due: Due, notices: Sequence[Notice], all_notices: Sequence[Notice]) -> bool:
        """Say whether a later reminder told the same person, and this one is on record as told with it."""
        later = any(
            n.state == TOLD and n.generation == due.generation and n.step > due.step and n.address == due.address
            for n in all_notices
        )
        return later and any(n.state == COALESCED for n in notices)

    def _judge_channel(self, due: Due, channel: str, told: Sequence[Notice]) -> None:
        msgids = {n.msgid for n in told if n.msgid}
        if len(msgids) > 1:
            self.verdict.duplicates += 1
            self.verdict.fault("duplicate", f"{due.key} {channel}: {len(msgids)} messages")
        if channel == INBOX:
            if due.needed and not any(n.message_state == SENT for n in told):
                self._lost(due, "is in no inbox")
            return
        arrived = [mail for msgid in msgids for mail in self.mails.get(msgid, [])]
        if arrived:
            self._judge_arrival(due, told, arrived)
        elif due.needed and not self._is_listed(told):
            states = [f"{n.state}/{n.message_state}" for n in told] or ["no notice"]
            self._lost(due, f"never reached the mail server: {', '.join(states)}")

    def _judge_arrival(self, due: Due, told: Sequence[Notice], arrived: Sequence[Mail]) -> None:
        if len(arrived) > self.batch.copies:
            self.verdict.most_copies_over += 1
            self.verdict.fault("copies", f"{due.key}: {len(arrived)} copies, {self.batch.copies} allowed")
        wrong = {mail.recipient for mail in arrived} - {due.address}
        if wrong:
            self.verdict.wrong_recipient += 1
            self.verdict.fault("wrong recipient", f"{due.key} reached {', '.join(sorted(wrong))}, not {due.address}")
        first = min(mail.at for mail in arrived)
        self.verdict.lateness.append(self.story.seconds(due.since, first))

    def _judge_recipient(self, due: Due, notice: Notice) -> None:
        if notice.address != due.address:
            self.verdict.wrong_recipient += 1
            self.verdict.fault("wrong recipient", f"{due.key} is for {notice.address}, not {due.address}")
        if notice.intent_at is not None and notice.intent_at < due.since:
            self.verdict.early += 1
            self.verdict.fault("early", f"{due.key}: tried at {notice.intent_at}, due {due.since}")

    def _is_listed(self, told: Sequence[Notice]) -> bool:
        """Say whether it was perhaps delivered, as often as is allowed, and stands in the list of such mails."""
        uncertain = [n for n in told if n.message_state == UNCERTAIN and n.n_ambiguous > n.max_ambiguous]
        self.verdict.listed += bool(uncertain)
        return bool(uncertain)

    def _lost(self, due: Due, why: str) -> None:
        self.verdict.lost += 1
        self.verdict.fault("lost", f"{due.key} for {due.address} {why}")

    def _judge_acts(self, promise: Promise, notices: Iterable[Notice]) -> None:
        """No attempt may follow an act that belongs to a generation before it."""
        notices = list(notices)
        for act in self.acts.get(promise.title, []):
            earlier = {n.msgid: n.attempts for n in notices if n.generation < act.generation and n.msgid}
            if sum(earlier.values()) > act.attempts:
                self.verdict.wrong_recipient += 1
                self.verdict.fault(
                    "wrong recipient",
                    f"{promise.title}: {sum(earlier.values())} attempts of generations before {act.generation}, "
                    f"{act.attempts} when it was {act.kind}ed to {act.to or 'nobody'}",
                )
