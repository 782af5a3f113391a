"""Fields of input serializers: moments with their offset, records by id, words by code."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.db.models import QuerySet
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _
from django_countries import countries
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

BIGGEST_ID = 2**63 - 1
FIRST_YEAR, LAST_YEAR = 1900, 2200  # moments outside are mistakes
MOMENT_ERRORS = {
    "invalid": _("Write a moment as 2026-03-04T09:00:00Z, with its offset from UTC."),
    "unlikely": _("The year must lie between 1900 and 2200."),
}


def read_moment(text: Any) -> datetime:
    """Read a moment in ISO 8601 with its offset, as UTC.

    :raises ValueError: its argument is a key of `MOMENT_ERRORS`.
    """
    try:
        moment = parse_datetime(text)
    except (TypeError, ValueError):
        moment = None
    if moment is None or moment.tzinfo is None:
        raise ValueError("invalid")
    if not FIRST_YEAR <= moment.year < LAST_YEAR:
        raise ValueError("unlikely")
    return moment.astimezone(UTC)


@extend_schema_field(OpenApiTypes.DATETIME)
class MomentField(serializers.Field):
    """A moment in ISO 8601; read only with its offset from UTC, given in UTC."""

    default_error_messages = MOMENT_ERRORS

    def to_internal_value(self, data: Any) -> datetime:
        try:
            return read_moment(data)
        except ValueError as error:
            self.fail(str(error))

    def to_representation(self, value: datetime) -> str:
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


@extend_schema_field({"type": "integer", "minimum": 1, "maximum": BIGGEST_ID})
class RecordField(serializers.Field):
    """A row by its id, among those that `rows(user)` gives: a stranger's is as unknown as one that never was."""

    default_error_messages = {
        "invalid": _("Give an id: a whole number."),
        "unknown": _("There is none with this id."),
    }

    def __init__(self, rows: Callable[[Any], QuerySet[Any]], **options: Any) -> None:
        self.rows = rows
        super().__init__(**options)

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, bool) or not isinstance(data, int):
            self.fail("invalid")
        row = None
        if 0 < data <= BIGGEST_ID:
            row = self.rows(self.context["request"].user).filter(pk=data).first()
        return row or self.fail("unknown")

    def to_representation(self, value: Any) -> int:
        return value.pk


@extend_schema_field({"type": "array", "items": {"type": "integer", "minimum": 1, "maximum": BIGGEST_ID}})
class RecordsField(serializers.ListField):
    """Rows by their ids, as `RecordField`; each once. One query."""

    child = serializers.IntegerField(min_value=1, max_value=BIGGEST_ID)
    default_error_messages = {"unknown_ids": _("There is none with these ids: %(ids)s")}

    def __init__(self, rows: Callable[[Any], QuerySet[Any]], **options: Any) -> None:
        self.rows = rows
        super().__init__(**options)

    def to_internal_value(self, data: Any) -> list[Any]:
        ids = list(dict.fromkeys(super().to_internal_value(data)))
        found = self.rows(self.context["request"].user).in_bulk(ids) if ids else {}
        missing = [str(pk) for pk in ids if pk not in found]
        if missing:
            message = self.error_messages["unknown_ids"] % {"ids": ", ".join(missing)}
            raise ValidationError(message, code="unknown")
        return [found[pk] for pk in ids]

    def to_representation(self, data: Any) -> list[int]:
        return [row.pk for row in data]


@extend_schema_field({"type": "string", "maxLength": 30})
class CodeField(serializers.Field):
    """One of the house's own words, by its code; those no longer offered are unknown."""

    default_error_messages = {
        "invalid": _("Give a code."),
        "unknown": _("There is no such code. Known are: %(codes)s"),
    }

    def __init__(self, words: Callable[[], QuerySet[Any]], **options: Any) -> None:
        self.words = words
        super().__init__(**options)

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, str):
            self.fail("invalid")
        known = {word.code: word for word in self.words()}
        if data not in known:
            message = self.error_messages["unknown"] % {"codes": ", ".join(known)}
            raise ValidationError(message, code="unknown")
        return known[data]

    def to_representation(self, value: Any) -> str:
        return value.code  # type: ignore[no-any-return]


class ZoneField(serializers.CharField):
    """The name of a time zone, as Europe/Lisbon."""

    default_error_messages = {"zone": _("This time zone is not known. Write it as Europe/Lisbon.")}

    def to_internal_value(self, data: Any) -> str:
        name: str = super().to_internal_value(data)
        if name:
            try:
                ZoneInfo(name)
            except (ZoneInfoNotFoundError, ValueError, OSError):
                self.fail("zone")
        return name


class Input(serializers.Serializer):
    """What a client sends: a key nobody reads is a mistake, and said so."""

    default_error_messages = {"no_such_field": _("There is no such field. Known are: %(names)s")}

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, dict):
            known = [name for name, field in self.fields.items() if not field.read_only]
            strange = [key for key in data if key not in known]
            if strange:
                message = self.error_messages["no_such_field"] % {"names": ", ".join(known)}
                raise ValidationError({key: ValidationError(message, "no_such_field").detail for key in strange})
        return super().to_internal_value(data)


class CountryField(serializers.CharField):
    """A country, by its two letters in ISO 3166."""

    default_error_messages = {"country": _("Give a country by its two letters, as PT.")}

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=2, **options)

    def to_internal_value(self, data: Any) -> str:
        code = super().to_internal_value(data).upper()
        if code and code not in countries:
            self.fail("country")
        return code


class NamedSerializer(serializers.Serializer):
    """Somebody or something, by id and name."""

    id = serializers.IntegerField()
    name = serializers.CharField()


class RecordNameSerializer(NamedSerializer):
    """An account, contact or project, by id and name; of what bears its title."""

    name = serializers.CharField(source="title")
