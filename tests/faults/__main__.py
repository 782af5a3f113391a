"""`python -m tests.faults`: the scenarios at full size, on servers of their own; `make faults` runs all of them."""

from __future__ import annotations

import argparse
import importlib
import json
import os
import signal
import sys
from pathlib import Path

import django

from crm.core import child
from tests.services.postgres import Postgres

ROOT = Path(__file__).resolve().parent.parent.parent
LAST = 26  # the number of the last scenario
FAILED, WRONG, INTERRUPTED = 1, 2, 130  # exit codes; 0: all passed


EPILOG = (
    "All of it takes some hours on two quiet cores. Each scenario prints a line when it is judged; Ctrl-C ends what it "
    "started. What is written to faults.json is what was judged. The seed that is printed makes the same choices again."
)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__, epilog=EPILOG)
    parser.add_argument(
        "--only", type=_numbers, default=set(), metavar="2,4", help="these scenarios alone; 25: those on SQLite"
    )
    parser.add_argument("--database", choices=("postgres", "sqlite", "both"), default="both")
    parser.add_argument("--seed", type=int, default=1, help="the same seed makes the same choices (default 1)")
    parser.add_argument(
        "--hours", type=float, default=0, help="when all were run, again and again with other seeds, for so long"
    )
    parser.add_argument("--quick", action="store_true", help="those of the ordinary tests: small, nothing measured")
    parser.add_argument("--scale", type=float, default=1, help="0.1: a tenth of the numbers (default 1)")
    parser.add_argument("--keep", action="store_true", help="add to faults.json instead of beginning it anew")
    parser.add_argument(
        "--out", type=Path, default=ROOT / "var", help="where faults.json and the logs go (default var)"
    )
    return parser.parse_args()


def _numbers(text: str) -> set[int]:
    numbers = {int(number) for number in text.split(",") if number}
    if unknown := numbers - set(range(1, LAST + 1)):
        raise argparse.ArgumentTypeError(f"there is no scenario {', '.join(map(str, sorted(unknown)))}")
    return numbers


def main() -> int:
    """Return 0 when all passed, 1 when one failed or none was run, 130 when it was interrupted."""
    options = arguments()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends what it started, then too
    path = options.out / "faults.json"
    if not options.keep:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text('{"scenarios": []}\n')
    try:
        code = _run(options) if options.database != "both" else _run_both(options.hours / 2)
    except KeyboardInterrupt:
        code = INTERRUPTED
    if not options.keep:
        code = _summed_up(path, code)
    return code


def _run(options: argparse.Namespace) -> int:
    """Run one database's part, on a server of its own."""
    os.environ |= {"DB": options.database, "DJANGO_SETTINGS_MODULE": "tests.settings"}
    os.environ.pop("TEST_RUN", None)
    server = Postgres(is_lasting=True) if options.database == "postgres" else None
    try:
        if server is not None:
            os.environ["TEST_DATABASE_URL"] = server.url
        django.setup()
        running = importlib.import_module("tests.faults.running")  # it reads models
        return 0 if running.run(options, server) else FAILED
    finally:
        if server is not None:
            server.stop()


def _run_both(hours: float) -> int:
    """Run each database's part in a process of its own: what is read at import differs."""
    worst = 0
    for database in ("postgres", "sqlite"):
        given = [*sys.argv[1:], "--database", database, "--hours", str(hours), "--keep"]
        process = child.start([sys.executable, "-m", "tests.faults", *given], cwd=ROOT)
        try:
            code = process.wait()
        except KeyboardInterrupt:
            process.send_signal(signal.SIGINT)  # it is not of our group, and has servers to end
            code = process.wait()
        if code == INTERRUPTED:
            return code
        worst = max(worst, abs(code))
    return worst


def _summed_up(path: Path, code: int) -> int:
    """Say what came of all, and where it stands; nothing run is a failure."""
    rows = json.loads(path.read_text())["scenarios"]
    failed = sorted({f"{row['scenario']} on {row['database']}" for row in rows if not row["passed"]})
    print(f"\n{len(rows) - sum(not row['passed'] for row in rows)} of {len(rows)} passed: see {path}")
    if failed:
        print(f"Failed: {', '.join(failed)}. Their stories and logs: {path.parent / 'faults'}")
    if code == INTERRUPTED:
        print("Interrupted: what was judged before that stands there.")
    return code or (0 if rows else FAILED)


if __name__ == "__main__":
    sys.exit(main())
