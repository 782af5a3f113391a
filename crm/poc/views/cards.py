"""The people and teams who answer: the list, one's card, and the card as a file and as a QR code."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import DateTimeField
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_safe

from crm.core import clock
from crm.core.paging import Order, page
from crm.desk.record import partial
from crm.dossiers.models import Firm, Topic
from crm.handovers.absences import set_away_by
from crm.poc import cards, directory, qr, vcard
from crm.poc.feeds import OwesNothing
from crm.poc.forms import PocFilter
from crm.poc.models import PointOfContact
from crm.poc.sharing import may_share_card

RECORDS = 20  # a page of what somebody answers for
NEWEST = {"since": Order("starts_at", DateTimeField())}


@login_required
@require_safe
def poc_list(request: HttpRequest) -> HttpResponse:
    """Show everybody who answers; the address holds what narrows the list."""
    at = clock.of(request)
    teams = PointOfContact.objects.active().teams().order_by("name_key", "pk")
    form = PocFilter(request.GET, teams=teams, topics=Topic.objects.in_use(), languages=directory.languages())
    form.is_valid()
    rows = directory.narrowed(PointOfContact.objects.for_list(), form.cleaned_data, at=at)
    found = page(rows, orders=directory.ORDERS, sort="name", query=request.GET)
    context = {
        "page": found,
        "filter": form,
        "presences": directory.presences(found, at=at),
        "is_narrowed": any(form.cleaned_data.values()),
    }
    return render(request, partial(request, "poc/list.html", "poc/partials/table.html"), context)


@login_required
@require_safe
def card(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one's card: how to reach them, when, and what they answer for."""
    poc = get_object_or_404(PointOfContact.objects.select_related("home_team__lead", "lead"), pk=pk)
    at, user = clock.of(request), request.user
    records = cards.records(poc, user=user, at=at).select_related("dossier__parent", "topic")
    context = {
        "card": cards.card(poc, user=user, at=at),
        "poc": poc,
        "firm": Firm.objects.get(),
        "page": page(records, orders=NEWEST, sort="-since", query=request.GET, size=RECORDS),
        "may_share": may_share_card(user, poc),
        "may_set_away": user.has_perm("poc.add_absence") and set_away_by(user).filter(pk=poc.pk).exists(),
        "most": cards.MOST,
    }
    return render(request, "poc/card.html", context)


@login_required
@require_safe
def mine(request: HttpRequest) -> HttpResponse:
    """Lead to one's own card; to everybody's where one has none."""
    own = PointOfContact.objects.of_user(request.user).values_list("pk", flat=True).first()
    if own is None:
        messages.info(request, OwesNothing.default_message)
        return redirect("poc:list")
    return redirect("poc:card", own)


@login_required
@require_safe
def card_vcf(request: HttpRequest, pk: int) -> HttpResponse:
    """Give the card as a file: vCard 4.0, or `?version=3.0`."""
    poc = get_object_or_404(PointOfContact, pk=pk)
    contact = vcard.contact_of(poc, firm=Firm.objects.get())
    text = vcard.write(contact, at=clock.of(request), version=vcard.version_of(request.GET.get("version", "")))
    return vcf(text, poc.name)


@login_required
@require_safe
def card_svg(request: HttpRequest, pk: int) -> HttpResponse:
    """Give the card as a QR code: a telephone that reads it offers to keep the contact."""
    poc = get_object_or_404(PointOfContact, pk=pk)
    text = vcard.compact(vcard.contact_of(poc, firm=Firm.objects.get()))
    return HttpResponse(qr.svg(text, title=poc.name), content_type="image/svg+xml")


def vcf(text: str, name: str) -> HttpResponse:
    """Answer with a card as a file to keep."""
    response = HttpResponse(text, content_type=vcard.CONTENT_TYPE)
    response["Content-Disposition"] = f'attachment; filename="{vcard.file_name(name)}"'
    return response
