"""Replay a help desk's event log, and say what the engine made of it."""

import json
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection
from django.utils.translation import gettext as _
from tqdm import tqdm

from crm.core.refusals import Refused
from crm.desk.replay import scratch
from crm.desk.replay.log import Log, State, read
from crm.desk.replay.report import Report, as_json, lines
from crm.desk.replay.run import replay
from crm.desk.replay.terms import UNITS

ENDS = {"closed": State.CLOSED, "solved": State.SOLVED}


class Command(BaseCommand):
    """Feed an event log through accounts, touches and policies with a simulated clock, in a database of its own."""

    help = (
        "`replay FOLDER` reads the event log of a help desk (a .csv or .csv.gz with ServiceNow's columns) and does it "
        "again: accounts, contacts, teams, touches, promises by the targets that the log implies, reassignments, "
        "waiting, solving; while a simulated clock runs, the planner reminds and escalates. It happens in a database "
        "made for it and dropped afterwards; the one of DATABASE_URL stays as it is. The report compares what came of "
        "it with the log's own columns; the exit code is 1 where a difference does not follow from the log's own rows."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path, help="the folder with the event log")
        parser.add_argument("--first", type=int, metavar="N", help="only the first N incidents of the file")
        parser.add_argument("--json", type=Path, metavar="FILE", help="write the report as JSON too")
        parser.add_argument("--database", choices=scratch.KINDS, default="", help="default: as DATABASE_URL is")
        parser.add_argument(
            "--every", type=int, default=1, metavar="HOURS", help="how often the planner looks (default 1)"
        )
        parser.add_argument("--processes", type=int, default=0, metavar="N", help="default: a processor each")
        parser.add_argument(
            "--until", choices=list(ENDS), default="",
            help="when an incident is settled (default: as the log counts its own targets)",
        )  # fmt: skip
        written = f"PRIORITY=AMOUNT, as urgent=4h; in {', '.join(UNITS)} (w: working)"
        parser.add_argument("--answer", action="append", default=[], metavar="TARGET", help=f"first answer: {written}")
        parser.add_argument(
            "--solution", action="append", default=[], metavar="TARGET",
            help="solution, instead of what the log implies",
        )  # fmt: skip

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            log = read(options["folder"], first=options["first"])
            report = self._replay(log, options)
        except Refused as error:
            raise CommandError(error.messages[0]) from None
        for line in lines(report):
            self.stdout.write(line)
        if options["json"]:
            options["json"].write_text(json.dumps(as_json(report), indent=1, ensure_ascii=False) + "\n")
        if not report.is_explained:
            sys.exit(1)

    def _replay(self, log: Log, options: dict[str, Any]) -> Report:
        with tqdm(unit=_("acts"), unit_scale=True, disable=None) as bar:  # None: only where somebody watches

            def advance(done: int, total: int) -> None:
                bar.total = total
                bar.update(done - bar.n)

            return replay(
                log,
                database=options["database"] or connection.vendor,
                end=ENDS.get(options["until"]),
                answer=options["answer"],
                solution=options["solution"],
                every=timedelta(hours=max(1, options["every"])),
                processes=options["processes"],
                advance=advance,
            )
