"""Responsibility that passes from one to another, and what whoever takes over is told."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from crm.commitments.models import Commitment
from crm.dossiers.models import Dossier, Tier, Topic, Word, WordQuerySet
from crm.handovers.sides import sides_of
from crm.poc.models import PointOfContact
from crm.poc.visibility import visible_homes

if TYPE_CHECKING:
    from crm.users.models import User


class BriefingPartQuerySet(WordQuerySet["BriefingPart"]):
    def asked(self) -> Self:
        """Load the parts that are asked for, in their order, with the tiers that require them. Two queries."""
        return self.in_use().prefetch_related("tiers")


class BriefingPart(Word):
    """One part of what a receiver is told: a line of the template every handover is written by."""

    help = models.CharField(_("what is asked for"), max_length=200, blank=True)
    is_required = models.BooleanField(_("always required"), default=False)
    tiers = models.ManyToManyField(Tier, blank=True, related_name="+", verbose_name=_("required for these tiers"))

    objects = BriefingPartQuerySet.as_manager()

    class Meta:
        verbose_name = _("part of a briefing")
        verbose_name_plural = _("parts of a briefing")

    def is_required_for(self, tier_id: int | None) -> bool:
        """True where a record of this tier (None: of no tier) needs it; ask on rows of `asked`."""
        return self.is_required or any(tier.pk == tier_id for tier in self.tiers.all())


class HandoverQuerySet(models.QuerySet["Handover"]):
    def visible_to(self, user: User | AnonymousUser) -> Self:
        """Narrow to those on records `user` may see, and those they are party to."""
        homes = visible_homes(user)
        if homes is None:
            return self
        sides = list(sides_of(user))
        return self.filter(Q(dossier__home__one_of=homes) | Q(giver__one_of=sides) | Q(receiver__one_of=sides))

    def party_to(self, poc_ids: Iterable[int]) -> Self:
        """Narrow to those from or to one of these."""
        ids = list(poc_ids)
        return self.filter(Q(giver__one_of=ids) | Q(receiver__one_of=ids))

    def open(self) -> Self:
        """Narrow to what is not decided."""
        return self.filter(decided_at=None)

    def proposed(self) -> Self:
        return self.filter(state=Handover.State.PROPOSED)

    def offered(self) -> Self:
        return self.filter(state=Handover.State.OFFERED)

    def for_list(self) -> Self:
        """Load what a row or an API item shows, in one query."""
        return self.select_related("dossier", "giver", "receiver", "offered_by", "decided_by", "commitment")


class Handover(models.Model):
    """What `giver` answers for on one record passes to `receiver`, once they accept.

    Until then the giver answers. The scope is what the giver holds there at the moment of
    acceptance: on `topics` (none named: on all), with the record's projects and contacts, and
    with what was promised by the giver's name, where ticked. The briefing is kept as it was
    written: a list of {code, label, text}. One that is only proposed may have no receiver yet.
    """

    class State(models.TextChoices):
        PROPOSED = "proposed", _("proposed")
        OFFERED = "offered", _("waiting for an answer")
        ACCEPTED = "accepted", _("accepted")
        DECLINED = "declined", _("declined")
        WITHDRAWN = "withdrawn", _("withdrawn")

    dossier = models.ForeignKey(
        Dossier, models.PROTECT, related_name="handovers", db_index=False, verbose_name=_("record")
    )
    giver = models.ForeignKey(
        PointOfContact, models.PROTECT, related_name="given", verbose_name=pgettext_lazy("person", "from")
    )
    receiver = models.ForeignKey(
        PointOfContact, models.PROTECT, null=True, blank=True, related_name="received", verbose_name=_("to")
    )
    topics = models.ManyToManyField(Topic, blank=True, related_name="+", verbose_name=_("about"))  # none: all
    with_projects = models.BooleanField(_("with its projects"), default=True)
    with_contacts = models.BooleanField(_("with its contacts"), default=True)
    with_owed = models.BooleanField(_("with what is owed"), default=True)
    reason = models.CharField(_("why"), max_length=500, blank=True)
    briefing = models.JSONField(_("briefing"), default=list)
    state = models.CharField(_("state"), max_length=9, choices=State, default=State.PROPOSED)
    decline_reason = models.CharField(_("why declined"), max_length=500, blank=True)
    commitment = models.OneToOneField(
        Commitment, models.PROTECT, null=True, related_name="handover", verbose_name=_("to be accepted by")
    )
    opened_at = models.DateTimeField(_("opened"))
    offered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("offered by")
    )
    offered_at = models.DateTimeField(_("offered"), null=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("decided by")
    )
    decided_at = models.DateTimeField(_("decided"), null=True)
    introduced_at = models.DateTimeField(_("introduced to the customer"), null=True)

    objects = HandoverQuerySet.as_manager()

    class Meta:
        verbose_name = _("handover")
        verbose_name_plural = _("handovers")
        constraints = [
            models.CheckConstraint(
                condition=Q(receiver=None) | ~Q(receiver=F("giver")), name="handover_not_to_oneself"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["proposed", "withdrawn"]) | Q(receiver__isnull=False, offered_at__isnull=False),
                name="handover_offered_has_a_receiver",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["proposed", "offered"], decided_at=None)
                | (~Q(state__in=["proposed", "offered"]) & Q(decided_at__isnull=False)),
                name="handover_decided_has_a_moment",
            ),
            models.CheckConstraint(
                condition=~Q(state="declined") | ~Q(decline_reason=""), name="handover_declined_says_why"
            ),
            models.UniqueConstraint(
                fields=["dossier", "giver"], condition=Q(decided_at=None), name="handover_one_open_per_giver"
            ),
        ]
        indexes = [
            # Read by the record's page: what is pending there.
            models.Index(fields=["dossier"], condition=Q(decided_at=None), name="handover_open_of_a_record"),
            # Read by the list, the newest first.
            models.Index(fields=["-opened_at", "-id"], name="handover_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.dossier_id}: {self.giver_id} → {self.receiver_id}"

    def get_absolute_url(self) -> str:
        return reverse("handovers:handover", args=[self.pk])

    @property
    def is_open(self) -> bool:
        return self.decided_at is None

    @property
    def cause(self) -> str:
        """The cause of the grants that end with this, and the stem of its notices' keys."""
        return f"h:{self.pk}"
