"""Rows of those who answer: users, people, teams, who is away and who left, and what narrowed roles see."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from crm.core.text import search_key
from crm.desk.benchmark.firm import (
    ALL,
    AWAY,
    AWAY_LATER,
    AWAY_UNCOVERED,
    DOMAIN,
    FEW,
    FIRST,
    GONE,
    MANY,
    PEOPLE,
    READERS,
    TEAM,
    TEAMS,
    BigFirm,
    Rows,
)
from crm.poc.models import Absence, Membership, PointOfContact
from crm.users import roles
from crm.users.models import RoleScope, User

NARROWED = {roles.SALES_REP: RoleScope.Sees.OWN, roles.SUPPORT: RoleScope.Sees.TEAM}
ROLES = (roles.SALES_REP, roles.SALES_REP, roles.PROJECT_MANAGER, roles.ACCOUNT_MANAGER, roles.SUPPORT)
READ_AS = {ALL: roles.ADMINISTRATOR, TEAM: roles.SUPPORT, FEW: roles.SALES_REP, MANY: roles.SALES_REP}
FORTNIGHT = timedelta(days=14)


def people(firm: BigFirm, first: int, last: int) -> Rows:
    """Return everybody at once: `first` is 0, there is one batch of them."""
    rows: Rows = {
        User: [], User.groups.through: [], PointOfContact: [], Membership: [], Absence: _absences(firm), RoleScope: [],
    }  # fmt: skip
    for place in range(PEOPLE):
        pk = firm.person(place)
        name = " ".join(firm.name(pk))
        email, team = f"{READERS.get(place, f'person-{place}')}@{DOMAIN}", firm.team(place % TEAMS)
        rows[User].append({
            "id": pk, "email": email, "name": name, "password": "!",  # nobody signs in with a password
            "joined_at": firm.ago(1200), "is_active": place not in GONE,
        })  # fmt: skip
        group = firm.words.groups[READ_AS.get(place, ROLES[place % len(ROLES)])]
        rows[User.groups.through].append({"id": pk, "user_id": pk, "group_id": group})
        rows[PointOfContact].append({
            "id": pk, "kind": PointOfContact.Kind.PERSON, "user_id": pk, "name": name, "name_key": search_key(name),
            "email": email, "phone": f"+351 21 000 {place:04}", "home_team_id": team,
            "deactivated_at": firm.ago(30) if place in GONE else None,
        })  # fmt: skip
        rows[Membership].append({"id": pk, "team_id": team, "member_id": pk})
    rows[PointOfContact] += [_team(firm, place) for place in range(TEAMS)]
    rows[RoleScope] = [
        {"id": FIRST + n, "group_id": firm.words.groups[role], "sees": sees}
        for n, (role, sees) in enumerate(NARROWED.items())
    ]
    return rows


def _team(firm: BigFirm, place: int) -> dict[str, Any]:
    name = f"Team {place + 1}"
    return {
        "id": firm.team(place), "kind": PointOfContact.Kind.TEAM, "name": name, "name_key": search_key(name),
        "lead_id": firm.person(PEOPLE - TEAMS + place),
    }  # fmt: skip


def _absences(firm: BigFirm) -> list[dict[str, Any]]:
    """Some are away now, two of them without a cover; some will be, some were."""
    begins = {place: firm.ago(3) for place in (*AWAY, *AWAY_UNCOVERED)}
    begins |= {place: firm.ago(-20) for place in AWAY_LATER} | {place + 30: firm.ago(100) for place in AWAY_LATER}
    return [
        {
            "id": FIRST + n, "poc_id": firm.person(place), "starts_at": start, "ends_at": start + FORTNIGHT,
            "cover_id": None if place in AWAY_UNCOVERED else firm.person((place + TEAMS) % PEOPLE),
        }
        for n, (place, start) in enumerate(begins.items())
    ]  # fmt: skip
