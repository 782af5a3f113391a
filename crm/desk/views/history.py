"""Who answered until now: for a record, on any day; for a person or a team."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any

from django.contrib.auth.decorators import login_required, permission_required
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.views.decorators.http import require_safe

from crm.core import clock
from crm.core.spreadsheet import download
from crm.desk import history
from crm.desk.record import partial
from crm.dossiers.models import Dossier, Topic
from crm.poc.models import PointOfContact
from crm.poc.visibility import visible_dossiers

NOON = time(12)
YEARS = range(1900, 2200)  # days outside are mistakes


@login_required
@permission_required("poc.view_assignment", raise_exception=True)
@require_safe
def of_record(request: HttpRequest, pk: int) -> HttpResponse:
    """Show who ever answered for a record; `?on=2026-05-03`: and who did at noon of that day, with the reasons."""
    dossier = _record(request, pk)
    on = _day(request)
    context: dict[str, Any] = {"dossier": dossier, "on": on, "at": clock.of(request)}
    if on:
        noon = timezone.make_aware(datetime.combine(on, NOON))
        context["then"] = history.then(dossier, at=noon, topics=Topic.objects.in_use())
    template = partial(request, "desk/history.html", "desk/partials/history_then.html")
    if template == "desk/history.html":
        context["history"] = history.of_record(dossier, user=request.user)
    return render(request, template, context)


@login_required
@permission_required("poc.view_assignment", raise_exception=True)
@require_safe
def of_record_csv(request: HttpRequest, pk: int) -> StreamingHttpResponse:
    """Give the same as a file, however long."""
    dossier = _record(request, pk)
    return download(history.lines(history.everyone_on(dossier)), f"who-answered-{dossier.pk}.csv")


@login_required
@permission_required("poc.view_assignment", raise_exception=True)
@require_safe
def of_poc(request: HttpRequest, pk: int) -> HttpResponse:
    """Show what somebody answered for and when, as far as the reader may see it."""
    poc = get_object_or_404(PointOfContact, pk=pk)
    context = {
        "poc": poc,
        "page": history.page_of_poc(poc, user=request.user, query=request.GET),
        "absences": history.absences_of(poc, user=request.user),
        "at": clock.of(request),
    }
    return render(request, "desk/history_of_poc.html", context)


@login_required
@permission_required("poc.view_assignment", raise_exception=True)
@require_safe
def of_poc_csv(request: HttpRequest, pk: int) -> StreamingHttpResponse:
    """Give the same as a file, however long."""
    poc = get_object_or_404(PointOfContact, pk=pk)
    rows = history.of_poc(poc, user=request.user).order_by("-starts_at", "-pk")
    return download(history.lines(rows), f"answered-for-{poc.pk}.csv")


def _record(request: HttpRequest, pk: int) -> Dossier:
    return get_object_or_404(visible_dossiers(request.user), pk=pk)


def _day(request: HttpRequest) -> date | None:
    """The day asked about, None for none."""
    try:
        day = parse_date(request.GET.get("on", "")[:10])
    except ValueError:
        return None
    return day if day and day.year in YEARS else None
