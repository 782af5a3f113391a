"""One address for every record."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_safe

from crm.dossiers.models import Dossier
from crm.poc.visibility import visible_dossiers

PAGES = {
    Dossier.Kind.ACCOUNT: "accounts:account",
    Dossier.Kind.CONTACT: "contacts:contact",
    Dossier.Kind.PROJECT: "projects:project",
}


@login_required
@require_safe
def record(request: HttpRequest, pk: int) -> HttpResponse:
    """Send on to the record's own page, by its kind; callers nobody knew wait where they are sorted."""
    dossier = get_object_or_404(visible_dossiers(request.user), pk=pk)
    if dossier.kind == Dossier.Kind.ACCOUNT and dossier.home_id != dossier.pk:  # merged: its home has everything
        return redirect("record", dossier.home_id)
    if dossier.kind == Dossier.Kind.TOUCH_POINT:
        return redirect("interactions:to_sort")
    return redirect(PAGES[Dossier.Kind(dossier.kind)], dossier.pk)
