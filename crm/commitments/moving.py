"""Giving away what is owed, one thing or hundreds.

Whoever had it gets nothing more, whoever has it now is told in the same transaction. Each thing
keeps a notice of its own, so that a later act takes back that one alone; more than five for one
reader become a digest when they are packed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from crm.commitments import ladder
from crm.commitments.acting import acted, begin_anew, others, refuse_owned
from crm.commitments.models import Commitment
from crm.commitments.policy import policies
from crm.commitments.refusals import AnswersNoMore
from crm.commitments.telling import notices
from crm.core.actor import Actor
from crm.dossiers.actions import Happening, record_many
from crm.dossiers.models import Event
from crm.outbox import bulk
from crm.poc.models import PointOfContact
from crm.poc.recipients import Recipient, recipients
from crm.poc.resolve import Question, resolve_many

BOTH = (notices.INBOX, notices.EMAIL)
COLUMNS = (
    "poc_id", "state", "generation", "acted_at", "next_action_at", "hold_until", "plan_errors", "quarantined_at",
    "anchor_at", "cursor", "repeat_no", "handed_off_at", "used_up_at", "escalated_to_id", "escalated_at",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Meaning:
    """What giving something away means: the event that is recorded, and the notice that tells of it."""

    event: str = Event.Kind.REASSIGNED
    notice: str = "reassigned"


GIVEN = Meaning()


@transaction.atomic
def move_many(
    *,
    commitments: Iterable[Commitment],
    to: PointOfContact | None,
    reason: str = "",
    as_owner: bool = False,
    tell: bool = True,
    by: Actor,
    at: datetime,
) -> list[Commitment]:
    """Give things owed to `to` by name (None: to whoever answers), and tell them; constant queries.

    Returns what was moved: what is settled or theirs already is left out. `tell=False` is for an
    act that tells them itself, of all at once; what is due already is then reminded of as ever.

    :raises AnswersNoMore: `to` is deactivated.
    :raises SettledElsewhere: among them is a kind that only its owner's action gives away.
    """
    ids = sorted({c.pk for c in commitments})
    if not ids:
        return []
    rows = Commitment.objects.open().filter(pk__one_of=ids).select_related("dossier", "poc").order_by("pk")
    return move_locked(
        list(rows.select_for_update(no_key=True, of=("self",))),
        to=to, reason=reason, as_owner=as_owner, tell=tell, by=by, at=at,
    )  # fmt: skip


def move_locked(
    rows: Sequence[Commitment],
    *,
    to: PointOfContact | None,
    reason: str,
    as_owner: bool,
    tell: bool = True,
    meaning: Meaning = GIVEN,
    by: Actor,
    at: datetime,
) -> list[Commitment]:
    """Do the same with open rows that are locked, ids ascending, with their record and POC loaded."""
    for c in rows:
        refuse_owned(c, as_owner)
    moved = [c for c in rows if c.poc_id != (to.pk if to else None)]
    if not moved:
        return []
    if to is not None and to.deactivated_at is not None:
        raise AnswersNoMore
    was = {c.pk: c.poc for c in moved}
    notices.supersede_all(moved, Commitment.State.OPEN)
    for c in moved:
        c.poc = to
        _begin_with_them(c, at)
    said = {c.pk: _said(was[c.pk], reason.strip(), by) for c in moved}
    _tell(moved, meaning.notice if tell else "", said, by, at)
    bulk.update(Commitment, COLUMNS, [(c.pk, *(getattr(c, name) for name in COLUMNS)) for c in moved])
    record_many([_happening(meaning.event, c, was[c.pk], reason.strip(), tell, at) for c in moved], by=by, at=at)
    return moved


def _begin_with_them(c: Commitment, at: datetime) -> None:
    """The steps begin anew; what waits for the customer goes on waiting, and is asked about when it was to be."""
    if c.state == Commitment.State.WAITING:
        ask_at = c.next_action_at
        acted(c, Commitment.State.WAITING, at)
        c.next_action_at = ask_at
    else:
        acted(c, Commitment.State.OPEN, at)
    begin_anew(c, max(c.due_at, at))


def _is_due(c: Commitment, at: datetime) -> bool:
    return c.due_at <= at and c.state != Commitment.State.WAITING


def _said(was: PointOfContact | None, reason: str, by: Actor) -> dict[str, Any]:
    """What whoever has it now is told of how it came to them."""
    return {"by": str(by.user or ""), "was": was.name if was else "", "reason": reason}


def _tell(
    moved: Sequence[Commitment], notice: str, said: Mapping[int, dict[str, Any]], by: Actor, at: datetime
) -> None:
    """Write the notice of each; where it is due already, that is also the step at the due moment.

    Without a `notice`, those who have it now may only open what it lies on.
    """
    questions = {c.pk: Question(c.dossier_id, c.topic_id, c.poc_id) for c in moved}
    answers = resolve_many(questions.values(), at=at)
    groups = recipients({answer.poc_id for answer in answers.values()}, at=at)
    due_steps = _due_steps([c for c in moved if notice and _is_due(c, at)])
    rows: list[notices.Row] = []
    grants: list[notices.Told] = []
    for c in moved:
        answer = answers[questions[c.pk]]
        everybody = notices.reachable(groups[answer.poc_id])
        people = others(everybody, by)
        facts = notices.because(answer, ladder.POC) | said[c.pk] | {"path": f"/owed/{c.pk}/"}
        cursor, step = due_steps.get(c.policy_version_id, (0, None)) if everybody and _is_due(c, at) else (0, None)
        c.cursor = cursor
        c.handed_off_at = at if cursor and not people else None  # whoever takes it themselves knows
        rows += _rows(c, notice, people, facts, step, at) if notice else []
        grants += [notices.Told(p.poc_id, c.home_id, c.grant_cause) for p in people]
    notices.write(rows, grants)


def _rows(
    c: Commitment, kind: str, people: Sequence[Recipient], facts: Mapping[str, Any], step: int | None, at: datetime
) -> list[notices.Row]:
    stem = f"c:{c.pk}:g{c.generation}:assigned"
    also = () if step is None else (ladder.REMINDER,)  # it is that step, too
    rows = notices.plain_rows(stem, kind, c.dossier_id, people, BOTH, facts, at, priority=notices.ESCALATION, also=also)
    return [r._replace(commitment_id=c.pk, generation=c.generation, step=step, slot=ladder.POC) for r in rows]


def _due_steps(due: Sequence[Commitment]) -> dict[int, tuple[int, int]]:
    """Return, for each version that has one, the place after the last step at the due moment, and that step."""
    found = {}
    for version_id, each in policies.ladders([c.policy_version_id for c in due]).items() if due else ():
        steps = enumerate(each.steps)
        at_due = [(n + 1, s.ordinal) for n, s in steps if s.kind == ladder.REMINDER and not s.may_be_skipped]
        if at_due:
            found[version_id] = at_due[-1]
    return found


def _happening(
    kind: str, c: Commitment, was: PointOfContact | None, reason: str, is_told: bool, at: datetime
) -> Happening:
    facts = {
        "commitment": c.pk, "kind": c.kind, "due_at": c.due_at.isoformat(),
        "poc": c.poc_id, "was": was.pk if was else None,
    }  # fmt: skip
    facts |= {} if is_told else {"told": False}  # by what moved it: its steps begin at the first
    personal = {
        "title": c.title, "poc": c.poc.name if c.poc else "", "was": was.name if was else "", "reason": reason,
    }  # fmt: skip
    return Happening(kind, [c.dossier], at, facts, personal)
