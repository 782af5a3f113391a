"""What is owed to customers."""

from __future__ import annotations

from typing import NamedTuple


class Owed(NamedTuple):
    """A follow-up. `due` is counted from now: ("days", n, hour) in working days, or ("minutes", n).

    `on` is a project, a contact or an account, by name; `by` promised it `ago` days ago, `poc` None: whoever answers.
    """

    on: str
    title: str
    by: str
    due: tuple[str, int] | tuple[str, int, int]
    ago: int
    poc: str | None = None
    contact: str = ""
    channel: str = "phone"
    topic: str = "general"
    text: str = ""
    state: str = ""  # kept, acknowledged, snoozed, waiting; empty: open
    recurs: tuple[int, str] | None = None


class Told(NamedTuple):
    """An update promised `ago` days ago to contacts, due as `Owed.due`."""

    on: str
    about: str
    to: list[str]
    by: str
    due: tuple[str, int] | tuple[str, int, int]
    ago: int
    topic: str = "delivery"


UPDATES = [
    Told(
        "Farmácias Ribamar", "how far the certificates are", ["Valdemar Espírito", "Dra. Constança Ribamar"], "sofia",
        ("minutes", 150), 1,
    ),
]  # fmt: skip


OWED = [
    Owed(
        "Blast freezer alarms",
        "Answer Nuria about the access rights",
        "sofia",
        ("days", -1, 10),
        4,
        "sofia",
        "Nuria Castillejo",
        "email",
        "technical",
    ),
    Owed(
        "Officine Frigorifere Bellandi S.p.A.",
        "Call Loredana about the framework price",
        "matteo",
        ("days", -2, 15),
        7,
        "matteo",
        "Loredana Svanini",
        topic="commercial",
        text="Vuole un prezzo fermo per due anni.",
    ),
    Owed(
        "Barrel hall humidity",
        "Book the crane with Zarco",
        "rodrigo",
        ("minutes", 60),
        3,
        "rodrigo",
        "Lurdes Carrapato",
        topic="delivery",
    ),
    Owed(
        "Farmácias Ribamar",
        "Send the user list for the pharmacies",
        "sofia",
        ("minutes", 85),
        2,
        "sofia",
        "Valdemar Espírito",
        "email",
        "technical",
    ),
    Owed(
        "Group contract renewal",
        "Send Vicent the comparison of the three contracts",
        "lucia",
        ("days", -1, 12),
        6,
        contact="Vicent Perelló",
        channel="email",
        topic="commercial",
        text="He wants the running costs per sensor beside each other.",
    ),
    Owed(
        "Packing hall Júcar",
        "Call don Eleuterio back about the two offers",
        "lucia",
        ("days", -3, 17),
        9,
        "lucia",
        "Eleuterio Poveda",
    ),
    Owed(
        "Vaccine fridges, 14 pharmacies",
        "Get the last two certificates signed",
        "rodrigo",
        ("days", -2, 11),
        10,
        contact="Valdemar Espírito",
        topic="delivery",
    ),
    Owed(
        "Ageing rooms Valdorsa",
        "Offer for two more rooms",
        "giulia",
        ("days", -1, 16),
        5,
        contact="Ottavio Guardasoni",
        topic="commercial",
    ),
    Owed(
        "Market hall trial",
        "Find out who takes the market hall on",
        "sofia",
        ("days", -2, 10),
        8,
        contact="Fermín Lasaosa",
    ),
    Owed(
        "Whey cellar monitoring",
        "Walk the whey cellar with Joaquín",
        "rodrigo",
        ("minutes", 100),
        4,
        contact="Joaquín Montañana",
        channel="in_person",
        topic="technical",
        poc="rodrigo",
    ),
    Owed(
        "Pescados Torrelobo, S.A.",
        "Call Uxía about the second cold store",
        "lucia",
        ("minutes", 45),
        3,
        "lucia",
        "Uxía Torrelobo",
    ),
    Owed(
        "Dock doors Potsdam",
        "Confirm the dates for docks 20 to 31",
        "annika",
        ("minutes", 130),
        3,
        contact="Jörg Weißflog",
        topic="delivery",
    ),
    Owed(
        "Service portal for Bellandi",
        "Send the data protection annex",
        "matteo",
        ("minutes", 75),
        2,
        "matteo",
        "Ing. Tazio Bellandi",
        "email",
        "commercial",
    ),
    Owed(
        "Freezer farm −80 °C",
        "Test the night alarm with Torben",
        "pavel",
        ("minutes", 160),
        2,
        contact="Torben Eckardt",
        topic="technical",
    ),
    Owed(
        "Farmácias Ribamar",
        "Prepare the renewal talk",
        "diogo",
        ("minutes", 190),
        5,
        "diogo",
        "Dra. Constança Ribamar",
        "in_person",
        "commercial",
    ),
    Owed(
        "Almenara Lácteos, S.A.",
        "Ask whether the firmware update went through",
        "sofia",
        ("days", 1, 10),
        1,
        contact="Joaquín Montañana",
        topic="technical",
    ),
    Owed(
        "Conservas Porto Brando",
        "Plan the visit to line 2",
        "rodrigo",
        ("days", 2, 9),
        2,
        contact="Fernanda Outeiro",
        channel="in_person",
        poc="rodrigo",
    ),
    Owed(
        "GDP validation Halle",
        "Mapping report, second part",
        "annika",
        ("days", 3, 15),
        6,
        "annika",
        "Meike Hollerbach",
        "email",
        "technical",
    ),
    Owed("Cellar trial Roccamora", "Ask how the trial goes", "giulia", ("days", 2, 11), 1, contact="Bianca Roccamora"),
    Owed(
        "Riga terminal",
        "Send the Russian handbook",
        "pavel",
        ("days", 1, 14),
        3,
        "pavel",
        "Светлана Круминя",
        "email",
        "technical",
        "В отдел главного инженера, в двух экземплярах.",
    ),
    Owed(
        "Brauerei Sankt Ottmar",
        "Write to Pater Korbinian, he prefers letters",
        "katrin",
        ("days", 4, 10),
        2,
        contact="Pater Korbinian Haller",
        channel="letter",
    ),
    Owed(
        "Grupo Almenara",
        "Lunch with doña Consuelo",
        "lucia",
        ("days", 5, 13),
        4,
        "lucia",
        "Consuelo Albiach",
        "in_person",
        "commercial",
    ),
    Owed(
        "Kühlhaus Havelbogen",
        "Site plan of the machine room",
        "annika",
        ("days", 6, 9),
        3,
        contact="Gesine Pahlow",
        channel="email",
        topic="technical",
    ),
    Owed(
        "Sensors for resale 2027",
        "Quote for 600 sensors",
        "matteo",
        ("days", 8, 12),
        2,
        "matteo",
        "Loredana Svanini",
        "email",
        "commercial",
    ),
    Owed(
        "Caseificio Valdorsa S.r.l.",
        "Renewal: call the owner before the month ends",
        "matteo",
        ("days", 10, 10),
        7,
        contact="Ottavio Guardasoni",
        topic="commercial",
    ),
    Owed(
        "Labor Weidenthal",
        "Ask about budget for next year",
        "matteo",
        ("days", 12, 11),
        9,
        contact="Prof. Sibylle Wachsmuth",
        channel="email",
    ),
    Owed(
        "Barrel hall humidity",
        "Zarco: scaffolding for the upper row",
        "rodrigo",
        ("days", 1, 12),
        2,
        "rodrigo",
        "Evaristo Zarco",
        topic="delivery",
        state="acknowledged",
    ),
    Owed(
        "Gelateria Tre Monti",
        "Try Ilaria again after the season",
        "giulia",
        ("days", -1, 15),
        20,
        contact="Ilaria Degasperin",
        state="snoozed",
    ),
    Owed(
        "Blast freezer alarms",
        "Send the wiring plan",
        "rodrigo",
        ("days", -4, 12),
        12,
        contact="Hermenegildo Atienza",
        channel="email",
        topic="technical",
        state="kept",
    ),
    Owed(
        "Dock doors Potsdam",
        "Replacement for the broken contact on dock 7",
        "annika",
        ("days", -6, 10),
        11,
        contact="Jörg Weißflog",
        topic="delivery",
        state="kept",
    ),
    Owed(
        "Adega Arrábida-Mar",
        "Call Abel about the harvest dates",
        "diogo",
        ("days", -8, 16),
        15,
        contact="Abel Quintanilha",
        state="kept",
    ),
    Owed(
        "Eisvogel Gruppe",
        "Answer the tender questions",
        "katrin",
        ("days", -3, 18),
        13,
        contact="Volker Anschütz",
        channel="email",
        topic="commercial",
        state="kept",
    ),
    Owed(
        "Officine Frigorifere Bellandi S.p.A.",
        "Return the demo case",
        "giulia",
        ("days", -9, 12),
        16,
        contact="Ulisse Zambonardi",
        state="kept",
    ),
    Owed(
        "Pescados Torrelobo, S.A.", "Order the spare probes", "lucia", ("days", 1, 12), 6, "lucia", "Brais Couselo",
        "email", state="waiting",
    ),
    Owed(
        "Conservas Porto Brando", "Go through the open alarms with Fernanda", "rodrigo", ("days", 2, 11), 14,
        "rodrigo", "Fernanda Outeiro", recurs=(2, "weeks"),
    ),
]  # fmt: skip
