"""In whose words something is said to a user who may not be at the page: a mail's reader is not who caused it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.utils import timezone, translation

from crm.dossiers.models import Firm
from crm.users.middleware import zone_named
from crm.users.models import User


@contextmanager
def speaking_to(user: User | None) -> Iterator[None]:
    """Use the language and zone of `user`; the house's for nobody, and for what they did not choose. One query."""
    firm = Firm.objects.filter(pk=Firm.ONLY).first() or Firm(language=settings.LANGUAGE_CODE)
    language = (user.language if user else "") or firm.language
    zone = (user.time_zone if user else "") or firm.zone
    with translation.override(language), timezone.override(zone_named(zone)):
        yield
