import smtplib
import sys

import pytest

from crm.core import child
from tests.services.databases import ROOT
from tests.services.processes import Process, wait_until

pytestmark = [pytest.mark.process, pytest.mark.sqlite]


def test_a_mail_is_kept_as_a_file_and_told_in_one_line(tmp_path):
    port = child.free_port()
    command = [sys.executable, "-u", "-m", "crm.desk.mail_sink", str(port), str(tmp_path / "mail")]
    process = Process(command, {"PYTHONPATH": str(ROOT)}, tmp_path / "log")
    try:
        wait_until(lambda: connects(port))
        with smtplib.SMTP("127.0.0.1", port, timeout=5) as client:
            client.sendmail("a@example.com", ["b@example.com", "c@example.com"], b"Subject: Your day\r\n\r\nHello\r\n")
        [kept] = (tmp_path / "mail").glob("*.eml")
        assert b"Hello" in kept.read_bytes()
        [line] = process.output().splitlines()
        assert line.startswith("to b@example.com, c@example.com: Your day (")
    finally:
        process.kill()


def connects(port):
    try:
        smtplib.SMTP("127.0.0.1", port, timeout=1).close()
    except OSError:
        return False
    return True
