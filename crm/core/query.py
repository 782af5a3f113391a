"""SQL the ORM lacks: row comparison for keyset paging, ids passed as one array, a subquery as a list, one more key."""

import json
from collections.abc import Iterable
from typing import Any

from django.db import connection
from django.db.models import (
    BooleanField,
    CharField,
    Expression,
    F,
    Field,
    ForeignKey,
    Func,
    JSONField,
    Lookup,
    QuerySet,
    Subquery,
    Value,
)


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


class ListOf(Subquery):
    """One column of a subquery, in its order, as a list: it comes with the row, where a prefetch asks once more."""

    output_field = JSONField()
    template = "(SELECT COALESCE(jsonb_agg(listed), '[]') FROM (%(subquery)s) AS rows)"

    def __init__(self, rows: QuerySet[Any], column: Any) -> None:
        super().__init__(rows.values(listed=F(column) if isinstance(column, str) else column))

    def as_sqlite(self, compiler: Any, connection: Any) -> Any:
        template = "(SELECT json_group_array(listed) FROM (%(subquery)s))"
        return super().as_sql(compiler, connection, template=template)


class WithKey(Func):
    """A JSON object with one key more (or another value of it), for an UPDATE that leaves the rest as it is."""

    output_field = JSONField()

    def __init__(self, column: str, key: str, value: Expression) -> None:
        super().__init__(F(column), Value(key, CharField()), value)

    def as_postgresql(self, compiler: Any, connection: Any, **extra_context: Any) -> Any:
        return self._said("(%s || jsonb_build_object(%s::text, %s))", compiler)

    def as_sqlite(self, compiler: Any, connection: Any, **extra_context: Any) -> Any:
        return self._said("json_set(%s, '$.' || %s, %s)", compiler)

    def _said(self, template: str, compiler: Any) -> Any:
        parts = [compiler.compile(expression) for expression in self.source_expressions]
        return template % tuple(sql for sql, _ in parts), [param for _, params in parts for param in params]


@Field.register_lookup
@ForeignKey.register_lookup
class OneOf(Lookup):
    """`column__one_of=ids`: the ids travel as one array (PostgreSQL) or JSON text (SQLite), not as parameters.

    Of a subquery they are found out first, however many tables the query joins.
    """

    lookup_name = "one_of"
    prepare_rhs = False

    def get_db_prep_lookup(self, value: Any, connection: Any) -> Any:
        return "%s", [list(value)]

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        lhs, params = self.process_lhs(compiler, connection)
        if hasattr(self.rhs, "as_sql"):
            rows, row_params = compiler.compile(self.rhs)
            return f"{lhs} = ANY(ARRAY{rows})", [*params, *row_params]
        return f"{lhs} = ANY(%s)", [*params, list(self.rhs)]

    def as_sqlite(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        lhs, params = self.process_lhs(compiler, connection)
        if hasattr(self.rhs, "as_sql"):
            rows, row_params = compiler.compile(self.rhs)
            return f"{lhs} IN {rows}", [*params, *row_params]
        return f"{lhs} IN (SELECT value FROM json_each(%s))", [*params, json.dumps(list(self.rhs))]


FEW = 500  # ids, up to which rows are best found by them


@Field.register_lookup
@ForeignKey.register_lookup
class Among(OneOf):
    """`column__among=ids`: as `one_of`, for narrowing a list that is sorted by something else.

    Of few ids the rows are found by them; of many, while walking the list's own order: with half the house in sight
    that meets a page's rows at once. `+ 0` keeps PostgreSQL from the index on the column.
    """

    lookup_name = "among"

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        if len(self.rhs) <= FEW:
            return super().as_sql(compiler, connection)
        lhs, params = self.process_lhs(compiler, connection)
        return f"{lhs} + 0 = ANY(%s)", [*params, list(self.rhs)]


def ids_condition(column: str, ids: Iterable[int]) -> tuple[str, Any]:
    """Return raw SQL and its one parameter for `column` being one of `ids`, on either database."""
    if connection.vendor == "sqlite":
        return f"{column} IN (SELECT value FROM json_each(%s))", json.dumps(list(ids))
    return f"{column} = ANY(%s)", list(ids)
