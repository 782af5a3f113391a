"""Bring touches of the past in, by the thousand: nobody is told, no answer is owed, nothing is settled."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import models, transaction

from accounts.models import Account
from contacts.models import Contact
from crm.core.actor import Actor
from crm.dossiers.actions import Happening, record_many
from crm.dossiers.models import Event, Outcome
from crm.poc.models import PointOfContact
from crm.poc.resolve import Question, resolve_many
from interactions.actions import (
    Touch,
    facts_of,
    interaction_of,
    personal_of,
    place_of,
    refuse_impossible,
    refuse_mismatch,
    touched_dossiers,
)
from interactions.models import Interaction, TouchPoint

BATCH = 1000


@dataclass(slots=True)
class PastTouch(Touch):
    """A touch and what it is called where it comes from; `through` is who answered then, where that is known."""

    source: str = ""
    external_id: str = ""
    through: PointOfContact | None = None


@transaction.atomic
def log_many(*, touches: Sequence[PastTouch], by: Actor, at: datetime) -> list[Interaction]:
    """Log touches with the POC of their moments, in a number of queries that does not grow with a thousand.

    All or nothing. Their records are expected with their dossiers loaded.

    :raises Refused: as `log`.
    """
    if not touches:
        return []
    _complete(touches)
    _refuse(touches, at)
    places = [place_of(touch) for touch in touches]
    asked = [
        Question(place.pk, touch.topic.pk, touch.through.pk if touch.through else None, at=touch.occurred_at or at)
        for touch, place in zip(touches, places, strict=True)
    ]
    answers = resolve_many(asked, at=at)
    pocs = PointOfContact.objects.in_bulk([answer.poc_id for answer in answers.values()])
    interactions = []
    for touch, place, question in zip(touches, places, asked, strict=True):
        answer = answers[question]
        interaction = interaction_of(touch, place, answer, question.at or at, by, at)
        interaction.poc = pocs[answer.poc_id]
        interaction.source, interaction.external_id = touch.source, touch.external_id
        interactions.append(interaction)
    Interaction.objects.bulk_create(interactions, batch_size=BATCH)
    record_many([_happening(interaction) for interaction in interactions], by=by, at=at)
    _touched(interactions)
    return interactions


def _complete(touches: Sequence[PastTouch]) -> None:
    """Fill in the account from project or contact; strangers are kept at the default touch point."""
    strangers = []
    for touch in touches:
        record = touch.project or touch.contact
        if touch.account is None and record is not None:
            touch.account = record.account
        if not any((touch.account, touch.contact, touch.touch_point)) and touch.caller.strip():
            strangers.append(touch)
    if strangers:
        door = TouchPoint.objects.for_list().get(is_default=True)
        for touch in strangers:
            touch.touch_point = door


def _refuse(touches: Sequence[PastTouch], at: datetime) -> None:
    channels = defaultdict(set)
    for outcome_id, channel_id in Outcome.channels.through.objects.values_list("outcome_id", "channel_id"):
        channels[outcome_id].add(channel_id)
    for touch in touches:
        refuse_impossible(touch, at)
        if touch.outcome:
            refuse_mismatch(touch, channels[touch.outcome.pk])


def _happening(interaction: Interaction) -> Happening:
    return Happening(
        kind=Event.Kind.LOGGED,
        dossiers=touched_dossiers(interaction),
        happened_at=interaction.occurred_at,
        facts=facts_of(interaction),
        personal=personal_of(interaction),
    )


def _touched(interactions: Sequence[Interaction]) -> None:
    """Move the touch clocks of accounts and contacts forward."""
    touches = [i for i in interactions if i.is_touch]
    _move(Account.objects.all(), _latest((i.account_id, i.occurred_at) for i in touches))
    _move(Contact.objects.all(), _latest((i.contact_id, i.occurred_at) for i in touches))


def _latest(moments: Iterable[tuple[int | None, datetime]]) -> dict[int, datetime]:
    latest: dict[int, datetime] = {}
    for pk, moment in moments:
        if pk is not None:
            latest[pk] = max(moment, latest.get(pk, moment))
    return latest


def _move(records: models.QuerySet[Any], latest: Mapping[int, datetime]) -> None:
    """Set the touch clocks that stand earlier than these moments."""
    rows = records.filter(pk__one_of=list(latest)).only("pk", "last_touch_at")
    moved = [row for row in rows if row.last_touch_at is None or row.last_touch_at < latest[row.pk]]
    for row in moved:
        row.last_touch_at = latest[row.pk]
    records.model._default_manager.bulk_update(moved, ["last_touch_at"], batch_size=BATCH)
