"""What came of a replay beside what the log says of itself; and why, where they differ."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from django.utils.translation import gettext as _

from crm.commitments.models import Priority
from crm.commitments.planning import ladder
from crm.core.working_time import WorkingTime
from crm.desk.replay.acts import Kind as Do
from crm.desk.replay.acts import acts_of
from crm.desk.replay.fit import WEEKS
from crm.desk.replay.log import Incident, Log, State
from crm.desk.replay.outcome import KEPT, MISSED, OPEN, Outcome, Rung
from crm.desk.replay.terms import Target, Targets


@dataclass(frozen=True, slots=True)
class Kept:
    """How many promises of a priority were kept in time, and how many were not; `open` are still owed."""

    priority: str
    kept: int
    missed: int
    open: int


@dataclass(frozen=True, slots=True)
class Compared:
    """A count of ours beside the log's own, and what the difference is made of."""

    name: str
    log: int
    ours: int
    reasons: Mapping[str, int]

    @property
    def unexplained(self) -> int:
        return self.log - self.ours - sum(self.reasons.values())


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
    reasons: Mapping[str, int]  # of those two
    unexplained: Sequence[str]  # numbers of incidents

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


def verdicts(incidents: Iterable[Incident], outcome: Outcome, *, week: str, targets: Targets, end: State) -> Verdicts:
    """Compare in time or not, incident by incident, and say what each difference comes from."""
    table: Counter[tuple[bool, bool]] = Counter()
    reasons: Counter[str] = Counter()
    unexplained = []
    for incident in incidents:
        made, missed = incident.last.made_sla, outcome.missed.get(incident.number)
        if made is None or missed is None:
            continue
        table[not made, missed] += 1
        if missed == made:
            reason = _why(incident, not made, WEEKS[week], targets[incident.priority], end)
            reasons[reason or _("not explained")] += 1
            unexplained += [] if reason else [incident.number]
    return Verdicts(
        table[False, False], table[True, True], table[True, False], table[False, True], dict(reasons), unexplained
    )


def _why(incident: Incident, log_missed: bool, week: WorkingTime, target: Target, end: State) -> str:
    """Return why our verdict is not the log's; "" where nothing explains it.

    What the plain target says of the log's own moments tells whether it is the target that parts
    us from the log, or what the product does beside it.
    """
    ended_at = incident.ended_at(end)
    done = {act.kind: act.at for act in acts_of(incident)}
    if ended_at is not None:
        due_at = ladder.shift(incident.opened_at, target.amount, target.unit, week)
        if (ended_at > due_at) != log_missed:
            if not target.is_found:
                return _("the target that was given is another than the log's")
            return _("no one target fits its priority: as quick ones were judged otherwise")
    if Do.WAIT in done:
        return _("it waited for the customer: our clock stood still meanwhile, the log's ran on")
    if Do.RAISE in done:
        return _("its priority changed: its target was another one from then on")
    if ended_at != done.get(Do.CLOSE if end == State.CLOSED else Do.SOLVE):
        return _("its rows say another moment of its end than its column")
    return ""


def incidents(log: Log, outcome: Outcome) -> Compared:
    """Compare the incidents for which something was owed with those that the file names."""
    reasons = {_("none of its rows can be used"): len(log.lost)}
    return Compared(_("incidents"), len(log.incidents) + len(log.lost), outcome.counts["incidents"], _some(reasons))


def reassignments(log: Log, outcome: Outcome) -> Compared:
    """Compare the changes of group that the product followed with the log's own count of them."""
    pairs = [(b, a) for incident in log.incidents for b, a in pairwise(incident.changes)]
    rises = [((a.reassigned or 0) - (b.reassigned or 0), b.group != a.group) for b, a in pairs]
    reasons = {
        _("the count rises between two rows with the same group: who had it in between is not in the log"): sum(
            max(0, rise - changed) for rise, changed in rises
        ),
        _("counted before the first row"): sum(incident.first.reassigned or 0 for incident in log.incidents),
        _("the group changes between two rows, and the count does not rise"): -sum(
            max(0, changed - rise) for rise, changed in rises
        ),
        _("nothing was owed for it any more: it was settled"): _refused(outcome, Do.MOVE),
    }
    counted = sum(incident.reassigned for incident in log.incidents)
    return Compared(_("reassignments"), counted, outcome.counts["moves"], _some(reasons))


def reopenings(log: Log, outcome: Outcome) -> Compared:
    """Compare how often something was taken up again after it had been solved with the log's own count."""
    counted = sum(incident.reopened for incident in log.incidents)
    seen = sum(act.kind == Do.REOPEN for incident in log.incidents for act in acts_of(incident))
    reasons = {
        _("the count rises, and no row shows it open again"): max(0, counted - seen),
        _("open again between two rows, and the count does not rise"): min(0, counted - seen),
        _("refused by the product"): _refused(outcome, Do.REOPEN),
    }
    return Compared(_("reopenings"), counted, outcome.done[Do.REOPEN], _some(reasons))


def missed(log: Log, compared: Verdicts) -> Compared:
    """Compare the targets missed with the log's own; the difference is that of two kinds of disagreement."""
    counted = sum(incident.last.made_sla is False for incident in log.incidents)
    reasons = {
        _("missed in the log alone (reasons below)"): compared.only_log_missed,
        _("missed here alone (reasons below)"): -compared.only_we_missed,
        _("never closed in the log: nothing to judge"): counted - compared.both_missed - compared.only_log_missed,
    }
    return Compared(_("missed targets"), counted, compared.both_missed + compared.only_we_missed, _some(reasons))


def _refused(outcome: Outcome, kind: Do) -> int:
    return sum(n for (act, _code), n in outcome.refused.items() if act == kind)


def _some(reasons: Mapping[str, int]) -> dict[str, int]:
    return {reason: n for reason, n in reasons.items() if n}
