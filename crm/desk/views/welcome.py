"""The first pages of an empty house."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.decorators import login_required, permission_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accounts.actions import open_account
from crm.core import clock
from crm.core.actor import Actor
from crm.core.forms import attempt
from crm.desk import set_up
from crm.desk.forms import ColleaguesForm, FirstAccountForm, WelcomeForm
from crm.users import roles


@sensitive_post_parameters("password")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def welcome(request: HttpRequest) -> HttpResponse:
    """Begin: the first administrator and the firm. Answers only while there is nobody."""
    if not set_up.is_wanted():
        return redirect("desk:my_day")
    key = request.POST.get("key") or request.GET.get("key", "")
    if not set_up.may_begin(key):
        return render(request, "desk/welcome_closed.html", status=403)
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
    return render(request, "desk/welcome.html", {"form": form, "key": key}, status=422 if form.errors else 200)


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
