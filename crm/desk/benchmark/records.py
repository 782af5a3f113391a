"""Rows of accounts, contacts and projects, and of who answers for them."""

from __future__ import annotations

from datetime import timedelta
from random import Random
from typing import Any

from accounts.models import Account
from contacts.models import Contact, ContactEmail, ContactPhone
from crm.core.text import digits, search_key
from crm.desk.benchmark.firm import (
    CONTACTS_EACH,
    DOMAIN,
    FIRST,
    FORMS,
    PEOPLE,
    PLACES,
    TEAMS,
    TRADES,
    BigFirm,
    Rows,
)
from crm.dossiers.models import Dossier, Topic
from crm.poc.models import Assignment
from projects.models import Project, Stakeholder

PLACES_EACH = 8  # ids kept free for an account's assignments
ENDING_EVERY = 200  # accounts, of which the one who answers soon ends and nobody follows
KINDS = (Account.Kind.CUSTOMER, Account.Kind.CUSTOMER, Account.Kind.PROSPECT, Account.Kind.PARTNER, Account.Kind.FORMER)
PHASES = (Project.Phase.RUNNING, Project.Phase.RUNNING, Project.Phase.PLANNED, Project.Phase.DONE, Project.Phase.LOST)


def accounts(firm: BigFirm, first: int, last: int) -> Rows:
    """Return the accounts in places `first` to before `last`; a few belong to the one before."""
    dice = firm.chance("accounts", first)
    rows: Rows = {Dossier: [], Account: [], Assignment: []}
    for i in range(first, last):
        pk = firm.account(i)
        title = f"{dice.choice(PLACES)} {dice.choice(TRADES)} {dice.choice(FORMS)} {i + 1}"
        parent = pk - 1 if i % 20 in (7, 8, 13) else None
        tier = dice.choice(firm.words.tiers) if dice.random() < 0.6 else None
        rows[Dossier].append(_dossier(pk, Dossier.Kind.ACCOUNT, title, parent=parent, home=pk, tier=tier))
        rows[Account].append({
            "dossier_id": pk, "kind": dice.choice(KINDS), "industry": dice.choice(TRADES), "city": dice.choice(PLACES),
            "country": "PT", "source": "benchmark", "external_id": f"A{i}",
        })  # fmt: skip
        rows[Assignment] += _answered(firm, i, dice)
    return rows


def _answered(firm: BigFirm, i: int, dice: Random) -> list[dict[str, Any]]:
    """Who answers for an account: now, as a backup, on billing; and who did before."""
    held, topics = firm.holders[i], firm.words.topics
    general, billing = topics[Topic.GENERAL], topics["billing"]
    begins = firm.ago(dice.uniform(200, 400))
    found: list[tuple[int, int, int, Any, Any]] = []  # topic, rank, who, from, until
    if held is not None:
        found.append((general, 0, held, begins, firm.ago(-10) if i % ENDING_EVERY == 5 else None))
        if dice.random() < 0.25:
            found.append((general, 0, firm.person(dice.randrange(4, PEOPLE)), begins - timedelta(days=500), begins))
        if dice.random() < 0.3:
            found.append((general, 1, firm.person(dice.randrange(4, PEOPLE)), begins, None))
    if dice.random() < 0.2:
        found.append((billing, 0, firm.team(dice.randrange(TEAMS)), begins, None))
    return [_assignment(FIRST + PLACES_EACH * i + n, firm.account(i), *values) for n, values in enumerate(found)]


def _assignment(pk: int, dossier: int, topic: int, rank: int, poc: int, starts: Any, ends: Any) -> dict[str, Any]:
    return {
        "id": pk, "dossier_id": dossier, "topic_id": topic, "rank": rank, "poc_id": poc, "starts_at": starts,
        "ends_at": ends,
    }  # fmt: skip


def contacts(firm: BigFirm, first: int, last: int) -> Rows:
    """Return the contacts in places `first` to before `last`, with a number, an address and perhaps a role."""
    dice = firm.chance("contacts", first)
    through = Contact.roles.through
    rows: Rows = {Dossier: [], Contact: [], ContactEmail: [], ContactPhone: [], through: [], Assignment: []}
    answered = FIRST + PLACES_EACH * firm.n_accounts
    for place in range(first, last):
        i, j = divmod(place, CONTACTS_EACH)
        pk, account = firm.contact(i, j), firm.account(i)
        given, family = firm.name(pk)
        rows[Dossier].append(_dossier(pk, Dossier.Kind.CONTACT, f"{given} {family}", parent=account, home=account))
        rows[Contact].append({
            "dossier_id": pk, "account_id": account, "source": "benchmark", "external_id": f"C{place}",
        })  # fmt: skip
        address = f"{search_key(given)}.{search_key(family)}.{place}@{DOMAIN}"
        rows[ContactEmail].append({"id": pk, "contact_id": pk, "address": address, "address_key": address})
        number = f"+351 {910_000_000 + place:,}".replace(",", " ")
        rows[ContactPhone].append({
            "id": pk, "contact_id": pk, "number": number, "e164": f"+{digits(number)}", "digits": digits(number),
        })  # fmt: skip
        if dice.random() < 0.6:
            rows[through].append({"id": pk, "contact_id": pk, "contactrole_id": dice.choice(firm.words.roles)})
        if dice.random() < 0.02:
            poc, topic = firm.person(dice.randrange(4, PEOPLE)), firm.words.topics["technical"]
            rows[Assignment].append(_assignment(answered + place, pk, topic, 0, poc, firm.ago(90), None))
    return rows


def projects(firm: BigFirm, first: int, last: int) -> Rows:
    """Return the projects in places `first` to before `last`, each with a stakeholder, most with who answers."""
    dice = firm.chance("projects", first)
    rows: Rows = {Dossier: [], Project: [], Stakeholder: [], Assignment: []}
    answered = FIRST + PLACES_EACH * firm.n_accounts + firm.n_contacts
    for place in range(first, last):
        i = 2 * place
        pk, account = firm.project(i), firm.account(i)
        title = f"{dice.choice(TRADES)} for {dice.choice(PLACES)} {place + 1}"
        rows[Dossier].append(_dossier(pk, Dossier.Kind.PROJECT, title, parent=account, home=account))
        starts = firm.ago(dice.randrange(10, 900)).date()
        rows[Project].append({
            "dossier_id": pk, "account_id": account, "phase": dice.choice(PHASES), "starts_on": starts,
            "ends_on": starts + timedelta(days=dice.randrange(30, 800)), "source": "benchmark",
            "external_id": f"P{place}",
        })  # fmt: skip
        contact, role = firm.contact(i, dice.randrange(CONTACTS_EACH)), dice.choice(firm.words.roles)
        rows[Stakeholder].append({"id": pk, "project_id": pk, "contact_id": contact, "role_id": role})
        if dice.random() < 0.7:
            poc, topic = firm.person(dice.randrange(4, PEOPLE)), firm.words.topics[Topic.GENERAL]
            rows[Assignment].append(_assignment(answered + place, pk, topic, 0, poc, firm.ago(90), None))
    return rows


def _dossier(
    pk: int, kind: str, title: str, *, parent: int | None, home: int, tier: int | None = None
) -> dict[str, Any]:
    return {
        "id": pk, "kind": kind, "title": title, "title_key": search_key(title), "parent_id": parent, "home_id": home,
        "tier_id": tier,
    }  # fmt: skip
