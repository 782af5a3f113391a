"""My day: everybody's first page."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.models import Account
from crm.commitments.inbox import pocs_of
from crm.core import clock
from crm.desk import my_day as days
from crm.outbox.actions import mark_read

MOST_ID = 2**63 - 1


@login_required
@never_cache
@require_safe
def my_day(request: HttpRequest) -> HttpResponse:
    """Show what one has to see today; of what is long the beginning, and with `?all=` its section whole."""
    day = days.of(request.user, at=clock.of(request))
    is_new = day.is_clear and not day.coming and not Account.objects.exists()
    context = {"day": day, "is_new": is_new, "all": request.GET.get("all", "")}
    return render(request, "desk/my_day.html", context)


@login_required
@require_POST
def inbox_read(request: HttpRequest) -> HttpResponse:
    """Mark the notices one was shown as read, and no others."""
    shown = request.POST.getlist("notice")
    if not shown or not all(pk.isascii() and pk.isdigit() and int(pk[:20]) <= MOST_ID for pk in shown):
        raise Http404
    mark_read(poc_ids=pocs_of(request.user), message_ids=[int(pk) for pk in shown], at=clock.of(request))
    return redirect("desk:my_day")
