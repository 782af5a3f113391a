"""The house's own words, of several kinds at once."""

from __future__ import annotations

from typing import Any

from django.db import DEFAULT_DB_ALIAS
from django.db.models import Model, QuerySet, Value
from django.db.models.functions import JSONObject


def read(*kinds: QuerySet[Any]) -> list[list[Any]]:
    """Read words of several kinds, each kind in its order, in one query: their rows travel as JSON."""
    found: list[list[Any]] = [[] for _kind in kinds]
    first, *others = (_rows(number, kind) for number, kind in enumerate(kinds))
    for number, row in first.union(*others, all=True):
        found[number].append(_word(kinds[number].model, row))
    return [sorted(words, key=lambda word: (word.position, word.pk)) for words in found]


def _rows(number: int, kind: QuerySet[Any]) -> Any:
    columns = {field.attname: field.attname for field in kind.model._meta.concrete_fields}
    return kind.order_by().annotate(number=Value(number), row=JSONObject(**columns)).values_list("number", "row")


def _word(model: type[Model], row: dict[str, Any]) -> Model:
    fields = model._meta.concrete_fields
    values = [field.to_python(row[field.attname]) for field in fields]
    return model.from_db(DEFAULT_DB_ALIAS, [field.attname for field in fields], values)
