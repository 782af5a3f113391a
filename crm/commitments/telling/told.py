"""Who was told about one thing owed, how, and what became of it; and who was not, and why. In the reader's words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.utils.functional import Promise as Lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.commitments import ladder
from crm.commitments.models import Commitment, Notification, Step
from crm.outbox.models import Message

SHOWN = 30  # the newest
State = Notification.State

WHAT: Mapping[str, Lazy] = {
    "reminder": gettext_lazy("Reminder"),
    "escalation": gettext_lazy("Escalation"),
    "reassigned": gettext_lazy("Given to them"),
    "passed_on": gettext_lazy("Passed on to them"),
    "returned": gettext_lazy("Came back solved"),
    "still_waiting": gettext_lazy("Asked whether it still waits"),
    "resumed": gettext_lazy("It goes on"),
}
TAKEN_BACK: Mapping[str, Lazy] = {  # what the act made of it
    Commitment.State.OPEN: gettext_lazy("taken back: it was changed first"),
    Commitment.State.ACKNOWLEDGED: gettext_lazy("taken back: somebody took it on"),
    Commitment.State.SNOOZED: gettext_lazy("taken back: it was put off"),
    Commitment.State.WAITING: gettext_lazy("taken back: it waits for the customer"),
    Commitment.State.KEPT: gettext_lazy("taken back: it was done"),
    Commitment.State.CANCELLED: gettext_lazy("taken back: it was cancelled"),
}
NOT_TOLD: Mapping[str, Lazy] = {
    ladder.TOO_LATE: gettext_lazy("left out: its moment had passed when it was promised, or changed"),
    ladder.EMPTY: gettext_lazy("left out: there is nobody"),
    ladder.TOLD_ALREADY: gettext_lazy("left out: told by an earlier step already"),
    ladder.NOBODY: gettext_lazy("nobody could be told: the administrators know"),
    ladder.ONE_NOTICE: gettext_lazy("told together with the next one"),
    "lost": gettext_lazy("not known: its record was lost, and it is no longer needed"),  # by the auditor
}
MAILED: Mapping[str, Lazy] = {
    Message.State.READY: gettext_lazy("by mail, on its way"),
    Message.State.SENT: gettext_lazy("by mail"),
    Message.State.DROPPED: gettext_lazy("by mail, not needed any more"),
    Message.State.DEAD: gettext_lazy("by mail, could not be delivered"),
    Message.State.UNCERTAIN: gettext_lazy("by mail, perhaps delivered"),
}
ARRIVED = (Message.State.SENT, Message.State.UNCERTAIN)  # or may have


@dataclass(frozen=True, slots=True)
class Told:
    """One notice, said: what it was, to whom (or which place in the steps), how it went, when."""

    what: str
    who: str
    how: str
    at: datetime
    is_told: bool


def so_far(commitment: Commitment) -> list[Told]:
    """Return who was told, and who was not, the newest first. One query."""
    rows = Notification.objects.filter(commitment=commitment).select_related("recipient", "message")
    newest = list(rows.order_by("-pk")[: 2 * SHOWN])
    return [_said(row) for row in _one_each(newest)][:SHOWN]


def _one_each(rows: Iterable[Notification]) -> list[Notification]:
    """Leave the mail of what was told by mail and in the inbox."""
    rows = list(rows)
    mailed = {_matter(row) for row in rows if row.channel == Message.Channel.EMAIL}
    return [row for row in rows if row.channel != Message.Channel.INBOX or _matter(row) not in mailed]


def _matter(row: Notification) -> tuple[object, ...]:
    return row.kind, row.generation, row.step, row.repeat, row.recipient_id


def _said(row: Notification) -> Told:
    what = str(WHAT.get(row.kind) or _("Notice"))
    who = row.recipient.name if row.recipient else _place(row.slot)
    ended_at = row.message.ended_at if row.message else None
    is_told = row.state == State.PLANNED and row.message is not None and row.message.state in ARRIVED
    return Told(what=what, who=who, how=_how(row), at=ended_at or row.tell_at, is_told=is_told)


def _place(slot: str) -> str:
    """Say a place in the steps that was empty."""
    return str(Step.Slot(slot).label) if slot in Step.Slot.values else ""


def _how(row: Notification) -> str:
    if row.state == State.SUPERSEDED:
        return str(TAKEN_BACK.get(row.reason) or _("taken back"))
    if row.state in (State.SKIPPED, State.COALESCED):
        return str(NOT_TOLD.get(row.reason) or row.get_state_display())
    if row.channel == Message.Channel.INBOX:
        return _("in the inbox")
    return str(MAILED[row.message.state]) if row.message else _("by mail, soon")
