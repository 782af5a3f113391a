"""What came in this morning and wants an answer."""

from __future__ import annotations

from typing import NamedTuple


class Inbound(NamedTuple):
    """Something that came in `minutes` ago and wants an answer. Without a contact: a caller nobody knew."""

    minutes: int
    taken_by: str
    channel: str
    purpose: str
    topic: str
    text: str
    contact: str = ""
    project: str = ""
    caller: str = ""
    door: str = ""
    outcome: str = ""


INBOUND = [
    Inbound(
        200,
        "sofia",
        "email",
        "problem",
        "technical",
        "Three sensors in the whey cellar report 0.0 °C since the update. Photos attached.",
        "Joaquín Montañana",
        "Whey cellar monitoring",
    ),
    Inbound(
        150,
        "diogo",
        "phone",
        "complaint",
        "billing",
        "Charged twice for the certificates of October. She wants one person to talk to, not three.",
        "Custódia Farinha",
        "Vaccine fridges, 14 pharmacies",
    ),
    Inbound(
        110,
        "giulia",
        "web_form",
        "inquiry",
        "commercial",
        "Quanto costa un sensore in più per la sala 9? E i tempi di consegna?",
        "Nives Pedretti",
        "Ageing rooms Valdorsa",
    ),
    Inbound(
        85,
        "pavel",
        "email",
        "request",
        "technical",
        "Просит второй экземпляр сертификата калибровки для аудита на следующей неделе.",
        "Светлана Круминя",
        "Riga terminal",
    ),
    Inbound(
        40, "sofia", "phone", "inquiry", "commercial", "", "Milagros Huete", "Packing hall Júcar", outcome="call_back"
    ),
    Inbound(
        65,
        "sofia",
        "phone",
        "inquiry",
        "general",
        "Runs a cold store near Ourense, heard of us at the fair. Wants to be called after four.",
        caller="+34 910 000 777",
        door="Hotline",
    ),
    Inbound(
        25,
        "diogo",
        "social",
        "inquiry",
        "general",
        "“Do your sensors survive a dishwasher?” Somebody with a cheese shop.",
        caller="@queijaria.da.esquina",
        door="@brumafria",
    ),
]
