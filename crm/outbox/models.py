"""What leaves the house: one row per mail or inbox entry, and what was tried to deliver it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from crm.core.clock import Now
from crm.poc.models import PointOfContact


class MessageQuerySet(models.QuerySet["Message"]):
    def due(self) -> Self:
        """Narrow to what may be claimed now: ready, and not leased to a sender that still lives."""
        return self.filter(state=Message.State.READY, available_at__lte=Now())

    def in_inbox_of(self, poc_ids: Iterable[int]) -> Self:
        """Narrow to the inbox entries of these POCs."""
        return self.filter(channel=Message.Channel.INBOX, recipient__one_of=poc_ids)

    def unread(self) -> Self:
        return self.filter(read_at=None)

    def undelivered(self) -> Self:
        """Narrow to the mails that will never be known to have arrived."""
        return self.filter(state__in=[Message.State.DEAD, Message.State.UNCERTAIN])


class Message(models.Model):
    """One mail or inbox entry. What became of it stands here and nowhere else.

    `available_at` is both when a ready message may be sent and when a sender's lease on it
    ends: a dead sender's message simply becomes due again. `msgid` is the Message-ID of every
    copy. An inbox entry is told by being written: it is born *sent*.
    """

    class Channel(models.TextChoices):
        EMAIL = "email", _("e-mail")
        INBOX = "inbox", _("inbox")

    class State(models.TextChoices):
        READY = "ready", _("to be sent")
        SENT = "sent", _("sent")
        DROPPED = "dropped", _("not needed any more")
        DEAD = "dead", _("not deliverable")
        UNCERTAIN = "uncertain", _("perhaps delivered")

    msgid = models.UUIDField(_("message id"), editable=False)
    kind = models.CharField(_("kind"), max_length=20)  # a name in crm.outbox.kinds
    channel = models.CharField(_("channel"), max_length=5, choices=Channel)
    recipient = models.ForeignKey(
        PointOfContact, models.PROTECT, related_name="+", db_index=False, verbose_name=_("to")
    )
    address = models.CharField(_("address"), max_length=254, blank=True)
    priority = models.PositiveSmallIntegerField(_("priority"), default=5)  # 0 first
    state = models.CharField(_("state"), max_length=9, choices=State, default=State.READY)
    reason = models.CharField(_("why"), max_length=40, blank=True)  # a code
    reply = models.CharField(_("answer of the mail server"), max_length=500, blank=True)
    created_at = models.DateTimeField(_("written"))
    available_at = models.DateTimeField()
    expires_at = models.DateTimeField(_("too old"))
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    read_at = models.DateTimeField(_("read"), null=True, blank=True)
    lease_token = models.UUIDField(null=True, editable=False)
    n_claims = models.PositiveIntegerField(default=0)
    n_attempts = models.PositiveIntegerField(_("attempts"), default=0)
    n_ambiguous = models.PositiveSmallIntegerField(_("attempts without a clear end"), default=0)
    max_ambiguous = models.PositiveSmallIntegerField(default=1)  # copies that may follow an unclear one

    first_tried_at: datetime | None = None  # no column: told by the sender when this is the first attempt

    objects = MessageQuerySet.as_manager()

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        constraints = [
            models.UniqueConstraint(fields=["msgid"], name="message_id_once"),
            models.CheckConstraint(
                condition=Q(state="ready", ended_at=None) | (~Q(state="ready") & Q(ended_at__isnull=False)),
                name="message_ready_until_it_ended",
            ),
            models.CheckConstraint(
                condition=Q(channel="email") & ~Q(address="") | Q(channel="inbox", address=""),
                name="message_mail_has_an_address",
            ),
            models.CheckConstraint(
                condition=Q(channel="email") | Q(state="sent"), name="message_inbox_entry_is_told_at_once"
            ),
        ]
        indexes = [
            # Read by the sender every 5 s; stays tiny.
            models.Index(fields=["priority", "available_at", "id"], condition=Q(state="ready"), name="message_due"),
            # Read by the auditor and the engine page.
            models.Index(fields=["ended_at"], condition=Q(state__in=["dead", "uncertain"]), name="message_undelivered"),
            # Read by the inbox on My day.
            models.Index(fields=["recipient", "-id"], condition=Q(channel="inbox"), name="message_inbox"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"

    @property
    def is_urgent(self) -> bool:
        """True of what nobody's quiet hours hold, and what is tried at any address."""
        return self.priority == 0


class DeliveryAttempt(models.Model):
    """One try to hand a message to the mail server, committed before the bytes that could deliver it.

    An attempt whose `outcome` stays empty ended nobody knows how: its sender died.
    """

    class Outcome(models.TextChoices):
        OPEN = "", _("not known yet")
        ACCEPTED = "accepted", _("accepted")
        DEFERRED = "deferred", _("put off")
        REFUSED = "refused", _("refused")
        FAILED = "failed", _("not sent")
        AMBIGUOUS = "ambiguous", _("perhaps delivered")

    class Phase(models.TextChoices):
        ENVELOPE = "envelope", _("sender and recipient")
        DATA = "data", _("content")

    message = models.ForeignKey(Message, models.PROTECT, related_name="delivery_attempts", verbose_name=_("message"))
    n = models.PositiveIntegerField()
    phase = models.CharField(max_length=8, choices=Phase)
    outcome = models.CharField(_("outcome"), max_length=9, choices=Outcome, blank=True)
    code = models.PositiveSmallIntegerField(_("code"), null=True, blank=True)
    reply = models.CharField(_("answer of the mail server"), max_length=500, blank=True)
    intent_at = models.DateTimeField(_("tried"))
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)

    class Meta:
        verbose_name = _("delivery attempt")
        verbose_name_plural = _("delivery attempts")
        constraints = [
            models.UniqueConstraint(fields=["message", "n"], name="attempt_numbered_once"),
            models.CheckConstraint(
                condition=Q(outcome="", ended_at=None) | (~Q(outcome="") & Q(ended_at__isnull=False)),
                name="attempt_open_until_it_ended",
            ),
        ]
        indexes = [
            # Read by the engine page: what left within the last hour.
            models.Index(fields=["intent_at"], name="attempt_by_moment"),
        ]

    def __str__(self) -> str:
        return f"{self.message_id}/{self.n}"


class Heartbeat(models.Model):
    """When a part of the engine last got through its work, and until when it may not try again."""

    component = models.CharField(_("part"), max_length=20, primary_key=True)
    last_ok_at = models.DateTimeField(_("last got through"))
    paused_until = models.DateTimeField(_("paused until"), null=True, blank=True)  # a breaker: nothing is tried before
    paused_because = models.CharField(_("why it is paused"), max_length=200, blank=True)  # as the mail server said it

    class Meta:
        verbose_name = _("heartbeat")
        verbose_name_plural = _("heartbeats")

    def __str__(self) -> str:
        return self.component
