"""The house's own words in the administration: shared by every app that has some."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from crm.core import clock
from crm.core.admin_base import AdminForm, Section
from crm.desk.administration import PlainAdmin
from crm.dossiers.models import Word


class WordForm(AdminForm, forms.ModelForm):
    """A word; retired instead of deleted, its code made from its first name."""

    retired = forms.BooleanField(label=_("No longer offered"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["retired"] = self.instance.retired_at is not None

    def clean_name(self) -> str:
        name = " ".join(self.cleaned_data["name"].split())
        taken = self._meta.model.objects.exclude(pk=self.instance.pk).filter(name__iexact=name)
        if taken.exists():
            raise forms.ValidationError(_("There is one of this name already."), code="taken")
        return name

    def _post_clean(self) -> None:
        super()._post_clean()
        word = self.instance
        if not word.code:
            word.code = free_code(self._meta.model, self.cleaned_data.get("name", ""))
        if "retired" in self.cleaned_data and self.cleaned_data["retired"] is not (word.retired_at is not None):
            word.retired_at = clock.of(self.request) if self.cleaned_data["retired"] else None


def free_code(model: type[Word], name: str) -> str:
    """Return a code nobody has, made from a name in any script."""
    stem = slugify(name).replace("-", "_")[:24] or "word"
    taken = set(model.objects.filter(code__startswith=stem).values_list("code", flat=True))
    return next(code for code in (stem, *(f"{stem}_{n}" for n in range(2, len(taken) + 3))) if code not in taken)


class WordAdmin(PlainAdmin):
    """The base of the house's own words."""

    section = Section.SETTINGS
    form = WordForm
    list_display = ("label", "position", "is_offered")
    ordering = ("position", "pk")
    fields: Any = ("name", "position", "retired")

    @admin.display(description=pgettext_lazy("thing", "name"))
    def label(self, obj: Word) -> str:
        return obj.label

    @admin.display(description=pgettext_lazy("a word", "offered"), boolean=True)
    def is_offered(self, obj: Word) -> bool:
        return obj.retired_at is None
