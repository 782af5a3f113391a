"""Fail when a test of these JUnit reports was skipped, and say which: no_skips.py REPORT …"""

import sys
import xml.etree.ElementTree as ET


def skipped(path: str) -> list[str]:
    cases = ET.parse(path).getroot().iter("testcase")  # noqa: S314  # our own report
    return [
        f"{case.get('classname')}::{case.get('name')}: {reason.get('message')}"
        for case in cases
        for reason in case.findall("skipped")
    ]


if __name__ == "__main__":
    lines = [f"skipped in {path}: {line}" for path in sys.argv[1:] for line in skipped(path)]
    print("\n".join(lines), end="\n" if lines else "")
    sys.exit(bool(lines))
