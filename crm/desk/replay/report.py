"""A replay's report, as tables for a reader and as JSON for a program."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from crm.commitments.models import Kind, Priority
from crm.desk.replay import compare
from crm.desk.replay.compare import Compared, Fired, Kept, Verdicts
from crm.desk.replay.fit import WEEKDAYS, Fit
from crm.desk.replay.log import Log, State
from crm.desk.replay.outcome import Outcome
from crm.desk.replay.retrace import Ground
from crm.desk.replay.terms import Target, Targets, Terms

SHOWN = 5  # lines named in the table; the JSON has all
MINUTES, SECONDS = 60, 3600  # of an hour


@dataclass(frozen=True)
class Report:
    """Everything a replay has to say. `fits` are the targets tried, the one taken first."""

    log: Log
    fits: Sequence[Fit]
    end: State
    terms: Terms
    outcome: Outcome
    database: str
    processes: int
    seconds: float

    @cached_property
    def ground(self) -> Ground:
        return Ground.of(self.log.incidents, self.fits[0], self.terms.solution)

    @cached_property
    def verdicts(self) -> Verdicts:
        return compare.verdicts(self.log.incidents, self.outcome, self.ground)

    @cached_property
    def counts(self) -> Sequence[Compared]:
        return (
            compare.incidents(self.log, self.outcome),
            compare.reassignments(self.log, self.outcome, self.ground),
            compare.reopenings(self.log, self.outcome),
            compare.missed(self.log, self.outcome, self.verdicts),
        )

    @property
    def answers(self) -> Sequence[Kept]:
        return compare.kept_in_time(Kind.FIRST_ANSWER, self.outcome)

    @property
    def solutions(self) -> Sequence[Kept]:
        return compare.kept_in_time(Kind.RESOLUTION, self.outcome)

    @property
    def steps(self) -> Sequence[Fired]:
        return compare.fired(self.outcome)

    @property
    def is_explained(self) -> bool:
        """True where every difference from the log's own columns has its reason."""
        return not self.verdicts.unexplained and not any(count.unexplained for count in self.counts)


# --- For a program ---------------------------------------------------------------------------------------------------


def as_json(r: Report) -> dict[str, Any]:
    """Return the report in plain values, every left out or mended line with it."""
    found = r.outcome
    return {
        "file": r.log.path.name, "database": r.database, "processes": r.processes, "seconds": r.seconds,
        "rows": r.log.rows, "incidents": len(r.log.incidents), "left_out": r.log.left_out, "mended": r.log.mended,
        "settled_when": r.end, "hours": r.fits[0].week,
        "tried": [_fit(fit) for fit in r.fits],
        "targets": {"answer": _targets(r.terms.answer), "solution": _targets(r.terms.solution)},
        "answers": [asdict(kept) for kept in r.answers],
        "solutions": [asdict(kept) for kept in r.solutions],
        "made_sla": asdict(r.verdicts) | {"agreement": round(r.verdicts.agreement, 4)},
        "counts": [asdict(count) | {"unexplained": count.unexplained} for count in r.counts],
        "steps": [asdict(step.rung) | asdict(step) | {"n": step.n} for step in r.steps],
        "acts": dict(found.done),
        "refused": [{"act": act, "code": code, "n": n} for (act, code), n in found.refused.items()],
        "notices": dict(found.notices), "engine": dict(found.counts), "recipients": len(found.recipients),
        "explained": r.is_explained,
    }  # fmt: skip


def _fit(fit: Fit) -> dict[str, Any]:
    cuts = {priority: asdict(cut) for priority, cut in fit.cuts.items()}
    return {"end": fit.end, "hours": fit.week, "agreement": round(fit.agreement, 4), "cuts": cuts}


def _targets(targets: Targets) -> dict[str, Any]:
    return {str(priority): asdict(target) for priority, target in targets.items()}


# --- For a reader ----------------------------------------------------------------------------------------------------


def lines(r: Report) -> Iterator[str]:
    """Yield the report's lines."""
    yield from _rows_read(r)
    yield from _decisions(r)
    yield from _found(r)
    yield from _kept(_("First answers, by the targets above"), r.answers, r.terms.answer)
    yield from _kept(_("Solutions, by the targets above"), r.solutions, r.terms.solution)
    yield from _compared(r)
    yield from _judged(r.verdicts)
    yield from _explained(r)
    yield from _steps(r.steps)
    yield from _engine(r)


def _head(text: str) -> Iterator[str]:
    yield ""
    yield text
    yield "-" * len(text)


def _rows_read(r: Report) -> Iterator[str]:
    values = {"file": r.log.path.name, "rows": f"{r.log.rows:,}", "incidents": f"{len(r.log.incidents):,}"}
    yield _("%(file)s: %(rows)s rows of %(incidents)s incidents.") % values
    for text, found in ((_("left out"), r.log.left_out), (_("mended"), r.log.mended)):
        for reason, numbers in found.items():
            named = ", ".join(map(str, numbers[:SHOWN])) + (" …" if len(numbers) > SHOWN else "")
            rows = ngettext("%(n)s row", "%(n)s rows", len(numbers)) % {"n": f"{len(numbers):,}"}
            yield f"  {text}: {rows}: {reason} ({_('line')} {named})"
    if not r.log.left_out and not r.log.mended:
        yield _("  No row was left out or mended.")


def _decisions(r: Report) -> Iterator[str]:
    yield from _head(_("What stands for what"))
    yield _("A location is an account; a caller a contact at the account where they were first seen.")
    yield _("A group is a team with a shared mailbox; whoever is named in it is a member, who is named most leads it.")
    yield _("For a location answers the group that most of its incidents went to first; for nobody's, the front desk.")
    yield _("An incident is an inbound problem: a first answer and a solution are owed from when it was opened.")
    yield _("It is answered when it is new no longer; who is named for it takes it on; there are no backups.")
    yield _("Awaiting User Info and Awaiting Evidence wait for the customer; Awaiting Vendor and Problem are ours.")
    settled = _("It is settled when it is closed: the log counts until then. Solved, it is in hand until it is closed.")
    yield settled if r.end == State.CLOSED else _("It is settled when it is solved.")


def _found(r: Report) -> Iterator[str]:
    yield from _head(_("Targets that the log implies"))
    for fit in r.fits:
        values = {"hours": _hours(fit.week), "end": _end(fit.end), "share": f"{fit.agreement:.2%}"}
        yield _("counted in %(hours)s until it is %(end)s: a target for each priority parts %(share)s rightly") % values
    for priority, cut in r.fits[0].cuts.items():
        values = {
            "priority": str(Priority(priority).label),
            "low": _clock(cut.low),
            "high": _clock(cut.high),
            "n": f"{cut.n:,}",
            "wrong": f"{cut.n_wrong:,}",
        }
        yield "  " + _("%(priority)s: from %(low)s to %(high)s; %(wrong)s of %(n)s on the wrong side") % values


def _hours(week: str) -> str:
    return _("the hours of Monday to Friday") if week == WEEKDAYS else _("all hours")


def _end(end: State) -> str:
    return _("closed") if end == State.CLOSED else _("solved")


def _clock(minutes: int) -> str:
    return _("%(hours)s h %(minutes)02d") % {"hours": minutes // MINUTES, "minutes": minutes % MINUTES}


def _kept(title: str, rows: Sequence[Kept], targets: Mapping[str, Target]) -> Iterator[str]:
    yield from _head(title)
    yield _line("", _("target"), _("kept"), _("missed"), _("still open"))
    for row in rows:
        target = targets[row.priority]
        by = f"{target}" if target.is_found else f"{target}*"
        yield _line(Priority(row.priority).label, by, row.kept, row.missed, row.open)
    total = [sum(getattr(row, name) for row in rows) for name in ("kept", "missed", "open")]
    yield _line(_("all"), "", *total)
    if any(not targets[row.priority].is_found for row in rows):
        yield _("* not from the log: given, or the usual one")


def _compared(r: Report) -> Iterator[str]:
    yield from _head(_("Beside the log's own columns"))
    yield _line("", _("in the log"), _("followed"), _("difference"), _("explained"))
    for count in r.counts:
        explained = sum(count.reasons.values())
        yield _line(count.name, count.log, count.ours, count.log - count.ours, explained)
        for reason, n in count.reasons.items():
            yield f"    {n:+,}: {reason}"


def _judged(verdicts: Verdicts) -> Iterator[str]:
    yield from _head(_("In time or not: made_sla beside the engine's own verdict"))
    yield _line("", _("here kept"), _("here missed"))
    yield _line(_("made in the log"), verdicts.both_made, verdicts.only_we_missed)
    yield _line(_("missed in the log"), verdicts.only_log_missed, verdicts.both_missed)
    share = {"share": f"{verdicts.agreement:.2%}", "n": f"{verdicts.n:,}"}
    yield _("Agreed: %(share)s of %(n)s. The others, by what parts us from the log:") % share
    for reason, n in sorted(verdicts.reasons.items(), key=lambda item: -item[1]):
        yield f"  {n:>6,}: {reason}"


def _explained(r: Report) -> Iterator[str]:
    """Say whether every difference has its reason; of those that have none, which incidents they are."""
    yield ""
    if r.is_explained:
        yield _("Every difference from the log's own columns has its reason in the incident's own rows.")
        return
    yield _("NOT EXPLAINED: the replay differs from the log for no reason that its rows bear witness to.")
    unexplained = [(_("in time or not"), len(r.verdicts.unexplained), r.verdicts.unexplained)]
    unexplained += [(count.name, count.unexplained, count.odd) for count in r.counts]
    for name, n, numbers in unexplained:
        if n:
            named = ", ".join(numbers[:SHOWN]) + (" …" if len(numbers) > SHOWN else "")
            yield f"  {name}: {n:,}" + (f" ({named})" if named else "")


def _steps(steps: Sequence[Fired]) -> Iterator[str]:
    yield from _head(_("Reminders and escalations, by step"))
    for step in steps:
        rung = step.rung
        name = f"{Kind(rung.owed).label} {rung.step + 1}, {rung.kind}, {_('asks')} {rung.asked}"
        told = ", ".join(f"{slot} {n:,}" for slot, n in _ordered(step.told)) or "–"
        yield f"{name}: {step.n:,} ({told})"
        if step.after_solved:
            yield "    " + _("%(n)s of them after it was solved, before it was closed") % {
                "n": f"{step.after_solved:,}"
            }
        if step.skipped:
            why = ", ".join(f"{reason} {n:,}" for reason, n in sorted(step.skipped.items()))
            yield "    " + _("slots that told nobody: %(why)s") % {"why": why}


def _ordered(told: Mapping[str, int]) -> Iterable[tuple[str, int]]:
    return sorted(told.items(), key=lambda item: (item[0] == "house", -item[1]))


def _engine(r: Report) -> Iterator[str]:
    yield from _head(_("What was done"))
    found, counts = r.outcome, r.outcome.counts
    yield ", ".join(f"{act} {n:,}" for act, n in sorted(found.done.items()))
    for (act, code), n in found.refused.items():
        yield _("refused by the product: %(act)s %(n)s times (%(code)s)") % {"act": act, "n": n, "code": code}
    yield _("%(touches)s touches logged; the planner looked %(looks)s times at %(rows)s things owed.") % {
        "touches": f"{counts['touches']:,}", "looks": f"{counts['looks']:,}", "rows": f"{counts['looked_at']:,}"
    }  # fmt: skip
    yield _("Notices: %(notices)s, in %(messages)s messages to %(recipients)s recipients; none left the house.") % {
        "notices": ", ".join(f"{state} {n:,}" for state, n in sorted(found.notices.items())),
        "messages": f"{counts['messages']:,}", "recipients": f"{len(found.recipients):,}",
    }  # fmt: skip
    yield _("Waited %(waited)s times, resumed %(resumed)s times, %(hours)s working hours given back.") % {
        "waited": f"{counts['waited']:,}", "resumed": f"{counts['resumed']:,}",
        "hours": f"{counts['paused_seconds'] // SECONDS:,}",
    }  # fmt: skip
    yield _("Set aside because they could not be planned: %(n)s.") % {"n": counts["set_aside"]}
    values = {"database": r.database, "processes": r.processes, "seconds": r.seconds}
    yield _("Database: %(database)s; processes: %(processes)s; %(seconds)s s.") % values


def _line(name: object, *cells: object) -> str:
    return f"{name!s:<22}" + "".join(f"{cell:>22,}" if isinstance(cell, int) else f"{cell!s:>22}" for cell in cells)
