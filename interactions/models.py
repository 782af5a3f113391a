"""Touches between us and them, the doors they come through, and what is to follow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import Account
from contacts.models import Contact
from crm.commitments.models import Commitment
from crm.core.actor import Source
from crm.dossiers.models import Channel, Dossier, Outcome, Purpose, Topic
from crm.poc.models import PointOfContact, WorkingCalendar
from crm.poc.visibility import visible_homes
from projects.models import Project

if TYPE_CHECKING:
    from crm.users.models import User


class TouchPointQuerySet(models.QuerySet["TouchPoint"]):
    def current(self) -> Self:
        """Narrow to what is not archived."""
        return self.filter(dossier__archived_at=None)

    def for_list(self) -> Self:
        """Load what a row or an API item shows, in one query."""
        return self.select_related("dossier", "channel")


class TouchPoint(models.Model):
    """A concrete door of ours: the hotline, support@, the shop. Unknown callers are answered for here."""

    dossier = models.OneToOneField(Dossier, models.PROTECT, primary_key=True, related_name="touch_point")
    channel = models.ForeignKey(Channel, models.PROTECT, related_name="touch_points", verbose_name=_("channel"))
    calendar = models.ForeignKey(
        WorkingCalendar,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=pgettext_lazy("opening", "hours"),
    )  # null: the house's
    address = models.CharField(_("number or address"), max_length=200, blank=True)
    is_default = models.BooleanField(_("where callers are kept whom nobody knows"), default=False, editable=False)

    objects = TouchPointQuerySet.as_manager()

    class Meta:
        verbose_name = _("touch point")
        verbose_name_plural = _("touch points")
        constraints = [
            models.UniqueConstraint(fields=["is_default"], condition=Q(is_default=True), name="touch_point_one_default")
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """The dossier's title; load the dossier with `for_list`."""
        return self.dossier.title


class InteractionQuerySet(models.QuerySet["Interaction"]):
    def visible_to(self, user: User | AnonymousUser) -> Self:
        """Narrow to those in the homes `user` may see, and those they logged themselves."""
        homes = visible_homes(user)
        return self if homes is None else self.filter(Q(home__among=homes) | Q(logged_by=user))

    def current(self) -> Self:
        """Narrow to what was not undone."""
        return self.filter(withdrawn_at=None)

    def touches(self) -> Self:
        """Narrow to those that reached somebody."""
        return self.filter(is_touch=True)

    def to_sort(self) -> Self:
        """Narrow to those of callers nobody knew: to be put to a record."""
        return self.filter(contact=None, account=None, project=None)

    def for_list(self) -> Self:
        """Load what a row or an API item shows, in one query."""
        return self.select_related(
            "dossier", "account__dossier", "contact__dossier", "project__dossier", "touch_point__dossier",
            "channel", "purpose", "outcome", "topic", "poc", "logged_by",
        )  # fmt: skip


class Interaction(models.Model):
    """One touch between us and them. `poc` is who answered for the record at that moment, and `poc_why` the reasons.

    Its dossier is its project's, else its contact's, else its account's, else its touch
    point's: strangers are kept there until they are sorted.
    """

    class Direction(models.TextChoices):
        INBOUND = "in", _("inbound")
        OUTBOUND = "out", _("outbound")

    dossier = models.ForeignKey(Dossier, models.PROTECT, related_name="interactions")
    home = models.ForeignKey(Dossier, models.PROTECT, related_name="+", db_index=False)
    account = models.ForeignKey(
        Account, models.PROTECT, null=True, blank=True, related_name="interactions", verbose_name=_("account")
    )
    contact = models.ForeignKey(
        Contact, models.PROTECT, null=True, blank=True, related_name="interactions", verbose_name=_("contact")
    )
    project = models.ForeignKey(
        Project, models.PROTECT, null=True, blank=True, related_name="interactions", verbose_name=_("project")
    )
    touch_point = models.ForeignKey(
        TouchPoint, models.PROTECT, null=True, blank=True, related_name="interactions", verbose_name=_("touch point")
    )
    channel = models.ForeignKey(Channel, models.PROTECT, related_name="+", verbose_name=_("channel"))
    purpose = models.ForeignKey(
        Purpose, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("reason")
    )
    outcome = models.ForeignKey(
        Outcome, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("outcome")
    )
    topic = models.ForeignKey(Topic, models.PROTECT, related_name="+", verbose_name=_("about"))
    poc = models.ForeignKey(PointOfContact, models.PROTECT, related_name="+", verbose_name=_("who answered"))
    logged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("logged by")
    )
    direction = models.CharField(_("direction"), max_length=3, choices=Direction)
    occurred_at = models.DateTimeField(_("when"))
    logged_at = models.DateTimeField(_("logged"))
    seconds = models.PositiveIntegerField(_("duration in seconds"), null=True, blank=True)
    note = models.TextField(_("what was said"), blank=True)
    caller = models.CharField(_("caller"), max_length=254, blank=True)  # number, address or name nobody knew
    is_touch = models.BooleanField(default=True)
    withdrawn_at = models.DateTimeField(null=True)  # undone: it stays readable on its own page, and counts nowhere
    poc_why = models.JSONField(default=list)  # the reasons at that moment: list of {code, …} (crm.poc.decide.Reason)
    via = models.CharField(max_length=8, choices=Source, default=Source.PAGE)
    client_key = models.UUIDField(null=True, unique=True)  # chosen by the client: a repeat is the same interaction
    source = models.CharField(max_length=40, blank=True)
    external_id = models.CharField(max_length=100, blank=True)

    objects = InteractionQuerySet.as_manager()

    class Meta:
        verbose_name = _("interaction")
        verbose_name_plural = _("interactions")
        constraints = [
            models.UniqueConstraint(
                fields=["source", "external_id"], condition=~Q(external_id=""), name="interaction_external_id_once"
            ),
        ]
        indexes = [
            models.Index(fields=["-occurred_at", "-id"], name="interaction_newest"),
            # The newest in the homes a narrowed role sees.
            models.Index(fields=["home", "-occurred_at", "-id"], name="interaction_newest_of_home"),
            # Read by the list of callers to sort.
            models.Index(
                fields=["-occurred_at", "-id"],
                condition=Q(withdrawn_at=None, account=None, contact=None, project=None),
                name="interaction_to_sort",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_direction_display()} {self.occurred_at:%Y-%m-%d %H:%M}"

    def get_absolute_url(self) -> str:
        return reverse("interactions:interaction", args=[self.pk])

    @property
    def them(self) -> str:
        """Whom it was with: the contact, the caller nobody knew, or the firm; load it with `for_list`."""
        if self.contact:
            return self.contact.name
        return self.caller or (self.account.name if self.account else self.dossier.title)


class FollowUpQuerySet(models.QuerySet["FollowUp"]):
    def visible_to(self, user: User | AnonymousUser) -> Self:
        """Narrow to those whose records `user` may see."""
        homes = visible_homes(user)
        return self if homes is None else self.filter(commitment__home__among=homes)

    def for_list(self) -> Self:
        """Load what a row or an API item shows, in one query."""
        return self.select_related(
            "commitment__dossier", "commitment__topic", "commitment__poc", "commitment__escalated_to",
            "contact__dossier", "channel",
        )  # fmt: skip


class FollowUp(models.Model):
    """What is to be done next: the commitment's text, contact and circumstances. It has no state of its own."""

    commitment = models.OneToOneField(Commitment, models.PROTECT, primary_key=True, related_name="follow_up")
    contact = models.ForeignKey(
        Contact, models.PROTECT, null=True, blank=True, related_name="follow_ups", verbose_name=_("contact")
    )
    interaction = models.ForeignKey(
        Interaction, models.PROTECT, null=True, related_name="follow_ups"
    )  # the one it was promised in
    channel = models.ForeignKey(
        Channel, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("channel")
    )
    text = models.TextField(_("note"), blank=True)
    place = models.CharField(pgettext_lazy("where", "place"), max_length=200, blank=True)
    attempt = models.PositiveSmallIntegerField(_("attempt"), default=1)
    source = models.CharField(max_length=40, blank=True, editable=False)
    external_id = models.CharField(max_length=100, blank=True, editable=False)

    objects = FollowUpQuerySet.as_manager()

    class Meta:
        verbose_name = _("follow-up")
        verbose_name_plural = _("follow-ups")
        constraints = [
            models.CheckConstraint(condition=Q(attempt__gte=1), name="follow_up_counts_from_one"),
            models.UniqueConstraint(
                fields=["source", "external_id"], condition=~Q(external_id=""), name="follow_up_external_id_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.commitment_id}"
