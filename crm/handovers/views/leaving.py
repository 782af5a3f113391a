"""Somebody leaves: who follows in all they answer for; and, within a day, that they stay after all."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from crm.core import clock
from crm.core.actor import Actor
from crm.core.refusals import Refused
from crm.handovers import held, staying
from crm.handovers.leave_form import LeaveForm
from crm.handovers.leaving import leave as leave_now
from crm.handovers.staying import Stayed, can_stay, last_left
from crm.poc.models import PointOfContact
from crm.poc.visibility import visible_homes

MAY = ("poc.change_pointofcontact", "poc.change_assignment")  # administrators and account managers
NAMED = 5  # what stays as somebody changed it since, by name


@login_required
@permission_required(MAY, raise_exception=True)
@require_http_methods(["GET", "HEAD", "POST"])
def leave(request: HttpRequest, pk: int) -> HttpResponse:
    """Show what somebody answers for, and let others follow; `show` opens the rows of a group.

    Of somebody who has left: what became of it, and how to undo it.
    """
    poc = _poc(pk)
    if poc.deactivated_at is not None:
        return _left_page(request, poc)
    shown = request.POST.get("show", request.POST.get("opened", request.GET.get("show", "")))
    is_final = request.method == "POST" and "show" not in request.POST
    form = _form(request, poc, shown, is_final=is_final)
    if is_final and form.is_valid() and _left(request, poc, form):
        return redirect("handovers:leave", poc.pk)
    context = {
        "poc": poc,
        "form": form,
        "sections": form.sections(),
        "n_handovers": held.handovers([poc.pk]).count(),
    }
    return render(request, "handovers/leave.html", context, status=422 if is_final else 200)


@login_required
@permission_required(MAY, raise_exception=True)
@require_POST
def stay(request: HttpRequest, pk: int) -> HttpResponse:
    """Undo that somebody left."""
    poc = _poc(pk)
    try:
        stayed = staying.stay(poc=poc, by=Actor.of(request), at=clock.of(request))
    except Refused as error:
        messages.error(request, " ".join(error.messages))
        return redirect("handovers:leave", poc.pk)
    messages.success(request, _("%(name)s answers again, as before.") % {"name": poc.name})
    if stayed.kept:
        messages.warning(request, _kept(stayed))
    return redirect("poc:card", poc.pk)


def _poc(pk: int) -> PointOfContact:
    rows = PointOfContact.objects.filter(is_house=False).select_related("user", "home_team__lead", "lead")
    return get_object_or_404(rows, pk=pk)


def _form(request: HttpRequest, poc: PointOfContact, shown: str, *, is_final: bool) -> LeaveForm:
    """The form as it was sent; where only rows were opened, what was chosen stays, and nothing is asked yet."""
    at = clock.of(request)
    given: dict[str, Any] = {"data": request.POST} if is_final else {"initial": _so_far(request)}
    form = LeaveForm(
        **given, poc=poc, counted=held.count(poc, at=at), suggested=held.suggested(poc, at=at), at=at, shown=shown,
        homes=visible_homes(request.user),
    )  # fmt: skip
    user = poc.user
    if user is None or not user.is_active or not request.user.has_perm("users.change_user"):
        del form.fields["ends_sign_in"]
    return form


def _so_far(request: HttpRequest) -> dict[str, Any]:
    """What was chosen before rows were opened; a tick taken away is not in what is sent."""
    ticked = {"ends_sign_in": "ends_sign_in" in request.POST} if request.method == "POST" else {}
    return request.POST.dict() | ticked


def _left(request: HttpRequest, poc: PointOfContact, form: LeaveForm) -> bool:
    values = form.cleaned_data
    try:
        leave_now(
            poc=poc, choices=values["choices"], reason=values["reason"], ends_sign_in=values.get("ends_sign_in", False),
            by=Actor.of(request), at=clock.of(request),
        )  # fmt: skip
    except Refused as error:
        form.refuse(error)
        return False
    messages.success(request, _("%(name)s no longer answers. Those who follow are told.") % {"name": poc.name})
    return True


def _left_page(request: HttpRequest, poc: PointOfContact) -> HttpResponse:
    left = last_left(poc)
    if left is None and not request.user.has_perm(MAY[0]):
        raise Http404
    at = clock.of(request)
    context = {
        "poc": poc,
        "left": left,
        "reason": left.facts["reason"] if left else "",
        "became": staying.became_of(left) if left else None,
        "to": ", ".join(left.personal.values.get("to", ())) if left and hasattr(left, "personal") else "",
        "can_stay": can_stay(left, at),
        "until": left.happened_at + staying.UNDO_FOR if left else None,
    }
    return render(request, "handovers/left.html", context)


def _kept(stayed: Stayed) -> str:
    """What stays as it is, by name."""
    names = [kept.name for kept in stayed.kept]
    text = ngettext(
        "Changed since, and left as it is: %(names)s.", "Changed since, and left as they are: %(names)s.", len(names)
    )
    return text % {"names": ", ".join(names[:NAMED]) + (" …" if len(names) > NAMED else "")}
