"""Handovers: the list, one with its briefing, and its decision."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.db.models import DateTimeField, Q
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from crm.commitments.planning.steps import steps_of
from crm.core import clock
from crm.core.actor import Actor
from crm.core.forms import refuse
from crm.core.paging import Order, page
from crm.core.refusals import Refused
from crm.desk import record
from crm.handovers import handing_over
from crm.handovers.forms import DeclineForm, WithdrawForm
from crm.handovers.models import Handover, HandoverQuerySet
from crm.handovers.scope import count, scope_of
from crm.handovers.sides import sides_of
from crm.poc.visibility import visible_homes

ORDERS = {"opened": Order("opened_at", DateTimeField())}
SHOWN = 25  # things owed, on a handover's page


@login_required
@permission_required("handovers.view_handover", raise_exception=True)
@require_safe
def handover_list(request: HttpRequest) -> HttpResponse:
    """Show the handovers one is party to, or all one may see; `?show=` says which."""
    shown = request.GET.get("show", "")
    rows = _narrowed(request, shown).for_list()
    context = {
        "page": page(rows, orders=ORDERS, sort="-opened", query=request.GET),
        "show": shown,
    }
    return render(request, "handovers/list.html", context)


def _narrowed(request: HttpRequest, shown: str) -> HandoverQuerySet:
    sides = list(sides_of(request.user))
    if shown == "accept":
        return Handover.objects.offered().filter(receiver__one_of=sides)
    if shown == "given":
        return Handover.objects.filter(Q(giver__one_of=sides) | Q(offered_by=request.user))
    if shown == "all":
        return Handover.objects.visible_to(request.user)
    return Handover.objects.filter(Q(pk__in=Handover.objects.party_to(sides).values("pk")) | Q(offered_by=request.user))


@login_required
@permission_required("handovers.view_handover", raise_exception=True)
@require_safe
def handover(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one handover, with everything whoever takes over has to know."""
    return _page(request, _handover(request, pk))


@login_required
@require_safe
def of_owed(request: HttpRequest, pk: int) -> HttpResponse:
    """Lead from an acceptance that is owed to the handover it stands for."""
    rows = Handover.objects.visible_to(request.user)
    return redirect(get_object_or_404(rows, commitment=pk))


@login_required
@require_POST
def accept(request: HttpRequest, pk: int) -> HttpResponse:
    """Take over, and go on to the letter that introduces the new one to the customer."""

    def act(h: Handover) -> str:
        handing_over.accept(handover=h, by=Actor.of(request), at=clock.of(request))
        return _("%(name)s answers from now on. Those concerned are told.") % {"name": h.receiver.name}  # type: ignore[union-attr]

    return _decide(request, pk, act, then="handovers:introduction")


@login_required
@require_POST
def decline(request: HttpRequest, pk: int) -> HttpResponse:
    """Say no, and why."""
    form = DeclineForm(request.POST)

    def act(h: Handover) -> str:
        reason = form.cleaned_data["reason"]
        handing_over.decline(handover=h, reason=reason, by=Actor.of(request), at=clock.of(request))
        return _("Declined. %(name)s goes on answering, and is told why.") % {"name": h.giver.name}

    return _decide(request, pk, act, form=form, shown_as="decline_form")


@login_required
@require_POST
def withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    """Take an offer or a proposal back; a proposal is dismissed where it was shown."""
    form = WithdrawForm(request.POST)

    def act(h: Handover) -> str:
        reason = form.cleaned_data["reason"]
        handing_over.withdraw(handover=h, reason=reason, by=Actor.of(request), at=clock.of(request))
        return _("Withdrawn. %(name)s goes on answering.") % {"name": h.giver.name}

    return _decide(request, pk, act, form=form, shown_as="withdraw_form")


def _handover(request: HttpRequest, pk: int) -> Handover:
    return get_object_or_404(Handover.objects.visible_to(request.user).for_list(), pk=pk)


def _decide(
    request: HttpRequest,
    pk: int,
    act: Callable[[Handover], str],
    *,
    form: Form | None = None,
    shown_as: str = "",
    then: str = "",
) -> HttpResponse:
    """Do it, or show the page with what was refused."""
    h = _handover(request, pk)
    if form is not None and not form.is_valid():
        return _page(request, h, **{shown_as: form})
    try:
        said = act(h)
    except Refused as error:
        if form is not None:
            refuse(form, error)
            return _page(request, h, **{shown_as: form})
        messages.error(request, " ".join(error.messages))
        return redirect(h)
    messages.success(request, said)
    back = {"record": ("record", h.dossier_id), "day": ("desk:my_day",)}.get(request.POST.get("next", ""))
    return redirect(*back) if back else redirect(then, h.pk) if then else redirect(h)


def _page(request: HttpRequest, h: Handover, **forms: Form) -> HttpResponse:
    at = clock.of(request)
    homes = visible_homes(request.user)
    scope = scope_of(h)
    owed = scope.owed(at).for_list().order_by("due_at", "pk") if h.is_open else ()
    context = {
        "handover": h,
        "topics": scope.topics,
        "counts": count(scope, at) if h.is_open else None,
        "items": record.with_owners(owed[:SHOWN], at=at),
        "steps": steps_of(h.commitment, at=at) if h.state == Handover.State.OFFERED and h.commitment else (),
        "may_open": homes is None or h.dossier.home_id in homes,
        "may_answer": h.state == Handover.State.OFFERED and handing_over.may_answer(request.user, h),
        "may_withdraw": h.is_open and handing_over.may_withdraw(request.user, h),
        "may_introduce": h.state == Handover.State.ACCEPTED and handing_over.may_answer(request.user, h),
        "decline_form": DeclineForm(),
        "withdraw_form": WithdrawForm(),
    }
    return render(request, "handovers/handover.html", context | forms, status=422 if forms else 200)
