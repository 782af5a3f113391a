"""In whose words something is said to a user who may not be at the page: a mail's reader is not who caused it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Subquery, Value
from django.db.models.functions import Coalesce
from django.utils import timezone, translation

from crm.dossiers.models import Firm
from crm.users.middleware import zone_named
from crm.users.models import User

FIRM_ZONE = Coalesce(Subquery(Firm.objects.values("zone")), Value("UTC"))  # with whoever signs in, as `firm_zone`
FIRM_LANGUAGE = Coalesce(Subquery(Firm.objects.values("language")), Value(settings.LANGUAGE_CODE))


def zone_of(user: User) -> ZoneInfo:
    """Return the zone by which `user` reads: their own, else the firm's. No query for who has signed in."""
    known = user.time_zone or getattr(user, "firm_zone", "")
    return zone_named(known or Firm.objects.values_list("zone", flat=True).first() or "UTC")


@contextmanager
def speaking_to(user: User | None) -> Iterator[None]:
    """Use the language and zone of `user`; the house's for nobody, and for what they did not choose. One query."""
    firm = Firm.objects.filter(pk=Firm.ONLY).first() or Firm(language=settings.LANGUAGE_CODE)
    language = (user.language if user else "") or firm.language
    zone = (user.time_zone if user else "") or firm.zone
    with translation.override(language), timezone.override(zone_named(zone)):
        yield
