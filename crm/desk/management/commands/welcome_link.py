"""The address of the first page."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from crm.desk import set_up


class Command(BaseCommand):
    """Print the address at which the first administrator begins."""

    help = "Print the address at which the first administrator of an empty house begins. It holds for a day."

    def handle(self, *args: Any, **options: Any) -> None:
        if not set_up.is_wanted():
            raise CommandError(_("The house is set up already. Sign in."))
        self.stdout.write(set_up.link())
