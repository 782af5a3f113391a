"""What a link in a mail opens: one page that asks once, and does it. No sign-in; a look alone changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.functional import Promise as Lazy
from django.utils.translation import gettext_lazy as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from crm.commitments.mail import one_click as acts
from crm.commitments.mail import unsubscribing
from crm.commitments.mail.links import Act
from crm.commitments.mail.one_click import Asked, Problem
from crm.commitments.telling.preferring import GROUPS, want_no_mail
from crm.core import clock
from crm.core.actor import Actor, Source
from crm.core.refusals import Refused
from crm.core.secret_addresses import opened_by_address
from crm.poc.models import PointOfContact
from crm.poc.recipients import Recipient, reach

LOOKS = 600  # a minute, from one place: one mail may have hundreds of addresses, and a program look at each
STATUS = {Problem.NOT_YOURS: 403, Problem.EXPIRED: 410}  # otherwise 409: it is settled, or has moved on
BUTTONS: dict[Act, Lazy] = {
    Act.DONE: _("It is done"),
    Act.ON_IT: _("I am on it"),
    Act.LATER: _("Remind me then"),
    Act.WAIT: _("Wait for the customer"),
    Act.GO_ON: _("Let it go on"),
}
View = Callable[[HttpRequest, str], HttpResponse]


def _by_mail(view: View) -> Callable[..., HttpResponse]:
    """Let whoever holds an address open `view`: it needs no cookie, and leaves no trace elsewhere."""

    limited = opened_by_address("mail", looks=LOOKS)(require_http_methods(["GET", "HEAD", "POST"])(view))
    return csrf_exempt(limited)  # what allows it is the signed address, never a cookie


@_by_mail
def one_click(request: HttpRequest, token: str) -> HttpResponse:
    """Say what the link is about and ask once; a POST does it."""
    asked = acts.asked(token, at=clock.of(request))
    if asked is None:
        return render(request, "desk/mail_link_gone.html", status=404)
    with _words_of(asked.reader):
        return _do(request, asked) if request.method == "POST" and not asked.problem else _ask(request, asked)


@_by_mail
def fewer(request: HttpRequest, token: str) -> HttpResponse:
    """Ask whether what a digest told is to come by mail no more; a POST does it, a mail program's too (RFC 8058)."""
    at = clock.of(request)
    out = unsubscribing.read(token)
    poc = PointOfContact.objects.active().select_related("user").filter(pk=out.poc_id).first() if out else None
    if out is None or poc is None or out.expires_at <= at:
        return render(request, "desk/mail_link_gone.html", {"is_about_mails": True}, status=404)
    reader = reach([poc.pk])[poc.pk]
    if request.method == "POST":
        by = Actor(poc.user, Source.MAIL, name="" if poc.user else poc.name)
        want_no_mail(poc=poc, unwanted=out.groups, by=by, at=at)
    with _words_of(reader):
        context = {
            "names": [GROUPS[group][0] for group in out.groups if group in GROUPS],
            "is_done": request.method == "POST",
            "signs_in": poc.user_id is not None,
        }
        return render(request, "desk/fewer_mails.html", context)


def _ask(request: HttpRequest, asked: Asked, refused: Refused | None = None) -> HttpResponse:
    status = 422 if refused else STATUS.get(asked.problem, 409) if asked.problem else 200
    return render(request, "desk/one_click.html", _context(request, asked) | {"refused": refused}, status=status)


def _do(request: HttpRequest, asked: Asked) -> HttpResponse:
    """Do it, and say what it means."""
    until = acts.later(asked, at=clock.of(request)) if asked.link.act == Act.LATER else None
    try:
        done = acts.perform(asked, at=clock.of(request))
    except Refused as error:
        return _ask(request, asked, error)
    due_at = done.due_at if asked.link.act == Act.GO_ON else None
    return render(request, "desk/one_click_done.html", _context(request, asked) | {"until": until, "due_at": due_at})


def _context(request: HttpRequest, asked: Asked) -> dict[str, Any]:
    """Nothing of the record but what the mail said; against a link that is not theirs any more, nothing at all.

    The page behind `href` asks for a sign-in, and shows only what that reader may see.
    """
    href = reverse("owed:item", args=[asked.commitment.pk])
    if asked.problem in (Problem.NOT_YOURS, Problem.EXPIRED):
        return {"problem": asked.problem, "href": href}
    act = asked.link.act
    return {
        "problem": asked.problem,
        "href": href,
        "settled": asked.settled,
        "owed": asked.commitment,
        "act": act.name,
        "button": BUTTONS[act],
        "until": acts.later(asked, at=clock.of(request)) if act == Act.LATER else None,
        "signs_in": asked.user is not None,
        "name": asked.reader.name,
    }


@contextmanager
def _words_of(reader: Recipient) -> Iterator[None]:
    """Speak as the mail did, whoever is signed in here."""
    with translation.override(reader.language), timezone.override(ZoneInfo(reader.zone)):
        yield
