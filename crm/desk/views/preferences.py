"""The page on which one says how one wants to be told."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from crm.commitments.telling.preferring import prefer, wishes_of
from crm.core import clock
from crm.core.actor import Actor
from crm.core.forms import attempt
from crm.desk.wishes_form import WishesForm, initial_of
from crm.poc.models import PointOfContact
from crm.poc.recipients import reach


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def notices(request: HttpRequest) -> HttpResponse:
    """Show how one is told, and change it."""
    poc = PointOfContact.objects.of_user(request.user).active().first()
    if poc is None:
        return render(request, "desk/notices.html", {"form": None})
    form = WishesForm(request.POST or None, initial=initial_of(wishes_of(poc)))
    by, at = Actor.of(request), clock.of(request)
    is_sent = request.method == "POST" and form.is_valid()
    if is_sent and attempt(form, lambda: prefer(poc=poc, **form.values(), by=by, at=at)):
        messages.success(request, _("From now on you are told so."))
        return redirect("desk:notices")
    person = reach([poc.pk])[poc.pk]
    context = {"form": form, "person": person, "is_refused": poc.refused_address == person.address != ""}
    return render(request, "desk/notices.html", context, status=422 if form.errors else 200)
