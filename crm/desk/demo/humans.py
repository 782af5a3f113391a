"""The people outside."""

from __future__ import annotations

from typing import NamedTuple


class Human(NamedTuple):
    """A contact: name, position, roles, numbers, preferred channel. `email` where the name does not make one."""

    account: str
    name: str
    position: str
    roles: str = ""
    phone: str = ""
    channel: str = ""
    email: str = ""
    tier: str = ""


HUMANS = [
    Human("almenara", "Consuelo Albiach", "Managing director", "decision_maker", "+34 910 000 101", "in_person"),
    Human("almenara", "Vicent Perelló", "Head of purchasing", "buyer", "910 000 102", "email"),
    Human("lacteos", "Amparo Ferrandis", "Plant manager", "decision_maker delivery", "+34 910 000 103", "phone"),
    Human("lacteos", "Joaquín Montañana", "Maintenance", "technical", "+34 910 000 104 ext. 214", "phone"),
    Human("lacteos", "Remedios Cucala", "Accounts payable", "billing", "910 000 105", "email"),
    Human("congelados", "Hermenegildo Atienza", "Warehouse manager", "technical delivery", "+34 910 000 106", "phone"),
    Human("congelados", "Nuria Castillejo", "Quality", "user", "910 000 107", "email"),
    Human(
        "sado", "Leonor de Vasconcelos Pinto", "Chair of the board", "decision_maker", "+351 210 000 111", "in_person"
    ),
    Human("sado", "Tomás Barradas", "Group controller", "billing buyer", "210 000 112", "email"),
    Human("arrabida", "Graça Monteverde", "Cellar master", "technical user", "+351 210 000 113", "phone"),
    Human("arrabida", "Abel Quintanilha", "Estate manager", "decision_maker", "210 000 114", "in_person"),
    Human("brando", "Fernanda Outeiro", "Production manager", "decision_maker technical", "+351 210 000 115", "phone"),
    Human("brando", "Zeferino Bouças", "Maintenance", "technical", "210 000 116", "phone"),
    Human("brando", "Idalina Ramalheira", "Bookkeeping", "billing", "210 000 117", "letter"),
    Human("eisvogel", "Dr. Friederike Lindenau", "Head of operations", "decision_maker", "030 23125 121", "in_person"),
    Human("eisvogel", "Volker Anschütz", "Purchasing", "buyer", "030 23125 122", "email"),
    Human("eisvogel-log", "Jörg Weißflog", "Site manager", "delivery technical", "030 23125 123", "phone"),
    Human("eisvogel-log", "Наталья Рябинина", "Shift lead", "user", "+49 30 23125 124", "phone", "natalja.rjabinina"),
    Human("eisvogel-log", "Silke Oberländer", "Invoices", "billing", "030 23125 125", "email"),
    Human(
        "eisvogel-pharma",
        "Dr. Ansgar Thielemann",
        "Qualified person",
        "decision_maker technical",
        "030 23125 126",
        "email",
    ),
    Human("eisvogel-pharma", "Meike Hollerbach", "Validation", "technical", "030 23125 127", "email"),
    Human("valdorsa", "Ottavio Guardasoni", "Owner", "decision_maker", "+39 02 0000 0131", "phone"),
    Human("valdorsa", "Mirella Cantarelli", "Administration", "billing buyer", "02 0000 0132", "email"),
    Human("valdorsa", "Nives Pedretti", "Ageing rooms", "technical user", "02 0000 0133", "phone"),
    Human(
        "bellandi",
        "Ing. Tazio Bellandi",
        "Technical director",
        "decision_maker technical",
        "+39 02 0000 0134",
        "in_person",
    ),
    Human("bellandi", "Loredana Svanini", "Purchasing", "buyer", "02 0000 0135", "email"),
    Human("bellandi", "Ulisse Zambonardi", "Service", "technical delivery", "02 0000 0136", "phone"),
    Human("tremonti", "Ilaria Degasperin", "Owner", "decision_maker", "+39 02 0000 0137", "chat"),
    Human("roccamora", "Amedeo Scarrone", "Cellar", "technical", "02 0000 0138", "phone"),
    Human("roccamora", "Bianca Roccamora", "Owner", "decision_maker buyer", "+39 02 0000 0139", "in_person"),
    Human("torrelobo", "Uxía Torrelobo", "Director", "decision_maker", "+34 910 000 141", "phone"),
    Human("torrelobo", "Brais Couselo", "Cold store", "technical user", "910 000 142", "phone"),
    Human("torrelobo", "Iria Lamelas", "Accounts", "billing", "910 000 143", "email"),
    Human("jucar", "Eleuterio Poveda", "Cooperative chairman", "decision_maker", "+34 910 000 144", "in_person"),
    Human("jucar", "Milagros Huete", "Office", "buyer", "910 000 145", "email"),
    Human("ribamar", "Dra. Constança Ribamar", "Owner", "decision_maker", "+351 210 000 151", "phone", tier="a"),
    Human("ribamar", "Valdemar Espírito", "Logistics", "technical delivery", "210 000 152", "email"),
    Human("ribamar", "Custódia Farinha", "Administration", "billing", "210 000 153", "phone"),
    Human("oeste", "Adelino Pimparel", "Owner", "decision_maker", "+351 210 000 154", "phone"),
    Human("havel", "Uwe Krahnstöver", "Manager", "decision_maker delivery", "030 23125 161", "phone"),
    Human("havel", "Gesine Pahlow", "Technical services", "technical", "030 23125 162", "email"),
    Human("ottmar", "Pater Korbinian Haller", "Cellarer", "decision_maker", "030 23125 163", "letter"),
    Human("weidenthal", "Prof. Sibylle Wachsmuth", "Head of laboratory", "decision_maker", "030 23125 164", "email"),
    Human("weidenthal", "Torben Eckardt", "Building services", "technical", "030 23125 165", "phone"),
    Human("weidenthal", "Annegret Löbel", "Administration", "billing", "030 23125 166", "email"),
    Human("baltfrost", "Виктор Озолиньш", "Director", "decision_maker", "+371 6000 0171", "phone", "viktors.ozolins"),
    Human(
        "baltfrost",
        "Светлана Круминя",
        "Chief engineer",
        "technical delivery",
        "+371 6000 0172",
        "email",
        "svetlana.krumina",
    ),
    Human("baltfrost", "Ilze Vītola", "Accounting", "billing", "+371 6000 0173", "email"),
    Human("alpenglueck", "Roswitha Enzensperger", "Owner", "decision_maker", "030 23125 181", "email"),
    Human("ribera", "Fermín Lasaosa", "Market manager", "decision_maker", "+34 910 000 182", "phone"),
    Human("zarco", "Evaristo Zarco", "Owner", "decision_maker delivery", "+351 210 000 191", "phone"),
    Human("zarco", "Lurdes Carrapato", "Scheduling", "delivery", "210 000 192", "email"),
    Human("ilmtal", "Hannes Goldschmidt-Rau", "Key account", "buyer", "030 23125 193", "email"),
    Human("ilmtal", "Dörte Mennicke", "Dispatch", "delivery", "030 23125 194", "phone"),
    Human("lirio", "Macarena Sancti-Petri", "Owner", "decision_maker", "+34 910 000 195", "phone"),
    Human("", "Emília Torcato", "Independent consultant", "user", "+351 210 000 196", "email"),
    Human("", "Dr. Albrecht Nettelbeck", "Auditor for cold chains", "user", "+49 30 23125 197", "email"),
    Human("oeste", "Rosalina Cordeiro", "Packing hall", "user", "210 000 155", "phone"),
    Human("torrelobo", "Antía Freire", "Quality", "user", "910 000 146", "email"),
    Human("havel", "Detlef Sandmann", "Night shift", "user", "030 23125 167", "phone"),
]
