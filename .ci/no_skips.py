"""Fail when a test that needs a browser, PostgreSQL, a broker or processes was skipped: no_skips.py REPORT …

The reports are pytest's, in JUnit's format; what a test needs stands in its properties (tests/conftest.py).
"""

import sys
import xml.etree.ElementTree as ET


def skipped(path: str) -> list[str]:
    cases = ET.parse(path).getroot().iter("testcase")  # noqa: S314  # our own report
    return [
        f"{case.get('classname')}::{case.get('name')}: {reason.get('message')}"
        for case in cases
        for reason in case.findall("skipped")
        if any(known.get("name") == "needs" for known in case.iter("property"))
    ]


if __name__ == "__main__":
    lines = [f"skipped in {path}: {line}" for path in sys.argv[1:] for line in skipped(path)]
    print("\n".join(lines), end="\n" if lines else "")
    sys.exit(bool(lines))
