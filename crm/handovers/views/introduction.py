"""Introduce to the customer who answers now: a letter to copy or to open in one's own mail, logged when it was sent."""

from __future__ import annotations

from uuid import NAMESPACE_URL, uuid5

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.models import Account
from contacts.models import Contact
from crm.core import clock
from crm.core.actor import Actor
from crm.dossiers.models import Channel, Dossier, Firm, Outcome, Purpose, Topic
from crm.handovers import handing_over
from crm.handovers.introduction import Letter, draft
from crm.handovers.models import Handover
from interactions.actions import Touch, log
from interactions.models import Interaction
from projects.models import Project, Stakeholder

MOST = 50  # contacts offered


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def introduction(request: HttpRequest, pk: int) -> HttpResponse:
    """Show the letter for those ticked (`?to=`); a POST says that it was sent."""
    h = _accepted(request, pk)
    contacts = _contacts(h.dossier)
    sent = request.POST if request.method == "POST" else request.GET
    wanted = sent.getlist("to")
    chosen = [contact for contact in contacts if str(contact.pk) in wanted]
    if not chosen and "asked" not in sent:
        chosen = contacts
    letter = _letter(request, h, chosen)
    if request.method == "POST":
        _log(request, h, chosen, letter)
        messages.success(request, _("Logged: the customer knows who answers now."))
        return redirect("record", h.dossier_id)
    context = {"handover": h, "contacts": contacts, "chosen": {c.pk for c in chosen}, "letter": letter}
    is_part = request.htmx and request.htmx.target == "letter"
    return render(request, "handovers/partials/letter.html" if is_part else "handovers/introduction.html", context)


def _accepted(request: HttpRequest, pk: int) -> Handover:
    """Return an accepted handover whose receiver the reader is, or may speak for."""
    rows = Handover.objects.visible_to(request.user).for_list().filter(state=Handover.State.ACCEPTED)
    h = get_object_or_404(rows, pk=pk)
    if not handing_over.may_answer(request.user, h):
        raise Http404
    return h


def _contacts(dossier: Dossier) -> list[Contact]:
    """Return the customer's people who have an e-mail address: the record's own first. One query or two."""
    rows = Contact.objects.current().for_rows().exclude(email="").order_by("dossier__title_key", "pk")
    if dossier.kind == Dossier.Kind.CONTACT:
        return list(rows.filter(pk=dossier.pk))
    if dossier.kind == Dossier.Kind.PROJECT:
        own = list(rows.filter(pk__in=Stakeholder.objects.filter(project=dossier.pk).values("contact"))[:MOST])
        if own:
            return own
    return list(rows.filter(account=dossier.home_id)[:MOST])


def _letter(request: HttpRequest, h: Handover, chosen: list[Contact]) -> Letter:
    firm = Firm.objects.get()
    account = Account.objects.filter(pk=h.dossier.home_id).values_list("language", flat=True).first()
    languages = [contact.language for contact in chosen if contact.language]
    language = account or (languages[0] if languages else "") or firm.language or settings.LANGUAGE_CODE
    return draft(
        h,
        firm=firm.name,
        language=language,
        to=[contact.email for contact in chosen],
        names=[contact.name for contact in chosen] if len(chosen) <= 3 else (),
        sender=h.receiver.name if h.receiver else "",
    )


@transaction.atomic
def _log(request: HttpRequest, h: Handover, chosen: list[Contact], letter: Letter) -> None:
    """Log the letter as an outreach of ours, once, and note that the customer was told."""
    by, at = Actor.of(request), clock.of(request)
    if h.introduced_at is None:
        log(touch=_touch(h, chosen, letter), by=by, at=at)
    handing_over.introduced(handover=h, by=by, at=at)


def _touch(h: Handover, chosen: list[Contact], letter: Letter) -> Touch:
    kind = h.dossier.kind
    account = Account.objects.select_related("dossier").filter(pk=h.dossier.home_id).first()
    projects = Project.objects.for_list().filter(pk=h.dossier_id) if kind == Dossier.Kind.PROJECT else ()
    contact = chosen[0] if len(chosen) == 1 else None
    if kind == Dossier.Kind.CONTACT and contact is None:
        contact = Contact.objects.select_related("dossier", "account__dossier").get(pk=h.dossier_id)
    return Touch(
        channel=Channel.objects.get(code="email"),
        direction=Interaction.Direction.OUTBOUND,
        topic=Topic.objects.get(code=Topic.GENERAL),
        account=account,
        contact=contact,
        project=next(iter(projects), None),
        purpose=Purpose.objects.filter(code="outreach").first(),
        outcome=Outcome.objects.filter(code="sent").first(),
        note=f"{letter.subject}\n{', '.join(letter.to)}\n\n{letter.text}",
        client_key=uuid5(NAMESPACE_URL, f"liaison:handover:{h.pk}:introduction"),
    )
