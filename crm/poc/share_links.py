"""Pages that somebody outside may open: the model, which `crm.poc.models` names among its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from crm.core.clock import Now
from crm.dossiers.models import Dossier

if TYPE_CHECKING:
    from crm.users.models import User


class ShareLinkQuerySet(models.QuerySet["ShareLink"]):
    def valid(self) -> Self:
        """Narrow to those that open something now: neither expired nor revoked, nor on what is archived."""
        return self.filter(dossier__archived_at=None, expires_at__gt=Now(), revoked_at=None)

    def pages(self) -> Self:
        """Narrow to what is given to somebody outside, to be looked at."""
        return self.exclude(kind=ShareLink.Kind.FEED)

    def feeds_of(self, user: User) -> Self:
        """Narrow to the calendars that `user` made of what they owe."""
        return self.filter(kind=ShareLink.Kind.FEED, poc__user=user)


class ShareLink(models.Model):
    """A page for somebody outside, or one's own calendar: opened by its secret alone, until it expires or is revoked.

    Only the SHA-256 of its 256-bit secret is kept; `prefix` is shown, to know it by. `shown` names
    what it may say (`crm.poc.sharing.Field`). It outlives its end: events name it.
    """

    class Kind(models.TextChoices):
        CARD = "card", _("a card")
        RECORD = "record", _("who to contact")
        FEED = "feed", _("a calendar of what is owed")

    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    poc = models.ForeignKey("poc.PointOfContact", models.PROTECT, null=True, related_name="share_links")
    dossier = models.ForeignKey(Dossier, models.PROTECT, null=True, related_name="share_links")
    label = models.CharField(_("for whom"), max_length=100, blank=True)
    shown = models.JSONField(_("what is shown"), default=list)
    language = models.CharField(_("language"), max_length=10, choices=settings.LANGUAGES, default="en")
    prefix = models.CharField(_("begins with"), max_length=12)
    digest = models.CharField(max_length=64, unique=True)  # hexadecimal
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(_("made"))
    expires_at = models.DateTimeField(_("expires"))
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)
    opened = models.PositiveIntegerField(_("opened"), default=0)  # minutes in which it was
    opened_at = models.DateTimeField(_("last opened"), null=True, blank=True)  # written at most once a minute

    objects = ShareLinkQuerySet.as_manager()

    class Meta:
        verbose_name = _("share link")
        verbose_name_plural = _("share links")
        constraints = [
            models.CheckConstraint(
                condition=Q(poc=None, dossier__isnull=False, kind="record")
                | Q(poc__isnull=False, dossier=None) & ~Q(kind="record"),
                name="share_of_a_poc_or_of_a_record",
            ),
            models.CheckConstraint(condition=Q(expires_at__gt=F("created_at")), name="share_ends_after_it_began"),
            models.UniqueConstraint(
                fields=["poc"], condition=Q(kind="feed", revoked_at=None), name="share_one_feed_of_a_person"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.prefix}…"
