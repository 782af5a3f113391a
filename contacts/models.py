"""People outside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import OuterRef, Prefetch, Q, Subquery, Value
from django.db.models.functions import Coalesce, NullIf
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import Account
from crm.core.query import ListOf
from crm.dossiers.models import Channel, Dossier, Topic, Word
from crm.poc.visibility import visible_homes

if TYPE_CHECKING:
    from crm.users.models import User


class ContactRole(Word):
    """What a contact is at their firm: decision maker, billing …; each carries the topics it is asked about."""

    topics = models.ManyToManyField(Topic, blank=True, related_name="+", verbose_name=_("about"))

    class Meta:
        verbose_name = _("role of a contact")
        verbose_name_plural = _("roles of contacts")


class ContactQuerySet(models.QuerySet["Contact"]):
    def visible_to(self, user: User | AnonymousUser) -> Self:
        """Narrow to the contacts whose records `user` may see."""
        homes = visible_homes(user)
        return self if homes is None else self.filter(dossier__home__among=homes)

    def current(self) -> Self:
        """Narrow to what is not archived."""
        return self.filter(dossier__archived_at=None)

    def archived(self) -> Self:
        """Narrow to what was archived."""
        return self.exclude(dossier__archived_at=None)

    def by_title(self) -> Self:
        """Name the kind, as the index by title does: a list sorted by name walks it."""
        return self.filter(dossier__kind=Dossier.Kind.CONTACT)

    def with_roles(self) -> Self:
        """Annotate `role_names`: what they are at their firm, as it is named in the rows."""
        roles = ContactRole.objects.filter(contacts=OuterRef("pk")).order_by("position", "pk")
        return self.annotate(role_names=ListOf(roles, "name"))

    def for_rows(self) -> Self:
        """Load what a row shows, `phone` and `email` the first to reach them by, in one query."""
        rows = self.by_title().select_related("dossier__tier", "account__dossier").with_roles()
        return rows.annotate(phone=first_phone("pk"), email=first_email("pk"))

    def for_page(self) -> Self:
        """Load what their own page shows: one query, and one each for e-mails and phones."""
        rows = self.select_related("dossier__tier", "account__dossier", "preferred_channel").with_roles()
        return rows.prefetch_related("emails", "phones")

    def for_list(self) -> Self:
        """Load what an API item shows: one query, and one each for e-mails, phones, roles and their topics."""
        return (
            self.by_title()
            .select_related("dossier__tier", "account__dossier")
            .prefetch_related("emails", "phones", Prefetch("roles", ContactRole.objects.prefetch_related("topics")))
        )


class Contact(models.Model):
    """A person outside, usually at an account, with roles there. The name is the dossier's title."""

    dossier = models.OneToOneField(Dossier, models.PROTECT, primary_key=True, related_name="contact")
    account = models.ForeignKey(
        Account, models.PROTECT, null=True, blank=True, related_name="contacts", verbose_name=_("account")
    )
    roles = models.ManyToManyField(ContactRole, blank=True, related_name="contacts", verbose_name=_("roles"))
    preferred_channel = models.ForeignKey(
        Channel, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("preferred channel")
    )
    position = models.CharField(pgettext_lazy("job", "position"), max_length=100, blank=True)
    language = models.CharField(_("language"), max_length=10, choices=settings.LANGUAGES, blank=True)
    zone = models.CharField(_("time zone"), max_length=64, blank=True)
    last_touch_at = models.DateTimeField(_("last touch"), null=True, editable=False)  # kept by logging
    source = models.CharField(max_length=40, blank=True, editable=False)
    external_id = models.CharField(max_length=200, blank=True, editable=False)

    objects = ContactQuerySet.as_manager()

    class Meta:
        verbose_name = _("contact")
        verbose_name_plural = _("contacts")
        constraints = [
            models.UniqueConstraint(
                fields=["source", "external_id"], condition=~Q(external_id=""), name="contact_external_id_once"
            )
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("contacts:contact", args=[self.pk])

    @property
    def name(self) -> str:
        """The dossier's title; load the dossier with `for_list`."""
        return self.dossier.title


class ContactEmail(models.Model):
    """One e-mail address of a contact, in the order they prefer."""

    contact = models.ForeignKey(Contact, models.CASCADE, related_name="emails", verbose_name=_("contact"))
    address = models.EmailField(_("e-mail"))
    address_key = models.CharField(max_length=254, editable=False)  # lower case: looked up by
    label = models.CharField(_("label"), max_length=30, blank=True)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        verbose_name = _("e-mail")
        verbose_name_plural = _("e-mails")
        ordering = ["position", "pk"]  # a contact's first address is the one to write to
        constraints = [models.UniqueConstraint(fields=["contact", "address_key"], name="contact_email_once")]
        indexes = [models.Index(fields=["address_key"], name="contact_email_look_up")]

    def __str__(self) -> str:
        return self.address


class ContactPhone(models.Model):
    """One phone number of a contact: as it was written, and in E.164 where it can be read so."""

    contact = models.ForeignKey(Contact, models.CASCADE, related_name="phones", verbose_name=_("contact"))
    number = models.CharField(_("phone"), max_length=60)  # as written
    e164 = models.CharField(max_length=16, blank=True, editable=False)  # ITU-T E.164 with its plus; empty: unreadable
    extension = models.CharField(_("extension"), max_length=10, blank=True)
    digits = models.CharField(max_length=60, editable=False)  # of the number as written: any digits find it
    label = models.CharField(_("label"), max_length=30, blank=True)
    is_wrong = models.BooleanField(_("wrong number"), default=False, editable=False)  # said by an outcome
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        verbose_name = _("phone")
        verbose_name_plural = _("phones")
        ordering = ["position", "pk"]  # a contact's first number is the one to call
        constraints = [
            models.UniqueConstraint(fields=["contact", "number"], name="contact_phone_once"),
            models.CheckConstraint(condition=Q(e164="") | Q(e164__startswith="+"), name="contact_phone_e164_with_plus"),
        ]
        indexes = [
            models.Index(fields=["e164"], condition=~Q(e164=""), name="contact_phone_look_up"),
            models.Index(fields=["digits"], name="contact_phone_digits"),
        ]

    def __str__(self) -> str:
        return self.number


def first_phone(contact: str) -> Coalesce:
    """What to dial for the contact `contact` refers to in a query: the first number that is not wrong, or ""."""
    numbers = ContactPhone.objects.filter(contact=OuterRef(contact), is_wrong=False).order_by("position", "pk")
    dialled = Coalesce(NullIf("e164", Value("")), "number")
    return Coalesce(Subquery(numbers.values(dialled=dialled)[:1]), Value(""))


def first_email(contact: str) -> Coalesce:
    """Where to write to the contact `contact` refers to in a query: the first address, or ""."""
    addresses = ContactEmail.objects.filter(contact=OuterRef(contact)).order_by("position", "pk")
    return Coalesce(Subquery(addresses.values("address")[:1]), Value(""))
