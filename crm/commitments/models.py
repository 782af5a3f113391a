"""What is owed, by which moment, under which policy; and who was to be told about it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Self

from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from crm.commitments import titles
from crm.commitments.findings import Finding
from crm.commitments.terms import OWNER_KEPT, Every, Kind, Policy, PolicyVersion, Priority, Step, Unit
from crm.core.clock import Now
from crm.dossiers.models import Dossier, Topic
from crm.outbox.models import Message
from crm.poc.models import PointOfContact, WorkingCalendar
from crm.poc.visibility import visible_homes

if TYPE_CHECKING:
    from crm.users.models import User

__all__ = [
    "OWNER_KEPT", "Commitment", "Every", "Finding", "Kind", "Notification", "Policy", "PolicyVersion", "Priority",
    "Step", "Unit",
]  # fmt: skip


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

    Priority = Priority
    CLOSED = (State.KEPT, State.CANCELLED)

    dossier = models.ForeignKey(
        Dossier, models.PROTECT, related_name="commitments", db_index=False, verbose_name=_("record")
    )
    home = models.ForeignKey(Dossier, models.PROTECT, related_name="+", db_index=False)
    topic = models.ForeignKey(Topic, models.PROTECT, db_index=False, verbose_name=_("about"))
    kind = models.CharField(_("kind"), max_length=20, choices=Kind)
    title = models.CharField(
        _("what is owed"), max_length=titles.LONGEST
    )  # as typed, or as it was said to whoever caused it
    title_made_of = models.JSONField(null=True)  # where the product gave it; str() says it to whoever reads
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
    recur_every = models.PositiveSmallIntegerField(_("again every"), null=True, blank=True)
    recur_unit = models.CharField(_("counted in"), max_length=6, choices=Every, blank=True)
    recur_from = models.DateTimeField(null=True)  # the series counts from there: the 31st comes back to the 31st
    addressees = models.ManyToManyField(Dossier, related_name="+", blank=True, verbose_name=_("promised to"))

    # How the due moment was worked out, where it was: the policy's target from `counted_from` on, in `calendar`.
    counted_from = models.DateTimeField(null=True)
    calendar = models.ForeignKey(WorkingCalendar, models.PROTECT, null=True, related_name="+", db_index=False)
    calendar_version = models.PositiveIntegerField(null=True)  # the one the due moment and the next look hang on
    paused_seconds = models.PositiveIntegerField(default=0)  # working time spent waiting for the customer
    waiting_since = models.DateTimeField(_("waiting since"), null=True)

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
                condition=~Q(state="waiting") | Q(remaining_seconds__isnull=False, waiting_since__isnull=False),
                name="commitment_waiting_has_rest",
            ),
            models.CheckConstraint(
                condition=Q(recur_every=None, recur_unit="") | (Q(recur_every__gte=1) & ~Q(recur_unit="")),
                name="commitment_recurs_by_a_unit",
            ),
            models.UniqueConstraint(
                fields=["dossier"], condition=Q(kind="touch", closed_at=None), name="commitment_one_touch_of_a_record"
            ),
        ]
        indexes = [
            # Read by the planner every 5 s; stays tiny.
            models.Index(
                fields=["next_action_at", "id"],
                condition=Q(next_action_at__isnull=False, quarantined_at=None),
                name="commitment_next_look",
            ),
            # Read by the recount, which follows a change of a calendar or of a policy.
            models.Index(
                fields=["calendar", "calendar_version"],
                condition=Q(closed_at=None, calendar__isnull=False),
                name="commitment_open_of_a_calendar",
            ),
            models.Index(fields=["policy_version"], condition=Q(closed_at=None), name="commitment_open_of_a_policy"),
            # Read by the auditor: what is looked at only long after its own moment; and what was set aside.
            models.Index(
                fields=["next_action_at"], condition=Q(next_action_at__gt=F("anchor_at")), name="commitment_put_off"
            ),
            models.Index(
                fields=["quarantined_at"],
                condition=Q(closed_at=None, quarantined_at__isnull=False),
                name="commitment_set_aside",
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
        return titles.said(self.title, self.title_made_of)

    @property
    def is_closed(self) -> bool:
        return self.state in self.CLOSED

    @property
    def due_local(self) -> datetime:
        """The due moment as a clock in its zone shows it, without a zone."""
        return datetime.combine(self.due_on, self.due_time)

    @property
    def recurs(self) -> dict[str, object] | None:
        """How often it is owed again; None: once."""
        return {"every": self.recur_every, "unit": self.recur_unit} if self.recur_every else None

    @property
    def grant_cause(self) -> str:
        """The cause of the grants that end with this."""
        return f"c:{self.pk}"


class NotificationQuerySet(models.QuerySet["Notification"]):
    def planned(self) -> Self:
        """Narrow to what is still meant to be told, or was."""
        return self.filter(state=Notification.State.PLANNED)

    def unpacked(self) -> Self:
        """Narrow to what no message tells yet, although its moment has come."""
        return self.planned().filter(message=None, tell_at__lte=Now())

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
    kind = models.CharField(_("kind"), max_length=20)  # a name in crm.commitments.telling.wording
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
    tell_at = models.DateTimeField(_("told from"))  # when it was decided, or the hour of the recipient's digest
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
                fields=["tell_at", "recipient", "channel"],
                condition=Q(state="planned", message=None),
                name="notification_unpacked",
            ),
            # Read by the auditor: what somebody was told of mails that failed, and of its own findings.
            models.Index(
                fields=["created_at"],
                condition=Q(kind__in=["undelivered", "perhaps_undelivered", "audit"]),
                name="notification_of_trouble",
            ),
            # Read by the planner: who was told already, and when it was handed off.
            models.Index(fields=["commitment", "generation", "step"], name="notification_of_a_step"),
        ]

    def __str__(self) -> str:
        return self.idem_key
