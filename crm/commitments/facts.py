"""What the planner has to know about a batch of rows, in a constant number of queries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from django.db.models import F

from crm.commitments import ladder, policies
from crm.commitments.models import Commitment, Notification
from crm.commitments.notices import EMAIL, reachable
from crm.core.working_time import WorkingTime
from crm.outbox.models import Message
from crm.poc.calendars import working_times
from crm.poc.decide import Answer
from crm.poc.recipients import Recipient, recipients
from crm.poc.resolve import Question, resolve_many

State = Commitment.State


class Notice(NamedTuple):
    """What is known of one notice of the present generation."""

    commitment_id: int
    step: int
    repeat: int
    recipient_id: int
    channel: str
    message_state: str | None
    ended_at: datetime | None


@dataclass(slots=True)
class Facts:
    """Everything one batch is decided from."""

    at: datetime
    ladders: Mapping[int, ladder.Ladder]
    answers: Mapping[Question, Answer]
    people: Mapping[int, Sequence[Recipient]]
    calendars: Mapping[int, WorkingTime]
    notices: Mapping[int, Sequence[Notice]] = field(default_factory=dict)

    def answer(self, row: Commitment) -> Answer:
        return self.answers[_question(row)]

    def slot_pocs(self, row: Commitment) -> dict[str, int | None]:
        """Return the POC in each slot of the row's ladder."""
        answer = self.answer(row)
        slots = {
            ladder.POC: answer.poc_id,
            ladder.BACKUP: answer.backup_id,
            ladder.LEAD: answer.lead_id,
            ladder.LEADS_LEAD: answer.leads_lead_id,
            ladder.HOUSE: answer.house_id,
        }
        return slots | _named(self.ladders[row.policy_version_id])

    def told(self, row: Commitment) -> dict[int, set[int]]:
        """Return who was told in this generation, per step."""
        told: dict[int, set[int]] = defaultdict(set)
        for notice in self.notices.get(row.pk, ()):
            told[notice.step].add(notice.recipient_id)
        return told

    def position(self, row: Commitment) -> ladder.Position:
        """Return how far the row is, with the hand-off of what was told last."""
        handed_off_at, is_pending = row.handed_off_at, False
        if handed_off_at is None:
            handed_off_at, is_pending = _hand_off(self.notices.get(row.pk, ()))
        is_snoozed = row.state == State.SNOOZED
        return ladder.Position(
            anchor_at=row.anchor_at,
            quiet_until=max(row.acted_at, row.hold_until) if is_snoozed and row.hold_until else row.acted_at,
            acted_at=row.acted_at,
            cursor=row.cursor,
            repeat_no=row.repeat_no,
            handed_off_at=handed_off_at,
            is_pending=is_pending,
            is_acknowledged=row.state == State.ACKNOWLEDGED,
            hold_until=row.hold_until if is_snoozed else None,
        )


def load(rows: Sequence[Commitment], at: datetime) -> Facts:
    """Load what deciding about `rows` needs: ten queries once the calendars are known, however many rows."""
    ladders = policies.ladders(row.policy_version_id for row in rows)
    answers = resolve_many([_question(row) for row in rows], at=at)
    pocs = {pk for a in answers.values() for pk in (a.poc_id, a.backup_id, a.lead_id, a.leads_lead_id, a.house_id)}
    pocs |= {pk for each in ladders.values() for pk in _named(each).values()}
    told = recipients([pk for pk in pocs if pk is not None], at=at)
    return Facts(
        at=at,
        ladders=ladders,
        answers=answers,
        people={pk: reachable(group) for pk, group in told.items()},
        calendars=working_times({a.poc_id for a in answers.values()}),
        notices=_notices([row.pk for row in rows if row.cursor or row.repeat_no]),
    )


def _notices(commitment_ids: Sequence[int]) -> dict[int, list[Notice]]:
    """Load the notices of each commitment's present generation. One query."""
    notices: dict[int, list[Notice]] = defaultdict(list)
    if commitment_ids:
        rows = Notification.objects.filter(
            commitment__one_of=commitment_ids, generation=F("commitment__generation"), step__isnull=False
        ).filter(state=Notification.State.PLANNED)
        for row in rows.values_list(
            "commitment_id", "step", "repeat", "recipient_id", "channel", "message__state", "message__ended_at"
        ):
            notices[row[0]].append(Notice(*row))  # type: ignore[arg-type]  # a step and a recipient are asked for
    return notices


def _hand_off(notices: Sequence[Notice]) -> tuple[datetime | None, bool]:
    """Return when the step told last reached somebody, and whether it is still on its way.

    A mail counts, where there is one: the inbox alone does not show that anybody was reached
    while mails wait. What ended unsent has nobody left to wait for.
    """
    if not notices:
        return None, False
    last = max((n.step, n.repeat) for n in notices)
    latest = [n for n in notices if (n.step, n.repeat) == last]
    telling = [n for n in latest if n.channel == EMAIL] or latest
    sent = [n.ended_at for n in telling if n.message_state == Message.State.SENT and n.ended_at]
    if sent:
        return min(sent), False
    if any(n.ended_at is None for n in telling):
        return None, True
    return max(n.ended_at for n in telling if n.ended_at), False


def _named(each: ladder.Ladder) -> dict[str, int]:
    """Return the POCs that steps name."""
    return {s.slot: int(s.slot.partition(":")[2]) for s in each.steps if ":" in s.slot}


def _question(row: Commitment) -> Question:
    return Question(row.dossier_id, row.topic_id, row.poc_id)
