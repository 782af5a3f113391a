"""A problem goes to a specialist, while whoever answers for the record keeps the customer; it comes back solved."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from crm.commitments import actions as commitments
from crm.commitments.models import Commitment, Kind
from crm.commitments.moving import Meaning
from crm.commitments.refusals import AnswersNoMore, ClosedAlready
from crm.core.actor import Actor
from crm.core.refusals import Refused
from crm.dossiers.models import Event, EventDossier
from crm.poc.models import PointOfContact
from crm.poc.resolve import resolve
from interactions.actions import priority_of, resolution_title
from interactions.corrections import facts_when_logged
from interactions.models import Interaction

PASSED_ON = Meaning(Event.Kind.PASSED_ON, "passed_on")
RETURNED = Meaning(Event.Kind.RETURNED, "returned")
MOVES = (Event.Kind.PASSED_ON, Event.Kind.RETURNED, Event.Kind.REASSIGNED)


class NothingToSolve(Refused):
    code = "nothing_to_solve"
    default_message = _("Only what is to be solved is passed on. Give it to somebody else instead.")


class AnswersAlready(Refused):
    field = "to"
    code = "answers_already"
    default_message = _("They answer for it already. Choose somebody else.")


class NotPassedOn(Refused):
    code = "not_passed_on"
    default_message = _("It was not passed on: whoever answers has it.")


class ResolutionRequired(Refused):
    field = "resolution"
    code = "resolution_required"
    default_message = _("Say how it was solved: whoever answers tells the customer.")


@dataclass(frozen=True, slots=True)
class Passing:
    """How something came to a specialist, or came back solved (`is_back`).

    `by` is the name of whoever passed it on, or who solved it; empty for the product itself.
    """

    by: str
    note: str
    at: datetime
    is_back: bool = False


@transaction.atomic
def pass_on(*, commitment: Commitment, to: PointOfContact, note: str = "", by: Actor, at: datetime) -> Commitment:
    """Give what is to be solved to `to` by name; they and whoever answers to the customer are told.

    Who answers for the record stays. To whom it was given already: nothing happens.

    :raises NothingToSolve: it is not a problem to be solved.
    :raises AnswersAlready: `to` is whoever answers.
    :raises ClosedAlready: it is done or cancelled.
    :raises AnswersNoMore: `to` is deactivated.
    """
    current = _to_solve(commitment)
    if current.is_closed:
        raise ClosedAlready
    if current.poc_id == to.pk:
        return current
    answering = resolve(dossier_id=current.dossier_id, topic_id=current.topic_id, at=at).poc_id
    if answering == to.pk:
        raise AnswersAlready
    try:
        passed = commitments.reassign(commitment=current, poc=to, reason=note, meaning=PASSED_ON, by=by, at=at)
    except AnswersNoMore as refusal:
        refusal.field = "to"
        raise
    commitments.notify(
        idem_key=f"c:{passed.pk}:g{passed.generation}:told",
        kind="passed_on_told",
        recipient_poc_ids=[answering],
        dossier=passed.dossier,
        context={
            "title": passed.title, "to": to.name, "by": str(by.user or ""), "note": note.strip(),
            "path": f"/owed/{passed.pk}/",
        },
        cause=passed.grant_cause,
        by=by,
        at=at,
    )  # fmt: skip
    return passed


@transaction.atomic
def pass_on_touch(
    *, interaction: Interaction, to: PointOfContact, note: str = "", by: Actor, at: datetime
) -> Commitment:
    """Pass on what a touch is about; where nothing is to be solved for it yet, that is opened.

    :raises Refused: as `pass_on`.
    """
    owed = resolution_of(interaction)
    if owed is None:
        promise = commitments.Promise(
            dossier=interaction.dossier,
            topic=interaction.topic,
            kind=Kind.RESOLUTION,
            title=resolution_title(interaction),
            purpose=interaction.purpose,
            channel=interaction.channel,
            priority=priority_of(interaction.purpose),
            interaction=interaction.pk,
        )
        owed = commitments.open_commitments([promise], by=by, at=at)[0]
    return pass_on(commitment=owed, to=to, note=note, by=by, at=at)


@transaction.atomic
def hand_back(*, commitment: Commitment, resolution: str, by: Actor, at: datetime) -> Commitment:
    """Give it back to whoever answers, solved: they are told how, tell the customer, and close it.

    Handed back already: nothing happens.

    :raises NothingToSolve: it is not a problem to be solved.
    :raises NotPassedOn: whoever answers has had it all along.
    :raises ResolutionRequired: `resolution` is blank.
    :raises ClosedAlready: it is done or cancelled.
    """
    current = _to_solve(commitment)
    if current.is_closed:
        raise ClosedAlready
    if current.poc_id is None:
        if _last_move(current) == Event.Kind.RETURNED:
            return current
        raise NotPassedOn
    if not resolution.strip():
        raise ResolutionRequired
    return commitments.reassign(commitment=current, poc=None, reason=resolution, meaning=RETURNED, by=by, at=at)


def resolution_of(interaction: Interaction) -> Commitment | None:
    """Return what is still to be solved for a touch. Three queries."""
    return next((c for c in opened_by(interaction) if c.kind == Kind.RESOLUTION and not c.is_closed), None)


def opened_by(interaction: Interaction) -> list[Commitment]:
    """Return the answers owed for a touch, the first due first: from when it was logged, or since. Three queries."""
    since = EventDossier.objects.filter(
        dossier=interaction.dossier_id, happened_at__gte=interaction.logged_at, event__kind=Event.Kind.OWED
    )
    later = since.filter(event__facts__interaction=interaction.pk).values_list("event__facts__commitment", flat=True)
    opened = [*facts_when_logged(interaction).get("opened", []), *later]
    return list(Commitment.objects.for_list().filter(pk__one_of=opened).order_by("due_at", "pk")) if opened else []


def passings(owed: Iterable[Commitment]) -> Mapping[int, Passing]:
    """Return how each of these came to whoever has it now, where it was passed on. One query, or none."""
    given = {c.pk: c for c in owed if c.kind == Kind.RESOLUTION and not c.is_closed}
    found: dict[int, Passing] = {}
    for event in _moves(given.values()):
        pk = event.facts.get("commitment")
        if pk not in given:
            continue
        values = event.personal.values if hasattr(event, "personal") else {}
        note = values.get("reason", "")
        found.pop(pk, None)
        if event.kind == Event.Kind.PASSED_ON:
            found[pk] = Passing(by=event.actor.name if event.actor else "", note=note, at=event.happened_at)
        elif event.kind == Event.Kind.RETURNED:
            found[pk] = Passing(by=values.get("was", ""), note=note, at=event.happened_at, is_back=True)
    return found


def _to_solve(commitment: Commitment) -> Commitment:
    """Lock and return it as it stands now.

    :raises NothingToSolve: it is of another kind.
    """
    rows = Commitment.objects.select_related("dossier", "poc").select_for_update(no_key=True, of=("self",))
    current = rows.get(pk=commitment.pk)
    if current.kind != Kind.RESOLUTION:
        raise NothingToSolve
    return current


def _last_move(commitment: Commitment) -> str | None:
    kinds = [event.kind for event in _moves([commitment]) if event.facts.get("commitment") == commitment.pk]
    return kinds[-1] if kinds else None


def _moves(owed: Iterable[Commitment]) -> list[Event]:
    """Every time one of these, or of what is owed beside them, changed hands, in order. One query, or none."""
    owed = list(owed)
    if not owed:
        return []
    rows = EventDossier.objects.filter(
        dossier__one_of=list({c.dossier_id for c in owed}),
        happened_at__gte=min(c.opened_at for c in owed),
        event__kind__in=MOVES,
    )
    rows = rows.select_related("event__actor", "event__personal").order_by("happened_at", "event_id")
    return [row.event for row in rows]
