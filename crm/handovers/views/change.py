"""Change who answers for a record."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from crm.core import clock
from crm.core.actor import Actor
from crm.core.forms import attempt
from crm.dossiers.models import Dossier, Topic
from crm.handovers import actions
from crm.handovers.forms import ChangeForm, EndForm
from crm.poc.models import PRIMARY, Assignment
from crm.poc.visibility import visible_dossiers


@login_required
@permission_required("poc.add_assignment", raise_exception=True)
@require_http_methods(["GET", "HEAD", "POST"])
def change(request: HttpRequest, pk: int) -> HttpResponse:
    """Name who answers; `?topic=` and `?rank=` say for what. Shows who holds and will hold each place."""
    dossier = _record(request, pk)
    form = ChangeForm(request.POST or None, initial=_initial(request))
    if request.method == "POST" and form.is_valid():
        made = attempt(
            form,
            lambda: actions.assign(dossier=dossier, **form.cleaned_data, by=Actor.of(request), at=clock.of(request)),
        )
        if made:
            words = {"name": made.poc.name, "topic": made.topic.label.lower()}
            messages.success(request, _("%(name)s answers about %(topic)s. Those concerned are told.") % words)
            return redirect("record", dossier.pk)
    return _page(request, dossier, form)


@login_required
@permission_required("poc.change_assignment", raise_exception=True)
@require_POST
def end(request: HttpRequest, pk: int, assignment_pk: int) -> HttpResponse:
    """Let nobody hold a place any more; where somebody follows, that is `change`."""
    dossier = _record(request, pk)
    rows = Assignment.objects.on(dossier).for_list()
    ended = get_object_or_404(rows, pk=assignment_pk)
    form = EndForm(request.POST)
    if form.is_valid():
        act = {"assignment": ended, "by": Actor.of(request), "at": clock.of(request)}
        if attempt(form, lambda: actions.end_assignment(**form.cleaned_data, **act)):
            messages.success(request, _("%(name)s no longer answers here.") % {"name": ended.poc.name})
            return redirect("record", dossier.pk)
    return _page(request, dossier, ChangeForm(initial=_initial(request)), ending=ended, end_form=form)


def _record(request: HttpRequest, pk: int) -> Dossier:
    rows = visible_dossiers(request.user).exclude(kind=Dossier.Kind.TOUCH_POINT)
    return get_object_or_404(rows.select_related("parent"), pk=pk)


def _initial(request: HttpRequest) -> dict[str, object]:
    """What the link that led here says already."""
    wanted = request.GET.get("topic", Topic.GENERAL)
    topic = next((topic for topic in Topic.objects.in_use() if topic.code == wanted), None)
    rank = request.GET.get("rank", "")
    return {"topic": topic, "rank": rank if rank in {"0", "1", "2"} else PRIMARY}


def _page(
    request: HttpRequest,
    dossier: Dossier,
    form: ChangeForm,
    *,
    ending: Assignment | None = None,
    end_form: EndForm | None = None,
) -> HttpResponse:
    at = clock.of(request)
    rows = Assignment.objects.on(dossier).overlapping(at, None).for_list()
    context = {
        "dossier": dossier,
        "form": form,
        "held": rows.order_by("topic__position", "topic_id", "rank", "starts_at"),
        "at": at,
        "ending": ending,
        "end_form": end_form,
        "may_end": request.user.has_perm("poc.change_assignment"),
    }
    return render(request, "handovers/change.html", context, status=422 if form.errors or end_form else 200)
