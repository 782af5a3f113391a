"""Rows known in Python, as a table inside a statement."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from django.db import connection


def table(rows: Iterable[tuple[int, ...]], *columns: str) -> tuple[str, list[Any]]:
    """Return SQL that selects `rows` of whole numbers as `columns`, and its parameters; on either database."""
    rows = list(rows)
    if connection.vendor == "sqlite":
        picked = ", ".join(f"json_extract(value, '$[{n}]') AS {name}" for n, name in enumerate(columns))
        return f"SELECT {picked} FROM json_each(%s)", [json.dumps(rows)]
    arrays = ", ".join("%s::bigint[]" for _name in columns)
    lists = [[row[n] for row in rows] for n in range(len(columns))]
    return f"SELECT * FROM unnest({arrays}) AS listed ({', '.join(columns)})", lists
