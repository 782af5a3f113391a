"""What our forms share: fields that name a record, and how an action's no is shown."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from crm.core.refusals import Refused
from crm.core.text import search_key

ARCHIVED = [("", _("Current")), ("yes", pgettext_lazy("records", "Archived"))]  # what lists of records show
NUMBERED = re.compile(r"#(\d{1,18})\s*$")


def refuse(form: forms.Form, error: Refused) -> None:
    """Show an action's no where it belongs: beside its field, else above the form."""
    form.add_error(error.field if error.field in form.fields else None, ValidationError(error.messages))


class RecordField(forms.CharField):
    """Names a record by its name, or by "Name #12" where several bear it; names are suggested while one types.

    The form sets `rows`, the records the reader may choose among, each with its dossier, and
    `current`, the one it shows: left as it is, it is meant, whoever else bears its name.
    """

    default_error_messages = {
        "unknown": _("Nothing has this name. Choose one of those suggested."),
        "several": _("Several have this name. Write one of these: %(names)s"),
    }

    def __init__(self, *, suggest: str, **options: Any) -> None:
        self.rows: Any = None
        self.current: Any = None
        self.suggest = suggest
        super().__init__(max_length=220, **options)

    def prepare_value(self, value: Any) -> Any:
        return value.dossier.title if hasattr(value, "dossier_id") else value

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        if not text:
            return None
        if self.current is not None and text == self.current.dossier.title:
            return self.current
        number = NUMBERED.search(text)
        wanted = {"pk": number[1]} if number else {"dossier__title_key": search_key(text)[:200]}
        matches = list(self.rows.filter(**wanted)[:6])
        if not matches:
            raise ValidationError(self.error_messages["unknown"], code="unknown")
        if len(matches) > 1:
            names = ", ".join(numbered(row) for row in matches)
            raise ValidationError(self.error_messages["several"], code="several", params={"names": names})
        return matches[0]


def numbered(record: Any) -> str:
    """Write a record so that it is found among others of its name: Cervejaria Atlântico #12."""
    return f"{record.dossier.title} #{record.pk}"


def suggested(rows: Any, text: str, *, limit: int = 8) -> list[str]:
    """Return the names of the records a beginning may mean, with a number where several bear one. One query."""
    key = search_key(text[:200])
    found = list(rows.filter(dossier__title_key__contains=key).order_by("dossier__title_key", "pk")[:limit])
    often = Counter(row.dossier.title_key for row in found)
    return [numbered(row) if often[row.dossier.title_key] > 1 else row.dossier.title for row in found]


class ZoneField(forms.CharField):
    """The name of a time zone, as Europe/Lisbon."""

    def clean(self, value: Any) -> str:
        name: str = super().clean(value)
        if name:
            try:
                ZoneInfo(name)
            except (ZoneInfoNotFoundError, ValueError, OSError) as error:
                raise ValidationError(
                    _("This time zone is not known. Write it as Europe/Lisbon."), code="zone"
                ) from error
        return name


class LinesField(forms.CharField):
    """Several values, one a line; gives a list without blank lines."""

    def __init__(self, **options: Any) -> None:
        super().__init__(widget=forms.Textarea(attrs={"rows": 3}), max_length=4000, **options)

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def clean(self, value: Any) -> list[str]:  # type: ignore[override]
        return [line.strip() for line in super().clean(value).splitlines() if line.strip()]


class DateInput(forms.DateInput):
    """The browser's own date control; its value is always in ISO 8601."""

    input_type = "date"

    def __init__(self, **options: Any) -> None:
        super().__init__(format="%Y-%m-%d", **options)


def attempt(form: forms.Form, act: Callable[[], Any]) -> Any:
    """Run an action with the form's values; None when it said no, which the form then shows."""
    try:
        return act()
    except Refused as error:
        refuse(form, error)
        return None


class MomentInput(forms.DateTimeInput):
    """The browser's own control for a day and an hour, in the reader's zone."""

    input_type = "datetime-local"

    def __init__(self, **options: Any) -> None:
        super().__init__(format="%Y-%m-%dT%H:%M", **options)


class TimeInput(forms.TimeInput):
    """The browser's own control for an hour."""

    input_type = "time"

    def __init__(self, **options: Any) -> None:
        super().__init__(format="%H:%M", **options)
