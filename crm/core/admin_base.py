"""The administration's own site, and the base of every model in it.

A window, not a back door: lists are never counted, nothing is deleted, saves go through the
apps' actions, and an action's no is shown in the form.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ChangeList
from django.contrib.admin.widgets import AutocompleteSelect, RelatedFieldWidgetWrapper
from django.core.paginator import EmptyPage, InvalidPage, Page, PageNotAnInteger, Paginator
from django.db import models
from django.db.models import Model, Q, QuerySet
from django.forms.models import BaseInlineFormSet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from crm.core.forms import DateInput, refuse
from crm.core.refusals import Refused
from crm.core.text import search_key

PER_PAGE = 100
MAX_DIGITS = 18  # of an id: 63 bits
MAX_PAGE = 200  # further down one searches; a page costs more the further down it is


class Section(models.TextChoices):
    """What the administration's pages are sorted under."""

    RECORDS = "records", _("Records")
    ANSWERS = "answers", _("Who answers")
    OWED = "owed", _("What is owed")
    PEOPLE = "people", _("People who sign in")
    SETTINGS = "settings", _("Settings")


class Site(admin.AdminSite):
    """The administration: sections by what things are, not by app."""

    site_header = site_title = _("Liaison administration")
    index_title = _("Administration")
    empty_value_display = "–"

    def password_change(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Passwords are changed where everybody changes them."""
        return redirect("account_change_password")

    def logout(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        return redirect("account_logout")

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[dict[str, Any]]:
        """Return the sections with the models one may see, in the order of their registration."""
        if app_label is not None:
            return super().get_app_list(request, app_label)
        sections: dict[str, list[dict[str, Any]]] = {section: [] for section in Section.values}
        for app in self._build_app_dict(request).values():
            for shown in app["models"]:
                model_admin = self._registry[shown["model"]]
                if isinstance(model_admin, ModelAdmin):
                    sections[model_admin.section].append(shown | {"place": model_admin.place})
        index = reverse("admin:index", current_app=self.name)
        return [
            {
                "name": Section(section).label,
                "app_label": section,
                "app_url": f"{index}#{section}",
                "has_module_perms": True,
                "models": sorted(found, key=lambda shown: shown["place"]),
            }
            for section, found in sections.items()
            if found
        ]


class UncountedPage(Page):
    """A page that knows only whether there is another one."""

    def __init__(self, rows: Sequence[Any], number: int, paginator: Paginator, *, has_more: bool) -> None:
        super().__init__(rows, number, paginator)
        self.has_more = has_more

    def has_next(self) -> bool:
        return self.has_more and self.number < MAX_PAGE

    def start_index(self) -> int:
        return self.paginator.per_page * (self.number - 1) + bool(self.object_list)

    def end_index(self) -> int:
        return self.paginator.per_page * (self.number - 1) + len(self.object_list)


class UncountedPaginator(Paginator):
    """Reads one row more than a page shows, instead of counting them all."""

    def validate_number(self, number: int | float | str) -> int:
        try:
            page = int(number)
        except (TypeError, ValueError) as error:
            raise PageNotAnInteger(_("That is not a page number.")) from error
        if not 1 <= page <= MAX_PAGE:
            raise EmptyPage(_("There is no such page. Narrow the list instead."))
        return page

    def page(self, number: int | str) -> UncountedPage:
        number = self.validate_number(number)
        first = (number - 1) * self.per_page
        rows = list(self.object_list[first : first + self.per_page + 1])
        if not rows and number > 1:
            raise EmptyPage(_("There is no such page."))
        return UncountedPage(rows[: self.per_page], number, self, has_more=len(rows) > self.per_page)

    def get_elided_page_range(self, number: int = 1, **options: Any) -> Iterator[int | str]:  # type: ignore[override]
        return iter(())

    @property
    def count(self) -> int:  # type: ignore[override]
        raise NotImplementedError("The administration never counts a table.")


class UncountedChangeList(ChangeList):
    """A list whose rows the model's admin may load more for, once for the whole page."""

    def get_results(self, request: HttpRequest) -> None:
        self.paginator = self.model_admin.get_paginator(request, self.queryset, self.list_per_page)
        try:
            self.page = self.paginator.page(self.page_num)
        except InvalidPage as error:
            raise IncorrectLookupParameters from error
        self.result_list = self.page.object_list
        self.model_admin.prepare_rows(request, self.result_list)
        self.result_count = self.full_result_count = len(self.result_list)
        self.show_admin_actions = bool(self.result_list)
        self.can_show_all = False
        self.multi_page = self.page.has_other_pages()
        self.title = capfirst(self.opts.verbose_name_plural)
        self.previous_page, self.next_page = self.page_num - 1, self.page_num + 1


class AdminForm:
    """Mixed into the forms of the administration: knows the request, and shows what an action refused."""

    request: HttpRequest
    refusal: Refused | None = None

    def full_clean(self) -> None:
        super().full_clean()  # type: ignore[misc]
        if self.refusal is not None and self.is_bound:  # type: ignore[attr-defined]
            refuse(self, self.refusal)  # type: ignore[arg-type]


class PlainForm(AdminForm, forms.ModelForm):
    """The form of a model without an action of its own."""


class RowSelect(AutocompleteSelect):
    """One row, found by typing. What no row can be numbered with is none of them."""

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        value = super().value_from_datadict(data, files, name)
        return value if not value or (value.isdecimal() and len(value) <= MAX_DIGITS) else "0"


class OurFields:
    """Mixed into whatever has a form: rows are found by typing, without links that open a second window."""

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name in self.get_autocomplete_fields(request):  # type: ignore[attr-defined]
            kwargs["widget"] = RowSelect(db_field, self.admin_site)  # type: ignore[attr-defined]
        return super().formfield_for_foreignkey(db_field, request, **kwargs)  # type: ignore[misc]

    def formfield_for_dbfield(self, db_field: models.Field, request: HttpRequest, **kwargs: Any) -> forms.Field | None:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)  # type: ignore[misc]
        if field is not None and isinstance(field.widget, RelatedFieldWidgetWrapper):
            field.widget = field.widget.widget
        return field


class ModelAdmin(OurFields, admin.ModelAdmin):
    """The base of every model in the administration.

    `section` and `place` say where it stands on the first page; `search_fields` are columns that
    hold `search_key` of a name.
    """

    section = Section.SETTINGS
    place = 100
    form = PlainForm
    paginator = UncountedPaginator
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    list_per_page = PER_PAGE
    list_max_show_all = 0
    formfield_overrides = {models.DateField: {"widget": DateInput}}

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Narrow to what the reader may see, where the model knows."""
        rows = super().get_queryset(request)
        return rows.visible_to(request.user) if hasattr(rows, "visible_to") else rows

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Search as every list of ours does: one normalised column, any part of it."""
        term = search_term.replace("\0", "")[:200].strip()
        return (queryset.filter(self.found(term)) if term else queryset), False

    def found(self, term: str) -> Q:
        """Return what a search term means here."""
        key, wanted = search_key(term), Q(pk__in=[])
        for column in self.search_fields:
            wanted |= Q(**{f"{column}__contains": key})
        return wanted

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return UncountedChangeList

    def prepare_rows(self, request: HttpRequest, rows: Sequence[Any]) -> None:
        """Load what the columns show beside the rows, in a constant number of queries."""

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        return super().get_object(request, object_id, from_field) if len(object_id) <= MAX_DIGITS else None

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change=change, **kwargs)
        refusal = getattr(request, "refusal", None)
        return type(form.__name__, (form,), {"request": request, "refusal": refusal})

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Show the form; what an action refuses comes back as its error, with nothing written."""
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except Refused as refusal:
            request.refusal = refusal  # type: ignore[attr-defined]
            return super().changeform_view(request, object_id, form_url, extra_context)

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        """Call the page by its object's name."""
        obj = kwargs.get("obj")
        if obj is not None:
            context |= {"title": str(obj), "subtitle": None}
        return super().render_change_form(request, context, *args, **kwargs)

    def log_addition(self, *args: Any, **kwargs: Any) -> None:
        """Say nothing: the action has recorded the event."""

    log_change = log_deletions = log_addition

    def construct_change_message(self, *args: Any, **kwargs: Any) -> list[Any]:
        return []


class ActedAdmin(ModelAdmin):
    """The base of models that are opened and changed by actions. The form gives `values()`."""

    def act(self, request: HttpRequest, form: Any, changed: Any) -> Any:
        """Open (`changed` None) or change a row by its action, and return it."""
        raise NotImplementedError

    def save_form(self, request: HttpRequest, form: Any, change: bool) -> Any:
        return form.instance

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        saved = self.act(request, form, obj if change else None)
        obj.__dict__.update(saved.__dict__)

    def save_related(self, request: HttpRequest, form: Any, formsets: Sequence[Any], change: bool) -> None:
        for formset in formsets:
            self.save_formset(request, form, formset, change=change)


class ReadOnly:
    """Mixed into the admin of what only the engine or its own pages write."""

    def has_add_permission(self, request: HttpRequest, *args: Any) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class Inline(OurFields, admin.TabularInline):
    """The base of rows edited within another's form; whoever may change that one may change them."""

    extra = 0
    formset: type[BaseInlineFormSet]

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may(request)

    def _may(self, request: HttpRequest) -> bool:
        opts = self.parent_model._meta
        return request.user.has_perm(f"{opts.app_label}.change_{opts.model_name}")
