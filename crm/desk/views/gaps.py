"""Who is not really answered for: the counts, each list, as a page and as CSV, and one way to mend many."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from crm.core import clock
from crm.core.actor import Actor
from crm.core.forms import attempt
from crm.core.paging import page as page_of
from crm.core.spreadsheet import download
from crm.desk import gaps
from crm.desk.gaps.catalogue import GAPS, NAME, Gap
from crm.desk.gaps.forms import FILTERS, FollowForm, GapFilter
from crm.desk.gaps.people import resting_on
from crm.desk.gaps.repairs import repairs
from crm.desk.gaps.rows import describe
from crm.desk.gaps.scope import Scope
from crm.desk.gaps.sheet import lines
from crm.desk.record import partial
from crm.dossiers.models import Dossier
from crm.handovers.actions import Change, assign_many
from crm.poc.models import Assignment, AssignmentQuerySet, PointOfContact
from crm.poc.standing import is_gone

MOST_SAID = 100  # gaps told apart on My day


@login_required
@permission_required("poc.view_assignment", raise_exception=True)
@require_safe
def gaps_overview(request: HttpRequest) -> HttpResponse:
    """Count the gaps of every kind; each count opens its rows."""
    form = GapFilter(request.GET)
    counts = gaps.counts(request.user, at=clock.of(request), **form.narrowed())
    context = {
        "filter": form,
        "gaps": [(gap, counts[gap.code]) for gap in GAPS.values()],
        "kept": request.GET.urlencode(),
        "is_narrowed": bool(form.narrowed()),
    }
    return render(request, "desk/gaps.html", context)


@login_required
@permission_required("poc.view_assignment", raise_exception=True)
@require_safe
def gap_list(request: HttpRequest, code: str) -> HttpResponse:
    """Show the gaps of one kind: what is wrong, and where it is mended."""
    gap, form, scope = _asked(request, code)
    found = gap.find(scope)
    page = page_of(found.rows, orders=gap.orders, sort=gap.ordering, query=request.GET)
    rows = describe(code, page.rows, scope, found.n)
    context = {
        "gap": gap,
        "all": GAPS.values(),
        "filter": form,
        "page": page,
        "rows": list(zip(rows, repairs(code, rows, request.user), strict=True)),
        "kept": request.GET.urlencode(),
        "is_narrowed": bool(form.narrowed()),
        "has_topics": any(row.topics for row in rows),
    }
    return render(request, partial(request, "desk/gap.html", "desk/partials/gap_table.html"), context)


@login_required
@permission_required("poc.view_assignment", raise_exception=True)
@require_safe
def gap_csv(request: HttpRequest, code: str) -> StreamingHttpResponse:
    """Give the same rows, all of them, as a file."""
    gap, _form, scope = _asked(request, code)
    return download(lines(gap, scope), f"gaps-{gap.code}.csv")


@login_required
@permission_required("poc.view_assignment", raise_exception=True)
@require_safe
def gap_line(request: HttpRequest) -> HttpResponse:
    """Say on My day, once it is shown, how many records nobody answers for."""
    scope = Scope(request.user, clock.of(request))
    n = GAPS["unanswered"].find(scope).rows[: MOST_SAID + 1].count()
    return render(request, "desk/partials/gap_line.html", {"n": n, "most": MOST_SAID})


def _asked(request: HttpRequest, code: str) -> tuple[Gap, GapFilter, Scope]:
    if code not in GAPS:
        raise Http404
    form = FILTERS.get(code, GapFilter)(request.GET)
    return GAPS[code], form, Scope(request.user, clock.of(request), **form.narrowed())


# --- Mending


@login_required
@permission_required("poc.view_assignment", raise_exception=True)
@require_safe
def gap_resting(request: HttpRequest, pk: int) -> HttpResponse:
    """Show the records that rest on one person alone: each is one step from a backup."""
    poc = get_object_or_404(PointOfContact.objects.people(), pk=pk)
    scope = Scope(request.user, clock.of(request))
    resting = resting_on(scope, poc.pk)
    rows = Dossier.objects.filter(pk__one_of=list(resting)).select_related("home")
    page = page_of(rows, orders=NAME, sort="name", query=request.GET)
    context = {
        "poc": poc,
        "page": page,
        "rows": [(dossier, [scope.house.topic(topic_id) for topic_id in resting[dossier.pk]]) for dossier in page],
        "n": len(resting),
        "may_assign": request.user.has_perm("poc.add_assignment"),
    }
    return render(request, "desk/gap_resting.html", context)


@login_required
@permission_required("poc.add_assignment", raise_exception=True)
@require_http_methods(["GET", "HEAD", "POST"])
def gap_follow(request: HttpRequest, pk: int) -> HttpResponse:
    """Let one follow somebody who is gone, wherever they are still named and one may see it."""
    gone = get_object_or_404(PointOfContact, pk=pk)
    house = Scope(request.user, clock.of(request)).house
    if not is_gone(house.facts.pocs[pk], house.at):
        raise Http404
    held = _held_by(request, gone)
    form = FollowForm(request.POST or None, gone=gone)
    if request.method == "POST" and form.is_valid():
        made = attempt(form, lambda: _follow(request, list(held), form.cleaned_data))
        if made is not None:
            text = ngettext("%(name)s answers for %(n)s more.", "%(name)s answers for %(n)s more.", len(made))
            messages.success(request, text % {"name": form.cleaned_data["poc"].name, "n": len(made)})
            return redirect("desk:gap", "inactive")
    context = {"gone": gone, "form": form, "n": held.count(), "held": held.order_by("dossier__title_key", "pk")[:20]}
    return render(request, "desk/gap_follow.html", context, status=422 if form.errors else 200)


def _held_by(request: HttpRequest, gone: PointOfContact) -> AssignmentQuerySet:
    at = clock.of(request)
    return Scope(request.user, at).assignments().at(at).filter(poc=gone).select_related("dossier", "topic")


def _follow(request: HttpRequest, held: list[Assignment], values: dict[str, Any]) -> list[Assignment]:
    changes = [Change(a.dossier, a.topic, values["poc"], a.rank) for a in held]
    by, at = Actor.of(request), clock.of(request)
    return assign_many(changes=changes, reason=values["reason"], skip_held=True, by=by, at=at)
