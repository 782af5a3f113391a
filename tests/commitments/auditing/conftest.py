"""The auditor over all there is, and what it found."""

from collections.abc import Callable
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection

from crm.commitments.auditing import auditor
from crm.commitments.models import Commitment, Finding, Notification
from crm.commitments.planning import planner
from crm.outbox.models import DeliveryAttempt, Message
from tests.commitments.conftest import House
from tests.factories.outbox import DeliveryAttemptFactory

Audit = Callable[..., list[str]]


@pytest.fixture
def audit(house: House) -> Audit:
    """Let the auditor look, and return the keys of what stands: of one check, or of all."""

    def audit(code: str = "", **only: Any) -> list[str]:
        auditor.sweep(whole=True)
        rows = Finding.objects.standing().filter(**({"code": code} if code else {}), **only)
        return sorted(rows.values_list("subject", flat=True))

    return audit


@pytest.fixture
def reminded(house: House) -> Commitment:
    """Something owed whose POC was reminded a day before, by a mail that was taken."""
    commitment = house.promise()
    house.sweep_at("Tue 10:00")
    deliver()
    return commitment


def deliver() -> None:
    """Let every ready mail be taken by its server."""
    for message in Message.objects.filter(state="ready"):
        at = message.available_at
        DeliveryAttemptFactory(message=message, intent_at=at, ended_at=at, outcome=DeliveryAttempt.Outcome.ACCEPTED)
        Message.objects.filter(pk=message.pk).update(state="sent", ended_at=at)


def week(house: House, *moments: str) -> None:
    """Let planner and sender work at each of these moments."""
    for text in moments:
        house.at(text)
        planner.sweep()
        deliver()


def mail_of(commitment: Commitment) -> Message:
    """Return the newest mail about a commitment."""
    mails = Notification.objects.filter(commitment=commitment, channel="email").exclude(message=None)
    return mails.latest("pk").message


def copy(notification: Notification, **values: Any) -> Notification:
    """Write a second row like one, under another key."""
    notification.pk, notification.idem_key = None, f"{notification.idem_key}/again"
    for name, value in values.items():
        setattr(notification, name, value)
    notification.save(force_insert=True)
    return notification


@contextmanager
def unchecked(table: str, constraint: str) -> Any:
    """Let the database take what a CHECK refuses, until the test is over."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("PRAGMA ignore_check_constraints = ON")
            yield
            cursor.execute("PRAGMA ignore_check_constraints = OFF")
        else:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {constraint}")
            yield
