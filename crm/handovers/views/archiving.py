"""Archive a record, and restore it."""

from __future__ import annotations

from collections import Counter
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from accounts.models import Account
from crm.core import clock
from crm.core.actor import Actor
from crm.core.forms import attempt
from crm.core.refusals import Refused
from crm.dossiers.models import Dossier
from crm.handovers.archive_forms import ArchiveForm
from crm.handovers.archiving import Standing, archive_many, standing
from crm.handovers.restoring import restore as bring_back
from crm.poc.visibility import visible_dossiers

SHOWN = 12  # things owed, named before they are settled
MAY = {
    Dossier.Kind.ACCOUNT: "accounts.change_account",
    Dossier.Kind.CONTACT: "contacts.change_contact",
    Dossier.Kind.PROJECT: "projects.change_project",
}


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def archive(request: HttpRequest, pk: int) -> HttpResponse:
    """Say what is open on a record and what becomes of it; then take the record out of lists."""
    dossier = _record(request, pk)
    if dossier.archived_at is not None:
        return redirect("record", dossier.pk)
    at = clock.of(request)
    open_now = standing([dossier], at=at)
    accounts = Account.objects.visible_to(request.user).current().select_related("dossier")
    form = ArchiveForm(request.POST if request.method == "POST" else None, open_now=open_now, accounts=accounts)
    if request.method == "POST" and form.is_valid():
        act = {"dossiers": [dossier], **form.values(), "by": Actor.of(request), "at": at}
        if attempt(form, lambda: archive_many(**act)):
            messages.success(request, _("%(name)s is archived.") % {"name": dossier.title})
            return redirect("record", dossier.pk)
    context = {
        "dossier": dossier,
        "form": form,
        "open": open_now,
        "below": in_words(open_now),
        "owed": open_now.owed[:SHOWN],
    }
    context["n_more"] = max(len(open_now.owed) - SHOWN, 0)
    return render(request, "handovers/archive.html", context, status=422 if form.errors else 200)


@login_required
@require_POST
def restore(request: HttpRequest, pk: int) -> HttpResponse:
    """Bring a record back, with what was archived along with it."""
    dossier = _record(request, pk)
    try:
        back = bring_back(dossier=dossier, by=Actor.of(request), at=clock.of(request))
    except Refused as error:
        messages.error(request, " ".join(error.messages))
        return redirect("record", dossier.pk)
    messages.success(request, _("%(name)s is back.") % {"name": dossier.title})
    if back.gone:
        names = ", ".join(sorted({a.poc.name for a in back.gone}))
        messages.warning(request, _("No longer there, so somebody has to be named: %(names)s.") % {"names": names})
    return redirect("record", dossier.pk)


def in_words(open_now: Standing) -> str:
    """Say how many records belong to these: 2 projects and 1 contact."""
    counts = Counter(dossier.kind for dossier in open_now.below)
    said = {
        Dossier.Kind.ACCOUNT: lambda n: ngettext("%(n)s account", "%(n)s accounts", n),
        Dossier.Kind.PROJECT: lambda n: ngettext("%(n)s project", "%(n)s projects", n),
        Dossier.Kind.CONTACT: lambda n: ngettext("%(n)s contact", "%(n)s contacts", n),
    }
    return get_text_list(
        [say(counts[kind]) % {"n": counts[kind]} for kind, say in said.items() if counts[kind]], _("and")
    )


def _record(request: HttpRequest, pk: int) -> Dossier:
    """Return a record one may see and change."""
    rows: Any = visible_dossiers(request.user).exclude(kind=Dossier.Kind.TOUCH_POINT)
    dossier: Dossier = get_object_or_404(rows.select_related("parent"), pk=pk)
    if not request.user.has_perm(MAY[Dossier.Kind(dossier.kind)]):
        raise PermissionDenied
    return dossier
