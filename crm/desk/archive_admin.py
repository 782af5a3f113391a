"""Archiving and restoring in the administration, for one record or a selection, by the same actions as the pages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts.models import Account
from crm.core import clock
from crm.core.forms import attempt
from crm.core.refusals import Refused
from crm.desk.administration import actor, chosen
from crm.handovers.archive_forms import ArchiveForm
from crm.handovers.archiving import archive_many, standing
from crm.handovers.restoring import restore

MOST_AT_ONCE = 500  # records archived in one act


class ArchivingAdmin(admin.ModelAdmin):
    """Mixed into the admin of records."""

    def get_urls(self) -> list[Any]:
        name = f"{self.opts.app_label}_{self.opts.model_name}_archive"
        view = self.admin_site.admin_view(self.archive_view)
        return [path("<path:object_id>/archive/", view, name=name), *super().get_urls()]

    @admin.action(description=_("Archive"), permissions=["change"])
    def archive_chosen(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
        """Archive a selection: asked once what becomes of what is open."""
        rows = chosen(queryset.filter(dossier__archived_at=None), MOST_AT_ONCE)
        if not rows:
            said = _t("Choose at most %(most)s at once.") if rows is None else _t("These are archived already.")
            self.message_user(request, said % {"most": MOST_AT_ONCE}, messages.ERROR)
            return None
        return self._archive(request, rows, self._list())

    @admin.action(description=_("Restore"), permissions=["change"])
    def restore_chosen(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Bring archived ones back; one that cannot come back says why and stops none of the others."""
        n = 0
        for row in chosen(queryset, MOST_AT_ONCE) or ():
            try:
                n += bool(restore(dossier=row.dossier, by=actor(request), at=clock.of(request)).records)
            except Refused as refusal:
                self.message_user(request, f"{row}: {' '.join(refusal.messages)}", messages.ERROR)
        said = ngettext("%(n)s record is back.", "%(n)s records are back.", n) % {"n": n}
        self.message_user(request, said, messages.SUCCESS if n else messages.INFO)

    def archive_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Archive one record."""
        obj = self.get_object(request, object_id)
        if obj is None or obj.dossier.archived_at is not None:
            raise Http404
        if not self.has_change_permission(request, obj):
            raise PermissionDenied
        return self._archive(request, [obj], self._list())

    def archive_href(self, obj: Any) -> str:
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_archive", args=[obj.pk])

    def _list(self) -> str:
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist")

    def _archive(self, request: HttpRequest, rows: Sequence[Any], back: str) -> HttpResponse:
        at = clock.of(request)
        open_now = standing([row.dossier for row in rows], at=at)
        accounts = Account.objects.visible_to(request.user).current().select_related("dossier")
        form = ArchiveForm(request.POST if "apply" in request.POST else None, open_now=open_now, accounts=accounts)
        if form.is_bound and form.is_valid():
            act = {"dossiers": [row.dossier for row in rows], **form.values(), "by": actor(request), "at": at}
            done = attempt(form, lambda: archive_many(**act))
            if done is not None:
                said = ngettext("%(n)s record is archived.", "%(n)s records are archived.", len(done))
                self.message_user(request, said % {"n": len(done)}, messages.SUCCESS)
                return HttpResponseRedirect(back)
        context = self.admin_site.each_context(request) | {
            "title": _t("Archive"), "opts": self.opts, "form": form, "media": self.media + form.media, "rows": rows,
            "open": open_now, "back": back, "is_action": "action" in request.POST,
        }  # fmt: skip
        return TemplateResponse(request, "admin/records/archive.html", context, status=422 if form.errors else 200)
