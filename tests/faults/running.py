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


def run(options: argparse.Namespace, server: Postgres | None) -> bool:
    """Run what is asked for, with a table of what came of it; say whether all of it passed."""
    chosen = _chosen(options)
    results = [_run_all(chosen, options, server, seed) for seed in _seeds(options)] if chosen else []
    return all(results)


def _chosen(options: argparse.Namespace) -> Sequence[Scenario]:
    wanted = {int(number) for number in options.only.split(",") if number}
    if unknown := wanted - registry.numbers():
        raise SystemExit(f"There is no scenario {', '.join(map(str, sorted(unknown)))}.")
    if options.database == registry.SQLITE and registry.EMBEDDED in wanted:
        wanted |= registry.EMBEDDED_ARE
    all_of = registry.all_of(options.database)
    return [s for s in all_of if (not wanted or s.number in wanted) and (s.quick or wanted or not options.quick)]


def _seeds(options: argparse.Namespace) -> Iterator[int]:
    """Yield the seed that was given; then others, until the time is over."""
    until = time.monotonic() + options.hours * 3600
    yield options.seed
    while time.monotonic() < until:
        yield random.randrange(1_000_000)


def _run_all(chosen: Sequence[Scenario], options: argparse.Namespace, server: Postgres | None, seed: int) -> bool:
    path = options.out / "faults.json"
    print(f"\nseed {seed}\n{report.line(report.HEAD)}", flush=True)
    rows: list[Row] = []
    bar = tqdm(chosen, unit="scenario", leave=False, dynamic_ncols=True, disable=None)
    for scenario in bar:
        bar.set_description(f"{scenario.number} {scenario.name}")
        outcome = _run(scenario, options, server, seed, bar.set_postfix_str)
        rows.append(outcome.row)
        report.append([outcome.row], path)
        with bar.external_write_mode():
            print(report.line(report.cells(outcome)), *(f"      {f}" for f in outcome.faults[:8]), sep="\n", flush=True)
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
                Processes(name, folder), sink, valkey, folder=folder, seed=seed * 1000 + scenario.number,
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
