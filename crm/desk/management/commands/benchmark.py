"""Measure what Liaison promises to cost, in a firm of the size it is promised for."""

import json
import sys
from collections.abc import Generator, Iterable, Iterator
from dataclasses import asdict
from itertools import chain
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _
from tqdm import tqdm

from crm.core.refusals import Refused
from crm.desk.benchmark import engine, lists, load
from crm.desk.benchmark.firm import BigFirm
from crm.desk.benchmark.measure import REPEATS, Case, Measured, take
from crm.desk.benchmark.names import ENGINE, EVERYTHING, NAMES

LOAD, LISTS = "load", "lists"
HEAD = ("", "rows", "queries", "ms", "raw ms", "ratio", "budget")


class Command(BaseCommand):
    """Fill an empty PostgreSQL database with a plausible firm, or measure what things cost there."""

    help = (
        "`benchmark load` fills the empty, migrated PostgreSQL database of DATABASE_URL with an invented firm: "
        "1,000,000 touches and as many promises, 100,000 contacts, 20,000 accounts, 200 who answer. Ended in the "
        "middle, it goes on when it is run again. `benchmark NAME` measures there, beside plain SQL in the same run; "
        f"NAME is one of {', '.join(NAMES)}, or {EVERYTHING}. Each figure is the median of several, taken in turn; "
        f"nothing stays of what measuring writes. `benchmark {ENGINE}` makes two databases of its own on that server, "
        "with 1,000,000 things owed and a tenth of them, and drops them. The exit code is 1 where a budget is missed."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help=f"{LOAD}, {', '.join(NAMES)}, {EVERYTHING} or {ENGINE}")
        parser.add_argument("--json", action="store_true", help="print the rows as a JSON list")
        parser.add_argument(
            "--scale", type=float, default=1.0, help=f"load, {ENGINE}: how large; 0.1 is a tenth (default 1)"
        )
        parser.add_argument("--seed", type=int, default=1, help="load: the same seed gives the same rows (default 1)")
        parser.add_argument(
            "--repeats", type=int, default=REPEATS, help=f"how often each is measured (default {REPEATS})"
        )
        parser.add_argument(
            "--tenth", metavar="URL", default="",
            help="lists: a second database, loaded with --scale 0.1; a list must cost the same in both. Without it "
            "only this one is measured, first page against far page",
        )  # fmt: skip

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            if options["name"] == LOAD:
                self._load(options["seed"], options["scale"])
                return
            if options["name"] == ENGINE:
                rows = list(self._told(engine.measure(engine.Size.of(options["scale"], options["repeats"])), options))
            else:
                rows = list(self._measured(load.loaded(), _names(options["name"]), options))
        except Refused as error:
            raise CommandError(error.messages[0]) from None
        if options["json"]:
            self.stdout.write(json.dumps([asdict(row) for row in rows], indent=1, ensure_ascii=False))
        if not all(row.within for row in rows):
            sys.exit(1)

    def _load(self, seed: int, scale: float) -> None:
        firm = load.begin(seed=seed, scale=scale)
        if not load.is_complete():
            with tqdm(unit=_("rows"), unit_scale=True, disable=None) as bar:  # None: only where somebody watches
                for done, bar.total in load.batches(firm):
                    bar.update(done - bar.n)
        self.stdout.write(_("The firm is there: %(name)s.") % {"name": load.name_of(firm)})
        for what, n in load.told().items():
            self.stdout.write(f"{n:>12,} {what}")

    def _measured(self, firm: BigFirm, names: list[str], options: dict[str, Any]) -> Iterator[Measured]:
        if LISTS in names and not options["tenth"]:
            self.stderr.write(_("No --tenth is given: lists are measured in this database alone."))
        cases = (take(_cases(name, firm, options["tenth"]), repeats=options["repeats"]) for name in names)
        yield from self._told(chain.from_iterable(cases), options)

    def _told(self, rows: Iterable[Measured], options: dict[str, Any]) -> Iterator[Measured]:
        """Write each row as it comes."""
        if not options["json"]:
            self.stdout.write(_line(HEAD, within=True))
        for row in rows:
            if not options["json"]:
                self.stdout.write(_line(_shown(row), within=row.within))
            yield row


def _names(name: str) -> list[str]:
    if name != EVERYTHING and name not in NAMES:
        known = ", ".join((LOAD, *NAMES, EVERYTHING, ENGINE))
        raise CommandError(_("There is no measurement called %(name)s. Known are: %(known)s.") % locals())
    return list(NAMES) if name == EVERYTHING else [name]


def _cases(name: str, firm: BigFirm, tenth: str) -> Generator[Case]:
    return lists.cases(firm, tenth) if name == LISTS else NAMES[name](firm)


def _shown(row: Measured) -> tuple[str, ...]:
    return (
        row.name, f"{row.rows:,}", f"{row.queries}", f"{1000 * row.seconds:.1f}", f"{1000 * row.raw_seconds:.1f}",
        f"{row.ratio:.1f}", row.budget,
    )  # fmt: skip


def _line(cells: tuple[str, ...], *, within: bool) -> str:
    name, *numbers, budget = cells
    return f"{name:<70}" + "".join(f"{cell:>9}" for cell in numbers) + f"  {'' if within else 'MISSED: '}{budget}"
