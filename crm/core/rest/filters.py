"""Filters that refuse what they do not know."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import exceptions
from rest_framework.request import Request

from crm.core.rest.fields import BIGGEST_ID, MOMENT_ERRORS, read_moment
from crm.core.text import search_key

UNKNOWN = _("There is no such parameter. Known are: %(names)s")


def refuse_unknown(request: Request, known: list[str]) -> None:
    """:raises ValidationError: the address holds a parameter that nobody reads."""
    strange = [name for name in request.query_params if name not in known]
    if strange:
        message = UNKNOWN % {"names": ", ".join(known)}
        raise exceptions.ValidationError({name: exceptions.ErrorDetail(message, "unknown") for name in strange})


class StrictFilterBackend(DjangoFilterBackend):
    """django-filter, for which a parameter that nobody reads is a mistake.

    A filter set of a hot list may have `unasked(queryset)`, what it leaves where the address narrows by nothing: then
    its form is not made, which costs as much as reading the rows.
    """

    def filter_queryset(self, request: Request, queryset: QuerySet[Any], view: Any) -> QuerySet[Any]:
        filters = view.filterset_class
        refuse_unknown(request, [*filters.base_filters, *view.paginator.parameters])
        if hasattr(filters, "unasked") and not any(name in request.query_params for name in filters.base_filters):
            return filters.unasked(queryset)
        return super().filter_queryset(request, queryset, view)


class _MomentField(forms.Field):
    default_error_messages = MOMENT_ERRORS

    def to_python(self, value: str | None) -> datetime | None:
        if value in self.empty_values:
            return None
        try:
            return read_moment(value.replace(" ", "+"))  # type: ignore[union-attr]  # a plus left unescaped
        except ValueError as error:
            raise ValidationError(self.error_messages[str(error)], code=str(error)) from error


class _IdField(forms.IntegerField):
    def __init__(self, **options: Any) -> None:
        super().__init__(min_value=1, max_value=BIGGEST_ID, **options)


class _FlagField(forms.TypedChoiceField):
    def __init__(self, **options: Any) -> None:
        options |= {"choices": [("true", "true"), ("false", "false")], "empty_value": None}
        super().__init__(coerce=lambda value: value == "true", **options)


@extend_schema_field(OpenApiTypes.DATETIME)
class MomentFilter(django_filters.Filter):
    """A moment in ISO 8601, with its offset from UTC."""

    field_class = _MomentField


@extend_schema_field({"type": "integer", "minimum": 1, "maximum": BIGGEST_ID})
class IdFilter(django_filters.Filter):
    """The id of a row."""

    field_class = _IdField


@extend_schema_field(OpenApiTypes.BOOL)
class FlagFilter(django_filters.Filter):
    """`true` or `false`."""

    field_class = _FlagField


class TextFilter(django_filters.CharFilter):
    """Text of a bounded length."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, max_length=200, **options)


class NameFilter(TextFilter):
    """Part of a record's name, whatever the case and the accents."""

    def filter(self, rows: QuerySet[Any], value: str) -> QuerySet[Any]:
        return rows.filter(**{f"{self.field_name}__contains": search_key(value)}) if value else rows
