"""The terms of what is owed: kinds, and the policies with their targets and escalation steps."""

from __future__ import annotations

from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Coalesce
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from crm.dossiers.models import Channel, Purpose, Tier, Topic
from crm.poc.models import PointOfContact, WorkingCalendar


class Kind(models.TextChoices):
    """What kind of thing is owed."""

    FOLLOW_UP = "follow_up", _("follow-up")
    FIRST_ANSWER = "first_answer", _("first answer")
    RESOLUTION = "resolution", _("resolution")
    NEXT_UPDATE = "next_update", _("next update")
    HANDOVER = "handover", _("handover to accept")
    TOUCH = "touch", _("keeping in touch")


OWNER_KEPT = frozenset({Kind.HANDOVER, Kind.TOUCH})  # settled by what they stand for, not by a plain "done"


class Unit(models.TextChoices):
    """In what an amount of time is counted; a working day is an open date, not eight hours."""

    MINUTES = "minutes", _("minutes")
    HOURS = "hours", _("hours")
    WORKING_MINUTES = "working_minutes", _("working minutes")
    WORKING_HOURS = "working_hours", pgettext_lazy("unit", "working hours")
    WORKING_DAYS = "working_days", _("working days")


class Every(models.TextChoices):
    """In what a recurrence is counted."""

    DAYS = "days", _("days")
    WEEKS = "weeks", _("weeks")
    MONTHS = "months", _("months")


class Priority(models.TextChoices):
    """How pressing something owed is."""

    LOW = "low", _("low")
    NORMAL = "normal", _("normal")
    HIGH = "high", _("high")
    URGENT = "urgent", _("urgent")


class PolicyQuerySet(models.QuerySet["Policy"]):
    def in_use(self) -> Self:
        return self.filter(retired_at=None)


class Policy(models.Model):
    """What promises of a kind ask for, where they match; its content is in its versions.

    A criterion that is left empty matches anything. Of the policies of a kind, the first that matches
    decides, by `position`; each kind has one without criteria, at the end.
    """

    kind = models.CharField(_("kind"), max_length=20, choices=Kind)
    name = models.CharField(pgettext_lazy("thing", "name"), max_length=100)
    position = models.PositiveIntegerField(_("place"), default=1000)
    priority = models.CharField(_("priority"), max_length=6, choices=Priority, blank=True)
    purpose = models.ForeignKey(Purpose, models.PROTECT, null=True, blank=True, verbose_name=_("reason"))
    tier = models.ForeignKey(Tier, models.PROTECT, null=True, blank=True, verbose_name=_("tier"))
    topic = models.ForeignKey(Topic, models.PROTECT, null=True, blank=True, verbose_name=_("about"))
    channel = models.ForeignKey(Channel, models.PROTECT, null=True, blank=True, verbose_name=_("channel"))
    retired_at = models.DateTimeField(_("no longer used"), null=True, blank=True)

    CRITERIA = ("priority", "purpose", "tier", "topic", "channel")

    objects = PolicyQuerySet.as_manager()

    class Meta:
        verbose_name = _("policy")
        verbose_name_plural = _("policies")
        constraints = [
            models.UniqueConstraint(
                "kind",
                "priority",
                Coalesce("purpose", 0),
                Coalesce("tier", 0),
                Coalesce("topic", 0),
                Coalesce("channel", 0),
                condition=Q(retired_at=None),
                name="policy_one_per_match",
            )
        ]

    def __str__(self) -> str:
        return gettext(self.name)


class PolicyVersionQuerySet(models.QuerySet["PolicyVersion"]):
    def newest(self) -> Self:
        """Narrow to the newest version of each policy."""
        newer = PolicyVersion.objects.filter(policy=OuterRef("policy"), number__gt=OuterRef("number"))
        return self.filter(~Exists(newer))


class PolicyVersion(models.Model):
    """The target and the escalation steps of a policy. Immutable: a change is a new version.

    The target counts in the working time of whoever answers; it is empty where the promise
    brings its own due moment. An acknowledgement holds the next step off for `ack_amount`; who waits
    for the customer is asked after `wait_amount` whether that is still so. `is_for_open`: what was
    promised under an earlier version comes under this one too.
    """

    policy = models.ForeignKey(Policy, models.PROTECT, related_name="versions", verbose_name=_("policy"))
    number = models.PositiveIntegerField(_("version"), default=1)
    created_at = models.DateTimeField(_("written"), null=True)  # null: shipped
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("written by")
    )
    is_for_open = models.BooleanField(_("also for what is owed already"), default=False)
    calendar = models.ForeignKey(
        WorkingCalendar, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("working calendar")
    )  # null: that of whoever answers
    target_amount = models.PositiveIntegerField(_("due after"), null=True, blank=True)
    target_unit = models.CharField(_("counted in"), max_length=15, choices=Unit, blank=True)
    ack_amount = models.PositiveIntegerField(_("an acknowledgement lasts"), default=1)
    ack_unit = models.CharField(_("counted in"), max_length=15, choices=Unit, default=Unit.WORKING_DAYS)
    wait_amount = models.PositiveIntegerField(_("waiting for the customer is asked about after"), default=5)
    wait_unit = models.CharField(_("counted in"), max_length=15, choices=Unit, default=Unit.WORKING_DAYS)

    objects = PolicyVersionQuerySet.as_manager()

    class Meta:
        verbose_name = _("version of a policy")
        verbose_name_plural = _("versions of policies")
        constraints = [
            models.UniqueConstraint(fields=["policy", "number"], name="policy_version_numbered_once"),
            models.CheckConstraint(
                condition=Q(target_amount=None, target_unit="") | (Q(target_amount__isnull=False) & ~Q(target_unit="")),
                name="policy_target_has_a_unit",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.policy} {self.number}"


class Step(models.Model):
    """One escalation step: when, whom, how. Reminders up to the due moment, escalations after it."""

    class Kind(models.TextChoices):
        REMINDER = "reminder", _("reminder")
        ESCALATION = "escalation", _("escalation")

    class Anchor(models.TextChoices):
        DUE = "due", _("the due moment")
        HAND_OFF = "hand_off", _("the step before")

    class Slot(models.TextChoices):
        POC = "poc", _("who answers")
        BACKUP = "backup", _("the backup")
        LEAD = "lead", _("the lead")
        LEADS_LEAD = "leads_lead", _("the lead's lead")
        HOUSE = "house", _("the front desk")
        NAMED = "named", _("somebody named")

    version = models.ForeignKey(PolicyVersion, models.CASCADE, related_name="steps", verbose_name=_("version"))
    ordinal = models.PositiveSmallIntegerField(_("place"))
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    amount = models.IntegerField(_("amount"), default=0)  # before its anchor when negative
    unit = models.CharField(_("counted in"), max_length=15, choices=Unit, default=Unit.WORKING_HOURS)
    anchor = models.CharField(_("counted from"), max_length=8, choices=Anchor, default=Anchor.DUE)
    slot = models.CharField(_("who is told"), max_length=10, choices=Slot)
    poc = models.ForeignKey(
        PointOfContact, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("somebody named")
    )
    by_email = models.BooleanField(_("by e-mail"), default=True)  # the inbox has it in any case
    urgent = models.BooleanField(_("urgent"), default=False)
    repeat_amount = models.PositiveIntegerField(_("again after"), default=0)
    repeat_unit = models.CharField(_("counted in"), max_length=15, choices=Unit, default=Unit.WORKING_HOURS)
    max_repeats = models.PositiveSmallIntegerField(_("how often again"), default=0)

    class Meta:
        verbose_name = _("escalation step")
        verbose_name_plural = _("escalation steps")
        constraints = [
            models.UniqueConstraint(fields=["version", "ordinal"], name="step_placed_once"),
            models.CheckConstraint(
                condition=Q(slot="named", poc__isnull=False) | (~Q(slot="named") & Q(poc=None)),
                name="step_names_somebody_or_a_slot",
            ),
            models.CheckConstraint(condition=Q(kind="reminder") | Q(amount__gte=0), name="step_escalates_after_due"),
            models.CheckConstraint(
                condition=Q(max_repeats=0) | Q(repeat_amount__gt=0), name="step_repeats_after_a_wait"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.version_id}/{self.ordinal}"
