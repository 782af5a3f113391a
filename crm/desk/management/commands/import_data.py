"""Bring real input in."""

from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _
from tqdm import tqdm

from crm import env
from crm.core.actor import Actor, Source
from crm.desk.imports.report import Report
from crm.desk.imports.run import profile, write
from crm.desk.imports.target import Target
from crm.users.models import User


class Command(BaseCommand):
    """Read a folder with a profile, write its rows, and report what became of each; a second run changes nothing."""

    help = "Bring the files of a folder in, as a profile of crm/desk/profiles/ reads them."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("profile", help="which profile reads the files, for example crm_sales")
        parser.add_argument("path", type=Path, help="the folder with the files")
        parser.add_argument("--report", type=Path, help="where to write what became of each line (CSV)")
        parser.add_argument("--by", default="", metavar="EMAIL", help="the user who is said to have done it")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            reader = profile(options["profile"])
            by = Actor(_user(options["by"]), Source.IMPORT)
            rows = list(reader.read(options["path"], today=Target.of(reader.SOURCE, by).today))
        except ValidationError as error:
            raise CommandError(error.messages[0]) from None
        except OSError as error:
            raise CommandError(_("The files cannot be read: %(error)s") % {"error": error}) from None
        path = options["report"] or env.VAR_FOLDER / f"import-{options['profile']}.csv"
        report = Report()
        try:
            with tqdm(total=len(rows), unit=_("rows"), disable=None) as bar:  # None: only where somebody watches
                write(rows, source=reader.SOURCE, by=by, report=report, advance=bar.update)
        finally:
            report.write(path)
        for sentence in report.summary():
            self.stdout.write(sentence)
        self.stdout.write(_("What became of each line: %(path)s") % {"path": path})


def _user(email: str) -> User | None:
    """Return the user who signs in with `email`, None for none."""
    if not email:
        return None
    user = User.objects.filter(email=email.lower(), is_active=True).first()
    if user is None:
        raise ValidationError(_("Nobody signs in as %(email)s.") % {"email": email})
    return user
