"""A trading firm's customers, employees and orders as tables.

customers.csv   CustomerID, CompanyName, ContactName, ContactTitle, Address, City, Region, PostalCode, Country, Phone
                → an account each with its one contact; the number as it is written
employees.csv   EmployeeID, LastName, FirstName, ReportsTo → people; whoever others report to leads them as a team
products.csv    ProductID, ProductName → what was ordered
orders.csv      OrderID, CustomerID, EmployeeID, OrderDate, ProductID, UnitPrice, Quantity, Discount; a line for each
                product → a touch each, through its employee; the employee of the newest answers for the account

What Liaison has no place for (fax, freight, birthdays …) is not read. Addresses end in `.invalid`: nobody is mailed.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path

from django.utils.translation import gettext as _
from django_countries import countries

from accounts.models import Account
from crm.core.text import search_key
from crm.desk.imports.reading import Line, day_of, origin_of, refuse_unknown, require, sheet, table
from crm.desk.imports.rows import (
    AccountRow,
    BadRow,
    ContactRow,
    InteractionRow,
    Origin,
    PersonRow,
    RefusedRow,
    Row,
    TeamRow,
)

SOURCE = "northwind"
TABLES = {
    "customers.csv": [
        "CustomerID", "CompanyName", "ContactName", "ContactTitle", "Address", "City", "Region", "PostalCode",
        "Country", "Phone",
    ],
    "employees.csv": ["EmployeeID", "LastName", "FirstName", "ReportsTo"],
    "products.csv": ["ProductID", "ProductName"],
    "orders.csv": [
        "OrderID", "CustomerID", "EmployeeID", "OrderDate", "ProductID", "UnitPrice", "Quantity", "Discount",
    ],
}  # fmt: skip
COUNTRIES = {"usa": "US", "uk": "GB", "venezuela": "VE"}  # beside the names ISO 3166 has
NUMBER = re.compile(r"\d{1,9}(\.\d{1,9})?", re.ASCII)
CENT = Decimal("0.01")
SHOWN = 5  # products named in a note; the others are counted


@dataclass(frozen=True, slots=True)
class Customer:
    origin: Origin
    id: str
    values: Mapping[str, str]
    country: str


@dataclass(frozen=True, slots=True)
class Employee:
    origin: Origin
    id: str
    name: str
    reports_to: str


@dataclass(frozen=True, slots=True)
class Item:
    """One line of an order."""

    product: str
    quantity: str
    worth: Decimal


@dataclass(slots=True)
class Order:
    """One order; its first line says whose it is, each line adds what was ordered."""

    origin: Origin
    id: str
    customer: str
    employee: str
    on: date
    items: list[Item] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Known:
    """What orders may refer to; none lies after `today`."""

    customers: Collection[str]
    employees: Collection[str]
    products: Mapping[str, str]
    today: date


def read(folder: Path, *, today: date) -> Iterator[Row]:
    """Yield employees, teams, customers with their contacts, and orders, in the order they can be written.

    :raises InputMissing: a file or a column is missing.
    """
    require(folder, TABLES)
    staff, bad_staff = sheet(folder / "employees.csv", key="EmployeeID", record=_("person"), parse=_employee)
    goods, bad_goods = sheet(folder / "products.csv", key="ProductID", record=_("product"), parse=_product)
    customers, bad_customers = sheet(folder / "customers.csv", key="CustomerID", record=_("account"), parse=_customer)
    orders, bad_orders = _orders(folder / "orders.csv", Known(customers, staff, goods, today))
    yield from (*bad_staff, *bad_goods, *bad_customers, *bad_orders)
    yield from _people(staff)
    yield from _accounts(customers.values(), orders)
    yield from (_contact(customer) for customer in customers.values() if customer.values["ContactName"])
    yield from (_touch(order, customers[order.customer]) for order in orders)


# --- Lines ------------------------------------------------------------------------------------------------------------


def _employee(line: Line) -> Employee:
    name = " ".join(part for part in (line.values["FirstName"], line.values["LastName"]) if part)
    if not name:
        raise BadRow(_("The column %(column)s is empty.") % {"column": "LastName"})
    key = line.values["EmployeeID"]
    return Employee(origin_of(line, key), key, name, line.values["ReportsTo"])


def _product(line: Line) -> str:
    return line.values["ProductName"] or line.values["ProductID"]


def _customer(line: Line) -> Customer:
    values = line.values
    if not values["CompanyName"]:
        raise BadRow(_("The column %(column)s is empty.") % {"column": "CompanyName"})
    written = values["Country"]
    country = COUNTRIES.get(written.casefold()) or countries.by_name(written)
    note = _("no country is called %(office)s") % {"office": written} if written and not country else ""
    return Customer(origin_of(line, values["CustomerID"], note), values["CustomerID"], values, country)


def _orders(path: Path, known: Known) -> tuple[list[Order], list[RefusedRow]]:
    """Gather the lines of each order; a line that cannot be read is refused, and the order comes without it."""
    orders: dict[str, Order] = {}
    refused = []
    for line in table(path):
        key = line.values.get("OrderID", "")
        try:
            order = _order(line, key, known)
            first = orders.setdefault(key, order)
            if (first.customer, first.employee, first.on) != (order.customer, order.employee, order.on):
                raise BadRow(_("It says otherwise than line %(line)d of the same order.") % {"line": first.origin.line})
            first.items.append(_item(line, known))
        except BadRow as error:
            refused.append(RefusedRow(origin=origin_of(line, key), record=_("interaction"), reason=error.messages[0]))
    return [order for order in orders.values() if order.items], refused


def _order(line: Line, key: str, known: Known) -> Order:
    if line.problem:
        raise BadRow(line.problem)
    if not key:
        raise BadRow(_("The column %(column)s is empty.") % {"column": "OrderID"})
    values = line.values
    refuse_unknown("customers.csv", values["CustomerID"], known.customers)
    refuse_unknown("employees.csv", values["EmployeeID"], known.employees)
    on = day_of(values, "OrderDate", known.today)
    if on is None:
        raise BadRow(_("The column %(column)s is empty.") % {"column": "OrderDate"})
    return Order(origin_of(line, key), key, values["CustomerID"], values["EmployeeID"], on)


def _item(line: Line, known: Known) -> Item:
    values = line.values
    refuse_unknown("products.csv", values["ProductID"], known.products)
    price, quantity, discount = (_number(values, column) for column in ("UnitPrice", "Quantity", "Discount"))
    return Item(known.products[values["ProductID"]], values["Quantity"], price * quantity * (1 - discount))


def _number(values: Mapping[str, str], column: str) -> Decimal:
    written = values[column] or "0"
    if not NUMBER.fullmatch(written):
        raise BadRow(_("%(value)s in %(column)s is no number.") % {"value": written, "column": column})
    return Decimal(written)


# --- Rows -------------------------------------------------------------------------------------------------------------


def _people(staff: Mapping[str, Employee]) -> Iterator[Row]:
    """Whoever leads before their team, the team before the people in it: from the top down."""
    below: dict[str, list[Employee]] = {}
    for employee in staff.values():
        boss = employee.reports_to if employee.reports_to in staff else ""
        below.setdefault(boss, []).append(employee)
    told: set[str] = set()
    places = [(employee, "") for employee in below.get("", [])]
    while places:
        employee, team = places.pop(0)
        told.add(employee.id)
        yield _person(employee, team, staff)
        if employee.id in below:
            own = _team_id(employee.id)
            name = _("Team %(manager)s") % {"manager": employee.name}
            yield TeamRow(origin=employee.origin, external_id=own, name=name, lead=employee.id)
            places += [(member, own) for member in below[employee.id]]
    reason = _("They report to each other in a circle.")
    for employee in staff.values():
        if employee.id not in told:
            yield RefusedRow(origin=employee.origin, record=_("person"), reason=reason)


def _person(employee: Employee, team: str, staff: Mapping[str, Employee]) -> PersonRow:
    local = re.sub(r"[^a-z0-9]+", ".", search_key(employee.name)).strip(".") or employee.id
    is_shared = sum(search_key(other.name) == search_key(employee.name) for other in staff.values()) > 1
    email = f"{local}{'.' + employee.id if is_shared else ''}@northwind.invalid"
    return PersonRow(origin=employee.origin, external_id=employee.id, name=employee.name, email=email, team=team)


def _team_id(employee_id: str) -> str:
    return f"team:{employee_id}"


def _accounts(customers: Collection[Customer], orders: Sequence[Order]) -> Iterator[Row]:
    """Whoever took the newest order answers, since that day; who never ordered is a prospect nobody answers for."""
    newest: dict[str, Order] = {}
    for order in orders:
        known = newest.get(order.customer)
        if known is None or order.on >= known.on:
            newest[order.customer] = order
    for customer in customers:
        last, values = newest.get(customer.id), customer.values
        yield AccountRow(
            origin=customer.origin,
            external_id=customer.id,
            name=values["CompanyName"],
            kind=Account.Kind.CUSTOMER if last else Account.Kind.PROSPECT,
            street=values["Address"],
            postal_code=values["PostalCode"],
            city=values["City"],
            region=values["Region"],
            country=customer.country,
            poc=last.employee if last else "",
            since=last.on if last else None,
        )


def _contact(customer: Customer) -> ContactRow:
    values = customer.values
    return ContactRow(
        origin=customer.origin,
        external_id=customer.id,
        name=values["ContactName"],
        account=customer.id,
        position=values["ContactTitle"],
        phones=tuple(filter(None, [values["Phone"]])),
    )


def _touch(order: Order, customer: Customer) -> InteractionRow:
    goods = [_("%(product)s (%(n)s)") % {"product": i.product, "n": i.quantity} for i in order.items]
    more = [_("and %(n)d more") % {"n": len(goods) - SHOWN}] if len(goods) > SHOWN else []
    worth = sum((item.worth for item in order.items), Decimal()).quantize(CENT)
    said = {"id": order.id, "worth": worth, "goods": ", ".join([*goods[:SHOWN], *more])}
    return InteractionRow(
        origin=order.origin,
        external_id=order.id,
        account=order.customer,
        contact=order.customer if customer.values["ContactName"] else "",
        poc=order.employee,
        on=order.on,
        purpose="request",
        note=_("Order %(id)s, worth %(worth)s: %(goods)s.") % said,
    )
