"""Logging a call with a follow-up: the action alone, with somebody told, and through the API."""

from __future__ import annotations

from collections.abc import Generator
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import AutoField, Model

from contacts.models import Contact
from crm.commitments.models import Commitment
from crm.core.actor import Actor, Source
from crm.core.clock import now
from crm.desk.benchmark.door import Reader
from crm.desk.benchmark.firm import ALL, CONTACTS_EACH, FIRST, MANY, BigFirm
from crm.desk.benchmark.measure import Budget, Case, Work, fetch
from crm.dossiers.models import Channel, Event, EventDossier, EventPersonal, Outcome, Topic
from crm.users.models import User
from interactions.actions import Touch, log
from interactions.follow_ups import NewFollowUp
from interactions.models import FollowUp, Interaction

ACTION, TOLD, DOOR = 15, 20, 5  # queries: in the action, where somebody is told, more at the door


def cases(firm: BigFirm) -> Generator[Case]:
    i = next(i for i, held in enumerate(firm.holders) if held == firm.person(MANY))
    contact = Contact.objects.select_related("dossier", "account__dossier").get(pk=firm.contact(i, CONTACTS_EACH - 1))
    writing = _written_plainly()
    mine, others = (_logged(contact, User.objects.get(pk=firm.person(place))) for place in (MANY, ALL))
    yield Case("log: a call with a follow-up", mine, writing, Budget(queries=ACTION, seconds=0.1))
    yield Case("log: … and whoever answers is told", others, writing, Budget(queries=TOLD, seconds=0.1))
    body = {
        "channel": "phone", "direction": "out", "outcome": "reached", "contact": contact.pk, "note": "Fine.",
        "follow_up": {"due_at": (now() + timedelta(days=3)).isoformat()},
    }  # fmt: skip
    send = Reader(firm, ALL).sent("/api/v1/interactions/", body)
    yield Case("log: … through the API, shown with all it brought", undone(send), writing, Budget(seconds=0.1))


def _logged(contact: Contact, user: User) -> Work:
    channel, outcome = Channel.objects.get(code="phone"), Outcome.objects.get(code="reached")
    topic, by, at = Topic.objects.get(code=Topic.GENERAL), Actor(user, Source.PAGE), now()

    def work() -> int:
        touch = Touch(
            channel=channel, direction=Interaction.Direction.OUTBOUND, topic=topic, contact=contact, outcome=outcome
        )
        log(touch=touch, follow_up=NewFollowUp(at + timedelta(days=3)), by=by, at=at)
        return 1

    return undone(work)


def _written_plainly() -> Work:
    """Return work that writes the same rows in plain SQL, as copies of the first touch's, and takes them back."""

    def work() -> int:
        touch = _copied(Interaction, FIRST, external_id="")
        owed = _copied(Commitment, FIRST)
        _copied(FollowUp, FIRST, commitment_id=owed, interaction_id=touch)
        for n in (1, 2):  # of the touch, and of the promise
            event = _copied(Event, FIRST)
            _copied(EventPersonal, FIRST, event_id=event)
            for k in range(n):
                _copied(EventDossier, FIRST + k, event_id=event)
        return 1

    return undone(work)


def _copied(model: type[Model], pk: int, **replaced: Any) -> int:
    """Copy one row, some of its columns replaced, and return the copy's id."""
    columns = [f.column for f in model._meta.concrete_fields if not isinstance(f, AutoField) or f.column in replaced]
    values = ", ".join("%s" if column in replaced else f'"{column}"' for column in columns)
    names = ", ".join(f'"{column}"' for column in columns)
    key, table = model._meta.pk.column, model._meta.db_table
    sql = f'INSERT INTO "{table}" ({names}) SELECT {values} FROM "{table}" WHERE "{key}" = %s RETURNING "{key}"'
    copied: int = fetch(sql, [*(replaced[column] for column in columns if column in replaced), pk])[0][0]
    return copied


def undone(work: Work) -> Work:
    """Return work that does the same, and takes it back."""

    def undoing() -> int:
        with transaction.atomic():
            rows: int = work()
            transaction.set_rollback(True)
        return rows

    return undoing
