"""Small invented sales tables, as the profile `crm_sales` reads them."""

from collections.abc import Iterable
from pathlib import Path

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
