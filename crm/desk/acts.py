"""Acts on one object of the administration that ask something first: a page with a form of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse

from crm.core.admin_base import RowSelect
from crm.core.forms import attempt


@dataclass(frozen=True, slots=True)
class Act:
    """One act: its address and name, the method that shows its page, who may, and when it is not offered."""

    name: str
    label: Any
    method: str
    permission: str
    unless: Callable[[Any], bool] = lambda obj: False


class ActsAdmin(admin.ModelAdmin):
    """Mixed into the admin of what has such acts; they are offered on the object's page."""

    acts: tuple[Act, ...] = ()
    change_form_template = "admin/acts/change_form.html"

    def get_urls(self) -> list[Any]:
        return [
            path(f"<path:object_id>/{act.name}/", self.admin_site.admin_view(self._view(act)), name=self._name(act))
            for act in self.acts
        ] + super().get_urls()

    def _name(self, act: Act) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}_{act.name}"

    def _view(self, act: Act) -> Callable[..., HttpResponse]:
        def view(request: HttpRequest, object_id: str) -> HttpResponse:
            obj = self.get_object(request, object_id)
            if obj is None or act.unless(obj):
                raise Http404
            if not request.user.has_perm(act.permission):
                raise PermissionDenied
            return getattr(self, act.method)(request, obj)

        return view

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        obj = kwargs.get("obj")
        context["acts"] = [
            (act.label, reverse(f"admin:{self._name(act)}", args=[obj.pk]))
            for act in self.acts
            if obj is not None and not act.unless(obj) and request.user.has_perm(act.permission)
        ]
        return super().render_change_form(request, context, *args, **kwargs)

    def act_page(
        self,
        request: HttpRequest,
        obj: Any,
        form_class: Callable[..., forms.Form],
        act: Callable[[dict[str, Any]], str],
        *,
        fields: Mapping[str, Any] | None = None,
        initial: Mapping[str, Any] | None = None,
        context: Mapping[str, Any] | None = None,
        dangerous: bool = False,
    ) -> HttpResponse:
        """Show the form; when it is right, do `act`, which returns what to say, and go back to the object.

        `fields` are found by typing: name → any foreign key to the same model.
        """
        form = form_class(request.POST or None, initial=initial)
        for name, field in (fields or {}).items():
            form.fields[name].widget = RowSelect(field, self.admin_site)
            form.fields[name].widget.choices = form.fields[name].choices
        if request.method == "POST" and form.is_valid():
            said = attempt(form, lambda: act(form.cleaned_data))
            if said is not None:
                self.message_user(request, said, messages.SUCCESS)
                name = f"admin:{self.opts.app_label}_{self.opts.model_name}_change"
                return HttpResponseRedirect(reverse(name, args=[obj.pk]))
        return self.asked(request, obj, form, {"dangerous": dangerous, **(context or {})})

    def asked(
        self, request: HttpRequest, obj: Any, form: forms.Form, context: Mapping[str, Any] | None = None
    ) -> HttpResponse:
        """Show what an act asks."""
        shown = next(
            a for a in self.acts if request.resolver_match and request.resolver_match.url_name == self._name(a)
        )
        page = self.admin_site.each_context(request) | {
            "title": shown.label,
            "subtitle": str(obj),
            "opts": self.opts,
            "original": obj,
            "form": form,
            "media": self.media + form.media,
            **(context or {}),
        }
        return TemplateResponse(request, "admin/acts/page.html", page, status=422 if form.errors else 200)
