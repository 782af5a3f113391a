"""The firm: who works there, in which teams, and through which doors people come in."""

from __future__ import annotations

from datetime import time
from typing import NamedTuple

from crm.users import roles

FIRM = {"name": "Brumafria Instrumentos", "country": "PT", "zone": "Europe/Lisbon", "language": "en"}
DOMAIN = "brumafria.example"

SPLIT_DAY = ((time(9), time(13)), (time(14), time(18)))
EARLY_DAY = ((time(8), time(12)), (time(12, 45), time(16, 45)))
LISBON_WEEK = dict.fromkeys(range(5), SPLIT_DAY)
BERLIN_WEEK = dict.fromkeys(range(4), EARLY_DAY) | {4: ((time(8), time(14)),)}
CLOSED = {(12, 25): "Christmas Day", (1, 1): "New Year", (5, 1): "Labour Day"}  # month, day


class Person(NamedTuple):
    """Somebody of the firm, who signs in; with `is_shown` their password is told."""

    key: str
    name: str
    role: str
    phone: str = ""
    languages: str = ""
    zone: str = "Europe/Lisbon"
    team: str = ""
    is_shown: bool = False


class Team(NamedTuple):
    key: str
    name: str
    lead: str
    zone: str = "Europe/Lisbon"
    delivery: str = "on_duty"
    email: str = ""


PEOPLE = [
    Person("teresa", "Teresa Alvim", roles.ADMINISTRATOR, "+351 210 000 011", "pt, en, es", is_shown=True),
    Person(
        "matteo",
        "Matteo Rinaldi",
        roles.ACCOUNT_MANAGER,
        "+39 02 0000 0021",
        "it, en, de",
        "Europe/Berlin",
        "centre",
        True,
    ),
    Person(
        "katrin", "Katrin Vogelsang", roles.ACCOUNT_MANAGER, "+49 30 23125 031", "de, en", "Europe/Berlin", "centre"
    ),
    Person(
        "rodrigo",
        "Rodrigo Salvaterra",
        roles.PROJECT_MANAGER,
        "+351 210 000 041",
        "pt, es, en",
        team="works",
        is_shown=True,
    ),
    Person(
        "annika", "Annika Brandhoff", roles.PROJECT_MANAGER, "+49 30 23125 042", "de, en, ru", "Europe/Berlin", "works"
    ),
    Person(
        "lucia", "Lucía Montalbán", roles.SALES_REP, "+34 910 000 051", "es, pt, en", "Europe/Madrid", "iberia", True
    ),
    Person("diogo", "Diogo Faria", roles.SALES_REP, "+351 210 000 052", "pt, en", team="iberia"),
    Person("giulia", "Giulia Marchesan", roles.SALES_REP, "+39 02 0000 0053", "it, en, fr", "Europe/Berlin", "centre"),
    Person("sofia", "Sofía Orellana", roles.SUPPORT, "+34 910 000 061", "es, en, it", "Europe/Madrid", "support", True),
    Person("pavel", "Павел Журавлёв", roles.SUPPORT, "+49 30 23125 062", "ru, de, en", "Europe/Berlin", "support"),
    Person("beate", "Beate Kühnel", roles.SUPPORT, "+49 30 23125 071", "de, en, it", "Europe/Berlin", "billing"),
    Person("henrique", "Henrique Prates", roles.READ_ONLY, "+351 210 000 072", "pt, en", team="billing", is_shown=True),
]

TEAMS = [
    Team("iberia", "Sales Iberia", "lucia"),
    Team("centre", "Sales Italy and Germany", "katrin", "Europe/Berlin"),
    Team("works", "Installation", "rodrigo"),
    Team("support", "Support", "sofia", email=f"support@{DOMAIN}"),
    Team("billing", "Accounts receivable", "teresa", "Europe/Berlin", "all", f"billing@{DOMAIN}"),
]


class Door(NamedTuple):
    """A touch point, and who answers there: topic → POC."""

    name: str
    channel: str
    address: str
    answers: dict[str, str]


DOORS = [
    Door("Hotline", "phone", "+351 210 000 000", {"general": "support", "billing": "billing"}),
    Door("support@", "email", f"support@{DOMAIN}", {"general": "support"}),
    Door("Chat on the website", "chat", f"https://{DOMAIN}/", {"general": "support"}),
    Door("@brumafria", "social", "@brumafria", {"general": "diogo"}),
    Door("Pricing form", "web_form", f"https://{DOMAIN}/pricing", {"general": "iberia"}),
    Door("Showroom Lisbon", "shop", "Rua dos Aferidores 18, 1900-118 Lisboa", {"general": "diogo"}),
]

ABSENCES = [  # who, first and last day from today, covered by, why
    ("beate", -1, 4, "billing", "Holiday"),
    ("lucia", 9, 13, "diogo", "Holiday"),
    ("annika", 16, 18, None, "Training in Dresden"),
]
