"""A small house: Ann answers for a record, Ben is her backup, Lea leads her team; Dora sits at the front desk."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from crm.commitments.actions import open_commitment
from crm.commitments.models import Commitment, Kind, Notification
from crm.commitments.planning import planner
from crm.core.actor import Actor
from crm.dossiers.models import Dossier
from crm.poc.models import PointOfContact
from tests.factories.dossiers import DossierFactory, topic
from tests.factories.poc import AssignmentFactory, MembershipFactory, PersonFactory, TeamFactory, front_desk
from tests.factories.users import actor

MONDAY = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
WEDNESDAY = datetime(2026, 3, 4, 10, 0, tzinfo=UTC)  # when things are due here


@dataclass
class House:
    """The people, and the verbs a test of the engine needs."""

    clock: Any
    record: Dossier
    ann: PointOfContact
    ben: PointOfContact
    lea: PointOfContact
    dora: PointOfContact
    team: PointOfContact
    by: Actor

    def promise(self, **values: Any) -> Commitment:
        """Open something on Monday, due on Wednesday at 10, in UTC."""
        values = {
            "dossier": self.record, "topic": topic(), "kind": Kind.FOLLOW_UP, "title": "Call Ms Lima",
            "due_at": WEDNESDAY, "zone": "UTC", "by": self.by, "at": MONDAY,
        } | values  # fmt: skip
        return open_commitment(**values)

    def at(self, text: str) -> datetime:
        """Move the clock to a moment of that week, as "Tue 10:00" (a "+" after the day: a week later)."""
        return self.clock.freeze(moment(text))

    def sweep_at(self, text: str) -> datetime:
        at = self.at(text)
        planner.sweep()
        return at


def moment(text: str) -> datetime:
    day, hour = text.split()
    n = 2 + ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun").index(day[:3]) + 7 * day.count("+")
    return datetime.fromisoformat(f"2026-03-{n:02}T{hour}:00+00:00")


@pytest.fixture
def house(db: None, clock: Any) -> House:
    return build(clock)


@pytest.fixture
def house_alone(database: str, clock: Any) -> House:
    """The same in a database of its own, everything committed."""
    return build(clock)


def build(clock: Any) -> House:
    clock.freeze(MONDAY)
    lea = PersonFactory(name="Lea", signs_in=True)
    team = TeamFactory(name="Sales", lead=lea)
    ann = PersonFactory(name="Ann", signs_in=True, home_team=team)
    ben = PersonFactory(name="Ben", signs_in=True)
    dora = PersonFactory(name="Dora", signs_in=True)
    MembershipFactory(team=front_desk(), member=dora)
    record = DossierFactory(title="Atlantico")
    AssignmentFactory(dossier=record, poc=ann)
    AssignmentFactory(dossier=record, poc=ben, rank=1)
    return House(clock, record, ann, ben, lea, dora, team, actor())


@pytest.fixture
def told() -> Callable[..., list[tuple[str, str]]]:
    """Return who is told what, in the order it was decided: [(kind, name)], by default as mails."""

    def told(channel: str = "email", **only: Any) -> list[tuple[str, str]]:
        rows = Notification.objects.planned().filter(channel=channel, **only).order_by("pk")
        return list(rows.values_list("kind", "recipient__name"))

    return told
