"""The administration of what is shared with somebody outside: seen, and taken back."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from crm.core import clock
from crm.core.admin_base import Section
from crm.desk.acts import Act, ActsAdmin
from crm.desk.administration import ReadAdmin, actor
from crm.dossiers.changes import Thing
from crm.dossiers.models import Dossier
from crm.dossiers.timeline import Entry, history
from crm.poc.models import MANAGES, PointOfContact, ShareLink
from crm.poc.share_links import ShareLinkQuerySet
from crm.poc.sharing import Field, links_of, unshare


class OpensFilter(admin.SimpleListFilter):
    """What still opens something; what has ended is shown only when asked for."""

    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("expired", _("Expired")), ("revoked", _("Revoked")), ("all", _("All"))]

    def choices(self, changelist: Any) -> Any:
        first, *others = super().choices(changelist)
        return [first | {"display": _("Open now")}, *others]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() == "expired":
            return queryset.filter(revoked_at=None, expires_at__lte=clock.of(request))
        if self.value() == "revoked":
            return queryset.exclude(revoked_at=None)
        return queryset if self.value() == "all" else queryset.valid()  # type: ignore[attr-defined]


class ShareLinkAdmin(ActsAdmin, ReadAdmin):
    """Made on the pages of cards and records; for those who manage who answers."""

    section = Section.ANSWERS
    place = 50
    fact = "link"
    search_fields = ("dossier__title_key", "poc__name_key")
    list_display = ("prefix", "of", "label", "created_by", "created_at", "expires_at", "revoked_at", "opened")
    list_filter = ("kind", OpensFilter)
    ordering = ("-created_at", "-pk")
    fields = (
        "kind", "of", "label", "what", "language", "prefix", "created_by", "created_at", "expires_at", "revoked_at",
        "opened", "opened_at",
    )  # fmt: skip
    readonly_fields = ("of", "what")
    actions = ("revoke_chosen",)
    acts = (Act("revoke", _("Revoke"), "revoke_form", MANAGES, unless=lambda link: link.revoked_at is not None),)

    def get_queryset(self, request: HttpRequest) -> QuerySet[ShareLink]:
        rows: ShareLinkQuerySet = links_of(request.user)  # type: ignore[arg-type, assignment]
        return rows.pages().order_by(*self.ordering)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm(MANAGES)

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(MANAGES)

    @admin.display(description=_("of"))
    def of(self, link: ShareLink) -> PointOfContact | Dossier | None:
        return link.poc or link.dossier

    @admin.display(description=_("what is shown"))
    def what(self, link: ShareLink) -> str:
        return ", ".join(str(Field(name).label) for name in link.shown)

    def history_of(self, request: HttpRequest, obj: ShareLink) -> tuple[list[Entry], str]:
        if obj.dossier_id:
            return super().history_of(request, obj)
        return history("share", obj.pk, Thing(str(obj), self.model), fact="link"), ""

    def revoke_form(self, request: HttpRequest, link: ShareLink) -> HttpResponse:
        """Ask once more, then let it open nothing any more."""

        def act(values: dict[str, Any]) -> str:
            unshare(link=link, by=actor(request), at=clock.of(request))
            return _t("Taken back. Whoever has the link finds nothing there any more.")

        return self.act_page(request, link, forms.Form, act, dangerous=True)

    @admin.action(description=_("Revoke"), permissions=["revoke"])
    def revoke_chosen(self, request: HttpRequest, queryset: QuerySet[ShareLink]) -> None:
        links = list(queryset.filter(revoked_at=None))
        for link in links:
            unshare(link=link, by=actor(request), at=clock.of(request))
        said = ngettext("%(n)s link opens nothing any more.", "%(n)s links open nothing any more.", len(links))
        self.message_user(request, said % {"n": len(links)}, messages.SUCCESS)
