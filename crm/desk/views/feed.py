"""The calendar of what one owes: the page on which its link is made and ended, and the calendar itself."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.cache import get_conditional_response
from django.utils.http import http_date
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from crm.core import clock
from crm.core.actor import Actor
from crm.core.forms import attempt
from crm.core.secret_addresses import opened_by_address
from crm.desk import feed as feeds
from crm.desk.forms import FeedForm
from crm.poc import feeds as links
from crm.poc.models import PointOfContact, ShareLink
from crm.poc.sharing import note_opened

LOOKS = 600  # a minute, from one place: one provider asks for many people


@login_required
@permission_required(links.VIEWS, raise_exception=True)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def calendar(request: HttpRequest) -> HttpResponse:
    """Show the link to one's own calendar and make a new one; its address is shown this once."""
    at, user, made = clock.of(request), request.user, None
    form = FeedForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        made = attempt(form, lambda: links.make_feed(user=user, **form.values(), by=Actor.of(request), at=at))
    link = made[0] if made else links.feed_of(user)
    if not form.errors:
        form = FeedForm(initial={"is_quiet": link is not None and not link.shown})
    context = {"form": form, "link": link, "at": at}
    context["is_poc"] = link is not None or PointOfContact.objects.of_user(user).active().exists()
    if made:
        context["address"] = links.feed_address(made[1])
        context["subscribing"] = links.subscribing(context["address"])
    return render(request, "desk/feed.html", context, status=422 if form.errors else 201 if made else 200)


@login_required
@permission_required(links.VIEWS, raise_exception=True)
@require_POST
def calendar_end(request: HttpRequest) -> HttpResponse:
    """Let the link to one's own calendar open nothing any more."""
    links.end_feed(user=request.user, by=Actor.of(request), at=clock.of(request))
    messages.success(request, _("The calendar link is ended. Whatever reads it finds nothing there any more."))
    return redirect("desk:calendar")


@opened_by_address("feed", looks=LOOKS)
@require_safe
def feed(request: HttpRequest, secret: str) -> HttpResponseBase:
    """Give the calendar to whichever program has its secret; whatever else it is, it is not here, in the same words."""
    link = links.feed_opened_by(secret)
    if link is None or not link.poc.user.has_perm(links.VIEWS):
        return render(request, "poc/shared/gone.html", status=404)
    response = _answer(request, link)
    response["Cache-Control"] = "private, no-cache"  # kept by whoever asked, and asked for again each time
    return response


def _answer(request: HttpRequest, link: ShareLink) -> HttpResponseBase:
    """Send the calendar, unless the reader has it as it is.

    Only the tag decides that: what was settled or given away leaves no later moment behind.
    """
    clock.remember(request, link.now)  # type: ignore[attr-defined]  # annotated
    at = clock.of(request)
    if request.method == "GET":
        note_opened(link, at=at)
    made = feeds.feed(link, at=at)
    response = HttpResponse(made.content, content_type=feeds.CONTENT_TYPE)
    response["Content-Language"] = made.language
    response["ETag"] = made.etag
    response["Last-Modified"] = http_date(made.changed_at.timestamp())
    response["Content-Disposition"] = 'attachment; filename="liaison.ics"'  # a saved file does not bear the secret
    return get_conditional_response(request, etag=made.etag, response=response)
