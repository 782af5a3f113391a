"""SQL the ORM lacks: row comparison for keyset paging, and ids passed as one array."""

import json
from collections.abc import Iterable
from typing import Any

from django.db import connection
from django.db.models import BooleanField, Expression, Field, ForeignKey, Func, Lookup


class Row(Func):
    """Several expressions as one row value: `(a, b)`."""

    template = "(%(expressions)s)"
    output_field = BooleanField()  # never read: a row value is only compared


class RowComparison(Func):
    """`(a, b) < (x, y)`: one index scan, where OR over the columns would be a sort."""

    template = "%(expressions)s"
    output_field = BooleanField()

    def __init__(self, left: Expression, operator: str, right: Expression) -> None:
        self.operator = operator
        super().__init__(left, right, arg_joiner=f" {operator} ")


@Field.register_lookup
@ForeignKey.register_lookup
class OneOf(Lookup):
    """`column__one_of=ids`: the ids travel as one array (PostgreSQL) or JSON text (SQLite), not as parameters."""

    lookup_name = "one_of"
    prepare_rhs = False

    def get_db_prep_lookup(self, value: Any, connection: Any) -> Any:
        return "%s", [list(value)]

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        lhs, params = self.process_lhs(compiler, connection)
        return f"{lhs} = ANY(%s)", [*params, list(self.rhs)]

    def as_sqlite(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        lhs, params = self.process_lhs(compiler, connection)
        return f"{lhs} IN (SELECT value FROM json_each(%s))", [*params, json.dumps(list(self.rhs))]


def ids_condition(column: str, ids: Iterable[int]) -> tuple[str, Any]:
    """Return raw SQL and its one parameter for `column` being one of `ids`, on either database."""
    if connection.vendor == "sqlite":
        return f"{column} IN (SELECT value FROM json_each(%s))", json.dumps(list(ids))
    return f"{column} = ANY(%s)", list(ids)
