"""Across records: My day, who answers, being away, and the first pages of an empty house."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.decorators import login_required, permission_required
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.actions import open_account
from accounts.models import Account
from crm.core import clock
from crm.core.actor import Actor
from crm.core.forms import attempt
from crm.desk import my_day as days
from crm.desk import set_up
from crm.desk import who as directory
from crm.desk.forms import AwayForm, ColleaguesForm, FirstAccountForm, WelcomeForm
from crm.desk.record import partial
from crm.handovers.actions import end_absence, set_absence
from crm.poc.models import Absence, PointOfContact
from crm.users import roles

MOST_ID = 2**63 - 1


@login_required
@never_cache
@require_safe
def my_day(request: HttpRequest) -> HttpResponse:
    """Show what one has to see today."""
    day = days.of(request.user, at=clock.of(request))
    is_new = day.is_clear and not day.coming and not Account.objects.exists()
    return render(request, "desk/my_day.html", {"day": day, "is_new": is_new})


@login_required
@require_POST
def inbox_read(request: HttpRequest) -> HttpResponse:
    """Mark the notices one was shown as read."""
    newest = request.POST.get("up_to", "")
    if not (newest.isascii() and newest.isdigit()) or int(newest[:20]) > MOST_ID:
        raise Http404
    days.mark_read(request.user, up_to=int(newest), at=clock.of(request))
    return redirect("desk:my_day")


@login_required
@require_safe
def who(request: HttpRequest) -> HttpResponse:
    """Say who answers for what was typed, why, and how to reach them."""
    asked = " ".join(request.GET.get("q", "")[:200].replace("\0", "").split())
    found = directory.search(asked, user=request.user, at=clock.of(request)) if asked else []
    context = {"asked": asked, "first": found[0] if found else None, "others": found[1:]}
    return render(request, partial(request, "desk/who.html", "desk/partials/answers.html"), context)


@login_required
@permission_required("poc.add_absence", raise_exception=True)
@require_http_methods(["GET", "HEAD", "POST"])
def away(request: HttpRequest) -> HttpResponse:
    """Say that one will be away, and who answers meanwhile; for one's team or anybody, where one may."""
    people = _may_be_set_away(request)
    mine = people.filter(user=request.user).first()
    form = AwayForm(request.POST if request.method == "POST" else None, people=people, initial={"poc": mine})
    if request.method == "POST" and form.is_valid() and attempt(form, lambda: _set_away(request, form)):
        messages.success(request, _("Entered. It begins and ends by itself."))
        return redirect("desk:my_day")
    at = clock.of(request)
    planned = Absence.objects.filter(poc__in=people, ends_at__gt=at).select_related("poc", "cover")
    context = {"form": form, "mine": mine, "planned": planned.order_by("starts_at", "pk")[:50]}
    return render(request, "desk/away.html", context, status=422 if form.errors else 200)


@login_required
@permission_required("poc.add_absence", raise_exception=True)
@require_POST
def away_end(request: HttpRequest, pk: int) -> HttpResponse:
    """Let an absence end now; one that has not begun is taken back."""
    absence = get_object_or_404(Absence, pk=pk, poc__in=_may_be_set_away(request))
    end_absence(absence=absence, by=Actor.of(request), at=clock.of(request))
    messages.success(request, _("Back again."))
    return redirect("desk:away")


def _may_be_set_away(request: HttpRequest) -> QuerySet[PointOfContact]:
    """Oneself, those one leads, and, for account managers and administrators, anybody."""
    people = PointOfContact.objects.active().order_by("kind", "name_key", "pk")
    if request.user.has_perm("poc.change_assignment"):
        return people
    led = Q(user=request.user) | Q(home_team__lead__user=request.user) | Q(lead__user=request.user)
    return people.filter(led | Q(teams__team__lead__user=request.user)).distinct()


def _set_away(request: HttpRequest, form: AwayForm) -> Absence:
    values, at = form.cleaned_data, clock.of(request)
    starts_at, ends_at = form.period(at)
    return set_absence(
        poc=values["poc"], starts_at=starts_at, ends_at=ends_at, cover=values["cover"], reason=values["reason"],
        by=Actor.of(request), at=at,
    )  # fmt: skip


@sensitive_post_parameters("password")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def welcome(request: HttpRequest) -> HttpResponse:
    """Begin: the first administrator and the firm. Answers only while there is nobody."""
    if not set_up.is_wanted():
        return redirect("desk:my_day")
    form = WelcomeForm(
        request.POST if request.method == "POST" else None, initial={"language": translation.get_language() or "en"}
    )
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        own = {name: values[name] for name in ("name", "email", "password")}
        user = attempt(form, lambda: set_up.begin(house=form.house(), **own, at=clock.of(request)))
        if user:
            login(request, user, backend=settings.AUTHENTICATION_BACKENDS[0])
            if values["test_mail"]:
                _tell_about_mail(request, set_up.send_test_mail(user=user))
            return redirect("desk:welcome_colleagues")
    return render(request, "desk/welcome.html", {"form": form}, status=422 if form.errors else 200)


def _tell_about_mail(request: HttpRequest, failure: str) -> None:
    if failure:
        said = _("The test mail could not be sent: %(why)s. Reminders wait until the mail server answers.")
        messages.warning(request, said % {"why": failure})
    else:
        messages.success(request, _("A test mail is on its way to you."))


def _administrators_only(request: HttpRequest) -> None:
    if not (request.user.is_superuser or request.user.groups.filter(name=roles.ADMINISTRATOR).exists()):
        raise Http404


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def welcome_colleagues(request: HttpRequest) -> HttpResponse:
    """Invite colleagues by their addresses."""
    _administrators_only(request)
    form = ColleaguesForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        invited = attempt(form, lambda: _invite(request, form))
        if invited:
            _tell_about_invitations(request, invited)
            return redirect("desk:welcome_account")
    return render(request, "desk/welcome_colleagues.html", {"form": form}, status=422 if form.errors else 200)


def _invite(request: HttpRequest, form: ColleaguesForm) -> set_up.Invited:
    people = set_up.read_addresses(form.cleaned_data["addresses"])
    return set_up.invite(people=people, role=form.cleaned_data["role"], by=Actor.of(request), at=clock.of(request))


def _tell_about_invitations(request: HttpRequest, invited: set_up.Invited) -> None:
    n = len(invited.users)
    if n:
        messages.success(request, ngettext("%(n)s colleague invited.", "%(n)s colleagues invited.", n) % {"n": n})
    if invited.known:
        said = _("Here already: %(addresses)s") % {"addresses": ", ".join(invited.known[:10])}
        messages.info(request, said)
    if invited.unsent:
        said = _("No mail could be sent to %(addresses)s. They can ask for a password on the sign-in page.")
        messages.warning(request, said % {"addresses": ", ".join(invited.unsent[:10])})


@login_required
@permission_required("accounts.add_account", raise_exception=True)
@require_http_methods(["GET", "HEAD", "POST"])
def welcome_account(request: HttpRequest) -> HttpResponse:
    """Type the first account."""
    form = FirstAccountForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        account: Any = attempt(
            form, lambda: open_account(**form.cleaned_data, by=Actor.of(request), at=clock.of(request))
        )
        if account:
            messages.success(request, _("Saved. Say who answers for it, or log the first call."))
            return redirect(account)
    return render(request, "desk/welcome_account.html", {"form": form}, status=422 if form.errors else 200)
