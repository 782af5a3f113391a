"""What the environment says, and how Liaison refuses to start."""

import stat
import subprocess
import sys

import pytest

from tests.services.databases import ROOT

NEEDED = {
    "SECRET_KEY": "0123456789" * 6,
    "PUBLIC_URL": "https://crm.example.com",
    "DATABASE_URL": "postgres://liaison:secret@127.0.0.1:5432/liaison",
    "REDIS_URL": "redis://127.0.0.1:6379/0",
    "EMAIL_URL": "smtp+tls://u:p@mail.example.com:587",
    "DEFAULT_FROM_EMAIL": "crm@example.com",
}


def start(tmp_path, code="import crm.settings", **env):
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        cwd=ROOT,
        env={"VAR_FOLDER": str(tmp_path)} | env,
        capture_output=True,
        text=True,
    )


def setting(tmp_path, name, **env):
    done = start(tmp_path, f"import crm.settings; print(crm.settings.{name})", **env)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ENVIRONMENT", "live"),
        ("DEBUG", "perhaps"),
        ("PORT", "http"),
        ("PORT", "70000"),
        ("SECRET_KEY", "short"),
        ("PUBLIC_URL", "crm.example.com"),
        ("DATABASE_URL", "mysql://localhost/liaison"),
        ("DATABASE_URL", "postgres://localhost:port/liaison"),
        ("REDIS_URL", "http://localhost"),
        ("EMAIL_URL", "mail.example.com"),
        ("EMAIL_CA_FILE", "/nowhere.pem"),
        ("EMAIL_CA_FILE", __file__),
        ("MAIL_LEASE", "20"),  # as long as EMAIL_TIMEOUT
        ("WEB_THREADS", "-1"),
        ("LOG_LEVEL", "LOUD"),
        ("PROFILE", "../../etc"),
        ("DATA", "somewhere"),
    ],
)
def test_a_wrong_value_stops_the_process_with_one_sentence_that_names_it(tmp_path, name, value):
    done = start(tmp_path, **{name: value})
    assert done.returncode == 1
    [line] = done.stderr.splitlines()
    assert line.startswith("Liaison cannot start: ")
    assert name in line


@pytest.mark.parametrize("name", NEEDED)
def test_production_refuses_to_start_without(tmp_path, name):
    env = {key: value for key, value in NEEDED.items() if key != name}
    done = start(tmp_path, ENVIRONMENT="production", **env)
    assert done.returncode == 1
    [line] = done.stderr.splitlines()
    assert line.startswith(f"Liaison cannot start: set {name} (")


def test_production_says_all_that_is_missing_at_once(tmp_path):
    line = start(tmp_path, ENVIRONMENT="production").stderr
    assert all(name in line for name in NEEDED)


def test_production_refuses_pages_for_developers(tmp_path):
    assert "DEBUG must not be on" in start(tmp_path, ENVIRONMENT="production", DEBUG="yes", **NEEDED).stderr


def test_production_refuses_to_be_opened_without_https(tmp_path):
    env = NEEDED | {"ENVIRONMENT": "production", "PUBLIC_URL": "http://crm.example.com"}
    assert "PUBLIC_URL must begin with https://" in start(tmp_path, **env).stderr


def test_production_keeps_to_https(tmp_path):
    env = {"ENVIRONMENT": "production", **NEEDED}
    assert setting(tmp_path, "SESSION_COOKIE_SECURE", **env) == "True"
    assert setting(tmp_path, "SECURE_SSL_REDIRECT", **env) == "True"
    assert int(setting(tmp_path, "SECURE_HSTS_SECONDS", **env)) > 0
    assert setting(tmp_path, "ALLOWED_HOSTS", **env) == "['crm.example.com']"


def test_the_embedded_start_makes_its_own_secret_and_keeps_it_to_itself(tmp_path):
    first = setting(tmp_path, "SECRET_KEY")
    assert len(first) >= 50
    assert setting(tmp_path, "SECRET_KEY") == first
    assert stat.S_IMODE((tmp_path / "secret-key").stat().st_mode) == 0o600


def test_sqlite_is_the_default_and_durable(tmp_path):
    options = setting(tmp_path, "DATABASES['default']['OPTIONS']")
    assert "IMMEDIATE" in options
    assert "journal_mode=WAL" in options
    assert "synchronous=FULL" in options


def test_only_the_web_server_has_a_connection_pool(tmp_path):
    postgres = {"DATABASE_URL": NEEDED["DATABASE_URL"]}
    assert "pool" not in setting(tmp_path, "DATABASES", **postgres)
    assert "pool" in setting(tmp_path, "DATABASES", DATABASE_POOL="8", **postgres)
