"""Organisations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django_countries.fields import CountryField

from crm.dossiers.models import Dossier
from crm.poc.visibility import visible_homes

if TYPE_CHECKING:
    from crm.users.models import User


class AccountQuerySet(models.QuerySet["Account"]):
    def visible_to(self, user: User | AnonymousUser) -> Self:
        """Narrow to the accounts whose records `user` may see."""
        homes = visible_homes(user)
        return self if homes is None else self.filter(dossier__home__among=homes)

    def current(self) -> Self:
        """Narrow to what is not archived."""
        return self.filter(dossier__archived_at=None)

    def archived(self) -> Self:
        """Narrow to what was archived, and can be restored: not what was merged."""
        return self.exclude(dossier__archived_at=None).filter(dossier__home=F("pk"))

    def by_title(self) -> Self:
        """Name the kind, as the index by title does: a list sorted by name walks it."""
        return self.filter(dossier__kind=Dossier.Kind.ACCOUNT)

    def for_list(self) -> Self:
        """Load what a row or an API item shows, in one query."""
        return self.by_title().select_related("dossier__tier", "dossier__parent")


class Account(models.Model):
    """An organisation: its name, parent and tier are its dossier's."""

    class Kind(models.TextChoices):
        PROSPECT = "prospect", _("prospect")
        CUSTOMER = "customer", _("customer")
        FORMER = "former", _("former customer")
        PARTNER = "partner", _("partner")
        SUPPLIER = "supplier", _("supplier")
        INTERNAL = "internal", _("internal")

    dossier = models.OneToOneField(Dossier, models.PROTECT, primary_key=True, related_name="account")
    kind = models.CharField(_("kind"), max_length=8, choices=Kind, default=Kind.PROSPECT)
    website = models.URLField(_("website"), blank=True)
    industry = models.CharField(_("industry"), max_length=100, blank=True)
    street = models.CharField(_("street and number"), max_length=200, blank=True)
    postal_code = models.CharField(_("postal code"), max_length=20, blank=True)
    city = models.CharField(_("city"), max_length=100, blank=True)
    region = models.CharField(_("region"), max_length=100, blank=True)
    country = CountryField(_("country"), blank=True)
    zone = models.CharField(_("time zone"), max_length=64, blank=True)
    language = models.CharField(_("language"), max_length=10, choices=settings.LANGUAGES, blank=True)
    renewal_on = models.DateField(_("renewal"), null=True, blank=True)
    last_touch_at = models.DateTimeField(_("last touch"), null=True, editable=False)  # kept by logging
    source = models.CharField(max_length=40, blank=True, editable=False)
    external_id = models.CharField(max_length=200, blank=True, editable=False)

    objects = AccountQuerySet.as_manager()

    class Meta:
        verbose_name = _("account")
        verbose_name_plural = _("accounts")
        constraints = [
            models.UniqueConstraint(
                fields=["source", "external_id"], condition=~Q(external_id=""), name="account_external_id_once"
            )
        ]
        indexes = [models.Index(fields=["kind"], name="account_by_kind")]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("accounts:account", args=[self.pk])

    @property
    def name(self) -> str:
        """The dossier's title; load the dossier with `for_list`."""
        return self.dossier.title
