"""Invented data to look around in."""

import os
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils.translation import gettext as _

from crm import env
from crm.core.clock import now
from crm.desk.demo.build import Told, build, is_there
from crm.desk.demo.visitors import let_in
from crm.users.models import User


class Command(BaseCommand):
    """Fill an empty database with a small invented firm, once, and write down how to sign in."""

    help = "Fill an empty database with a small invented firm, and write down how to sign in there."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--sign-ins", type=Path, default=env.SIGN_INS, help="where to write down how to sign in")
        parser.add_argument(
            "--on-import", action="store_true", help="no invented firm: only sign-ins, on what was imported"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        path = options["sign_ins"]
        if is_there():
            self.stdout.write(_("The demo data is there already; how to sign in: %(path)s") % {"path": path})
            return
        if User.objects.exists():
            raise CommandError(_("Somebody works in this database already: demo data does not belong there."))
        with transaction.atomic():
            told = let_in(at=now()) if options["on_import"] else build(at=now())
            _write(path, _text(told))  # before the commit: nobody can tell the passwords afterwards
        said = (
            _("Sign-ins are there: %(path)s")
            if options["on_import"]
            else _("A small invented firm is there; how to sign in: %(path)s")
        )
        self.stdout.write(said % {"path": path})


def _text(told: Told) -> str:
    rows = [(sign_in.role, sign_in.email, sign_in.password) for sign_in in told.sign_ins]
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    return "\n".join(
        [
            _("Sign in as one of these (invented people, passwords of this machine alone):"),
            *("  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows),
            "",
            _("A key to the API, with the rights of the first of them, for 90 days:"),
            f"  {told.token}",
            "",
        ]
    )


def _write(path: Path, text: str) -> None:
    """Write a file that nobody else on the machine can read."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
