"""Merge two accounts that are one firm: choose them, look at them side by side, merge, and undo."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from accounts.models import Account, AccountQuerySet
from crm.core import clock
from crm.core.actor import Actor
from crm.core.forms import attempt
from crm.core.refusals import Refused
from crm.desk import duplicates, merging, unmerging
from crm.desk.merge_forms import LABELS, ChooseForm, MergeForm
from crm.desk.record import preset
from crm.dossiers.models import Event, EventDossier
from crm.poc.visibility import visible_dossiers
from interactions.models import Interaction

MAY = ("accounts.change_account", "poc.change_assignment")
SHOWN = 12  # merges that can still be undone


@login_required
@permission_required(MAY, raise_exception=True)
@require_http_methods(["GET", "HEAD", "POST"])
def merge(request: HttpRequest) -> HttpResponse:
    """Choose two accounts; with `?a=` and `?b=` show them side by side, and merge b into a."""
    rows = Account.objects.visible_to(request.user).current().for_list()
    a, b = request.GET.get("a"), request.GET.get("b")
    if a is None or b is None:
        return _choose(request, rows, preset(rows, b))
    keep, drop = preset(rows, a), preset(rows, b)
    if keep is None or drop is None or keep == drop:
        raise Http404
    return _side_by_side(request, keep, drop)


def _choose(request: HttpRequest, rows: AccountQuerySet, drop: Account | None) -> HttpResponse:
    form = ChooseForm(request.GET if "keep" in request.GET else None, accounts=rows, drop=drop)
    if form.is_bound and form.is_valid():
        return redirect(_address(form.cleaned_data["keep"], form.cleaned_data["drop"]))
    found = duplicates.like(drop, request.user) if drop else []
    context = {
        "form": form,
        "drop": drop,
        "like": [(other, _address(other, drop)) for other in found],
        "groups": [] if drop else [_linked(group) for group in duplicates.groups(request.user)],
        "merges": _merges(request, clock.of(request)),
    }
    return render(request, "desk/merge.html", context, status=422 if form.errors else 200)


def _linked(group: duplicates.Group) -> tuple[duplicates.Group, list[tuple[Account, str]]]:
    """A group with, for each account but the first, where it is merged into the first."""
    first, *others = group.accounts
    return group, [(first, ""), *((other, _address(first, other)) for other in others)]


def _address(keep: Account, drop: Account) -> str:
    return f"{reverse('desk:merge')}?{urlencode({'a': keep.pk, 'b': drop.pk})}"


def _side_by_side(request: HttpRequest, keep: Account, drop: Account) -> HttpResponse:
    form = MergeForm(request.POST if request.method == "POST" else None, keep=keep, drop=drop)
    if request.method == "POST" and form.is_valid():
        act = {"keep": keep, "drop": drop, "take": form.taken(), "by": Actor.of(request), "at": clock.of(request)}
        event = attempt(form, lambda: merging.merge(**act))
        if event:
            names = {"kept": event.facts["names"][0], "merged": event.facts["names"][1]}
            messages.success(request, _("%(merged)s was merged into %(kept)s. It can be undone for 30 days.") % names)
            return redirect(keep)
    context = {
        "form": form,
        "keep": keep,
        "drop": drop,
        "swap": _address(drop, keep),
        "counts": _counts(drop),
    }
    return render(request, "desk/merge_side_by_side.html", context, status=422 if form.errors else 200)


def _counts(drop: Account) -> list[str]:
    """Say how much goes over."""
    has = merging.belongings(drop)
    touches = Interaction.objects.current().filter(home=drop.pk).count()
    counted = [
        (len(has.contacts), ngettext("%(n)s contact", "%(n)s contacts", len(has.contacts))),
        (len(has.projects), ngettext("%(n)s project", "%(n)s projects", len(has.projects))),
        (len(has.accounts), ngettext("%(n)s account below it", "%(n)s accounts below it", len(has.accounts))),
        (len(has.owed), ngettext("%(n)s thing owed", "%(n)s things owed", len(has.owed))),
        (len(has.links), ngettext("%(n)s shared page", "%(n)s shared pages", len(has.links))),
        (touches, ngettext("%(n)s touch", "%(n)s touches", touches)),
    ]
    return [text % {"n": n} for n, text in counted if n]


def _merges(request: HttpRequest, at: datetime) -> list[Event]:
    """The merges that can still be undone, newest first. Two queries."""
    gone = merging.merged_away().filter(archived_at__gte=at - unmerging.UNDO_WITHIN)
    ids = visible_dossiers(request.user).filter(pk__in=gone.values("pk")).order_by("-archived_at", "-pk")
    rows = EventDossier.objects.filter(
        dossier__one_of=list(ids.values_list("pk", flat=True)[:SHOWN]), event__kind=Event.Kind.MERGED
    )
    newest: dict[int, Event] = {}
    for row in rows.select_related("event__actor").order_by("event_id"):
        if row.event.facts["merged"] == row.dossier_id:
            newest[row.dossier_id] = row.event
    return sorted(newest.values(), key=lambda event: event.pk, reverse=True)


@login_required
@permission_required(MAY, raise_exception=True)
@require_POST
def unmerge(request: HttpRequest, pk: int) -> HttpResponse:
    """Undo a merge; what has changed since stays, and is said."""
    event = get_object_or_404(Event.objects.filter(kind=Event.Kind.MERGED), pk=pk)
    get_object_or_404(visible_dossiers(request.user), pk=event.facts["into"])
    try:
        undone = unmerging.unmerge(event=event, by=Actor.of(request), at=clock.of(request))
    except Refused as error:
        messages.error(request, " ".join(error.messages))
        return redirect("desk:merge")
    messages.success(request, _("%(name)s is an account of its own again.") % {"name": undone.account})
    stays = _stays(undone)
    if stays:
        messages.warning(request, _("Changed since, so it stayed: %(what)s.") % {"what": ", ".join(stays)})
    return redirect("record", undone.account.pk)


def _stays(undone: unmerging.Unmerged) -> list[Any]:
    """Name what stayed with the survivor, and who does not answer again."""
    labels = [str(LABELS.get(name) or Account._meta.get_field(name).verbose_name) for name in undone.fields]
    return [
        *labels, *(d.title for d in undone.records), *(str(c) for c in undone.owed), *(a.poc.name for a in undone.gone)
    ]  # fmt: skip
