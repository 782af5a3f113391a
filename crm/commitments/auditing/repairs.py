"""Mending what the auditor found: each in one transaction, under the row's lock, and only while it is still so.

Nothing is decided here. A row is put back where the planner, the packing or the sender take it up, or the planner is
asked; what was decided before stays decided, by its key.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from django.db import transaction

from crm.commitments.findings import Finding
from crm.commitments.models import Commitment, Notification
from crm.commitments.planning import planner
from crm.commitments.telling import generations
from crm.core.working_time import combine
from crm.dossiers.models import Event, EventDossier
from crm.outbox import breaker, kinds
from crm.outbox.models import DeliveryAttempt, Message

NO_NOTICE, DUPLICATE, LOST = "no_notice", "duplicate", "lost"  # reasons
Outcome = DeliveryAttempt.Outcome


@transaction.atomic
def look_now(finding: Finding, at: datetime) -> bool:
    """Have the planner look at once."""
    c = _commitment(finding)
    if c is None:
        return False
    c.next_action_at = at
    c.save(update_fields=["next_action_at"])
    return True


@transaction.atomic
def due_as_said(finding: Finding, at: datetime) -> bool:
    """Work the due moment out anew from its day, time and zone, and have the planner look."""
    c = _commitment(finding)
    if c is None or finding.detail == c.zone:  # which nobody knows any more
        return False
    moment = combine(c.zone, c.due_on, c.due_time)
    if c.anchor_at == c.due_at:
        c.anchor_at = moment
    c.due_at, c.next_action_at = moment, at
    c.save(update_fields=["anchor_at", "due_at", "next_action_at"])
    return True


@transaction.atomic
def run_again(finding: Finding, at: datetime) -> bool:
    """Have the planner decide the step that is missing once more; those after it were decided, and stay.

    What an act has overtaken needs nobody to be told any more: that its record was lost is written down instead.
    """
    c = _commitment(finding)
    place = int(finding.detail)
    if c is None or c.cursor <= place:
        return False
    steps = list(c.policy_version.steps.order_by("ordinal"))
    decided = _decided(c, [step.ordinal for step in steps])
    if _is_of_this_generation(c, place, decided):
        return planner.run_alone(c, place, at)
    generation = _generation_of(place, decided) or c.generation - 1
    step = steps[place]
    Notification.objects.create(
        idem_key=f"c:{c.pk}:g{generation}:s{step.ordinal}:r0:{step.slot}:lost", kind=step.kind, commitment=c,
        dossier_id=c.dossier_id, generation=generation, step=step.ordinal, slot=step.slot, planned_for=at,
        created_at=at, tell_at=at, state=Notification.State.SKIPPED, reason=LOST,
    )  # fmt: skip
    return True


def _decided(c: Commitment, ordinals: Sequence[int]) -> dict[int, set[int]]:
    """Return the places of the steps that were decided in each generation so far."""
    decided: dict[int, set[int]] = defaultdict(set)
    rows = Notification.objects.filter(commitment=c, step__in=ordinals, generation__lte=c.generation)
    for generation, ordinal in rows.values_list("generation", "step"):
        decided[generation or 0].add(ordinals.index(ordinal or 0))
    return decided


def _is_of_this_generation(c: Commitment, place: int, decided: Mapping[int, Collection[int]]) -> bool:
    """Say whether a step below the position was to be decided in the present generation.

    That is so where the generation began at the first step, as most acts have it, or at this one, or below it. An
    acknowledgement goes on where it was, and so does a step that is planned anew. If no row tells, it may be so:
    better told twice than never.
    """
    if c.state == Commitment.State.ACKNOWLEDGED:
        return False
    if any(other < place for other in decided.get(c.generation, ())):
        return True
    earlier = max((generation for generation in decided if generation < c.generation), default=None)
    before = Notification.objects.filter(commitment=c, generation=c.generation - 1)
    goes_on = before.filter(**{f"facts__{generations.ENDED_BY}": c.generation}).exists() or _was_acknowledged(c)
    return not goes_on or earlier is None or all(other < place for other in decided[earlier])


def _was_acknowledged(c: Commitment) -> bool:
    """Say whether that was the last act."""
    rows = EventDossier.objects.filter(
        dossier=c.dossier_id, happened_at=c.acted_at, event__kind=Event.Kind.ACKNOWLEDGED
    )
    return any(facts.get("commitment") == c.pk for facts in rows.values_list("event__facts", flat=True))


def _generation_of(place: int, decided: Mapping[int, Collection[int]]) -> int | None:
    """Return the generation of the nearest step below, else of the nearest above."""
    below = [generation for generation, places in decided.items() if any(other < place for other in places)]
    return max(below) if below else min(decided, default=None)


@transaction.atomic
def tell_now(finding: Finding, at: datetime) -> bool:
    """Let a notice be packed at once."""
    waiting = Notification.objects.planned().filter(message=None)
    n = waiting.select_for_update(no_key=True).filter(pk=_id(finding)).first()
    if n is None:
        return False
    n.tell_at = at
    n.save(update_fields=["tell_at"])
    return True


@transaction.atomic
def pack_again(finding: Finding, at: datetime) -> bool:
    """Let a notice whose message is gone be packed again, unless a mail server took it: under the same Message-ID."""
    n = Notification.objects.planned().select_for_update(no_key=True).filter(pk=_id(finding)).first()
    if n is None or Message.objects.filter(pk=n.message_id).exists():
        return False
    if DeliveryAttempt.objects.filter(message_id=n.message_id, outcome=Outcome.ACCEPTED).exists():
        return False
    n.message_id = None
    n.save(update_fields=["message"])
    return True


@transaction.atomic
def supersede(finding: Finding, at: datetime) -> bool:
    """Take back a notice that repeats another, where it has not left the house."""
    pending = Notification.objects.pending().filter(pk=_id(finding))
    return bool(pending.update(state=Notification.State.SUPERSEDED, reason=DUPLICATE))


@transaction.atomic
def send_now(finding: Finding, at: datetime) -> bool:
    """Let the sender take a mail up at once: it judges whether the mail is still wanted."""
    m = _ready(finding)
    if m is None:
        return False
    m.available_at, m.lease_token = at, None
    m.save(update_fields=["available_at", "lease_token"])
    return True


@transaction.atomic
def drop_message(finding: Finding, at: datetime) -> bool:
    """Drop a mail that tells no notice."""
    m = _ready(finding)
    if m is None or Notification.objects.filter(message=m).exists():
        return False
    m.state, m.reason, m.ended_at, m.lease_token = Message.State.DROPPED, NO_NOTICE, at, None
    m.save(update_fields=["state", "reason", "ended_at", "lease_token"])
    return True


@transaction.atomic
def close_attempt(finding: Finding, at: datetime) -> bool:
    """Close an attempt of a mail that has ended; of one that is still to be sent, the sender does at its next try."""
    attempt = DeliveryAttempt.objects.filter(pk=_id(finding), outcome=Outcome.OPEN).first()
    if attempt is None:
        return False
    message = Message.objects.select_for_update(no_key=True).get(pk=attempt.message_id)
    if message.state == Message.State.READY:
        return False
    still_open = DeliveryAttempt.objects.filter(pk=attempt.pk, outcome=Outcome.OPEN)
    return bool(still_open.update(outcome=Outcome.AMBIGUOUS, reply=breaker.SENDER_DIED, ended_at=at))


@transaction.atomic
def tell_undelivered(finding: Finding, at: datetime) -> bool:
    """Tell of a mail that failed as the sender should have done."""
    failed = Message.objects.undelivered().filter(pk=_id(finding))
    for message in failed:
        if kinds.of(message).holds(message) and failed.select_for_update(no_key=True).first() is not None:
            kinds.of(message).ended(message, at)
            return True
    return False


def _id(finding: Finding) -> int:
    return int(finding.subject.partition(":")[2])


def _commitment(finding: Finding) -> Commitment | None:
    """Lock and return what is open, else None."""
    return Commitment.objects.open().select_for_update(no_key=True).filter(pk=_id(finding)).first()


def _ready(finding: Finding) -> Message | None:
    ready = Message.objects.filter(state=Message.State.READY, pk=_id(finding))
    return ready.select_for_update(no_key=True).first()
