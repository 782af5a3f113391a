"""What came of a replay beside what the log says of itself; and why, where they differ."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from django.utils.translation import gettext as _

from crm.commitments.models import Priority
from crm.commitments.refusals import ClosedAlready
from crm.desk.replay import retrace
from crm.desk.replay.acts import Kind as Do
from crm.desk.replay.acts import acts_of
from crm.desk.replay.log import Incident, Log
from crm.desk.replay.outcome import KEPT, MISSED, OPEN, Outcome, Rung
from crm.desk.replay.retrace import Ground, Verdict


@dataclass(frozen=True, slots=True)
class Kept:
    """How many promises of a priority were kept in time, and how many were not; `open` are still owed."""

    priority: str
    kept: int
    missed: int
    open: int


@dataclass(frozen=True, slots=True)
class Compared:
    """A count of ours beside the log's own, and what the difference is made of.

    `reasons` hold what an incident's own rows bear witness to, never what is left over; `odd` are the
    numbers of the incidents whose own difference they do not make up.
    """

    name: str
    log: int
    ours: int
    reasons: Mapping[str, int]
    odd: Sequence[str] = ()

    @property
    def unexplained(self) -> int:
        """How many differ at least for no reason that was found."""
        return max(len(self.odd), abs(self.log - self.ours - sum(self.reasons.values())))


@dataclass(frozen=True, slots=True)
class Fired:
    """How often one step told somebody, by the slot that was reached, and which slots told nobody, and why."""

    rung: Rung
    told: Mapping[str, int]
    skipped: Mapping[str, int]
    after_solved: int  # of those told, when the customer had been told already

    @property
    def n(self) -> int:
        return sum(self.told.values())


@dataclass(frozen=True, slots=True)
class Verdicts:
    """In time or not, ours beside the log's column, over the incidents that both judge."""

    both_made: int
    both_missed: int
    only_log_missed: int
    only_we_missed: int
    reasons: Mapping[str, int]  # of those two, as far as they have one
    unexplained: Sequence[str]  # numbers of incidents: also of those that agree, and should not

    @property
    def n(self) -> int:
        return self.both_made + self.both_missed + self.only_log_missed + self.only_we_missed

    @property
    def agreement(self) -> float:
        return (self.both_made + self.both_missed) / self.n if self.n else 1.0


def kept_in_time(kind: str, outcome: Outcome) -> list[Kept]:
    """Return what was kept, missed and left open of a kind, the most pressing first."""
    found = {p: [outcome.kept[kind, p, verdict] for verdict in (KEPT, MISSED, OPEN)] for p in Priority.values}
    return [Kept(str(priority), *counts) for priority, counts in reversed(found.items()) if any(counts)]


def fired(outcome: Outcome) -> list[Fired]:
    """Return who was told at each step, and who was not."""
    steps = []
    for rung in outcome.rungs:
        told: Counter[str] = Counter()
        after = 0
        for (kind, step, slot, is_solved), n in outcome.told.items():
            if (kind, step) == (rung.owed, rung.step):
                told[slot] += n
                after += n if is_solved else 0
        skipped = {why: n for (kind, step, why), n in outcome.skipped.items() if (kind, step) == (rung.owed, rung.step)}
        steps.append(Fired(rung, dict(told), skipped, after))
    return steps


def verdicts(incidents: Iterable[Incident], outcome: Outcome, ground: Ground) -> Verdicts:
    """Compare in time or not, incident by incident, and say what each difference comes from."""
    table: Counter[tuple[bool, bool]] = Counter()
    reasons: Counter[str] = Counter()
    unexplained = []
    for incident in incidents:
        made, missed = incident.last.made_sla, outcome.missed.get(incident.number)
        reason = _why(incident, missed, ground)
        if reason is None:
            unexplained.append(incident.number)
        if made is None or missed is None:
            continue
        table[not made, missed] += 1
        if missed == made and reason:
            reasons[reason] += 1
    return Verdicts(
        table[False, False], table[True, True], table[True, False], table[False, True], dict(reasons), unexplained
    )


def _why(incident: Incident, ours: Verdict, ground: Ground) -> str | None:
    """Return what turned the log's verdict to ours; "": it is the same, or one of both says nothing. None: nothing did.

    Ours has to be the last that follows from the incident's moments; the circumstance after which it
    was ours to the end is the reason.
    """
    followed = list(retrace.verdicts(incident, ground))
    if followed[-1][1] != ours:
        return None
    log = followed[0][1]
    if log is None or ours is None or log == ours:
        return ""
    turned = max(n for n, (_reason, verdict) in enumerate(followed) if verdict != ours) + 1
    return followed[turned][0] or None


def incidents(log: Log, outcome: Outcome) -> Compared:
    """Compare the incidents for which something was owed with those that the file names."""
    reasons = {_("none of its rows can be used"): len(log.lost)}
    return Compared(_("incidents"), len(log.incidents) + len(log.lost), outcome.counts["incidents"], _some(reasons))


def reassignments(log: Log, outcome: Outcome, ground: Ground) -> Compared:
    """Compare the changes of group that the product followed with the log's own count of them."""
    hidden, uncounted, before, settled = 0, 0, 0, 0
    odd = []
    for incident in log.incidents:
        rises = list(_rises(incident))
        hidden += sum(max(0, rise - changed) for rise, changed in rises)
        uncounted += sum(max(0, changed - rise) for rise, changed in rises)
        before += incident.first.reassigned or 0
        refused = retrace.course(incident, ground).refused.count(Do.MOVE)
        settled += refused
        is_said = outcome.refusals[incident.number, Do.MOVE, ClosedAlready.code] == refused
        if not is_said or sum(changed for _rise, changed in rises) != outcome.moved[incident.number] + refused:
            odd.append(incident.number)
    reasons = {
        _("the count rises between two rows with the same group: who had it in between is not in the log"): hidden,
        _("counted before the first row"): before,
        _("the group changes between two rows, and the count does not rise"): -uncounted,
        _("nothing was owed for it any more: it was settled"): settled,
    }
    counted = sum(incident.reassigned for incident in log.incidents)
    return Compared(_("reassignments"), counted, outcome.moved.total(), _some(reasons), odd)


def _rises(incident: Incident) -> Iterator[tuple[int, bool]]:
    """Yield for each two rows by how much the count of reassignments rose, and whether the group is another one."""
    highest = incident.first.reassigned or 0
    for before, after in pairwise(incident.changes):
        count = max(highest, after.reassigned or 0)
        yield count - highest, before.group != after.group
        highest = count


def reopenings(log: Log, outcome: Outcome) -> Compared:
    """Compare how often something was taken up again after it had been solved with the log's own count."""
    hidden, uncounted = 0, 0
    odd = []
    for incident in log.incidents:
        seen = sum(act.kind == Do.REOPEN for act in acts_of(incident))
        hidden += max(0, incident.reopened - seen)
        uncounted += max(0, seen - incident.reopened)
        if outcome.reopened[incident.number] != seen:
            odd.append(incident.number)
    reasons = {
        _("the count rises, and no row shows it open again"): hidden,
        _("open again between two rows, and the count does not rise"): -uncounted,
    }
    counted = sum(incident.reopened for incident in log.incidents)
    return Compared(_("reopenings"), counted, outcome.reopened.total(), _some(reasons), odd)


def missed(log: Log, outcome: Outcome, compared: Verdicts) -> Compared:
    """Compare the targets missed with the log's own; the difference is that of two kinds of disagreement."""
    odd = set(compared.unexplained)
    reasons: Counter[str] = Counter()
    for incident in log.incidents:
        made, ours = incident.last.made_sla, outcome.missed.get(incident.number)
        if incident.number in odd:
            continue
        if made is None:
            reasons[_("missed here, and the log does not say whether it was")] -= ours is True
        elif ours is None:
            reasons[_("never settled in the log: still owed here")] += made is False
        elif made and ours:
            reasons[_("missed here alone (reasons below)")] -= 1
        elif not made and not ours:
            reasons[_("missed in the log alone (reasons below)")] += 1
    counted = sum(incident.last.made_sla is False for incident in log.incidents)
    return Compared(_("missed targets"), counted, sum(outcome.missed.values()), _some(reasons), compared.unexplained)


def _some(reasons: Mapping[str, int]) -> dict[str, int]:
    return {reason: n for reason, n in reasons.items() if n}
