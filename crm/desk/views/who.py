"""Who answers for what, found by whatever one knows."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from crm.core import clock
from crm.desk import who as directory
from crm.desk.record import partial


@login_required
@require_safe
def who(request: HttpRequest) -> HttpResponse:
    """Say who answers for what was typed, why, and how to reach them."""
    asked = " ".join(request.GET.get("q", "")[:200].replace("\0", "").split())
    found = directory.search(asked, user=request.user, at=clock.of(request)) if asked else []
    context = {"asked": asked, "first": found[0] if found else None, "others": found[1:]}
    return render(request, partial(request, "desk/who.html", "desk/partials/answers.html"), context)
