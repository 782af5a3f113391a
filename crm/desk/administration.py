"""What the administration of every app shares: saves become events, and an object's history is told from them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from crm.core import clock
from crm.core.actor import Actor, Source
from crm.core.admin_base import ActedAdmin, ModelAdmin, ReadOnly
from crm.dossiers.actions import record, text_of
from crm.dossiers.models import Event
from crm.dossiers.timeline import Entry, Filters, Thing, history, page
from crm.poc.visibility import visible_homes


class ToldAdmin(ModelAdmin):
    """The base of what is no record: its history is told from the events that name it.

    `event_key` is what these events call it: `{"kind": event_key, event_key: pk}`.
    """

    event_key = ""

    def key(self) -> str:
        return self.event_key or str(self.opts.model_name)

    def history_of(self, request: HttpRequest, obj: Any) -> tuple[list[Entry], str]:
        """Return what happened to it, newest first, and the place of older entries ("": none)."""
        return history(self.key(), obj.pk, Thing(str(obj), self.model)), ""

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """Show who changed what, old → new."""
        obj = self.get_object(request, object_id)
        if obj is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        if not self.has_view_or_change_permission(request, obj):
            raise PermissionDenied
        entries, older = self.history_of(request, obj)
        context = self.admin_site.each_context(request) | {
            "title": _("History"),
            "subtitle": str(obj),
            "entries": entries,
            "older": older,
            "object": obj,
            "opts": self.opts,
        }
        return TemplateResponse(request, "admin/object_history.html", context)


class ReadAdmin(ReadOnly, ToldAdmin):
    """The base of what lies on a record and is written elsewhere; `fact` is what events call it."""

    fact = ""

    def history_of(self, request: HttpRequest, obj: Any) -> tuple[list[Entry], str]:
        if not self.fact:
            return super().history_of(request, obj)
        filters = Filters(naming=(self.fact, obj.pk))
        homes = visible_homes(request.user)
        shown = page(obj.dossier_id, homes=homes, cursor=request.GET.get("older", ""), filters=filters)
        return shown.entries, shown.older


class PlainAdmin(ToldAdmin):
    """The base of models without actions of their own: words, calendars, the firm. Each save is one event."""

    def save_related(self, request: HttpRequest, form: Any, formsets: Sequence[Any], change: bool) -> None:
        super().save_related(request, form, formsets, change)
        changes = changes_of(form) | self.changed_rows(formsets)
        if changes or not change:
            record(
                kind=Event.Kind.CHANGED if change else Event.Kind.CREATED,
                dossiers=[],
                facts={"kind": self.key(), self.key(): form.instance.pk} | ({"changes": changes} if change else {}),
                by=actor(request),
                at=clock.of(request),
            )
            self.saved(request, form.instance)

    def changed_rows(self, formsets: Sequence[Any]) -> dict[str, list[str]]:
        """Return old → new of the rows edited within the form."""
        changes = {}
        for formset in formsets:
            if formset.has_changed():
                old = "; ".join(str(row) for row in getattr(formset, "rows_before", ()))
                new = "; ".join(str(row) for row in formset.get_queryset().all())
                changes[str(formset.model._meta.model_name)] = [old, new]
        return changes

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        formset.rows_before = list(formset.get_queryset()) if change else []
        super().save_formset(request, form, formset, change)
        if formset.has_changed():
            formset._queryset = formset.model.objects.filter(**{formset.fk.name: form.instance})

    def saved(self, request: HttpRequest, obj: Any) -> None:
        """Do what follows from a save."""


class ToldActedAdmin(ToldAdmin, ActedAdmin):
    """The base of what is no record and has actions of its own."""


def actor(request: HttpRequest) -> Actor:
    return Actor.of(request, Source.ADMIN)


def changes_of(form: forms.ModelForm) -> dict[str, list[str]]:
    """Return old → new of what was changed in a form, as text."""
    return {
        name: [_said(form.fields[name], form.initial.get(name)), _said(form.fields[name], form.cleaned_data.get(name))]
        for name in form.changed_data
        if name in form.cleaned_data
    }


def _said(field: forms.Field, value: Any) -> str:
    """A chosen row, or several, by their names; anything else as it is written."""
    if isinstance(field, forms.ModelMultipleChoiceField):
        return ", ".join(text_of(row) for row in value or ())
    if isinstance(field, forms.ModelChoiceField) and value and not isinstance(value, Model):
        value = field.queryset.filter(pk=value).first()
    return text_of(value)


def chosen(queryset: QuerySet[Any], most: int) -> list[Any] | None:
    """Return the rows chosen in a list, None where they are more than an act takes at once."""
    rows = list(queryset[: most + 1])
    return rows if len(rows) <= most else None
