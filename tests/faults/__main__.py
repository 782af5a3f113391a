"""`python -m tests.faults`: the scenarios at full size, on servers of their own; `make faults` runs all of them."""

from __future__ import annotations

import argparse
import importlib
import os
import subprocess
import sys
from pathlib import Path

import django

from tests.services.postgres import Postgres

ROOT = Path(__file__).resolve().parent.parent.parent


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--only", default="", help="numbers of scenarios, for example 2,4; 25: those on SQLite")
    parser.add_argument("--database", choices=("postgres", "sqlite", "both"), default="both")
    parser.add_argument("--seed", type=int, default=1, help="the same seed makes the same choices (default 1)")
    parser.add_argument("--hours", type=float, default=0, help="again and again with other seeds, for so long")
    parser.add_argument("--quick", action="store_true", help="those of the ordinary tests: small, nothing measured")
    parser.add_argument("--scale", type=float, default=1, help="0.1: a tenth of the numbers (default 1)")
    parser.add_argument("--keep", action="store_true", help="add to faults.json instead of beginning it anew")
    parser.add_argument(
        "--out", type=Path, default=ROOT / "var", help="where faults.json and the logs go (default var)"
    )
    return parser.parse_args()


def main() -> int:
    """Return 1 when a scenario failed."""
    options = arguments()
    if not options.keep:
        (options.out / "faults.json").unlink(missing_ok=True)
    if options.database == "both":
        return max([_again("postgres", options.hours / 2), _again("sqlite", options.hours / 2)])
    os.environ |= {"DB": options.database, "DJANGO_SETTINGS_MODULE": "tests.settings"}
    os.environ.pop("TEST_RUN", None)
    server = Postgres(is_lasting=True) if options.database == "postgres" else None
    try:
        if server is not None:
            os.environ["TEST_DATABASE_URL"] = server.url
        django.setup()
        running = importlib.import_module("tests.faults.running")  # it reads models
        return int(not running.run(options, server))
    finally:
        if server is not None:
            server.stop()


def _again(database: str, hours: float) -> int:
    """Run one database's part in a process of its own: what is read at import differs."""
    given = [*sys.argv[1:], "--database", database, "--hours", str(hours), "--keep"]
    return subprocess.run([sys.executable, "-m", "tests.faults", *given], cwd=ROOT).returncode


if __name__ == "__main__":
    sys.exit(main())
