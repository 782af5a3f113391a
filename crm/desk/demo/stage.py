"""What was told so far, by the short names the tables use."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from accounts.models import Account
from contacts.models import Contact, ContactRole
from crm.core.actor import Actor, Source
from crm.core.working_time import WorkingTime, combine
from crm.desk.demo.people import FIRM
from crm.dossiers.models import Channel, Dossier, Outcome, Purpose, Tier, Topic, Word
from crm.poc.calendars import house_working_time
from crm.poc.models import PointOfContact
from crm.users.models import User
from interactions.models import TouchPoint
from projects.models import Project

FRIDAY = 4
W = TypeVar("W", bound=Word)


def _by_code(model: type[W]) -> dict[str, W]:
    return {word.code: word for word in model._default_manager.all()}


@dataclass(slots=True)
class Stage:
    """The firm as far as it stands; `at` is the moment it is told."""

    at: datetime
    users: dict[str, User] = field(default_factory=dict)
    pocs: dict[str, PointOfContact] = field(default_factory=dict)
    accounts: dict[str, Account] = field(default_factory=dict)  # by key
    contacts: dict[str, Contact] = field(default_factory=dict)  # by name
    projects: dict[str, Project] = field(default_factory=dict)  # by name
    doors: dict[str, TouchPoint] = field(default_factory=dict)  # by name
    topics: dict[str, Topic] = field(default_factory=lambda: _by_code(Topic))
    tiers: dict[str, Tier] = field(default_factory=lambda: _by_code(Tier))
    channels: dict[str, Channel] = field(default_factory=lambda: _by_code(Channel))
    purposes: dict[str, Purpose] = field(default_factory=lambda: _by_code(Purpose))
    outcomes: dict[str, Outcome] = field(default_factory=lambda: _by_code(Outcome))
    roles: dict[str, ContactRole] = field(default_factory=lambda: _by_code(ContactRole))

    def by(self, key: str) -> Actor:
        """Somebody of the firm, on a page."""
        return Actor(self.users[key], Source.PAGE)

    def ago(self, days: int) -> datetime:
        """Some office hour of the working day that many days ago, or of the Friday before it; at least a day ago."""
        moment = self.day(-days, time(9 + days % 8, days * 7 % 60))
        return moment - timedelta(days=max(0, moment.weekday() - FRIDAY))

    @property
    def today(self) -> date:
        return self.at.astimezone(ZoneInfo(FIRM["zone"])).date()

    def day(self, n: int, clock: time = time(0)) -> datetime:
        """`clock` on the day `n` days from today, where the firm is."""
        return combine(FIRM["zone"], self.today + timedelta(days=n), clock)

    def working_day(self, n: int, hour: int) -> datetime:
        """The hour on the `n`th working day from today."""
        working: WorkingTime = house_working_time()
        day = working.add_days(self.at, n).astimezone(ZoneInfo(working.zone)).date()
        return working.combine(day, time(hour))

    def in_minutes(self, n: int) -> datetime:
        """So many minutes from now, on a round five, and still today if today lasts that long."""
        moment = self.at.replace(second=0, microsecond=0) + timedelta(minutes=n)
        moment += timedelta(minutes=-moment.minute % 5)
        midnight = self.day(1) - timedelta(minutes=5)
        return min(moment, midnight) if midnight > self.at else moment

    def dossier(self, name: str) -> Dossier:
        """The record of a project or an account, by its name."""
        if name in self.projects:
            return self.projects[name].dossier
        return next(a.dossier for a in self.accounts.values() if a.name == name)


def given(**values: Any) -> dict[str, Any]:
    """The values that are not empty."""
    return {name: value for name, value in values.items() if value not in ("", None)}
