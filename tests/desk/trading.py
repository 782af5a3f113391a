"""Small invented tables of a trading firm, as the profile `northwind` reads them."""

from collections.abc import Iterable
from pathlib import Path

CUSTOMERS = [
    "AZUL,Adega Azul,Inês Prado,Owner,Rua da Prata 4,Lisbon,,1100-419,Portugal,(1) 555-0143",
    "KORB,Korbmacher Holz,Jonas Veit,Buyer,Am Anger 9,Jena,,07743,Germany,030-0074321",
    "WILD,Wildflower Co,Amy Ross,Manager,9 Elm St,Boise,ID,83702,USA,(208) 555-0188",
]
EMPLOYEES = ["1,Lima,Ana,2", "2,Conti,Marco,", "3,Brandt,Ivo,2", "4,Sol,Eva,3"]
PRODUCTS = ["1,Cider", "2,Honey"]
ORDERS = [
    "101,AZUL,1,1997-03-04,1,10,2,0",
    "101,AZUL,1,1997-03-04,2,4.5,10,0.1",
    "102,AZUL,3,1997-05-06,1,10,1,0",
    "103,KORB,4,1997-04-01,2,4.5,2,0",
]
HEADERS = {
    "customers.csv": "CustomerID,CompanyName,ContactName,ContactTitle,Address,City,Region,PostalCode,Country,Phone",
    "employees.csv": "EmployeeID,LastName,FirstName,ReportsTo",
    "products.csv": "ProductID,ProductName",
    "orders.csv": "OrderID,CustomerID,EmployeeID,OrderDate,ProductID,UnitPrice,Quantity,Discount",
}


def write(
    folder: Path,
    *,
    customers: Iterable[str] = CUSTOMERS,
    employees: Iterable[str] = EMPLOYEES,
    products: Iterable[str] = PRODUCTS,
    orders: Iterable[str] = ORDERS,
) -> Path:
    """Write the four tables with these lines below their headers, and return the folder."""
    folder.mkdir(exist_ok=True)
    for (name, header), lines in zip(HEADERS.items(), (customers, employees, products, orders), strict=True):
        (folder / name).write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    return folder
