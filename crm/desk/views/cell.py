"""One cell of who answers, changed where it stands: in the table of a project, in the strip of another record."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required, permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from crm.core import clock
from crm.core.actor import Actor
from crm.core.forms import attempt
from crm.desk import matrix, record
from crm.dossiers.models import Dossier, Topic
from crm.handovers import actions
from crm.handovers.forms import CellForm
from crm.poc.models import PRIMARY
from crm.poc.seats import seats_of, worth_showing
from crm.poc.visibility import visible_dossiers
from projects.models import Project, Stakeholder

PLACES = {"0": PRIMARY, "1": 1, "2": 2}


@login_required
@permission_required("poc.add_assignment", raise_exception=True)
@require_http_methods(["GET", "HEAD", "POST"])
def cell(request: HttpRequest, pk: int, code: str) -> HttpResponse:
    """Show all of who answers with a form in one cell, save it there, or leave it (`?back`).

    Without script one is led to the page that changes who answers.
    """
    rows = visible_dossiers(request.user).current().exclude(kind=Dossier.Kind.TOUCH_POINT)
    dossier = get_object_or_404(rows, pk=pk)
    topic = get_object_or_404(Topic.objects.in_use(), code=code)
    rank = PLACES.get((request.POST or request.GET).get("rank", ""), PRIMARY)
    if not request.htmx:
        return redirect(f"{reverse('handovers:change', args=[pk])}?topic={code}&rank={rank}")
    form = CellForm(request.POST or None, initial={"rank": rank})
    is_done = "back" in request.GET or (form.is_valid() and _assigned(request, form, dossier, topic))
    editing = None if is_done else {"code": code, "rank": rank, "form": form}
    context = _shown(request, dossier) | {"editing": editing, "focus": f"cell-{code}-{rank}" if is_done else ""}
    template = "projects/partials/matrix.html" if dossier.kind == Dossier.Kind.PROJECT else "partials/seats.html"
    return render(request, template, context, status=422 if form.errors else 200)


def _assigned(request: HttpRequest, form: CellForm, dossier: Dossier, topic: Topic) -> bool:
    act = {"dossier": dossier, "topic": topic, "by": Actor.of(request), "at": clock.of(request)}
    return bool(attempt(form, lambda: actions.assign(**form.cleaned_data, **act)))


def _shown(request: HttpRequest, dossier: Dossier) -> dict[str, Any]:
    """Everything the table or the strip is drawn from: what inherits from the cell changes with it."""
    at = clock.of(request)
    seats = seats_of(dossier.pk, topics=Topic.objects.in_use(), at=at)
    context: dict[str, Any] = {
        "dossier": dossier,
        "seats": worth_showing(seats),
        "change_href": reverse("handovers:change", args=[dossier.pk]),
    }
    if dossier.kind != Dossier.Kind.PROJECT:
        return context
    project = Project.objects.for_list().get(pk=dossier.pk)
    stakeholders = list(Stakeholder.objects.filter(project=project).for_list().order_by("pk"))
    items = record.owed_on(dossier).order_by("due_at", "pk")[: record.SHOWN]
    may_hand_over = request.user.has_perm("handovers.add_handover")
    return (
        context
        | matrix.context(project, seats=seats, stakeholders=stakeholders, items=items, at=at)
        | {
            "swapped": True,
            "may_add_stakeholder": request.user.has_perm("projects.add_stakeholder"),
            "hand_over_href": reverse("handovers:hand_over", args=[dossier.pk]) if may_hand_over else "",
        }
    )
