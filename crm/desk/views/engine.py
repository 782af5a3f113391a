"""How reminders and mails are doing, for administrators, and the few things to be done about what failed."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from crm.commitments.auditing import auditor
from crm.commitments.models import Commitment, Finding
from crm.commitments.planning import quarantine
from crm.core import clock
from crm.core.actor import Actor
from crm.core.refusals import Refused
from crm.desk.engine import SHOWN, snapshot, title
from crm.desk.engine_words import detail, reason
from crm.desk.record import partial
from crm.outbox.actions import send_again
from crm.outbox.models import Message

MAY_SEE, MAY_ACT = "commitments.view_finding", "commitments.change_finding"  # administrators
BAR = 4  # units of the picture: one minute's bar with the gap beside it


@login_required
@permission_required(MAY_SEE, raise_exception=True)
@require_safe
def engine(request: HttpRequest) -> HttpResponse:
    """Show the state in one sentence, then what it rests on. `?paused`: the page does not refresh itself."""
    state = snapshot(at=clock.of(request))
    context = {
        "state": state,
        "problems": state.problems,
        "half": _span(state.seconds_late(0.5)),
        "nearly_all": _span(state.seconds_late(0.99)),
        "per_minute": _bars(state.minutes),
        "most": max(state.minutes),
        "total": sum(state.minutes),
        "undelivered": [(m, reason(m)) for m in state.undelivered],
        "findings": [(f, title(f), _href(f), detail(f), auditor.is_past(f)) for f in state.findings],
        "ended": [(f, title(f), _href(f), detail(f)) for f in state.ended],
        "shown": SHOWN,
        "is_paused": "paused" in request.GET,
    }
    return render(request, partial(request, "desk/engine.html", "desk/partials/engine.html"), context)


@login_required
@permission_required(MAY_ACT, raise_exception=True)
@require_POST
def mail_retry(request: HttpRequest, pk: int) -> HttpResponse:
    """Send a mail that failed again."""
    message = get_object_or_404(Message.objects.filter(channel=Message.Channel.EMAIL), pk=pk)
    try:
        send_again(message=message, by=Actor.of(request), at=clock.of(request))
    except Refused as refusal:
        messages.error(request, " ".join(refusal.messages))
    else:
        messages.success(request, _("It is sent again, within seconds."))
    return redirect("desk:engine")


@login_required
@permission_required(MAY_ACT, raise_exception=True)
@require_POST
def owed_retry(request: HttpRequest, pk: int) -> HttpResponse:
    """Work out the reminders of something that was set aside again."""
    quarantine.release(
        commitment=get_object_or_404(Commitment, pk=pk), by=Actor.of(request), at=clock.of(request)
    )  # fmt: skip
    messages.success(request, _("Its reminders are worked out again, within seconds."))
    return redirect("desk:engine")


@login_required
@permission_required(MAY_ACT, raise_exception=True)
@require_POST
def finding_seen(request: HttpRequest, pk: int) -> HttpResponse:
    """Put away a finding; what is still so comes back, but what is past."""
    auditor.settle(get_object_or_404(Finding, pk=pk), clock.of(request))
    return redirect("desk:engine")


def _bars(minutes: Any) -> list[tuple[int, str, str]]:
    """Return place, top and height of each minute's bar, in a picture forty units high; as SVG writes numbers."""
    most = max(max(minutes), 1)
    heights = [max(40 * n / most, 1 if n else 0.4) for n in minutes]
    return [(place * BAR, f"{40 - height:.1f}", f"{height:.1f}") for place, height in enumerate(heights)]


def _span(seconds: float | None) -> str:
    if seconds is None:
        return ""
    minutes = round(seconds / 60)
    return _("%(n)s min") % {"n": minutes} if minutes > 1 else _("%(n)s s") % {"n": round(seconds)}


def _href(finding: Finding) -> str:
    """Where what a finding is about is seen; "" for what has no page."""
    kind, _colon, number = finding.subject.partition(":")
    if kind == "c":
        return reverse("owed:item", args=[number])
    if kind == "a":
        return reverse("record", args=[number])
    if kind == "m":
        return reverse("admin:outbox_message_change", args=[number])
    return ""
