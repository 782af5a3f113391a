"""The firm itself: its hours, its people with their sign-ins, its teams and its doors."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import date, timedelta

from crm.core.actor import Actor
from crm.desk.demo import people
from crm.desk.demo.stage import Stage, given
from crm.dossiers.firm import set_up
from crm.handovers.actions import Change, assign_many, set_absence
from crm.poc.actions import add_member, change_poc, open_person, open_poc
from crm.poc.hours import change_calendar, close_days, open_calendar
from crm.poc.models import PointOfContact, WorkingCalendar
from crm.users import tokens
from crm.users.actions import open_user
from crm.users.models import ApiToken
from crm.users.roles import LABELS
from interactions.doors import open_touch_point

FOUNDED = 800  # days ago
TOKEN_DAYS = 90


@dataclass(frozen=True, slots=True)
class SignIn:
    """How to sign in as one kind of user."""

    role: str
    email: str
    password: str


def found(stage: Stage) -> list[SignIn]:
    """Found the firm, and return a sign-in for each kind of user."""
    at, system = stage.ago(FOUNDED), Actor.system()
    set_up(**people.FIRM, by=system, at=at)
    calendars = _calendars(stage)
    sign_ins = []
    for person in people.PEOPLE:
        password = secrets.token_urlsafe(12) if person.is_shown else None
        email = f"{person.key}@{people.DOMAIN}"
        user = open_user(
            email=email, name=person.name, role=person.role, password=password, time_zone=person.zone, by=system, at=at
        )
        stage.users[person.key] = user
        stage.pocs[person.key] = open_person(
            user=user, phone=person.phone, languages=person.languages, zone=person.zone,
            calendar=calendars.get(person.zone), by=system, at=at,
        )  # fmt: skip
        if password:
            sign_ins.append(SignIn(str(LABELS[person.role]), email, password))
    _teams(stage)
    return sign_ins


def _calendars(stage: Stage) -> dict[str, WorkingCalendar]:
    """The house keeps Lisbon's hours; who works in Berlin's zone has others."""
    at, by = stage.ago(FOUNDED), Actor.system()
    house = WorkingCalendar.objects.get(is_default=True)
    house = change_calendar(calendar=house, zone=people.FIRM["zone"], week=people.LISBON_WEEK, by=by, at=at)
    berlin = open_calendar(name="Berlin and Milan", zone="Europe/Berlin", week=people.BERLIN_WEEK, by=by, at=at)
    years = (stage.today.year, stage.today.year + 1)
    days = {date(year, *when): name for year in years for when, name in people.CLOSED.items()}
    for calendar in (house, berlin):
        close_days(calendar=calendar, days=days, by=by, at=at)
    return {"Europe/Berlin": berlin}


def _teams(stage: Stage) -> None:
    by, at = stage.by("teresa"), stage.ago(FOUNDED)
    for team in people.TEAMS:
        stage.pocs[team.key] = open_poc(
            kind=PointOfContact.Kind.TEAM, name=team.name, lead=stage.pocs[team.lead], delivery=team.delivery,
            zone=team.zone, by=by, at=at, **given(email=team.email),
        )  # fmt: skip
    for person in people.PEOPLE:
        if person.team:
            stage.pocs[person.key] = change_poc(
                poc=stage.pocs[person.key], home_team=stage.pocs[person.team], by=by, at=at
            )
    desk = PointOfContact.objects.house().get()
    desk = change_poc(poc=desk, lead=stage.pocs["teresa"], email=f"hello@{people.DOMAIN}", by=by, at=at)
    for key in ("teresa", "sofia"):
        add_member(team=desk, member=stage.pocs[key], by=by, at=at)


def open_doors(stage: Stage) -> None:
    """Open the touch points, each answered for."""
    by, at = stage.by("teresa"), stage.ago(FOUNDED)
    for door in people.DOORS:
        opened = open_touch_point(
            name=door.name, channel=stage.channels[door.channel], address=door.address, by=by, at=at
        )
        stage.doors[door.name] = opened
        changes = [Change(opened.dossier, stage.topics[t], stage.pocs[key]) for t, key in door.answers.items()]
        assign_many(changes=changes, reason="", by=by, at=at, tell=False)


def absences(stage: Stage) -> None:
    """Let some be away: now, soon, and once without a cover."""
    for key, first, last, cover, reason in people.ABSENCES:
        set_absence(
            poc=stage.pocs[key],
            starts_at=stage.day(first),
            ends_at=stage.day(last + 1),
            cover=stage.pocs[cover] if cover else None,
            reason=reason,
            by=stage.by(key),
            at=stage.ago(12),
        )


def token(stage: Stage) -> str:
    """Return a key to the API, with the administrator's rights."""
    _token, secret = tokens.make(
        user=stage.users["teresa"],
        name="A first try",
        scopes=ApiToken.Scope.values,
        expires_at=stage.at + timedelta(days=TOKEN_DAYS),
        by=stage.by("teresa"),
        at=stage.at,
    )
    return secret
