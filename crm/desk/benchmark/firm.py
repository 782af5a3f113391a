"""The invented firm's size, and which of its rows belong together: computed, so that nothing has to be remembered."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from typing import Any

from django.db.models import Model

Rows = dict[type[Model], list[dict[str, Any]]]

FIRST = 1000  # the first id of what is loaded; what the migrations ship lies below
DOMAIN = "benchmark.invalid"  # RFC 2606: no mail ever arrives there
TOUCHES, ACCOUNTS, CONTACTS_EACH = 1_000_000, 20_000, 5  # at scale 1
BUSY = 5_000  # events of the one account that has many
PEOPLE, TEAMS = 190, 9  # with the front desk: 200 who answer, at any scale
YEARS = timedelta(days=3 * 365)  # of touches
ALL, TEAM, FEW, MANY = range(4)  # places of the people as whom is measured
FEW_ACCOUNTS, MANY_ACCOUNTS = 3, 150
READERS = {ALL: "everything", FEW: "rep-3", MANY: "rep-150", TEAM: "team"}  # their addresses' local parts
AWAY, AWAY_UNCOVERED, AWAY_LATER, GONE = range(40, 52), range(52, 54), range(60, 66), range(70, 72)


@dataclass(frozen=True)
class BigFirm:
    """A firm as it stood on `as_of`; the same seed, scale and day give the same rows."""

    seed: int
    scale: float
    as_of: date
    words: Words = field(repr=False)

    @property
    def n_accounts(self) -> int:
        return max(10, round(ACCOUNTS * self.scale))

    @property
    def n_contacts(self) -> int:
        return self.n_accounts * CONTACTS_EACH

    @property
    def n_projects(self) -> int:
        return self.n_accounts // 2

    @property
    def n_touches(self) -> int:
        return max(500, round(TOUCHES * self.scale))

    @property
    def n_busy(self) -> int:
        """How many touches the busy account, the first one, has."""
        return min(BUSY, self.n_touches // 20)

    @property
    def at(self) -> datetime:
        return datetime.combine(self.as_of, time(), UTC)

    def ago(self, days: float) -> datetime:
        return self.at - timedelta(days=days)

    def chance(self, *of: object) -> random.Random:
        """Return the dice for one purpose: they fall the same in every load."""
        return random.Random("/".join(map(str, (self.seed, *of))))  # repeatable is what is wanted

    def name(self, pk: int) -> tuple[str, str]:
        """Return the given and the family name of the contact or the person with this id."""
        mixed = (pk + self.seed) * 2_654_435_761 >> 7  # Knuth's multiplier: neighbours get different names
        return GIVEN[mixed % len(GIVEN)], FAMILY[mixed // len(GIVEN) % len(FAMILY)]

    def account(self, i: int) -> int:
        """Return the id of the account in place `i`, and so of its dossier."""
        return FIRST + i

    def contact(self, i: int, j: int) -> int:
        """Return the id of contact `j` of the account in place `i`."""
        return FIRST + self.n_accounts + i * CONTACTS_EACH + j

    def project(self, i: int) -> int:
        """Return the id of the project of the account in place `i`; every other has one."""
        return FIRST + self.n_accounts + self.n_contacts + i // 2

    def has_project(self, i: int) -> bool:
        return i % 2 == 0 and i // 2 < self.n_projects

    def person(self, place: int) -> int:
        """Return the id of a person's user, and of the point of contact they are."""
        return FIRST + place

    def team(self, place: int) -> int:
        return FIRST + PEOPLE + place

    @cached_property
    def holders(self) -> Sequence[int | None]:
        """Who answers for each account on *general*: a POC's id, None for nobody."""
        dice = self.chance("holders")
        others = [p for p in range(PEOPLE) if p not in (ALL, FEW, MANY)]
        choices = [self.person(p) for p in others for _ in range(5)] + [self.team(t) for t in range(TEAMS)] * 8
        held: list[int | None] = [
            None if dice.random() < 0.03 else dice.choice(choices) for _ in range(self.n_accounts)
        ]
        free = dice.sample(range(1, self.n_accounts), min(FEW_ACCOUNTS + MANY_ACCOUNTS, self.n_accounts // 2))
        for i in free[:FEW_ACCOUNTS]:
            held[i] = self.person(FEW)
        for i in free[FEW_ACCOUNTS:]:
            held[i] = self.person(MANY)
        held[0] = self.person(AWAY[0])  # the busy account's answers are worth looking at
        return held


@dataclass(frozen=True)
class Words:
    """The ids of what the migrations ship, by code."""

    topics: dict[str, int]
    tiers: list[int]
    roles: list[int]
    groups: dict[str, int]
    versions: dict[str, int]  # the current version of the policy of each kind of promise
    channels: dict[str, Channel]
    outcomes: dict[str, list[Outcome]]  # by the channel's code
    purposes: list[Purpose]
    house: int
    stranger: int  # the dossier where callers are kept whom nobody knows


@dataclass(frozen=True)
class Channel:
    id: int
    name: str
    icon: str
    verb: str


@dataclass(frozen=True)
class Outcome:
    id: int
    name: str
    is_inbound_only: bool
    is_touch: bool


@dataclass(frozen=True)
class Purpose:
    id: int
    name: str
    wants_resolution: bool


GIVEN = (
    "Ana", "Bruno", "Carla", "Diogo", "Elena", "Filipe", "Gemma", "Hugo", "Ines", "Jonas", "Karin", "Luca", "Marta",
    "Nuno", "Olga", "Paulo", "Quim", "Rita", "Sergio", "Teresa", "Ursula", "Vasco", "Wanda", "Xavier", "Yara", "Zeno",
    "Amélie", "Björn", "Chiara", "Dmitri", "Eirini", "Fatma", "Goran", "Hanna", "Ivo", "Jana",
)  # fmt: skip
FAMILY = (
    "Almeida", "Barros", "Cardoso", "Duarte", "Esteves", "Faria", "Gomes", "Henriques", "Iglesias", "Jorge", "Keller",
    "Lima", "Moreira", "Neves", "Oliveira", "Pereira", "Quintal", "Ramos", "Soares", "Tavares", "Ulrich", "Vieira",
    "Weber", "Xavier", "Yilmaz", "Zanetti", "Bianchi", "Conti", "Dvořák", "Eriksson", "Fischer", "Grau", "Horvat",
    "Ivanov", "Jensen", "Kowalski", "Lindgren", "Müller", "Novák", "Olsen", "Petrov", "Ricci", "Schmidt",
)  # fmt: skip
PLACES = (
    "Alcântara", "Belém", "Campo", "Douro", "Estrela", "Foz", "Graça", "Helsinge", "Ilha", "Jura", "Kassel", "Lagos",
    "Marvila", "Nazaré", "Odense", "Porto", "Queluz", "Ribeira", "Sintra", "Tejo", "Urbino", "Viana", "Wismar",
    "Zagreb",
)  # fmt: skip
TRADES = (
    "Bakery", "Brewing", "Ceramics", "Clinics", "Cork", "Dairy", "Energy", "Fisheries", "Foods", "Freight", "Furniture",
    "Glass", "Hotels", "Insurance", "Laboratories", "Legal", "Logistics", "Machines", "Media", "Motors", "Optics",
    "Paper", "Pharma", "Plastics", "Printing", "Rail", "Schools", "Shipping", "Software", "Steel", "Textiles", "Tools",
    "Toys", "Travel", "Water", "Wines",
)  # fmt: skip
FORMS = ("Lda", "SA", "GmbH", "SRL", "AB", "Group", "& Sons", "Holding")
SAID = (
    "Asked when the next delivery comes and whether the last invoice can be split in two.",
    "Wants the price list of next year, and somebody to walk through it on site.",
    "The new contact person takes over in spring; sends her number by mail.",
    "Complained about the waiting time; was told who answers and until when.",
    "Talked about the pilot: two sites first, the others after the summer.",
    "Left a message.",
    "",
    "",
)
OWED = (
    "Call back",
    "Send the offer",
    "Send the contract",
    "Ask about the pilot",
    "Agree on a date",
    "Check the invoice",
)
