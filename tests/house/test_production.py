"""A production start on PostgreSQL, by the commands that deploy/ gives to systemd."""

import http.client
import json
import os
import shlex
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from crm.core import child
from crm.users.models import User
from tests.services import databases
from tests.services.processes import Process, wait_until

pytestmark = [pytest.mark.process, pytest.mark.postgres]
LONG_ENOUGH = 4  # seconds, to fail at the start
HTTPS = {"Host": "crm.example.com", "X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.7"}


def command(service):
    """Return what systemd would run, with this machine's virtual environment."""
    text = (databases.ROOT / "deploy" / f"liaison-{service}.service").read_text()
    [line] = [line for line in text.splitlines() if line.startswith("ExecStart=")]
    program, *arguments = shlex.split(line.removeprefix("ExecStart="))
    return [str(Path(sys.executable).with_name(Path(program).name)), *arguments]


@pytest.fixture
def env(database, valkey, sink, tmp_path):
    example = (databases.ROOT / "deploy" / "liaison.env.example").read_text()
    given = dict(line.split("=", 1) for line in example.splitlines() if "=" in line and not line.startswith("#"))
    return given | {
        "PATH": os.environ["PATH"],
        "DJANGO_SETTINGS_MODULE": "crm.settings",
        "PYTHONUNBUFFERED": "1",
        "SECRET_KEY": "0123456789" * 6,
        "DATABASE_URL": databases.url_of(database),
        "REDIS_URL": valkey.url,
        "EMAIL_URL": sink.url,
        "DEFAULT_FROM_EMAIL": given["DEFAULT_FROM_EMAIL"].strip('"'),
        "PORT": str(child.free_port()),
        "VAR_FOLDER": str(tmp_path / "var"),
    }


@pytest.fixture
def run(env, tmp_path):
    started = []

    def start(*command):
        process = Process(list(command), env, tmp_path / f"{len(started)}.log")
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()


def get(env, path, headers):
    connection = http.client.HTTPConnection("127.0.0.1", int(env["PORT"]), timeout=10)
    try:
        connection.request("GET", path, headers=headers)
        response = connection.getresponse()
        return response.status, dict(response.getheaders()), response.read()
    finally:
        connection.close()


def test_the_web_service_answers_over_https_alone(env, run):
    User.objects.create_superuser(
        "root@example.com", "a-good-long-password", name="Root"
    )  # else the first page is open
    collected = run(sys.executable, "manage.py", "collectstatic", "--no-input", "--verbosity=0")
    assert collected.wait() == 0, collected.output()
    web = run(*command("web"))

    def answers():
        assert web.is_running(), web.output()
        try:
            return get(env, "/healthz", HTTPS)[0] == 200
        except OSError:
            return False

    wait_until(answers)
    status, _, body = get(env, "/readyz", HTTPS)
    assert (status, json.loads(body)) == (
        200,
        {"status": "ok", "database": "ok", "migrations": "ok", "broker": "ok"},
    )
    status, headers, body = get(env, "/auth/login/", HTTPS)
    assert status == 200
    assert "max-age=" in headers["Strict-Transport-Security"]
    assert "Secure" in headers["Set-Cookie"]
    status, headers, _ = get(env, "/auth/login/", {"Host": "crm.example.com"})
    assert (status, headers["Location"]) == (301, "https://crm.example.com/auth/login/")
    assert get(env, "/auth/login/", HTTPS | {"Host": "evil.example.com"})[0] == 400
    assert web.end() == 0, web.output()


@pytest.mark.parametrize("service", ["worker", "beat", "guard"])
def test_the_service_runs_until_it_is_asked_to_end(run, service):
    process = run(*command(service))
    with suppress(subprocess.TimeoutExpired):
        process.wait(seconds=LONG_ENOUGH)
    assert process.is_running(), process.output()
    assert process.end(grace=30) in {0, -15}, process.output()
