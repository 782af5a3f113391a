"""Vendored files are what their table says."""

import hashlib
import re

import pytest

from crm.env import BASE_DIR

VENDOR = BASE_DIR / "crm" / "core" / "static" / "liaison" / "vendor"
ROWS = re.findall(r"^\| `([^`]+)` .*`([0-9a-f]{128})`", (VENDOR / "README.md").read_text(), re.MULTILINE)


@pytest.mark.parametrize(("name", "digest"), ROWS)
def test_a_vendored_file_has_the_sum_written_down(name, digest):
    assert hashlib.sha512((VENDOR / name).read_bytes()).hexdigest() == digest


def test_every_vendored_script_and_sheet_is_written_down():
    assert {path.name for path in VENDOR.glob("*.*s")} == {name for name, _digest in ROWS}
