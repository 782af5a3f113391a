"""Let the catalogues hold what the sources say today; in place of the framework's command, which needs GNU gettext."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.utils.translation import to_locale

from crm.core import catalogues


class Command(BaseCommand):
    help = (
        "Gather every text that is marked for translation into the catalogues in locale/. Translations are kept, "
        "what nobody says any more goes, the order is that of the texts. Needs nothing but Python."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--locale", "-l", action="append", default=[], help="such as pt_BR; without it, all")
        parser.add_argument("--all", "-a", action="store_true", help="all languages, as without --locale")

    def handle(self, *args: Any, locale: list[str], **options: Any) -> None:
        template = catalogues.found_in(settings.BASE_DIR)
        spoken = [to_locale(code) for code, _name in settings.LANGUAGES if code != settings.LANGUAGE_CODE]
        for name in [to_locale(code) for code in locale] or spoken:
            path = settings.LOCALE_PATHS[0] / name / "LC_MESSAGES" / "django.po"
            n = catalogues.update(path, template)
            self.stdout.write(f"{path.relative_to(settings.BASE_DIR)}: {n} of {len(template)} texts are translated")
