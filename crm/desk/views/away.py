"""Being away, and who answers meanwhile."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from crm.core import clock
from crm.core.actor import Actor
from crm.core.forms import attempt
from crm.desk.forms import AwayForm
from crm.handovers.actions import end_absence, set_absence
from crm.poc.models import Absence, PointOfContact


@login_required
@permission_required("poc.add_absence", raise_exception=True)
@require_http_methods(["GET", "HEAD", "POST"])
def away(request: HttpRequest) -> HttpResponse:
    """Say that one will be away, and who answers meanwhile; for one's team or anybody, where one may."""
    people = _may_be_set_away(request)
    mine = people.filter(user=request.user).first()
    form = AwayForm(request.POST if request.method == "POST" else None, people=people, initial={"poc": mine})
    if request.method == "POST" and form.is_valid() and attempt(form, lambda: _set_away(request, form)):
        messages.success(request, _("Entered. It begins and ends by itself."))
        return redirect("desk:my_day")
    at = clock.of(request)
    planned = Absence.objects.filter(poc__in=people, ends_at__gt=at).select_related("poc", "cover")
    context = {"form": form, "mine": mine, "planned": planned.order_by("starts_at", "pk")[:50]}
    return render(request, "desk/away.html", context, status=422 if form.errors else 200)


@login_required
@permission_required("poc.add_absence", raise_exception=True)
@require_POST
def away_end(request: HttpRequest, pk: int) -> HttpResponse:
    """Let an absence end now; one that has not begun is taken back."""
    absence = get_object_or_404(Absence, pk=pk, poc__in=_may_be_set_away(request))
    end_absence(absence=absence, by=Actor.of(request), at=clock.of(request))
    messages.success(request, _("Back again."))
    return redirect("desk:away")


def _may_be_set_away(request: HttpRequest) -> QuerySet[PointOfContact]:
    """Oneself, those one leads, and, for account managers and administrators, anybody."""
    people = PointOfContact.objects.active().order_by("kind", "name_key", "pk")
    if request.user.has_perm("poc.change_assignment"):
        return people
    led = Q(user=request.user) | Q(home_team__lead__user=request.user) | Q(lead__user=request.user)
    return people.filter(led | Q(teams__team__lead__user=request.user)).distinct()


def _set_away(request: HttpRequest, form: AwayForm) -> Absence:
    values, at = form.cleaned_data, clock.of(request)
    starts_at, ends_at = form.period(at)
    return set_absence(
        poc=values["poc"], starts_at=starts_at, ends_at=ends_at, cover=values["cover"], reason=values["reason"],
        by=Actor.of(request), at=at,
    )  # fmt: skip
