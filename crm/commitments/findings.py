"""What the auditor found, kept until it is so no more."""

from __future__ import annotations

from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class FindingQuerySet(models.QuerySet["Finding"]):
    def standing(self) -> Self:
        """Narrow to what was still so when the auditor looked last."""
        return self.filter(ended_at=None)

    def repaired(self) -> Self:
        return self.exclude(repaired_at=None)

    def note(self, code: str, subject: str, error: Exception, at: datetime) -> None:
        """Write down once what failed and is set aside; the auditor tells of it and ends it. `code` is a check."""
        said = {"detail": type(error).__name__, "found_at": at, "seen_at": at}
        self.get_or_create(code=code, subject=subject, ended_at=None, defaults=said)


class Finding(models.Model):
    """Something the auditor found that should not be: seen from … until …, perhaps repaired."""

    code = models.CharField(_("what"), max_length=40)  # a check in crm.commitments.auditing.catalogue
    subject = models.CharField(_("of"), max_length=60)  # "c:<id>" a commitment, "a:<id>" an account …
    detail = models.CharField(_("detail"), max_length=500, blank=True)
    found_at = models.DateTimeField(_("found"))
    seen_at = models.DateTimeField(_("last seen"))
    repaired_at = models.DateTimeField(_("repaired"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)

    objects = FindingQuerySet.as_manager()

    class Meta:
        verbose_name = _("finding of the auditor")
        verbose_name_plural = _("findings of the auditor")
        constraints = [
            models.UniqueConstraint(fields=["code", "subject"], condition=Q(ended_at=None), name="finding_stands_once")
        ]
        indexes = [models.Index(fields=["-found_at", "-id"], name="finding_newest")]

    def __str__(self) -> str:
        return f"{self.code} {self.subject}"
