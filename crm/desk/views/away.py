"""Being away, and who answers meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.db.models import QuerySet
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from crm.core import clock
from crm.core.actor import Actor
from crm.core.forms import refuse
from crm.core.refusals import Refused
from crm.desk.forms import AwayChangeForm, AwayForm
from crm.dossiers.models import Topic
from crm.handovers.absences import change_absence, end_absence, set_absences, set_away_by
from crm.poc.models import Absence, PointOfContact
from interactions.log_request import place_to_return

PLANNED = 50  # absences shown under the form
DAYS = {"starts_at": "first_day", "ends_at": "last_day"}


@login_required
@permission_required("poc.add_absence", raise_exception=True)
@require_http_methods(["GET", "HEAD", "POST"])
def away(request: HttpRequest) -> HttpResponse:
    """Say that one will be away, and who answers meanwhile; for one's team or anybody, where one may. `?poc=` is who.

    Asked for by htmx it is the short form alone, for where one is.
    """
    people = _people(request)
    is_short = bool(request.htmx) and request.method == "GET"
    topics = [] if is_short else Topic.objects.in_use()
    form = AwayForm(request.POST or None, people=people, topics=topics, initial=_initial(request, people))
    if request.method == "POST" and form.is_valid() and _attempt(form, lambda: _set_away(request, form)):
        messages.success(request, _("Entered. It begins and ends by itself."))
        return redirect(place_to_return(request))
    if is_short:
        return render(request, "desk/partials/away_short.html", {"form": form})
    planned = Absence.objects.filter(poc__in=people, ends_at__gt=clock.of(request)).for_list()
    context = {
        "form": form,
        "planned": planned.order_by("starts_at", "pk")[:PLANNED],
        "at": clock.of(request),
        "back": place_to_return(request),
    }
    return render(request, "desk/away.html", context, status=422 if form.errors else 200)


@login_required
@permission_required("poc.add_absence", raise_exception=True)
@require_http_methods(["GET", "HEAD", "POST"])
def away_change(request: HttpRequest, pk: int) -> HttpResponse:
    """Move an absence, or let somebody else cover from now on."""
    absence = _absence(request, pk)
    form = AwayChangeForm(request.POST or None, absence=absence)
    if request.method == "POST" and form.is_valid() and _attempt(form, lambda: _change(request, form)):
        messages.success(request, _("Changed. Whoever covers is told."))
        return redirect("desk:away")
    context = {"form": form, "absence": absence, "has_begun": absence.starts_at <= clock.of(request)}
    return render(request, "desk/away_change.html", context, status=422 if form.errors else 200)


@login_required
@permission_required("poc.add_absence", raise_exception=True)
@require_POST
def away_end(request: HttpRequest, pk: int) -> HttpResponse:
    """Let an absence end now; one that has not begun is taken back."""
    absence = _absence(request, pk)
    has_begun = absence.starts_at <= clock.of(request)
    end_absence(absence=absence, by=Actor.of(request), at=clock.of(request))
    messages.success(request, _("Back again.") if has_begun else _("Taken back."))
    return redirect(place_to_return(request) if "next" in request.POST else "desk:away")


def _attempt(form: Form, act: Callable[[], Any]) -> Any:
    """Run it; None when it said no, which the form shows beside the day concerned."""
    try:
        return act()
    except Refused as error:
        error.field = DAYS.get(error.field, error.field)
        refuse(form, error)
        return None


def _people(request: HttpRequest) -> QuerySet[PointOfContact]:
    return set_away_by(request.user).order_by("kind", "name_key", "pk")


def _absence(request: HttpRequest, pk: int) -> Absence:
    return get_object_or_404(Absence.objects.for_list(), pk=pk, poc__in=set_away_by(request.user))


def _initial(request: HttpRequest, people: QuerySet[PointOfContact]) -> dict[str, Any]:
    """Today, for the one the address names, else for oneself."""
    today = localtime(clock.of(request)).date()
    asked = request.GET.get("poc", "")
    wanted = people.filter(pk=int(asked)).first() if asked.isascii() and asked.isdigit() and len(asked) < 19 else None
    poc = wanted or people.filter(user=request.user).first()
    return {"poc": poc, "first_day": today, "last_day": today}


def _set_away(request: HttpRequest, form: AwayForm) -> list[Absence]:
    values, at = form.cleaned_data, clock.of(request)
    starts_at, ends_at = form.period(at)
    return set_absences(
        poc=values["poc"], starts_at=starts_at, ends_at=ends_at, covers=form.covers(), reason=values["reason"],
        by=Actor.of(request), at=at,
    )  # fmt: skip


def _change(request: HttpRequest, form: AwayChangeForm) -> Absence:
    values, at = form.cleaned_data, clock.of(request)
    starts_at, ends_at = form.period(at)
    return change_absence(
        absence=form.absence, starts_at=starts_at, ends_at=ends_at, cover=values["cover"], reason=values["reason"],
        by=Actor.of(request), at=at,
    )  # fmt: skip
