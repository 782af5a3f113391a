"""Who answers for what, found by whatever one knows."""

from __future__ import annotations

from datetime import date, datetime, time

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.views.decorators.http import require_safe

from crm.core import clock
from crm.desk import who as directory
from crm.desk.record import partial

NOON = time(12)
YEARS = range(1900, 2200)  # days outside are mistakes


@login_required
@require_safe
def who(request: HttpRequest) -> HttpResponse:
    """Say who answers for what was typed, why, and how to reach them; `?on=` asks about another day."""
    asked = " ".join(request.GET.get("q", "")[:200].replace("\0", "").split())
    on = _another_day(request)
    at = timezone.make_aware(datetime.combine(on, NOON)) if on else clock.of(request)
    found = directory.search(asked, user=request.user, at=at, is_now=on is None) if asked else []
    context = {"asked": asked, "on": on, "first": found[0] if found else None, "others": found[1:]}
    return render(request, partial(request, "desk/who.html", "desk/partials/answers.html"), context)


def _another_day(request: HttpRequest) -> date | None:
    """The day asked about, at whose noon it is answered; None: now. Today is now, and so is what is no day."""
    try:
        day = parse_date(request.GET.get("on", "")[:10])
    except ValueError:
        return None
    today = timezone.localtime(clock.of(request)).date()
    return day if day and day != today and day.year in YEARS else None
