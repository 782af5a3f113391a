"""What a start for a firm must not forget."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Tags, Warning, register


@register(Tags.translation, deploy=True)
def translations_are_compiled(**options: Any) -> list[CheckMessage]:
    """Without it everybody would read English, and nobody be told why."""
    found = [path for folder in settings.LOCALE_PATHS for path in folder.glob("*/LC_MESSAGES/*.po")]
    if all(path.with_suffix(".mo").exists() for path in found):
        return []
    hint = "Run manage.py compilemessages."
    return [Warning("The translations are not compiled: mails would be in English.", hint=hint, id="crm.W001")]
