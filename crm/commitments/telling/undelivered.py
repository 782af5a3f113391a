"""When a mail failed for good: whoever is next in line is told in its reader's place, exactly once.

Next in line is the next slot up (backup, lead, the lead's lead, front desk) with somebody whose
own address is not refused and who was not told of it yet. The step counts as handed off when its
mail ended, so the ladder goes on from there. A mail that perhaps arrived is told of the same way.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from crm.commitments import ladder
from crm.commitments.models import Commitment, Notification
from crm.commitments.telling import notices
from crm.commitments.telling.generations import since_act, told_or_ended
from crm.commitments.telling.slots import answers_of, in_slot
from crm.outbox.models import Message
from crm.poc.decide import Answer
from crm.poc.models import PointOfContact
from crm.poc.recipients import Recipient, reach, recipients
from crm.poc.resolve import Question, resolve_many

KIND = "undelivered"
PERHAPS = "perhaps_undelivered"
KINDS = (KIND, PERHAPS)
REFUSED = "address_refused"
NO_TOPIC = 0  # of a notice that is about none: whoever answers in general
ALL_TOLD = "told_already"


def tell(message: Message, held: Sequence[Notification], at: datetime) -> None:
    """Tell of each of these notices, which `message` did not bring to its reader, whoever is next in line.

    The commitments must be locked. A constant number of queries.
    """
    if not held:
        return
    answers = _answers(held, at)
    pocs = {n.pk: _in_line(n, answers[n.pk]) for n in held}
    people = recipients({poc for line in pocs.values() for _, poc in line}, at=at)
    usable = _usable(people)
    told = _told(held, _keys(held, pocs, people))
    reader = reach([message.recipient_id])[message.recipient_id]
    rows: list[notices.Row] = []
    grants: list[notices.Told] = []
    for n in held:
        if told.is_with_others(n):
            rows.append(_skipped(n, message, at))
            continue
        tried = {*n.facts.get("tried", ()), message.recipient_id} | told.to(n)
        slot, poc, next_ones = _next(pocs[n.pk], people, usable, tried)
        facts = _facts(n, message, reader, [*n.facts.get("tried", ()), message.recipient_id])
        rows += _rows(n, message, slot, next_ones, facts, at)
        grants += [_grant(n, p, message) for p in next_ones if n.dossier is not None and n.dossier.home_id is not None]
        if n.kind == "escalation" and poc is not None:
            Commitment.objects.filter(pk=n.commitment_id).update(escalated_to=poc, escalated_at=at)
    notices.write(rows, grants)


def address_refused(message: Message, at: datetime) -> None:
    """Tell the administrators that an address is refused, so that somebody corrects it."""
    poc = message.recipient
    facts = {
        "name": poc.name, "address": message.address, "reply": message.reply,
        "path": f"/admin/poc/pointofcontact/{poc.pk}/change/",
    }  # fmt: skip
    notices.alarm(idem_key=f"q:m{message.msgid}:refused", kind=REFUSED, facts=facts, at=at)


@dataclass(frozen=True, slots=True)
class _Already:
    """Who is told already of what these notices tell, by mail."""

    step: dict[tuple[Any, ...], dict[int, bool]]  # the same step → whom, and whether they have it or will
    news: dict[int, dict[int, bool]]  # where it is no step: by the notice's id
    steps: dict[int, dict[tuple[int, int, int], set[int]]]  # by the commitment: generation, step, repeat → whom
    ended: dict[int, set[int]]  # by the commitment: generations that ended without an act

    def of(self, n: Notification) -> Mapping[int, bool]:
        return self.news.get(n.pk, {}) if n.step is None else self.step.get(_same(n), {})

    def to(self, n: Notification) -> set[int]:
        """Whom nothing more is told: of the step itself, and of an escalation those told at a lower step.

        That is so however often a step was planned anew since the last act.
        """
        told = set(self.of(n))
        if n.step is None or n.generation is None or n.commitment_id is None:
            return told
        first = since_act(n.generation, self.ended[n.commitment_id])
        for (generation, step, repeat), pocs in self.steps[n.commitment_id].items():
            is_same = (step, repeat) == (n.step, n.repeat)
            is_lower = n.kind == ladder.ESCALATION and step < n.step
            if first <= generation <= n.generation and (is_same or is_lower):
                told |= pocs
        return told

    def is_with_others(self, n: Notification) -> bool:
        return any(has_it for poc, has_it in self.of(n).items() if poc != n.recipient_id)


def _same(n: Notification) -> tuple[Any, ...]:
    return n.commitment_id, n.generation, n.step, n.repeat


def _keys(
    held: Sequence[Notification],
    pocs: Mapping[int, Sequence[tuple[str, int]]],
    people: Mapping[int, Sequence[Recipient]],
) -> dict[str, int]:
    """Return the keys under which those in line would have been told the same thing, where it is no step."""
    keys: dict[str, int] = {}
    for n in held:
        stem, is_one_of_many, _ = n.idem_key.rpartition(":m")
        for _slot, poc in pocs[n.pk] if n.step is None and is_one_of_many else ():
            keys |= {f"{stem}:m{p.poc_id}:{notices.EMAIL}": n.pk for p in people.get(poc, ())}
    return keys


def _told(held: Sequence[Notification], keys: Mapping[str, int]) -> _Already:
    """Read who is told already. Two queries at most."""
    told = _Already(defaultdict(dict), defaultdict(dict), defaultdict(lambda: defaultdict(set)), defaultdict(set))
    ids = [n.commitment_id for n in held if n.step is not None]
    by_key = Notification.objects.planned().filter(idem_key__in=list(keys))
    by_step = Notification.objects.filter(told_or_ended(), commitment__one_of=ids, channel=notices.EMAIL)
    for row in [*by_key.select_related("message"), *(by_step.select_related("message") if ids else ())]:
        has_it = row.message is None or row.message.state in (Message.State.READY, Message.State.SENT)
        if row.state != Notification.State.PLANNED:
            told.ended[row.commitment_id or 0].add(row.generation or 0)
            continue
        if row.idem_key in keys:
            told.news[keys[row.idem_key]][row.recipient_id or 0] = has_it
        if row.step is not None:
            told.step[_same(row)][row.recipient_id or 0] = has_it
            place = row.generation or 0, row.step, row.repeat
            told.steps[row.commitment_id or 0][place].add(row.recipient_id or 0)
    return told


def _answers(held: Sequence[Notification], at: datetime) -> dict[int, Answer]:
    """Return who answers for what each notice is about; where nothing is owed, for its record after its reader."""
    owed = [n for n in held if n.commitment_id is not None]
    asked = {n.pk: Question(n.dossier_id, NO_TOPIC, n.recipient_id) for n in held if n.commitment_id is None}
    answers = resolve_many(asked.values(), at=at) if asked else {}
    return answers_of(owed, at) | {pk: answers[question] for pk, question in asked.items()}


def _in_line(n: Notification, answer: Answer) -> list[tuple[str, int]]:
    """Return the slots to try in turn and who is in them: from the one it was for, or from the reader's backup, up."""
    slots = ladder.climb(n.slot) if n.commitment_id is not None and n.slot else ladder.CLIMB
    found = [(slot, in_slot(answer, slot)) for slot in slots]
    return [(slot, poc) for slot, poc in found if poc is not None]


def _usable(people: Mapping[int, Sequence[Recipient]]) -> set[int]:
    """Return those among these people whom a mail can be expected to reach. One query."""
    everybody = {p.poc_id: p for group in people.values() for p in group}
    marked = PointOfContact.objects.filter(pk__one_of=list(everybody)).exclude(refused_address="")
    refused = dict(marked.values_list("pk", "refused_address"))
    return {pk for pk, p in everybody.items() if p.address and refused.get(pk) != p.address}


def _next(
    line: Sequence[tuple[str, int]], people: Mapping[int, Sequence[Recipient]], usable: set[int], tried: set[int]
) -> tuple[str, int | None, list[Recipient]]:
    """Return the first slot with somebody not yet tried whom a mail reaches, or else at least the inbox."""
    ways: Sequence[Callable[[Recipient], bool]] = (lambda p: p.poc_id in usable, lambda p: p.user_id is not None)
    for is_enough in ways:
        for slot, poc in line:
            fresh = [p for p in people.get(poc, ()) if p.poc_id not in tried and is_enough(p)]
            if fresh:
                return slot, poc, fresh
    return "", None, []


def _facts(n: Notification, message: Message, reader: Recipient, tried: Sequence[int]) -> dict[str, Any]:
    """What is said: to whom, what about, why not; of what stood in for another mail already, what that one said."""
    if n.kind in KINDS:
        return {**n.facts, "tried": tried}
    about = n.commitment.title if n.commitment else n.dossier.title if n.dossier else ""
    why = message.reply or message.get_state_display()
    return {"name": reader.name, "what": about, "reply": why, "tried": tried}


def _rows(
    n: Notification, message: Message, slot: str, people: Iterable[Recipient], facts: Mapping[str, Any], at: datetime
) -> list[notices.Row]:
    kind = PERHAPS if message.state == Message.State.UNCERTAIN else KIND
    rows = notices.plain_rows(
        f"q:m{message.msgid}:n{n.pk}", kind, n.dossier_id, people, (notices.INBOX, notices.EMAIL), facts, at,
        priority=min(n.priority, notices.ESCALATION),
    )  # fmt: skip
    return [r._replace(commitment_id=n.commitment_id, generation=n.generation, slot=slot) for r in rows]


def _skipped(n: Notification, message: Message, at: datetime) -> notices.Row:
    """Return the row that says why nobody more is told: others of the same step have it."""
    return notices.Row(
        f"q:m{message.msgid}:n{n.pk}:-", KIND, n.commitment_id, n.dossier_id, n.generation, None, 0, n.slot, None, "",
        n.priority, at, at, at, ladder.SKIPPED, ALL_TOLD, {},
    )  # fmt: skip


def _grant(n: Notification, person: Recipient, message: Message) -> notices.Told:
    """Let whoever is told open the record: as long as it is owed, else from then on."""
    cause = n.commitment.grant_cause if n.commitment else f"q:m{message.msgid}"
    return notices.Told(person.poc_id, n.dossier.home_id, cause)  # type: ignore[union-attr,arg-type]  # `tell` has looked
