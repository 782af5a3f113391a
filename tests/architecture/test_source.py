"""What must not stand in the source."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.inline import inline_code
from tests.services.databases import ROOT

APPS = ["crm", "accounts", "contacts", "projects", "interactions"]
CODE = sorted(path for app in APPS for path in (ROOT / app).rglob("*.py"))
PRODUCT = [path for path in CODE if "migrations" not in path.parts]
MAILS = ROOT / "templates" / "commitments" / "mail"  # mail readers know no style sheets: theirs stands in them
TEMPLATES = sorted(path for path in (ROOT / "templates").rglob("*.html") if MAILS not in path.parents)


def lines_with(pattern: str, paths: list[Path]) -> list[str]:
    found = re.compile(pattern)
    return [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in paths
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if found.search(line)
    ]


def test_only_the_clock_knows_the_time():
    others = [path for path in PRODUCT if path != ROOT / "crm/core/clock.py"]
    local = r"\bdatetime\.(now|utcnow|today)\(|\btimezone\.(now|localtime|localdate)\(\)|\bdate\.today\(|\btime\.time\("
    assert lines_with(local + r"|\bauto_now", others) == []


def test_only_env_reads_the_environment():
    entrances = [ROOT / "crm" / name for name in ("env.py", "celery.py", "wsgi.py")]  # these name the settings module
    assert lines_with(r"\bos\.(environ|getenv)|\bgetenv\(", [path for path in CODE if path not in entrances]) == []


def test_no_task_is_timed_or_called_through_the_broker():
    assert (
        lines_with(r"\beta=|\bcountdown=|control\.revoke\(|\.delay\(|\.apply_async\(|\.retry\(|on_commit\(", PRODUCT)
        == []
    )


def test_no_module_is_a_drawer():
    drawers = {"services.py", "utils.py", "helpers.py", "misc.py", "common.py"}
    assert [str(path) for path in CODE if path.name in drawers] == []


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_template_holds_no_inline_code_and_nothing_from_outside(path):
    assert inline_code(path.read_text()) == []


@pytest.mark.parametrize("path", sorted((ROOT / "requirements").glob("*")), ids=lambda path: path.name)
def test_requirements_name_no_host(path):
    assert lines_with(r"://|^\s*-(?!r |-hash=)", [path]) == []


@pytest.mark.parametrize("name", ["base", "dev"])
def test_every_requirement_is_pinned_and_hashed(name):
    text = (ROOT / "requirements" / f"{name}.txt").read_text().replace("\\\n", "")
    for line in text.splitlines():
        assert re.match(r"[\w.-]+(\[[\w,-]+\])?==\S+ .*--hash=sha256:", line), line


def test_nothing_of_a_start_is_tracked():
    tracked = subprocess.run(["git", "ls-files", "var", ".venv"], cwd=ROOT, capture_output=True, text=True)
    assert tracked.stdout == ""
