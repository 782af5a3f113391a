"""The engine's own steps, taken in the scenario's process: where all hangs on the clock, not on who runs them."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.test import override_settings

from crm.commitments.actions import open_commitments
from crm.commitments.models import Commitment, Kind, Notification
from crm.commitments.opening import Promise
from crm.commitments.planning import planner
from crm.dossiers.models import Dossier
from crm.outbox import sender
from crm.poc.models import PointOfContact
from tests import clock
from tests.factories.dossiers import DossierFactory, topic
from tests.factories.poc import AssignmentFactory, PersonFactory, front_desk
from tests.factories.users import UserFactory
from tests.faults.rig import Rig
from tests.faults.world import BY


@contextmanager
def post_office(rig: Rig) -> Iterator[None]:
    """Let what is sent by this process go to the scenario's mail server."""
    with override_settings(EMAIL_HOST="127.0.0.1", EMAIL_PORT=rig.sink.port):
        yield


@contextmanager
def quietly() -> Iterator[None]:
    """Have nothing logged that is provoked here, by the hundred."""
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)


def at(moment: datetime, *, send: bool = True) -> datetime:
    """Set the clock, plan, and send what is ready."""
    clock.freeze(moment)
    planner.sweep()
    if send:
        sender.sweep()
    return moment


def record(*answering: PointOfContact, title: str) -> Dossier:
    """File a record with whoever answers for it, the first of them, and their backups."""
    dossier = DossierFactory(title=title)
    for rank, poc in enumerate(answering):
        AssignmentFactory(dossier=dossier, poc=poc, rank=rank)
    return dossier


def promise(dossier: Dossier, title: str, *, opened: datetime, due: datetime | None, **values: Any) -> Commitment:
    """Owe something on a record, to be kept by whoever answers; without `due` by its kind's target."""
    given = {"kind": Kind.FOLLOW_UP, "due_at": due, "zone": "UTC"} | values
    return open_commitments([Promise(dossier=dossier, topic=topic(), title=title, **given)], by=BY, at=opened)[0]


def administrator() -> PointOfContact:
    """Somebody who is told when something is wrong with the engine."""
    return PersonFactory(name="Ada Admin", user=UserFactory(administrator=True), email="ada@firm.example")


def open_front_desk() -> PointOfContact:
    """Give the front desk an address of its own."""
    desk = front_desk()
    PointOfContact.objects.filter(pk=desk.pk).update(email="desk@firm.example", delivery="mailbox")
    desk.refresh_from_db()
    return desk


def mailed(rig: Rig) -> list[str]:
    """Return whom mails reached, in their order."""
    return [mail.recipient for mail in rig.sink.mails if mail.accepted]


def told(commitment: Commitment) -> list[tuple[int, str, str]]:
    """Return who was told of it by mail: generation, step's kind, address; in the order in which it was decided."""
    rows = Notification.objects.filter(commitment=commitment, channel="email", state="planned").order_by("pk")
    return list(rows.values_list("generation", "kind", "recipient__email"))
