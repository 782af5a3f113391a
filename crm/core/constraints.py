"""Constraints the two databases hold in different ways."""

from typing import Any

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.db.models import F, Func


class TsTzRange(Func):
    """`tstzrange(start, end)`: half-open; a null end is open."""

    function = "tstzrange"
    output_field = DateTimeRangeField()


PERIOD = TsTzRange(F("starts_at"), F("ends_at"))
OVERLAPS, EQUAL = RangeOperators.OVERLAPS, RangeOperators.EQUAL


class ExclusionOnPostgres(ExclusionConstraint):
    """An exclusion constraint on PostgreSQL; silent elsewhere, where the action's check under the write lock holds."""

    def create_sql(self, model: Any, schema_editor: Any) -> Any:
        return super().create_sql(model, schema_editor) if schema_editor.connection.vendor == "postgresql" else None

    def remove_sql(self, model: Any, schema_editor: Any) -> Any:
        return super().remove_sql(model, schema_editor) if schema_editor.connection.vendor == "postgresql" else None

    def constraint_sql(self, model: Any, schema_editor: Any) -> Any:
        return super().constraint_sql(model, schema_editor) if schema_editor.connection.vendor == "postgresql" else None

    def validate(self, *args: Any, **kwargs: Any) -> None:
        """Leave it to the database: the action refuses first, with its own sentence."""
