"""Compile the catalogues of translations; in place of the framework's command, which needs GNU gettext."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from crm.core import catalogues


class Command(BaseCommand):
    help = "Compile the catalogues in locale/ that were changed. Needs nothing but Python."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        for folder in settings.LOCALE_PATHS:
            for path in catalogues.compile_changed(folder):
                self.stdout.write(str(path.relative_to(settings.BASE_DIR)))
