"""Small invented sales tables, as the profile `crm_sales` reads them."""

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from crm.poc.models import PointOfContact
from crm.poc.resolve import resolve
from tests.factories.dossiers import topic

NOON = datetime(2023, 6, 7, 12, 0, tzinfo=UTC)  # a Wednesday, when the tables come in
ACCOUNTS = [
    "Adega Azul,technolgy,Spain,",
    "Adega Azul Norte,retail,Philipines,Adega Azul",
    "Bicicletas Duero,medical,Kenya,",
]
TEAMS = ["Ana Lima,Marco Conti,North", "Ivo Brandt,Marco Conti,North", "Eva Sol,Petra Lang,South"]
PRODUCTS = ["GTX Pro", "MG Special"]
DEALS = [
    "D1,Ana Lima,GTXPro,Adega Azul,Won,2023-01-10,2023-02-14,4800",
    "D2,Ivo Brandt,MG Special,Adega Azul,Engaging,2023-03-01,,",
    "D3,Eva Sol,MG Special,Adega Azul Norte,Lost,2023-01-20,2023-03-31,0",
    "D4,Eva Sol,GTX Pro,Bicicletas Duero,Prospecting,,,",
    "D5,Ana Lima,GTX Pro,,Engaging,2023-02-01,,",
]
HEADERS = {
    "accounts.csv": "account,sector,office_location,subsidiary_of",
    "sales_teams.csv": "sales_agent,manager,regional_office",
    "products.csv": "product",
    "sales_pipeline.csv": "opportunity_id,sales_agent,product,account,deal_stage,engage_date,close_date,close_value",
}


def write(
    folder: Path,
    *,
    accounts: Iterable[str | bytes] = ACCOUNTS,
    teams: Iterable[str | bytes] = TEAMS,
    products: Iterable[str | bytes] = PRODUCTS,
    deals: Iterable[str | bytes] = DEALS,
) -> Path:
    """Write the four tables with these lines below their headers, and return the folder."""
    folder.mkdir(exist_ok=True)
    tables = (accounts, teams, products, deals)
    for (name, header), lines in zip(HEADERS.items(), tables, strict=True):
        rows = [row if isinstance(row, bytes) else row.encode() for row in (header, *lines)]
        (folder / name).write_bytes(b"\r\n".join(rows) + b"\r\n")
    return folder


def verdict(report, key, record="project"):
    """The line of a report that says what became of a record."""
    return next(line for line in report if (line["key"], line["record"]) == (key, record))


def answering(dossier_id, at=NOON):
    """The name of whoever answers for a record."""
    return PointOfContact.objects.get(pk=resolve(dossier_id=dossier_id, topic_id=topic().pk, at=at).poc_id).name
