"""The work for customers, and who answers for it."""

from __future__ import annotations

from typing import NamedTuple


class Job(NamedTuple):
    """A project. `starts` and `ends` are days from today. `answers`: topic → who answers, then the backups.

    `people`: a contact's name → role and influence.
    """

    name: str
    account: str
    phase: str
    starts: int | None
    ends: int | None
    description: str
    answers: dict[str, tuple[str, ...]] = {}
    people: dict[str, tuple[str, str]] = {}


JOBS = [
    Job(
        "Whey cellar monitoring",
        "lacteos",
        "running",
        -62,
        40,
        "24 sensors and two gateways in the whey cellar; alarms to the maintenance shift.",
        {
            "general": ("rodrigo", "annika"),
            "technical": ("support", "pavel"),
            "delivery": ("rodrigo",),
            "commercial": ("lucia", "diogo"),
        },
        {
            "Amparo Ferrandis": ("decision_maker", "high"),
            "Joaquín Montañana": ("technical", "medium"),
            "Remedios Cucala": ("billing", "low"),
        },
    ),
    Job(
        "Blast freezer alarms",
        "congelados",
        "running",
        -34,
        26,
        "Replace the wired alarms of three blast freezers.",
        {"general": ("rodrigo",), "technical": ("support",)},
        {"Hermenegildo Atienza": ("technical", "high"), "Nuria Castillejo": ("user", "low")},
    ),
    Job(
        "Group contract renewal",
        "almenara",
        "engaging",
        -20,
        48,
        "One contract for the group instead of three.",
        {"general": ("lucia",), "commercial": ("lucia", "matteo")},
        {"Consuelo Albiach": ("decision_maker", "high"), "Vicent Perelló": ("buyer", "medium")},
    ),
    Job(
        "Barrel hall humidity",
        "arrabida",
        "running",
        -48,
        12,
        "Humidity and temperature in the barrel hall, 12 points.",
        {"general": ("rodrigo", "annika"), "delivery": ("rodrigo",)},
        {
            "Graça Monteverde": ("technical", "high"),
            "Abel Quintanilha": ("decision_maker", "medium"),
            "Evaristo Zarco": ("delivery", "medium"),
        },
    ),
    Job(
        "Cannery line 2",
        "brando",
        "planned",
        15,
        90,
        "Sensors along the sterilisers of line 2.",
        {"general": ("rodrigo",)},
        {"Fernanda Outeiro": ("decision_maker", "high"), "Zeferino Bouças": ("technical", "medium")},
    ),
    Job(
        "Dock doors Potsdam",
        "eisvogel-log",
        "running",
        -80,
        21,
        "Door contacts and air curtains on 31 docks, reported every quarter of an hour.",
        {"general": ("annika", "rodrigo"), "technical": ("pavel",), "delivery": ("annika",), "commercial": ("katrin",)},
        {
            "Jörg Weißflog": ("delivery", "high"),
            "Наталья Рябинина": ("user", "medium"),
            "Silke Oberländer": ("billing", "low"),
        },
    ),
    Job(
        "GDP validation Halle",
        "eisvogel-pharma",
        "running",
        -55,
        60,
        "Mapping and validation of the 2–8 °C halls under good distribution practice.",
        {"general": ("annika",), "technical": ("pavel", "sofia"), "support": ("support",)},
        {
            "Dr. Ansgar Thielemann": ("decision_maker", "high"),
            "Meike Hollerbach": ("technical", "high"),
            "Dr. Albrecht Nettelbeck": ("user", "low"),
        },
    ),
    Job(
        "Fleet recorders 2nd lot",
        "eisvogel-log",
        "won",
        -150,
        -30,
        "Recorders for 48 trailers.",
        {"general": ("katrin",)},
        {"Dr. Friederike Lindenau": ("decision_maker", "high")},
    ),
    Job(
        "Ageing rooms Valdorsa",
        "valdorsa",
        "running",
        -41,
        33,
        "Eight ageing rooms, readings in the cheese maker's own software.",
        {"general": ("annika",), "technical": ("support",), "commercial": ("giulia", "matteo")},
        {"Ottavio Guardasoni": ("decision_maker", "high"), "Nives Pedretti": ("technical", "medium")},
    ),
    Job(
        "Service portal for Bellandi",
        "bellandi",
        "engaging",
        -25,
        None,
        "Bellandi's technicians see alarms of their own customers.",
        {"general": ("matteo", "giulia"), "technical": ("pavel",)},
        {"Ing. Tazio Bellandi": ("decision_maker", "high"), "Loredana Svanini": ("buyer", "medium")},
    ),
    Job(
        "Sensors for resale 2027",
        "bellandi",
        "prospecting",
        None,
        None,
        "600 sensors a year under their own name.",
        {"general": ("matteo",)},
        {"Loredana Svanini": ("buyer", "high")},
    ),
    Job(
        "Two display cabinets",
        "tremonti",
        "prospecting",
        None,
        None,
        "Small, but wants to tell friends.",
        {"general": ("giulia",)},
        {"Ilaria Degasperin": ("decision_maker", "high")},
    ),
    Job(
        "Cellar trial Roccamora",
        "roccamora",
        "engaging",
        -18,
        45,
        "Four sensors on trial until the end of the fermentation.",
        {"general": ("giulia", "matteo"), "technical": ("support",)},
        {"Bianca Roccamora": ("decision_maker", "high"), "Amedeo Scarrone": ("technical", "medium")},
    ),
    Job(
        "Quay cold store",
        "torrelobo",
        "done",
        -210,
        -60,
        "Cold store on the quay, handed over in summer.",
        {"general": ("rodrigo",), "technical": ("support",)},
        {"Uxía Torrelobo": ("decision_maker", "high"), "Brais Couselo": ("technical", "medium")},
    ),
    Job(
        "Packing hall Júcar",
        "jucar",
        "engaging",
        -30,
        None,
        "The cooperative compares two suppliers.",
        {"general": ("lucia",)},
        {"Eleuterio Poveda": ("decision_maker", "high"), "Milagros Huete": ("buyer", "medium")},
    ),
    Job(
        "Vaccine fridges, 14 pharmacies",
        "ribamar",
        "running",
        -70,
        9,
        "A recorder in every fridge, certificates for the authority.",
        {
            "general": ("rodrigo", "annika"),
            "technical": ("support",),
            "billing": ("beate", "henrique"),
            "commercial": ("diogo",),
        },
        {
            "Dra. Constança Ribamar": ("decision_maker", "high"),
            "Valdemar Espírito": ("delivery", "medium"),
            "Custódia Farinha": ("billing", "low"),
        },
    ),
    Job(
        "Ammonia detectors",
        "havel",
        "planned",
        20,
        75,
        "Detectors in the machine room, wired to the fire panel.",
        {"general": ("annika",), "technical": ("pavel",)},
        {"Uwe Krahnstöver": ("decision_maker", "high"), "Gesine Pahlow": ("technical", "high")},
    ),
    Job(
        "Freezer farm −80 °C",
        "weidenthal",
        "running",
        -28,
        50,
        "32 freezers, alarms by phone at night.",
        {"general": ("annika",), "technical": ("pavel",)},
        {"Prof. Sibylle Wachsmuth": ("decision_maker", "high"), "Torben Eckardt": ("technical", "medium")},
    ),
    Job(
        "Riga terminal",
        "baltfrost",
        "running",
        -45,
        70,
        "Three halls at the harbour, pages and alarms in Russian.",
        {"general": ("annika", "katrin"), "technical": ("pavel",)},
        {"Виктор Озолиньш": ("decision_maker", "high"), "Светлана Круминя": ("technical", "high")},
    ),
    Job(
        "Market hall trial",
        "ribera",
        "prospecting",
        -12,
        None,
        "Asked at the fair; nobody has taken it on yet.",
        {"technical": ("support",)},
        {"Fermín Lasaosa": ("decision_maker", "high")},
    ),
    Job(
        "Delicatessen counters",
        "alpenglueck",
        "lost",
        -38,
        -6,
        "Went to a local firm.",
        {},
        {"Roswitha Enzensperger": ("decision_maker", "high")},
    ),
]

CHANGED_HANDS = [  # account, topic, who answered before, who answers since, days ago, why
    ("torrelobo", "general", "diogo", "lucia", 75, "Galicia belongs to the Madrid office now."),
    ("bellandi", "general", "giulia", "matteo", 130, "Became a key account."),
    ("eisvogel-log", "delivery", "rodrigo", "annika", 90, "Somebody in Berlin, near the site."),
]
