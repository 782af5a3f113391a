"""What an event is about and which fields it changed, in the reader's words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Self

from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.utils import formats, timezone
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import gettext as _
from django_countries import countries
from django_countries.fields import CountryField

from crm.core.templatetags.moments import whole_date
from crm.dossiers.models import Dossier, Event, Word

if TYPE_CHECKING:
    Field = models.Field[Any, Any]

Personal = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Thing:
    """What an event is about: what it is called, and the model whose fields it may have changed."""

    title: str
    model: type[models.Model]

    @classmethod
    def of(cls, dossier: Dossier) -> Self:
        """A record: its kind is what its own row is related by."""
        return cls(dossier.title, Dossier._meta.get_field(dossier.kind).related_model)  # type: ignore[arg-type]

    @classmethod
    def logged(cls, title: str) -> Self:
        """A touch that lies on a record."""
        return cls(title, Dossier._meta.get_field("interactions").related_model)


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field of a record: what it is called, what stood there, what stands there now."""

    label: str
    old: str
    new: str


def changes_of(event: Event, personal: Personal, own: Thing) -> list[FieldChange]:
    """Return old → new of a change, in the reader's words."""
    changes = []
    apart = personal.get("changes") or {}
    for name, values in (event.facts.get("changes") or {}).items():
        old, new = apart.get(name) or values
        if name == "stakeholder" and personal.get("contact"):
            old, new = (f"{personal['contact']} ({word(role)})" if role else "" for role in (old, new))
        shown = _field(own, name)
        if name.startswith("mails_"):
            old, new = (_OWN_VALUES[way]() for way in (old, new))
        changes.append(FieldChange(_label(name, shown), _value(old, shown), _value(new, shown)))
    return changes


def _field(own: Thing, name: str) -> Field | None:
    """The model's field a change is about; None where the name is one of the events' own."""
    try:
        found = own.model._meta.get_field(name)
    except FieldDoesNotExist:
        return Dossier._meta.get_field(name) if name in ("parent", "tier") else None  # type: ignore[return-value]
    return found if isinstance(found, models.Field) else None


def _label(name: str, shown: Field | None) -> str:
    label = _OWN_LABELS[name]() if name in _OWN_LABELS else str(shown.verbose_name) if shown else name
    return label[:1].upper() + label[1:]


_OWN_LABELS: dict[str, Callable[[], str]] = {
    "name": lambda: _("name"),
    "record": lambda: _("put to"),
    "emails": lambda: _("e-mails"),
    "phones": lambda: _("phones"),
    "stakeholder": lambda: _("stakeholder"),
    "member": lambda: _("member"),
    "password": lambda: _("password"),
    "version": lambda: _("version"),
    "calendarhours": lambda: _("working hours"),
    "calendarexception": lambda: _("days that differ"),
    "mails_reminders": lambda: _("reminders by mail"),
    "mails_given": lambda: _("what is given to them, by mail"),
    "mails_answers": lambda: _("who answers, by mail"),
    "mails_news": lambda: _("news by mail"),
    "digest_at": lambda: _("daily digest at"),
    "quiet_from": lambda: _("no mails from"),
    "quiet_until": lambda: _("no mails until"),
}
_OWN_VALUES: dict[str, Callable[[], str]] = {
    "at_once": lambda: _("at once"),
    "digest": lambda: _("in the daily digest"),
    "never": lambda: _("not by mail"),
}


def _value(stored: Any, shown: Field | None) -> str:
    """Say a stored value: a choice by its label, a day in the reader's format, a word in their language."""
    text = str(stored)
    if not text or shown is None:
        return text
    if isinstance(shown, CountryField):
        return str(countries.name(text) or text)
    if shown.choices:
        return str(dict(shown.flatchoices).get(text, text))
    if isinstance(shown, models.DateTimeField):
        return moment(text)
    if isinstance(shown, models.DateField):
        on = parse_date(text[:10])
        return day(on) if on else text
    if shown.related_model and issubclass(shown.related_model, Word):
        return ", ".join(word(name) for name in text.split(", "))
    return text


# --- Words and moments -----------------------------------------------------------------------------------------------


def word(name: str) -> str:
    """A word of the house in the reader's language, where it is a shipped one."""
    return str(_(name)) if name else ""


def moment(text: str) -> str:
    """A stored moment in the reader's zone."""
    at = parse_datetime(text) if text else None
    if at is None:
        return ""
    local = timezone.localtime(at) if timezone.is_aware(at) else at
    return f"{day(local.date())}, {formats.time_format(local, 'H:i')}"


def day(day: date) -> str:
    return whole_date(day)
