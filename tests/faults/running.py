"""Running the scenarios one after another, each with a database, a broker and a mail server of its own."""

from __future__ import annotations

import argparse
import random
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from django.conf import settings
from django.db import connection, connections
from tqdm import tqdm

from tests.faults import registry, report
from tests.faults.registry import Scenario
from tests.faults.report import Outcome, Row
from tests.faults.rig import Rig
from tests.services import databases
from tests.services.postgres import Postgres
from tests.services.processes import Processes
from tests.services.sink import Sink
from tests.services.valkey import Valkey

EVERY = 60  # seconds between two lines about a scenario under way, where nobody watches


class Progress:
    """What goes on: a bar where somebody watches, else a line a minute."""

    def __init__(self, n: int) -> None:
        self.bar = tqdm(total=n, unit="scenario", leave=False, dynamic_ncols=True, disable=None)
        self.name = ""
        self.begun = self.told = time.monotonic()

    def begin(self, scenario: Scenario) -> None:
        self.name = f"{scenario.number} {scenario.name}"
        self.begun = self.told = time.monotonic()
        self.bar.set_description(self.name)

    def say(self, text: str) -> None:
        self.bar.set_postfix_str(text)
        if self.bar.disable and time.monotonic() > self.told + EVERY:
            self.told = time.monotonic()
            print(f"      … {self.name}: {(self.told - self.begun) / 60:.0f} min, {text}", flush=True)

    def end(self, outcome: Outcome) -> None:
        with self.bar.external_write_mode():
            print(report.line(report.cells(outcome)), *(f"      {f}" for f in outcome.faults[:8]), sep="\n", flush=True)
        self.bar.update()


def run(options: argparse.Namespace, server: Postgres | None) -> bool:
    """Run what is asked for, with a table of what came of it; say whether all of it passed."""
    chosen = _chosen(options)
    until = time.monotonic() + options.hours * 3600
    passed = _run_all(chosen, options, server, options.seed, None) if chosen else True
    while chosen and time.monotonic() < until:
        passed &= _run_all(chosen, options, server, random.randrange(1_000_000), until)
    return passed


def _chosen(options: argparse.Namespace) -> Sequence[Scenario]:
    wanted = set(options.only)
    if options.database == registry.SQLITE and registry.EMBEDDED in wanted:
        wanted |= registry.EMBEDDED_ARE
    all_of = registry.all_of(options.database)
    return [s for s in all_of if (not wanted or s.number in wanted) and (s.quick or wanted or not options.quick)]


def _run_all(
    chosen: Sequence[Scenario], options: argparse.Namespace, server: Postgres | None, seed: int, until: float | None
) -> bool:
    """Run these with one seed, until a moment if there is one; say whether all passed."""
    path = options.out / "faults.json"
    print(f"\n{options.database}, --seed {seed}\n{report.line(report.HEAD)}", flush=True)
    rows: list[Row] = []
    progress = Progress(len(chosen))
    try:
        for scenario in chosen:
            if until is not None and time.monotonic() > until:
                break
            progress.begin(scenario)
            outcome = _run(scenario, options, server, seed, progress.say)
            rows.append(outcome.row)
            report.append([outcome.row], path)
            progress.end(outcome)
    finally:
        progress.bar.close()
    embedded = [row for row in rows if row.scenario in registry.EMBEDDED_ARE]
    if options.database == registry.SQLITE and len(embedded) == len(registry.EMBEDDED_ARE):
        report.append([report.embedded(embedded, seed)], path)
    return all(row.passed for row in rows)


def _run(
    scenario: Scenario, options: argparse.Namespace, server: Postgres | None, seed: int, say: Callable[[str], None]
) -> Outcome:
    folder = options.out.absolute() / "faults" / str(scenario.number) / options.database
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    name = f"faults_{scenario.number}"
    sink, valkey = Sink(folder / "sink.jsonl"), Valkey()
    try:
        with _alone(name):
            rig = Rig(
                Processes(name, folder), sink, valkey, folder=folder, seed=seed,
                database_url=databases.url_of(name), quick=options.quick, scale=options.scale, server=server, say=say,
            )  # fmt: skip
            return report.run(scenario, rig, database=options.database)
    finally:
        sink.stop()
        valkey.remove()


@contextmanager
def _alone(name: str) -> Iterator[None]:
    """Work on a copy of the template, of this name."""
    databases.copy(name)
    connections.close_all()
    settings.DATABASES["default"]["NAME"] = connection.settings_dict["NAME"] = databases.django_name(name)
    try:
        yield
    finally:
        connections.close_all()
        databases.drop(name)
