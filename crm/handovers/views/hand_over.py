"""Hand over what one answers for on a record: the form, and its counts while it is filled in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from crm.core import clock
from crm.core.actor import Actor
from crm.core.forms import attempt
from crm.dossiers.models import Dossier, Topic
from crm.handovers import handing_over
from crm.handovers.forms import BRIEFING, Given, HandOverForm
from crm.handovers.models import BriefingPart, Handover
from crm.handovers.scope import Scope, count, givers
from crm.handovers.sides import sides_of
from crm.poc.models import PointOfContact
from crm.poc.visibility import visible_dossiers

SCOPE = "scope"  # the part of the page htmx asks for


@login_required
@permission_required("handovers.add_handover", raise_exception=True)
@require_http_methods(["GET", "HEAD", "POST"])
def hand_over(request: HttpRequest, pk: int) -> HttpResponse:
    """Offer a record to somebody; `?giver=`, `?topics=` and `?receiver=` say what is known already."""
    dossier = _record(request, pk)
    may_give = _may_give(request, dossier)
    if not may_give:
        return render(request, "handovers/hand_over.html", {"dossier": dossier})
    is_counting = request.method != "POST" or "recount" in request.POST
    sent = request.POST if request.method == "POST" else request.GET
    form = _form(request, dossier, may_give, sent, is_counting=is_counting)
    if not is_counting and form.is_valid():
        act = {"offer": form.offer(), "by": Actor.of(request), "at": clock.of(request)}
        offered = attempt(form, lambda: handing_over.offer(**act))
        if offered:
            words = {"receiver": offered.receiver.name, "giver": offered.giver.name}
            said = _("Offered to %(receiver)s, who is told. Until it is accepted, %(giver)s answers.") % words
            messages.success(request, said, extra_tags=f"saved:hand-over-{dossier.pk}")
            return redirect(offered)
    context = {"dossier": dossier, "form": form, "waiting": form.given.is_meant and _waiting(dossier, form.given.giver)}
    is_part = request.htmx and request.htmx.target == SCOPE
    page = "handovers/partials/scope.html" if is_part else "handovers/hand_over.html"
    return render(request, page, context, status=422 if form.errors else 200)


def _record(request: HttpRequest, pk: int) -> Dossier:
    rows = visible_dossiers(request.user).exclude(kind=Dossier.Kind.TOUCH_POINT)
    return get_object_or_404(rows.select_related("home", "tier"), pk=pk)


def _may_give(request: HttpRequest, dossier: Dossier) -> list[PointOfContact]:
    """Return whoever holds something there and may be spoken for, oneself and one's own side first."""
    sides = sides_of(request.user)
    everybody = request.user.has_perm("poc.add_assignment")
    found = [poc for poc in givers(dossier, clock.of(request)) if everybody or poc.pk in sides]
    return sorted(found, key=lambda poc: poc.pk not in sides)


def _form(
    request: HttpRequest, dossier: Dossier, may_give: Sequence[PointOfContact], sent: QueryDict, *, is_counting: bool
) -> HandOverForm:
    given = _given(request, dossier, may_give, sent)
    template = list(BriefingPart.objects.asked())
    initial: dict[str, Any] = {}
    if is_counting:
        kept = ("receiver", "reason", *(name for name in sent if name.startswith(BRIEFING)))
        initial = {name: sent[name] for name in kept if sent.get(name)}
    proposal = Handover.objects.proposed().filter(dossier=dossier, giver=given.giver).values_list("reason", flat=True)
    initial.setdefault("reason", proposal.first() or "")
    data = None if is_counting else sent
    return HandOverForm(data, dossier=dossier, given=given, template=template, initial=initial)


def _given(request: HttpRequest, dossier: Dossier, may_give: Sequence[PointOfContact], sent: QueryDict) -> Given:
    """Read who gives, and what about; what cannot be read is the first, and all of it.

    The first is meant where they answer for the record itself, or are on the side of whoever asks.
    """
    at = clock.of(request)
    named = next((poc for poc in may_give if str(poc.pk) == sent.get("giver")), None)
    giver = named or may_give[0]
    held = Scope(dossier, giver).places(at).order_by().values("topic")
    topics = list(Topic.objects.filter(pk__in=held).order_by("position", "pk"))
    wanted = sent.getlist("topics")
    chosen = [topic for topic in topics if str(topic.pk) in wanted] or topics
    counts = count(Scope(dossier, giver, chosen), at)
    is_meant = named is not None or counts.own > 0 or giver.pk in sides_of(request.user)
    return Given(may_give, giver, topics, chosen, counts, is_meant)


def _waiting(dossier: Dossier, giver: PointOfContact) -> Handover | None:
    """Return the offer from this giver that waits for an answer."""
    return Handover.objects.offered().filter(dossier=dossier, giver=giver).for_list().first()
