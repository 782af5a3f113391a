"""What a start of `make run` does before the processes run: each step only where it is needed."""

import hashlib
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from crm import env


def prepare() -> None:
    """Bring database, static files and, at the first start, demo data to where the processes can run on them."""
    env.VAR_FOLDER.mkdir(parents=True, exist_ok=True)
    _migrate()
    _collect_static_files()
    if env.PROFILE:
        call_command("import_data", env.PROFILE, env.DATA)
        _once("demo", on_import=True)
    elif not env.EMPTY:
        _once("demo")


def _migrate() -> None:
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        call_command("migrate", interactive=False, verbosity=0)


def _collect_static_files() -> None:
    """Collect them when one is new or changed: a fingerprint of names, sizes and moments tells."""
    fingerprint = hashlib.sha256()
    for finder in get_finders():
        for path, storage in finder.list(["CVS", ".*", "*~"]):
            status = Path(storage.path(path)).stat()
            fingerprint.update(f"{path} {status.st_size} {status.st_mtime_ns}\n".encode())
    stamp = Path(settings.STATIC_ROOT) / "fingerprint"
    if not stamp.exists() or stamp.read_text() != fingerprint.hexdigest():
        call_command("collectstatic", interactive=False, verbosity=0, clear=True)
        stamp.write_text(fingerprint.hexdigest())


def _once(command: str, **options: Any) -> None:
    """Call a command where nobody can sign in yet."""
    if not get_user_model().objects.exists():
        call_command(command, **options)
