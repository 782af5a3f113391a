"""How somebody wants to be told."""

from __future__ import annotations

from datetime import time

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _


class NoticePreference(models.Model):
    """How a POC wants to be told; without a row, everything comes by mail at once.

    The inbox has everything in any case. `by_email` gives a group of notices (crm.commitments.telling.groups)
    its way: at once, in the daily digest, or not by mail; a group that is left out comes at once.
    Times are in the POC's own zone; quiet hours may run over midnight.
    """

    poc = models.OneToOneField(
        "poc.PointOfContact",
        models.PROTECT,
        primary_key=True,
        related_name="preference",
        verbose_name=_("point of contact"),
    )
    by_email = models.JSONField(default=dict, blank=True)  # group → "digest" or "never"
    digest_at = models.TimeField(_("daily digest at"), default=time(8))
    quiet_from = models.TimeField(_("no mails from"), null=True, blank=True)
    quiet_until = models.TimeField(_("until"), null=True, blank=True)

    class Meta:
        verbose_name = _("how somebody wants to be told")
        verbose_name_plural = _("how people want to be told")
        constraints = [
            models.CheckConstraint(
                condition=Q(quiet_from=None, quiet_until=None)
                | Q(quiet_from__isnull=False, quiet_until__isnull=False) & ~Q(quiet_from=F("quiet_until")),
                name="preference_quiet_from_until",
            )
        ]

    def __str__(self) -> str:
        return f"{self.poc_id}"
