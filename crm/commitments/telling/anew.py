"""Whether the readers of a mail still are whom to tell, right before it goes; if not, the step is planned anew.

Between the decision and the mail somebody may have gone away, come back, been replaced, left
their team or the house. What a step meant for them is taken back, and the planner looks at the
step once more, so that whoever answers now gets exactly one. Other notices to somebody who is
away are dropped: their inbox has them, and the summary when they return.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Exists, OuterRef, Q

from crm.commitments import ladder
from crm.commitments.models import Commitment, Notification
from crm.commitments.policy import policies
from crm.commitments.telling import generations, notices, undelivered
from crm.commitments.telling.slots import answers_of, in_slot
from crm.core import clock
from crm.dossiers.models import MAX_PARENTS
from crm.outbox.models import Message
from crm.poc.models import Absence, PointOfContact
from crm.poc.recipients import recipients

NOT_THEIRS = "not_theirs"  # why a notice was taken back
LEFT, AWAY = "left", "away"
FAILED = (Message.State.DEAD, Message.State.UNCERTAIN, Message.State.DROPPED)


def still_theirs(message: Message, held: Sequence[Notification]) -> list[Notification] | None:
    """Return those of these notices that are still for their reader; None: none is.

    The commitments must be locked. What is not theirs any more is taken back and planned anew.
    """
    in_slots = [n for n in held if n.commitment_id is not None and n.slot and n.kind not in undelivered.KINDS]
    plain = _plainly_theirs(message) if in_slots else set()
    if all(n.pk in plain for n in held):  # it also holds what acts have overtaken
        return list(held)
    at = clock.now()
    unclear = [n for n in in_slots if n.pk not in plain]
    allowed = _allowed(unclear, at) if unclear else {}
    lost = [n for n in unclear if n.recipient_id not in allowed[n.pk]]
    others = [n for n in held if n not in in_slots]
    if others:
        lost += _dropped(others, _gone(message.recipient_id, at))
    if lost:
        begun = _take_back(lost, allowed, message, at)
        lost += [n for n in held if n.commitment_id in begun and n not in lost]  # they went with their generation
    return [n for n in held if n not in lost] or None


def _dropped(others: Sequence[Notification], gone: str) -> list[Notification]:
    """Return what is not for somebody who left: all; for somebody who is away: what can wait, or be passed on."""
    if gone != AWAY:
        return list(others) if gone == LEFT else []
    return [n for n in others if n.priority > notices.ESCALATION or n.kind in undelivered.KINDS]


def _plainly_theirs(message: Message) -> set[int]:
    """Return the notices whose reader is there, and was named for it or is the first in line: most of them.

    One query, where working out who answers would take two and a good deal more time.
    """
    now = clock.ON_SQLITE if connection.vendor == "sqlite" else clock.ON_POSTGRES
    with connection.cursor() as cursor:
        cursor.execute(_PLAINLY_THEIRS.format(now=now, topmost=MAX_PARENTS), [message.pk])
        return {pk for (pk,) in cursor.fetchall()}


_PLAINLY_THEIRS = """
WITH RECURSIVE said (id, recipient_id, dossier_id, topic_id, poc_id) AS (
  SELECT n.id, n.recipient_id, c.dossier_id, c.topic_id, c.poc_id
  FROM commitments_notification n JOIN commitments_commitment c ON c.id = n.commitment_id
  WHERE n.message_id = %s AND n.slot = 'poc'
), above (said_id, id, parent_id, level) AS (
  SELECT said.id, d.id, d.parent_id, 0 FROM said JOIN dossiers_dossier d ON d.id = said.dossier_id
  UNION ALL
  SELECT above.said_id, d.id, d.parent_id, above.level + 1
  FROM above JOIN dossiers_dossier d ON d.id = above.parent_id WHERE above.level < {topmost}
)
SELECT said.id
FROM said JOIN poc_pointofcontact p ON p.id = said.recipient_id
WHERE p.kind = 'person' AND (p.deactivated_at IS NULL OR p.deactivated_at > {now})
  AND NOT EXISTS (
    SELECT 1 FROM poc_absence a WHERE a.poc_id = p.id AND a.starts_at <= {now} AND a.ends_at > {now}
      AND (a.topic_id IS NULL OR a.topic_id = said.topic_id))
  AND (said.poc_id = p.id OR said.poc_id IS NULL AND p.id = (
    SELECT s.poc_id
    FROM above
    JOIN poc_assignment s ON s.dossier_id = above.id
    JOIN dossiers_topic t ON t.id = s.topic_id
    WHERE above.said_id = said.id AND s.rank = 0 AND (t.id = said.topic_id OR t.code = 'general')
      AND s.starts_at <= {now} AND (s.ends_at IS NULL OR s.ends_at > {now})
    ORDER BY t.code = 'general', above.level LIMIT 1))"""


def _allowed(rows: Sequence[Notification], at: datetime) -> dict[int, set[int]]:
    """Return whom each of these notices may tell now: whoever is in its slot, and whoever answers by now.

    Two queries; up to three more where it is not simply the one who answers.
    """
    answers = answers_of(rows, at)
    allowed: dict[int, set[int]] = {}
    pocs: dict[int, set[int]] = {}
    for n in rows:
        answer = answers[n.pk]
        if n.recipient_id == answer.poc_id and answer.poc_id != answer.house_id:
            allowed[n.pk] = {answer.poc_id}  # they answer themselves: neither away nor gone
        else:
            pocs[n.pk] = {pk for pk in (answer.poc_id, in_slot(answer, n.slot)) if pk is not None}
    told = recipients(set().union(*pocs.values()), at=at) if pocs else {}
    return allowed | {pk: {p.poc_id for poc in asked for p in told[poc]} for pk, asked in pocs.items()}


def _gone(poc_id: int, at: datetime) -> str:
    """Say whether a POC has left or is away from everything; empty when it is there. The front desk always is."""
    away = Absence.objects.at(at).filter(topic=None, poc=OuterRef("pk"))
    poc: Any = PointOfContact.objects.annotate(is_away=Exists(away)).get(pk=poc_id)
    if poc.deactivated_at is not None and poc.deactivated_at <= at:
        return LEFT
    return AWAY if poc.is_away and not poc.is_house else ""


def _take_back(
    lost: Sequence[Notification], allowed: Mapping[int, Collection[int]], message: Message, at: datetime
) -> set[int]:
    """Supersede these. What stood in for another mail is passed on; steps that tell nobody else are planned anew.

    Returns the commitments of which one was.
    """
    notices.take_back(Notification.objects.filter(pk__one_of=[n.pk for n in lost]), NOT_THEIRS)
    undelivered.tell(message, [n for n in lost if n.kind in undelivered.KINDS], at)
    begun: set[int] = set()
    for n in sorted(lost, key=lambda n: (n.step or 0, n.repeat)):  # from the lowest on, the others run after it
        is_asked = n.step is not None or n.kind == ladder.STILL_WAITING.kind
        if n.commitment_id is None or not is_asked or n.pk not in allowed or n.commitment_id in begun:
            continue
        if not _is_told_to_others(n, allowed[n.pk]):
            _plan_anew(n, at)
            begun.add(n.commitment_id)
    return begun


def _is_told_to_others(n: Notification, allowed: Collection[int]) -> bool:
    """True where the same step tells somebody else, who is still to be told, or a later one has told somebody.

    A mail counts, where there is one: the inbox alone shows nobody whose mail failed.
    """
    told = Notification.objects.planned().filter(commitment=n.commitment_id, generation=n.generation)
    same = told.filter(step=n.step, repeat=n.repeat, kind=n.kind, recipient__one_of=list(allowed))
    rows = list(same.exclude(recipient=n.recipient_id).values_list("channel", "message__state"))
    mails = [state for channel, state in rows if channel == notices.EMAIL]
    if any(state not in FAILED for state in mails or [state for _, state in rows]):
        return True
    if n.step is None:
        return False
    later = told.filter(Q(step=n.step, repeat__gt=n.repeat) | Q(step__gt=n.step), channel=notices.EMAIL)
    return later.filter(message__state=Message.State.SENT).exists()


def _plan_anew(n: Notification, at: datetime) -> None:
    """Let the planner run the step of a notice again, now, in a generation of its own that goes on from this one."""
    c = Commitment.objects.get(pk=n.commitment_id)
    steps = policies.ladders([c.policy_version_id])[c.policy_version_id].steps
    place = next((i for i, step in enumerate(steps) if step.ordinal == n.step), None)
    notices.supersede_all([c], NOT_THEIRS)
    c.generation += 1
    generations.end_by(n, began=c.generation)
    c.next_action_at = at
    if place is not None:
        c.cursor, c.repeat_no, c.handed_off_at, c.used_up_at = place, n.repeat, None, None
    c.save(update_fields=["generation", "next_action_at", "cursor", "repeat_no", "handed_off_at", "used_up_at"])
