"""What somebody outside sees by a share link: no sign-in, no trace in search engines, nothing but what was chosen."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from crm.core import clock
from crm.core.secret_addresses import opened_by_address
from crm.dossiers.models import Firm
from crm.poc import qr, sharing, shown, vcard
from crm.poc.models import ShareLink

LOOKS = 120  # a minute, from one place
Shows = Callable[[HttpRequest, ShareLink, str], HttpResponse]


def _outside(view: Shows) -> Callable[..., HttpResponseBase]:
    """Let a secret open `view`, in the link's language; whatever else it is, it is not here, in the same words."""

    @opened_by_address("shared", looks=LOOKS)
    @require_safe
    @wraps(view)
    def opened(request: HttpRequest, secret: str) -> HttpResponse:
        return _answer(request, secret, view)

    return opened


def _answer(request: HttpRequest, secret: str, view: Shows) -> HttpResponse:
    link = sharing.opened_by(secret)
    if link is None:
        return render(request, "poc/shared/gone.html", status=404)
    clock.remember(request, link.now)  # type: ignore[attr-defined]  # annotated
    with translation.override(link.language):
        response = view(request, link, secret)
    response["Content-Language"] = link.language
    return response


@_outside
def page(request: HttpRequest, link: ShareLink, secret: str) -> HttpResponse:
    """Show who answers now, and how to reach them."""
    at = clock.of(request)
    if _is_read(request):
        sharing.note_opened(link, at=at)
    context: dict[str, Any] = {
        "firm": Firm.objects.get(),
        "title": link.dossier.title if link.dossier else "",
        "entries": shown.entries(link, at=at),
        "is_card": link.kind == ShareLink.Kind.CARD,
    }
    return render(request, "poc/shared/page.html", context)


@_outside
def card_vcf(request: HttpRequest, link: ShareLink, secret: str) -> HttpResponse:
    """Give the cards as a file: vCard 4.0, or `?version=3.0`."""
    found = shown.contacts(link, at=clock.of(request), url=sharing.address(secret))
    version = vcard.version_of(request.GET.get("version", ""))
    text = vcard.write_all(found, at=clock.of(request), version=version)
    response = HttpResponse(text, content_type=vcard.CONTENT_TYPE)
    response["Content-Disposition"] = f'attachment; filename="{vcard.file_name(found[0].name)}"'
    return response


@_outside
def card_svg(request: HttpRequest, link: ShareLink, secret: str) -> HttpResponse:
    """Give the page's own address as a QR code."""
    picture = qr.svg(sharing.address(secret), title=_("Who to contact"))
    return HttpResponse(picture, content_type="image/svg+xml")


@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    """Tell search engines that nothing here is for them."""
    return HttpResponse("User-agent: *\nDisallow: /\n", content_type="text/plain")


def _is_read(request: HttpRequest) -> bool:
    """False of what merely looks whether the page is there or fetches it ahead, and of our own people."""
    purpose = request.headers.get("Sec-Purpose", "") + request.headers.get("Purpose", "")
    return request.method == "GET" and "prefetch" not in purpose and not request.user.is_authenticated
