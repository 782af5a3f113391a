"""Pieces of work for accounts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import F, OuterRef, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.models import Account
from contacts.models import Contact, ContactRole, first_email, first_phone
from crm.core.query import ListOf
from crm.dossiers.models import Dossier
from crm.poc.visibility import visible_homes

if TYPE_CHECKING:
    from crm.users.models import User


class ProjectQuerySet(models.QuerySet["Project"]):
    def visible_to(self, user: User | AnonymousUser) -> Self:
        """Narrow to the projects whose records `user` may see."""
        homes = visible_homes(user)
        return self if homes is None else self.filter(dossier__home__among=homes)

    def current(self) -> Self:
        """Narrow to what is not archived."""
        return self.filter(dossier__archived_at=None)

    def archived(self) -> Self:
        """Narrow to what was archived."""
        return self.exclude(dossier__archived_at=None)

    def running(self) -> Self:
        """Narrow to what is neither won, delivered nor lost."""
        return self.current().exclude(phase__in=Project.ENDED)

    def by_title(self) -> Self:
        """Name the kind, as the index by title does: a list sorted by name walks it."""
        return self.filter(dossier__kind=Dossier.Kind.PROJECT)

    def for_list(self) -> Self:
        """Load what a row or an API item shows, in one query."""
        return self.by_title().select_related("dossier__tier", "account__dossier")


class Project(models.Model):
    """A piece of work for an account. Its project manager is its primary POC on *general*."""

    class Phase(models.TextChoices):
        PROSPECTING = "prospecting", _("prospecting")
        ENGAGING = "engaging", _("engaging")
        WON = "won", _("won")
        LOST = "lost", _("lost")
        PLANNED = "planned", _("planned")
        RUNNING = "running", _("running")
        DONE = "done", _("done")

    ENDED = (Phase.WON, Phase.LOST, Phase.DONE)

    dossier = models.OneToOneField(Dossier, models.PROTECT, primary_key=True, related_name="project")
    account = models.ForeignKey(Account, models.PROTECT, related_name="projects", verbose_name=_("account"))
    phase = models.CharField(_("phase"), max_length=11, choices=Phase, default=Phase.PLANNED)
    starts_on = models.DateField(_("starts"), null=True, blank=True)
    ends_on = models.DateField(_("ends"), null=True, blank=True)
    description = models.TextField(_("description"), blank=True)
    source = models.CharField(max_length=40, blank=True, editable=False)
    external_id = models.CharField(max_length=100, blank=True, editable=False)

    objects = ProjectQuerySet.as_manager()

    class Meta:
        verbose_name = _("project")
        verbose_name_plural = _("projects")
        constraints = [
            models.CheckConstraint(
                condition=Q(starts_on=None) | Q(ends_on=None) | Q(ends_on__gte=F("starts_on")),
                name="project_ends_not_before_start",
            ),
            models.UniqueConstraint(
                fields=["source", "external_id"], condition=~Q(external_id=""), name="project_external_id_once"
            ),
        ]
        indexes = [models.Index(fields=["account", "phase"], name="project_of_account")]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("projects:project", args=[self.pk])

    @property
    def name(self) -> str:
        """The dossier's title; load the dossier with `for_list`."""
        return self.dossier.title


class StakeholderQuerySet(models.QuerySet["Stakeholder"]):
    def for_list(self) -> Self:
        """Load what a row shows in one query, with `phone`, `email` and the ids of the topics the role carries."""
        topics = ContactRole.topics.through.objects.filter(contactrole=OuterRef("role"))
        return self.select_related("contact__dossier", "contact__account__dossier", "role").annotate(
            phone=first_phone("contact"), email=first_email("contact"), topic_ids=ListOf(topics, "topic_id")
        )


class Stakeholder(models.Model):
    """A contact with a part in a project, also from another account."""

    class Influence(models.TextChoices):
        LOW = "low", _("low influence")
        MEDIUM = "medium", _("medium influence")
        HIGH = "high", _("high influence")

    project = models.ForeignKey(Project, models.CASCADE, related_name="stakeholders", verbose_name=_("project"))
    contact = models.ForeignKey(Contact, models.PROTECT, related_name="stakes", verbose_name=_("contact"))
    role = models.ForeignKey(ContactRole, models.PROTECT, related_name="+", verbose_name=_("role"))
    influence = models.CharField(_("influence"), max_length=6, choices=Influence, default=Influence.MEDIUM)

    objects = StakeholderQuerySet.as_manager()

    class Meta:
        verbose_name = _("stakeholder")
        verbose_name_plural = _("stakeholders")
        constraints = [models.UniqueConstraint(fields=["project", "contact", "role"], name="stakeholder_once_per_role")]

    def __str__(self) -> str:
        return f"{self.contact_id} in {self.project_id}"
