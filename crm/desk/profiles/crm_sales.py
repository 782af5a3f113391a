"""Sales opportunities as four tables: accounts, sales teams, products and a pipeline.

accounts.csv        account, sector, office_location, subsidiary_of → accounts with parents
sales_teams.csv     sales_agent, manager, regional_office → people; each manager's agents are a team the manager leads
products.csv        product → the names that are known
sales_pipeline.csv  opportunity_id, sales_agent, product, account, deal_stage, engage_date, close_date, close_value
                    → a project each, answered for by its agent, with its touches and what is to follow

What Liaison has no place for (employees, revenue, prices …) is not read. Addresses end in `.invalid`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from django.utils.translation import gettext as _
from django_countries import countries

from accounts.models import Account
from crm.core.text import search_key
from crm.desk.imports.reading import Line, day_of, origin_of, read_as, refuse_unknown, require, sheet
from crm.desk.imports.rows import (
    AccountRow,
    BadRow,
    FollowUpRow,
    Origin,
    PersonRow,
    ProjectRow,
    RefusedRow,
    Row,
    TeamRow,
    TouchRow,
)
from crm.dossiers.models import MAX_PARENTS
from projects.models import Project

SOURCE = "crm_sales"
TABLES = {
    "accounts.csv": ["account", "sector", "office_location", "subsidiary_of"],
    "sales_teams.csv": ["sales_agent", "manager", "regional_office"],
    "products.csv": ["product"],
    "sales_pipeline.csv": [
        "opportunity_id", "sales_agent", "product", "account", "deal_stage", "engage_date", "close_date", "close_value",
    ],
}  # fmt: skip
SECTORS = {"technolgy": "technology"}
COUNTRIES = {"united states": "US"}  # beside the names ISO 3166 has
GUESSED_COUNTRIES = {"korea": "KR", "philipines": "PH"}  # said in the report
PRODUCTS = {"gtxpro": "GTX Pro"}
PHASES = {
    "prospecting": Project.Phase.PROSPECTING,
    "engaging": Project.Phase.ENGAGING,
    "won": Project.Phase.WON,
    "lost": Project.Phase.LOST,
}
CLOSED = (Project.Phase.WON, Project.Phase.LOST)
FOLLOW_UP_DAYS = 5  # working days after engaging
NUMBER = re.compile(r"-?\d+(\.\d+)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Agent:
    origin: Origin
    name: str
    manager: str
    office: str


@dataclass(frozen=True, slots=True)
class Organisation:
    origin: Origin
    name: str
    sector: str
    country: str
    parent: str


@dataclass(frozen=True, slots=True)
class Deal:
    """One opportunity. What is not there yet is None: a prospect was never engaged, what is open is not closed."""

    origin: Origin
    id: str
    agent: str
    product: str
    account: str
    phase: Project.Phase
    engaged: date | None
    closed: date | None
    value: str


@dataclass(frozen=True, slots=True)
class Known:
    """What opportunities may refer to; none lies after `today`."""

    agents: Collection[str]
    accounts: Collection[str]
    products: Collection[str]
    today: date


def read(folder: Path, *, today: date) -> Iterator[Row]:
    """Yield managers, teams, agents, accounts and opportunities, in the order they can be written.

    What is dated after `today` is refused.

    :raises InputMissing: a file or a column is missing.
    """
    require(folder, TABLES)
    agents, bad_agents = sheet(folder / "sales_teams.csv", key="sales_agent", record=_("person"), parse=_agent)
    products, bad_products = sheet(folder / "products.csv", key="product", record=_("product"), parse=_product)
    places, bad_places = sheet(folder / "accounts.csv", key="account", record=_("account"), parse=_organisation)
    known = Known(agents, places, products, today)
    deals, bad_deals = sheet(
        folder / "sales_pipeline.csv", key="opportunity_id", record=_("project"), parse=lambda line: _deal(line, known)
    )
    yield from (*bad_agents, *bad_products, *bad_places, *bad_deals)
    yield from _people(agents.values())
    yield from _accounts(places, deals.values())
    yield from _projects(deals.values())


# --- Lines ------------------------------------------------------------------------------------------------------------


def _agent(line: Line) -> Agent:
    name, manager, office = (line.values[c] for c in TABLES["sales_teams.csv"])
    if not manager:
        raise BadRow(_("The column %(column)s is empty.") % {"column": "manager"})
    return Agent(origin_of(line, name), name, manager, office)


def _product(line: Line) -> str:
    return line.values["product"]


def _organisation(line: Line) -> Organisation:
    name, sector, office, parent = (line.values[c] for c in TABLES["accounts.csv"])
    industry = SECTORS.get(sector.casefold(), sector)
    guessed = GUESSED_COUNTRIES.get(office.casefold(), "")
    country = guessed or COUNTRIES.get(office.casefold()) or countries.by_name(office)
    notes = [
        read_as(sector, industry) if industry != sector else "",
        read_as(office, countries.name(guessed)) if guessed else "",
        _("no country is called %(office)s") % {"office": office} if office and not country else "",
    ]
    return Organisation(origin_of(line, name, *notes), name, industry.capitalize(), country, parent)


def _deal(line: Line, known: Known) -> Deal:
    values = line.values
    if not values["account"]:
        raise BadRow(_("The opportunity has no account."))
    refuse_unknown("accounts.csv", values["account"], known.accounts)
    refuse_unknown("sales_teams.csv", values["sales_agent"], known.agents)
    product = PRODUCTS.get(values["product"].casefold(), values["product"])
    refuse_unknown("products.csv", product, known.products)
    phase = PHASES.get(values["deal_stage"].casefold())
    if phase is None:
        raise BadRow(_("There is no stage called %(stage)s.") % {"stage": values["deal_stage"] or "–"})
    if values["close_value"] and not NUMBER.fullmatch(values["close_value"]):
        raise BadRow(_("%(value)s in close_value is no number.") % {"value": values["close_value"]})
    engaged, closed = (day_of(values, column, known.today) for column in ("engage_date", "close_date"))
    if engaged and closed and closed < engaged:
        raise BadRow(_("It was closed before it began."))
    note = read_as(values["product"], product) if product != values["product"] else ""
    return Deal(
        origin=origin_of(line, values["opportunity_id"], note),
        id=values["opportunity_id"],
        agent=values["sales_agent"],
        product=product,
        account=values["account"],
        phase=phase,
        engaged=engaged,
        closed=closed,
        value=values["close_value"],
    )


# --- Rows -------------------------------------------------------------------------------------------------------------


def _people(agents: Collection[Agent]) -> Iterator[Row]:
    """Leads before their teams, teams before the people at home there."""
    managers = {agent.manager: agent for agent in reversed(list(agents))}  # the first line of each counts
    for name, agent in sorted(managers.items()):
        origin = replace(agent.origin, key=name)
        yield PersonRow(origin=origin, external_id=name, name=name, email=_address(name))
    for name, agent in sorted(managers.items()):
        title = _("Team %(manager)s") % {"manager": name} + (f" ({agent.office})" if agent.office else "")
        origin = replace(agent.origin, key=name)
        yield TeamRow(origin=origin, external_id=_team_id(name), name=title, lead=name)
    for agent in agents:
        email, team = _address(agent.name), _team_id(agent.manager)
        yield PersonRow(origin=agent.origin, external_id=agent.name, name=agent.name, email=email, team=team)


def _team_id(manager: str) -> str:
    return f"team:{manager}"


def _address(name: str) -> str:
    """An address that can never receive."""
    local = re.sub(r"[^a-z0-9]+", ".", search_key(name)).strip(".")
    return f"{local or hashlib.sha256(name.encode()).hexdigest()[:12]}@crm-sales.invalid"


def _accounts(places: Mapping[str, Organisation], deals: Collection[Deal]) -> Iterator[Row]:
    """Parents first. The agent of the newest opportunity answers."""
    newest: dict[str, Deal] = {}
    for deal in deals:
        known = newest.get(deal.account)
        if known is None or (deal.engaged or date.min) >= (known.engaged or date.min):
            newest[deal.account] = deal
    customers = {deal.account for deal in deals if deal.phase == Project.Phase.WON}
    levels = {name: _level(name, places) for name in places}
    for place in sorted(places.values(), key=lambda p: (levels[p.name] or 0, p.origin.line)):
        level, last = levels[place.name], newest.get(place.name)
        if level is None:
            reason = _("Its parents go in a circle, or there are more than five above it.")
            yield RefusedRow(origin=place.origin, record=_("account"), reason=reason)
            continue
        known_parent = not place.parent or place.parent in places
        missing = "" if known_parent else _("%(parent)s stands in no line of its own") % {"parent": place.parent}
        yield AccountRow(
            origin=replace(place.origin, notes=(*place.origin.notes, *([missing] if missing else []))),
            external_id=place.name,
            name=place.name,
            level=level,
            parent=place.parent if known_parent else "",
            kind=Account.Kind.CUSTOMER if place.name in customers else Account.Kind.PROSPECT,
            industry=place.sector,
            country=place.country,
            poc=last.agent if last else "",
            since=last.engaged if last else None,
        )


def _level(name: str, places: Mapping[str, Organisation]) -> int | None:
    """How many accounts stand above; None: too many, or a circle."""
    level, place = 0, places[name]
    while place.parent in places:
        level, place = level + 1, places[place.parent]
        if level > MAX_PARENTS:
            return None
    return level


def _projects(deals: Collection[Deal]) -> Iterator[Row]:
    last = max((day for deal in deals for day in (deal.engaged, deal.closed) if day), default=None)
    for deal in deals:
        yield ProjectRow(
            origin=deal.origin,
            external_id=deal.id,
            name=f"{deal.product} · {deal.id}",
            account=deal.account,
            phase=deal.phase,
            poc=deal.agent,
            starts_on=deal.engaged,
            ends_on=deal.closed,
            touches=tuple(_touches(deal)),
            follow_up=_follow_up(deal, last),
        )


def _touches(deal: Deal) -> Iterator[TouchRow]:
    names = {"product": deal.product, "value": deal.value or "0"}
    if deal.engaged:
        note = _("First talk about %(product)s.") % names
        yield TouchRow(external_id=f"{deal.id}:engage:{deal.engaged}", on=deal.engaged, purpose="outreach", note=note)
    if deal.closed:
        won = deal.phase == Project.Phase.WON
        note = (_("Won %(product)s, worth %(value)s.") if won else _("Lost %(product)s.")) % names
        yield TouchRow(external_id=f"{deal.id}:close:{deal.closed}", on=deal.closed, purpose="update", note=note)


def _follow_up(deal: Deal, last: date | None) -> FollowUpRow | None:
    if deal.phase in CLOSED:
        return None
    title = _("Follow up on %(product)s with %(account)s") % {"product": deal.product, "account": deal.account}
    if deal.engaged:
        return FollowUpRow(title=title, on=deal.engaged, working_days=FOLLOW_UP_DAYS)
    return FollowUpRow(title=title, on=last)
