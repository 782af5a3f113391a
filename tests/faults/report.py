"""Running one scenario, and what is told of it: a row of the table and of `faults.json`."""

from __future__ import annotations

import json
import time
import traceback
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.faults.ledger import Ledger, Mail
from tests.faults.referee import Verdict, judge
from tests.faults.registry import EMBEDDED, SQLITE, Scenario
from tests.faults.rig import Rig

HEAD = ("", "scenario", "on", "kills", "expected", "lost", "dup.", "wrong", "copies", "p99 s", "worst s", "took", "")
WIDTHS = (3, 46, 9, 6, 9, 5, 5, 6, 22, 7, 8, 7, 7)


@dataclass(frozen=True)
class Row:
    """What `faults.json` holds of one run of one scenario."""

    scenario: int
    database: str
    runs: int
    kills: int
    expected: int
    lost: int
    duplicates: int
    wrong_recipient: int
    copies: dict[str, int]
    worst_lateness_s: float
    seed: int
    passed: bool


@dataclass(frozen=True)
class Outcome:
    """A row, and what explains it: why it failed (a sentence each), what else was measured."""

    row: Row
    name: str
    faults: Sequence[str]
    p99: float
    seconds: float


def run(scenario: Scenario, rig: Rig, *, database: str) -> Outcome:
    """Let it happen, judge it, and leave story, verdict and log in the rig's folder."""
    begun = time.monotonic()
    faults: list[str] = []
    try:
        scenario.run(rig)
        rig.finish()
    except Exception as error:  # whatever went wrong, the rest is still judged
        faults.append(f"{type(error).__name__}: {error}")
        (rig.folder / "error.txt").write_text(traceback.format_exc())
        rig.story.write(rig.folder / "story.json")
    finally:
        rig.processes.end_all()
    rig.say("judging")
    verdict = judge(rig.story, Mail.read(rig.folder / "sink.jsonl"), Ledger.read(rig.database_url))
    verdict.write(rig.folder / "verdict.json")
    faults += rig.broken + verdict.sentences + _beyond(scenario, rig, verdict)
    row = Row(
        scenario=scenario.number,
        database=database,
        runs=rig.runs,
        kills=rig.kills,
        expected=verdict.expected + rig.n_tried,
        lost=verdict.lost,
        duplicates=verdict.duplicates,
        wrong_recipient=verdict.wrong_recipient,
        copies={str(n): verdict.copies[n] for n in sorted({1, 2, *verdict.copies})},
        worst_lateness_s=round(verdict.percentile(1), 1),
        seed=rig.seed,
        passed=not faults,
    )
    return Outcome(row, scenario.name, faults, verdict.percentile(0.99), time.monotonic() - begun)


def _beyond(scenario: Scenario, rig: Rig, verdict: Verdict) -> list[str]:
    """Return what the scenario asks for besides what holds of all."""
    faults = [] if verdict.expected + rig.n_tried else ["the referee expected nothing: nothing was tried"]
    if max(verdict.copies, default=0) > scenario.copies:
        faults.append(f"copies: a mail has {max(verdict.copies)}, {scenario.copies} are allowed")
    if not rig.quick:
        for limit, share in ((scenario.p99, 0.99), (scenario.worst, 1.0)):
            late = verdict.percentile(share)
            if limit is not None and late > limit:
                faults.append(f"lateness: {late:.1f} s at {share:.0%}, {limit:.0f} s are allowed")
    return faults + [sentence for sentence, holds in rig.checks if not holds(verdict)]


def embedded(rows: Sequence[Row], seed: int) -> Row:
    """Sum up what was run on SQLite as the one scenario that asks for it."""
    copies: dict[str, int] = {}
    for row in rows:
        for n, mails in row.copies.items():
            copies[n] = copies.get(n, 0) + mails
    return Row(
        EMBEDDED, SQLITE, len(rows), sum(r.kills for r in rows), sum(r.expected for r in rows),
        sum(r.lost for r in rows), sum(r.duplicates for r in rows), sum(r.wrong_recipient for r in rows),
        dict(sorted(copies.items())), max(r.worst_lateness_s for r in rows), seed, all(r.passed for r in rows),
    )  # fmt: skip


def line(values: Sequence[object]) -> str:
    """Return one line of the table."""
    cells = [str(value) for value in values]
    return "  ".join(
        cell[:width].ljust(width) if n in (1, 2, 8) else cell.rjust(width)
        for n, (cell, width) in enumerate(zip(cells, WIDTHS, strict=True))
    )


def cells(outcome: Outcome) -> Sequence[object]:
    row = outcome.row
    copies = ", ".join(f"{n}: {mails}" for n, mails in row.copies.items() if mails)
    return (
        row.scenario, outcome.name, row.database, row.kills, row.expected, row.lost, row.duplicates,
        row.wrong_recipient, copies, f"{outcome.p99:.1f}", f"{row.worst_lateness_s:.1f}", f"{outcome.seconds:.0f} s",
        "passed" if row.passed else "FAILED",
    )  # fmt: skip


def append(rows: Sequence[Row], path: Path) -> None:
    """Add rows to the file, beginning it where it does not exist."""
    kept = json.loads(path.read_text())["scenarios"] if path.exists() else []
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"scenarios": kept + [asdict(row) for row in rows]}, indent=1) + "\n")
