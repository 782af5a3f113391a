"""What the environment says: the only reader of it. A wrong value stops the process with one plain sentence.

Each name below is the variable's own. Empty counts as not given.
"""

import contextlib
import os
import re
import secrets
import ssl
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import urlsplit

import environ

BASE_DIR = Path(__file__).resolve().parent.parent

_missing: list[str] = []


def _refuse(sentence: str) -> NoReturn:
    raise SystemExit(f"Liaison cannot start: {sentence}")


def _given(name: str) -> str:
    return os.environ.get(name, "").strip()


def _text(name: str, default: str) -> str:
    return _given(name) or default


def _choice(name: str, default: str, choices: tuple[str, ...]) -> str:
    value = _text(name, default)
    if value not in choices:
        _refuse(f"{name} must be one of {', '.join(choices)}, not {value!r}.")
    return value


def _number(name: str, default: int, *, least: int, most: int) -> int:
    value = _text(name, str(default))
    if not re.fullmatch(r"\d{1,9}", value, re.ASCII) or not least <= int(value) <= most:
        _refuse(f"{name} must be a whole number from {least} to {most}, not {value!r}.")
    return int(value)


def _flag(name: str, *, default: bool) -> bool:
    value = _text(name, "yes" if default else "no").lower()
    if value not in {"1", "yes", "true", "on", "0", "no", "false", "off"}:
        _refuse(f"{name} must be yes or no, not {value!r}.")
    return value in {"1", "yes", "true", "on"}


def _needed(name: str, default: str, why: str) -> str:
    """Return the value; production must be given one, and is told of all that is missing at once."""
    value = _given(name)
    if not value and ENVIRONMENT == "production":
        _missing.append(f"{name} ({why})")
    return value or default


def _address(
    name: str, value: str, schemes: str, parse: Callable[[str], dict[str, Any]], example: str
) -> dict[str, Any]:
    """Return what `parse` makes of a URL whose scheme matches the pattern `schemes`."""
    try:
        if re.match(rf"(?:{schemes})://", value):
            return parse(value)
    except (ValueError, environ.ImproperlyConfigured):
        pass
    _refuse(f"{name} must be an address such as {example}.")


def _web_address(name: str, value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path.strip("/") or parts.query:
        _refuse(f"{name} must be an address such as https://crm.example.com, without a path, not {value!r}.")
    return f"{parts.scheme}://{parts.netloc}"


def _certificates(name: str) -> str:
    path = _given(name)
    if path:
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(path)
        except OSError:
            _refuse(f"{name} must be a file of certificates (PEM), not {path!r}.")
    return path


def _kept_secret(path: Path) -> str:
    """Return the secret kept in `path`, readable by its owner alone; made at the first start."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, draft = tempfile.mkstemp(dir=path.parent)  # of mode 0600
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(64))
        with contextlib.suppress(FileExistsError):  # another process was quicker: its secret counts
            os.link(draft, path)
        os.unlink(draft)
    return path.read_text()


def for_child(**more: str) -> dict[str, str]:
    """Return the environment for a process of ours: this one's, and `more`."""
    return {**os.environ, **more}


# embedded: on one machine, everything at hand, as `make run` starts it. production: for real, see deploy/README.md.
# test: as the tests start it. Default embedded.
ENVIRONMENT = _choice("ENVIRONMENT", "embedded", ("embedded", "production", "test"))

# Django's pages for developers, with the values of variables in them. yes or no, default no; never in production.
DEBUG = _flag("DEBUG", default=False)
if DEBUG and ENVIRONMENT == "production":
    _refuse("DEBUG must not be on in production.")

# Folder for what a start of its own keeps: the database file, the broker's log, mails, static files. Default var/.
VAR_FOLDER = Path(_text("VAR_FOLDER", str(BASE_DIR / "var"))).resolve()

# Address and TCP port that the web server listens on. Default 127.0.0.1 and 8000.
HOST = _text("HOST", "127.0.0.1")
PORT = _number("PORT", 8000, least=1, most=65535)

# For `make run`. EMPTY: start without demo data, on a database file of its own. yes or no, default no.
EMPTY = _flag("EMPTY", default=False)

# For `make run`. PROFILE: name of the import profile that reads the folder DATA, into a database file of its own.
# Default none.
DATA = _given("DATA")
PROFILE = _given("PROFILE")
if bool(DATA) != bool(PROFILE):
    _refuse("DATA (a folder) and PROFILE (how to read it) go together.")
if not re.fullmatch(r"\w*", PROFILE, re.ASCII):
    _refuse(f"PROFILE must be a plain name, not {PROFILE!r}.")
SIGN_INS = VAR_FOLDER / f"{PROFILE or 'demo'}-sign-ins.txt"  # how to sign in on what `make run` filled itself

# Signs sessions and links. At least 50 characters; production must set it, else one is made and kept in VAR_FOLDER.
SECRET_KEY = _needed("SECRET_KEY", "", "50 random characters or more, and keep them")
if SECRET_KEY and len(SECRET_KEY) < 50:
    _refuse("SECRET_KEY must have 50 characters or more.")
if not SECRET_KEY and ENVIRONMENT != "production":
    SECRET_KEY = "test-" * 10 if ENVIRONMENT == "test" else _kept_secret(VAR_FOLDER / "secret-key")

# Where people open Liaison: the links in mails begin with it. Production must set it; default HOST and PORT.
PUBLIC_URL = _web_address(
    "PUBLIC_URL",
    _needed(
        "PUBLIC_URL",
        f"http://{f'[{HOST}]' if ':' in HOST else HOST}:{PORT}",
        "where people open Liaison, for example https://crm.example.com",
    ),
)

if ENVIRONMENT == "production" and PUBLIC_URL.startswith("http:") and not _missing:
    _refuse("PUBLIC_URL must begin with https:// in production: passwords go over it.")

# Names that requests may be addressed to, separated by commas. Default that of PUBLIC_URL; embedded also this machine.
ALLOWED_HOSTS = [name.strip() for name in _given("ALLOWED_HOSTS").split(",") if name.strip()] or [
    str(urlsplit(PUBLIC_URL).hostname),
    *([] if ENVIRONMENT == "production" else ["localhost", "127.0.0.1", "[::1]"]),
    *(["testserver"] if ENVIRONMENT == "test" else []),
]

# How many proxies stand before the web server: whose X-Forwarded-For is believed. Default 1 in production, else 0.
TRUSTED_PROXIES = _number("TRUSTED_PROXIES", int(ENVIRONMENT == "production"), least=0, most=10)

# postgres://user:password@host:port/name or sqlite:////path. Production must set it; default a file in VAR_FOLDER.
_FILE = PROFILE or ("empty" if EMPTY else "liaison")
DATABASE_URL = _needed(
    "DATABASE_URL", f"sqlite:///{VAR_FOLDER / _FILE}.sqlite3", "for example postgres://user:password@host:5432/liaison"
)
DATABASE = _address(
    "DATABASE_URL",
    DATABASE_URL,
    "postgres|postgresql|sqlite",
    environ.Env.db_url_config,
    "postgres://user:password@host:5432/liaison or sqlite:////path/liaison.sqlite3",
)

# Connections that one web process keeps open to PostgreSQL. The web server sets it for itself; default 0: no pool.
DATABASE_POOL = _number("DATABASE_POOL", 0, least=0, most=100)

# The broker: redis://host:port/0, rediss:// or redis+socket:///path. Production must set it; `make run` brings its own.
REDIS_URL = _needed("REDIS_URL", "redis://127.0.0.1:6379/0", "for example redis://127.0.0.1:6379/0")
if not re.match(r"(rediss?|redis\+socket)://.", REDIS_URL):
    _refuse("REDIS_URL must begin with redis://, rediss:// or redis+socket://.")
OWN_BROKER = not _given("REDIS_URL")  # whether `make run` brings one

# The mail server: smtp://user:password@host:port, smtp+tls:// (STARTTLS) or smtp+ssl://. Production must set it.
EMAIL = _address(
    "EMAIL_URL",
    _needed("EMAIL_URL", "smtp://127.0.0.1:2525", "for example smtp+tls://user:password@mail.example.com:587"),
    r"smtp(?:\+(?:tls|ssl))?",
    environ.Env.email_url_config,
    "smtp+tls://user:password@mail.example.com:587",
)
OWN_MAIL_SINK = not _given("EMAIL_URL")  # whether `make run` brings one

# Sender of every mail. Production must set it; default an address that can never receive.
DEFAULT_FROM_EMAIL = _needed("DEFAULT_FROM_EMAIL", "Liaison <liaison@localhost.invalid>", "the sender of every mail")

# PEM file with the certificates of the firm's own authority, if one has signed the mail server's; those that the system
# trusts count as well. Default none.
EMAIL_CA_FILE = _certificates("EMAIL_CA_FILE")

# Seconds to wait for the mail server's connection and answers, the one to the end of the data excepted. Default 20.
EMAIL_TIMEOUT = _number("EMAIL_TIMEOUT", 20, least=1, most=600)

# Seconds after which a mail that a dead process had in hand is taken up by another; longer than EMAIL_TIMEOUT. Sending
# the data and waiting for its answer takes three quarters of it at most, all in all. Default 120.
MAIL_LEASE = _number("MAIL_LEASE", 120, least=1, most=3600)
if MAIL_LEASE <= EMAIL_TIMEOUT and ENVIRONMENT != "test":  # which wait for the dead, and have machines that are slow
    _refuse(
        "MAIL_LEASE must be longer than EMAIL_TIMEOUT: else a mail is another's before the server has answered once."
    )

# Seconds between two rings of the bell: how late a reminder or a mail may be set on its way. Default 5.
BELL_EVERY = _number("BELL_EVERY", 5, least=1, most=60)

# Seconds between two audits, which see whether reminders and mails are as they should be. Default 60.
AUDIT_EVERY = _number("AUDIT_EVERY", 60, least=1, most=3600)

# Seconds without a sweep after which the guard runs reminders and mails itself, without Redis or Celery. Default 60.
GUARD_AFTER = _number("GUARD_AFTER", 60, least=1, most=3600)

# Where a process dies, in the tests alone; see crm/core/failpoints.py.
FAILPOINT = _given("FAILPOINT") if ENVIRONMENT == "test" else ""

# Requests a minute that one API token, or one signed-in user, may make of each web process. Default 1200.
API_REQUESTS_PER_MINUTE = _number("API_REQUESTS_PER_MINUTE", 1200, least=1, most=1_000_000)

# Web processes, and threads in each. Default 1 (2 in production) and 8.
WEB_PROCESSES = _number("WEB_PROCESSES", 2 if ENVIRONMENT == "production" else 1, least=1, most=64)
WEB_THREADS = _number("WEB_THREADS", 8, least=1, most=64)

# Processes that do the background work: on SQLite one writes at a time anyway. Default 1 (2 in production).
WORKER_PROCESSES = _number("WORKER_PROCESSES", 2 if ENVIRONMENT == "production" else 1, least=1, most=64)

# Least level that is logged to standard error. Default INFO.
LOG_LEVEL = _choice("LOG_LEVEL", "INFO", ("DEBUG", "INFO", "WARNING", "ERROR"))

if _missing:
    _refuse(f"set {'; '.join(_missing)}.")
