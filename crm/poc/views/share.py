"""Share a card, or who to contact for a record; see what is shared, and take it back."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from crm.core import clock
from crm.core.actor import Actor
from crm.core.forms import attempt
from crm.dossiers.models import Dossier, Firm
from crm.poc import qr, sharing
from crm.poc.forms import ShareForm
from crm.poc.models import PointOfContact, ShareLink
from crm.poc.visibility import visible_dossiers

MOST = 50  # links shown


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def share_card(request: HttpRequest, pk: int) -> HttpResponse:
    """Share the card of a person or a team, and see who has it."""
    poc = get_object_or_404(PointOfContact, pk=pk)
    if not sharing.may_share_card(request.user, poc):
        raise PermissionDenied
    return _page(request, poc, {"back": reverse("poc:card", args=[pk]), "name": poc.name, "is_card": True})


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def share_record(request: HttpRequest, pk: int) -> HttpResponse:
    """Share who to contact for an account or a project, and see who has it."""
    rows = visible_dossiers(request.user).current().filter(kind__in=list(sharing.RECORDS))
    dossier = get_object_or_404(rows, pk=pk)
    if not sharing.may_share_record(request.user, dossier):
        raise PermissionDenied
    return _page(request, dossier, {"back": reverse("record", args=[pk]), "name": dossier.title, "is_card": False})


@login_required
@require_POST
def revoke(request: HttpRequest, pk: int) -> HttpResponse:
    """Let a link open nothing any more."""
    link = get_object_or_404(sharing.links_of(request.user).pages(), pk=pk)
    sharing.unshare(link=link, by=Actor.of(request), at=clock.of(request))
    messages.success(request, _("Taken back. Whoever has the link finds nothing there any more."))
    return redirect("poc:share_card", link.poc_id) if link.poc_id else redirect("poc:share_record", link.dossier_id)


def _page(request: HttpRequest, of: PointOfContact | Dossier, context: dict[str, Any]) -> HttpResponse:
    at = clock.of(request)
    language = Firm.objects.values_list("language", flat=True).get()
    form = ShareForm(request.POST if request.method == "POST" else None, initial={"language": language})
    made = None
    if request.method == "POST" and form.is_valid():
        made = attempt(form, lambda: sharing.share(of=of, **form.values(at), by=Actor.of(request), at=at))
    of_this = {"poc": of} if context["is_card"] else {"dossier": of}
    links = ShareLink.objects.pages().filter(revoked_at=None, **of_this)
    context |= {
        "form": ShareForm(initial={"language": language}) if made else form,
        "links": links.select_related("created_by").order_by("-created_at", "-pk")[:MOST],
        "at": at,
    }
    if made:
        link, secret = made
        rows = qr.matrix(address := sharing.address(secret))
        context |= {"made": link, "secret": secret, "address": address, "qr": qr.path(rows), "qr_size": len(rows)}
    return render(request, "poc/share.html", context, status=422 if form.errors else 201 if made else 200)
