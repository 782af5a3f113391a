"""What is owed, by which moment, under which policy; and who was to be told about it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Self

from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from crm.core.clock import Now
from crm.dossiers.models import Dossier, Topic
from crm.outbox.models import Message
from crm.poc.models import PointOfContact
from crm.poc.visibility import visible_homes

if TYPE_CHECKING:
    from crm.users.models import User


class Kind(models.TextChoices):
    """What kind of thing is owed."""

    FOLLOW_UP = "follow_up", _("follow-up")
    FIRST_ANSWER = "first_answer", _("first answer")
    RESOLUTION = "resolution", _("resolution")
    HANDOVER = "handover", _("handover to accept")


OWNER_KEPT = frozenset({Kind.HANDOVER})  # settled by what they stand for, not by a plain "done"


class Unit(models.TextChoices):
    """In what an amount of time is counted; a working day is an open date, not eight hours."""

    MINUTES = "minutes", _("minutes")
    HOURS = "hours", _("hours")
    WORKING_MINUTES = "working_minutes", _("working minutes")
    WORKING_HOURS = "working_hours", _("working hours")
    WORKING_DAYS = "working_days", _("working days")


class PolicyQuerySet(models.QuerySet["Policy"]):
    def in_use(self) -> Self:
        return self.filter(retired_at=None)


class Policy(models.Model):
    """What a kind of promise asks for; its content is in its versions."""

    kind = models.CharField(_("kind"), max_length=20, choices=Kind)
    name = models.CharField(_("name"), max_length=100)
    retired_at = models.DateTimeField(_("no longer used"), null=True, blank=True)

    objects = PolicyQuerySet.as_manager()

    class Meta:
        verbose_name = _("policy")
        verbose_name_plural = _("policies")
        constraints = [
            models.UniqueConstraint(fields=["kind"], condition=Q(retired_at=None), name="policy_one_per_kind")
        ]

    def __str__(self) -> str:
        return self.name


class PolicyVersion(models.Model):
    """The target and the escalation steps of a policy. Immutable: a change is a new version.

    The target counts in the working time of whoever answers; it is empty where the promise
    brings its own due moment. An acknowledgement holds the next step off for `ack_amount`.
    """

    policy = models.ForeignKey(Policy, models.PROTECT, related_name="versions", verbose_name=_("policy"))
    number = models.PositiveIntegerField(_("version"), default=1)
    target_amount = models.PositiveIntegerField(_("due after"), null=True, blank=True)
    target_unit = models.CharField(_("counted in"), max_length=15, choices=Unit, blank=True)
    ack_amount = models.PositiveIntegerField(_("an acknowledgement lasts"), default=1)
    ack_unit = models.CharField(_("counted in"), max_length=15, choices=Unit, default=Unit.WORKING_DAYS)

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


class CommitmentQuerySet(models.QuerySet["Commitment"]):
    def visible_to(self, user: User | AnonymousUser) -> Self:
        """Narrow to what is owed on the records `user` may see."""
        homes = visible_homes(user)
        return self if homes is None else self.filter(home__among=homes)

    def open(self) -> Self:
        """Narrow to what is still owed, snoozed and waiting included."""
        return self.filter(closed_at=None)  # as the partial indexes say it

    def closed(self) -> Self:
        return self.exclude(closed_at=None)

    def overdue(self, at: datetime) -> Self:
        """Narrow to what is owed by a moment before `at`."""
        return self.open().filter(due_at__lt=at)

    def mine(self, poc_ids: Iterable[int]) -> Self:
        """Narrow to what was given to these POCs by name."""
        return self.filter(poc__one_of=poc_ids)

    def floating(self) -> Self:
        """Narrow to what is owed by whoever answers when it matters."""
        return self.filter(poc=None)

    def used_up(self) -> Self:
        """Narrow to what is open although everybody was told."""
        return self.open().exclude(used_up_at=None)

    def escalated(self) -> Self:
        return self.open().exclude(escalated_at=None)

    def for_list(self) -> Self:
        """Load what a row or an API item shows, in one query."""
        return self.select_related("dossier", "topic", "poc", "escalated_to")

    def due_for_a_look(self) -> Self:
        """Narrow to what the planner has to look at now."""
        return self.filter(next_action_at__lte=Now(), quarantined_at=None)


class Commitment(models.Model):
    """Something owed by a moment, and how far its escalation has come.

    `due_on`, `due_time` and `zone` are the truth, `due_at` is derived from them. `poc` is the one
    it was given to by name; without one it is owed by whoever answers for the record. Only the
    planner and the acts write here; `next_action_at` is the one column the planner scans, and an
    act sets it to its own moment, so that the ladder is computed in one place.
    """

    class State(models.TextChoices):
        OPEN = "open", _("open")
        ACKNOWLEDGED = "acknowledged", _("acknowledged")
        SNOOZED = "snoozed", _("snoozed")
        WAITING = "waiting", _("waiting for the customer")
        KEPT = "kept", _("done")
        CANCELLED = "cancelled", _("cancelled")

    class Priority(models.TextChoices):
        LOW = "low", _("low")
        NORMAL = "normal", _("normal")
        HIGH = "high", _("high")
        URGENT = "urgent", _("urgent")

    CLOSED = (State.KEPT, State.CANCELLED)

    dossier = models.ForeignKey(
        Dossier, models.PROTECT, related_name="commitments", db_index=False, verbose_name=_("record")
    )
    home = models.ForeignKey(Dossier, models.PROTECT, related_name="+", db_index=False)
    topic = models.ForeignKey(Topic, models.PROTECT, db_index=False, verbose_name=_("about"))
    kind = models.CharField(_("kind"), max_length=20, choices=Kind)
    title = models.CharField(_("what is owed"), max_length=200)
    poc = models.ForeignKey(
        PointOfContact, models.PROTECT, null=True, blank=True, db_index=False, related_name="commitments",
        verbose_name=_("given to"),
    )  # fmt: skip
    priority = models.CharField(_("priority"), max_length=6, choices=Priority, default=Priority.NORMAL)
    state = models.CharField(_("state"), max_length=12, choices=State, default=State.OPEN)
    due_on = models.DateField(_("due on"))
    due_time = models.TimeField(_("at"))
    zone = models.CharField(_("time zone"), max_length=64)
    due_at = models.DateTimeField(_("due"))
    opened_at = models.DateTimeField(_("promised"))
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)

    policy_version = models.ForeignKey(PolicyVersion, models.PROTECT, related_name="+", db_index=False)
    generation = models.PositiveIntegerField(default=1)  # bumped by every act that invalidates pending notices
    cursor = models.PositiveSmallIntegerField(default=0)  # the step that runs next
    repeat_no = models.PositiveSmallIntegerField(default=0)
    anchor_at = models.DateTimeField()  # what the steps count from: the due moment, or later by an act
    acted_at = models.DateTimeField()  # the opening, or the last act
    hold_until = models.DateTimeField(_("quiet until"), null=True, blank=True)  # end of a snooze
    handed_off_at = models.DateTimeField(null=True)  # of the step before; null: ask its messages
    next_action_at = models.DateTimeField(null=True)
    remaining_seconds = models.PositiveIntegerField(null=True)  # working time left while waiting
    escalated_to = models.ForeignKey(
        PointOfContact, models.PROTECT, null=True, related_name="+", db_index=False, verbose_name=_("escalated to")
    )
    escalated_at = models.DateTimeField(_("escalated"), null=True)
    used_up_at = models.DateTimeField(_("everybody told"), null=True)
    plan_errors = models.PositiveSmallIntegerField(default=0)
    quarantined_at = models.DateTimeField(null=True)

    objects = CommitmentQuerySet.as_manager()

    class Meta:
        verbose_name = _("what is owed")
        verbose_name_plural = _("what is owed")
        constraints = [
            models.CheckConstraint(condition=~Q(title=""), name="commitment_has_a_title"),
            models.CheckConstraint(
                condition=Q(state__in=["kept", "cancelled"], next_action_at=None)
                | (~Q(state__in=["kept", "cancelled"]) & Q(next_action_at__isnull=False)),
                name="commitment_open_iff_looked_at",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["kept", "cancelled"], closed_at__isnull=False)
                | (~Q(state__in=["kept", "cancelled"]) & Q(closed_at=None)),
                name="commitment_closed_has_a_moment",
            ),
            models.CheckConstraint(
                condition=~Q(state="snoozed") | Q(hold_until__isnull=False), name="commitment_snoozed_until"
            ),
            models.CheckConstraint(
                condition=~Q(state="waiting") | Q(remaining_seconds__isnull=False), name="commitment_waiting_has_rest"
            ),
        ]
        indexes = [
            # Read by the planner every 5 s; stays tiny.
            models.Index(
                fields=["next_action_at", "id"],
                condition=Q(next_action_at__isnull=False, quarantined_at=None),
                name="commitment_next_look",
            ),
            # Read by My day, the records' pages and the lists, soonest first.
            models.Index(
                fields=["home", "due_at", "id"], condition=Q(closed_at=None), name="commitment_open_of_a_home"
            ),
            models.Index(fields=["dossier", "due_at"], condition=Q(closed_at=None), name="commitment_open_of_a_record"),
            models.Index(fields=["poc", "due_at"], condition=Q(closed_at=None), name="commitment_open_of_a_poc"),
            models.Index(fields=["due_at", "id"], condition=Q(closed_at=None), name="commitment_open_by_due"),
            # Read by the API's lists, which show what is closed too: of all homes, and of a few.
            models.Index(fields=["due_at", "id"], name="commitment_by_due"),
            models.Index(fields=["home", "due_at", "id"], name="commitment_of_a_home_by_due"),
            models.Index(
                fields=["escalated_to"],
                condition=Q(closed_at=None, escalated_to__isnull=False),
                name="commitment_escalated",
            ),
            models.Index(
                fields=["used_up_at"],
                condition=Q(closed_at=None, used_up_at__isnull=False),
                name="commitment_everybody_told",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def is_closed(self) -> bool:
        return self.state in self.CLOSED

    @property
    def due_local(self) -> datetime:
        """The due moment as a clock in its zone shows it, without a zone."""
        return datetime.combine(self.due_on, self.due_time)

    @property
    def grant_cause(self) -> str:
        """The cause of the grants that end with this."""
        return f"c:{self.pk}"


class NotificationQuerySet(models.QuerySet["Notification"]):
    def planned(self) -> Self:
        """Narrow to what is still meant to be told, or was."""
        return self.filter(state=Notification.State.PLANNED)

    def unpacked(self) -> Self:
        """Narrow to what no message tells yet."""
        return self.planned().filter(message=None)

    def pending(self) -> Self:
        """Narrow to what has not left the house."""
        return self.planned().filter(Q(message=None) | Q(message__state=Message.State.READY))


class Notification(models.Model):
    """Somebody is to be told one thing once; or the record that they were not, and why.

    Decided once: `idem_key` is unique and holds no clock and no chance. What became of a planned
    one stands on its message, which may tell several.
    """

    class State(models.TextChoices):
        PLANNED = "planned", _("planned")
        COALESCED = "coalesced", _("told together with another")
        SUPERSEDED = "superseded", _("no longer needed")
        SKIPPED = "skipped", _("skipped")

    idem_key = models.CharField(max_length=200)
    kind = models.CharField(_("kind"), max_length=20)  # a name in crm.commitments.wording
    commitment = models.ForeignKey(Commitment, models.PROTECT, null=True, related_name="notifications", db_index=False)
    dossier = models.ForeignKey(
        Dossier, models.PROTECT, null=True, related_name="+", db_index=False, verbose_name=_("record")
    )
    generation = models.PositiveIntegerField(null=True)
    step = models.PositiveSmallIntegerField(null=True)
    repeat = models.PositiveSmallIntegerField(default=0)
    slot = models.CharField(_("slot"), max_length=24, blank=True)  # the one that was reached
    recipient = models.ForeignKey(
        PointOfContact, models.PROTECT, null=True, related_name="+", db_index=False, verbose_name=_("to")
    )
    channel = models.CharField(_("channel"), max_length=5, choices=Message.Channel, blank=True)
    priority = models.PositiveSmallIntegerField(default=5)
    planned_for = models.DateTimeField(_("planned for"))
    created_at = models.DateTimeField(_("decided"))
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.PLANNED)
    reason = models.CharField(_("why"), max_length=40, blank=True)  # a code
    facts = models.JSONField(default=dict, blank=True)
    message = models.ForeignKey(Message, models.PROTECT, null=True, related_name="notifications")

    objects = NotificationQuerySet.as_manager()

    class Meta:
        verbose_name = _("notice")
        verbose_name_plural = _("notices")
        constraints = [
            models.UniqueConstraint(fields=["idem_key"], name="notification_decided_once"),
            models.CheckConstraint(
                condition=Q(state="skipped") | (Q(recipient__isnull=False) & ~Q(channel="")),
                name="notification_is_for_somebody",
            ),
            models.CheckConstraint(
                condition=Q(commitment=None, generation=None) | Q(commitment__isnull=False, generation__isnull=False),
                name="notification_names_its_generation",
            ),
            models.CheckConstraint(
                condition=Q(message=None) | ~Q(state__in=["skipped", "coalesced"]),
                name="notification_untold_has_no_message",
            ),
        ]
        indexes = [
            # Read at the end of every sweep; stays tiny.
            models.Index(
                fields=["recipient", "channel"],
                condition=Q(state="planned", message=None),
                name="notification_unpacked",
            ),
            # Read by the planner: who was told already, and when it was handed off.
            models.Index(fields=["commitment", "generation", "step"], name="notification_of_a_step"),
        ]

    def __str__(self) -> str:
        return self.idem_key
