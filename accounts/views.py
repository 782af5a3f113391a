"""Accounts: the list, the record, and its form."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.db.models import CharField, Count, DateTimeField, IntegerField, OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts import actions, keeping_in_touch
from accounts.forms import AccountFilter, AccountForm
from accounts.models import Account, AccountQuerySet
from contacts.models import Contact
from crm.core import clock
from crm.core.actor import Actor
from crm.core.forms import attempt, suggested
from crm.core.paging import LONG_AGO, Order, page
from crm.core.text import search_key
from crm.desk import record
from crm.desk.merging import is_merged
from crm.dossiers.models import Tier
from crm.poc.held import is_held_by
from crm.poc.seats import answering
from crm.poc.unanswered import unanswered
from crm.poc.visibility import pocs_of
from interactions import twins
from interactions.look_up import Match
from projects.models import Project

SHOWN = 12  # contacts and projects, on the page of their account
ORDERS = {
    "name": Order("dossier__title_key", CharField()),
    "tier": Order(Coalesce("dossier__tier__position", 10_000), IntegerField()),
    "touch": Order(Coalesce("last_touch_at", LONG_AGO), DateTimeField()),
}


@login_required
@permission_required("accounts.view_account", raise_exception=True)
@require_safe
def account_list(request: HttpRequest) -> HttpResponse:
    """Show the accounts one may see; the address holds what narrows and sorts them."""
    at = clock.of(request)
    tiers = list(Tier.objects.in_use())
    form = AccountFilter(request.GET, tiers=tiers)
    form.is_valid()
    accounts = _narrowed(Account.objects.visible_to(request.user), form.cleaned_data, request, at)
    sort = request.GET.get("sort", "name")
    sort = sort if sort.removeprefix("-") in ORDERS else "name"
    projects = Project.objects.running().filter(account=OuterRef("pk")).order_by().values("account")
    rows = accounts.for_list().annotate(n_projects=Subquery(projects.annotate(n=Count("pk")).values("n")))
    found = page(rows, orders=ORDERS, sort=sort, query=request.GET)
    ids = [account.pk for account in found]
    context = {
        "page": found,
        "filter": form,
        "sort": sort,
        "seats": answering(ids, at=at),
        "owed": record.next_owed(homes=ids),
        "is_narrowed": any(form.cleaned_data.values()),
    }
    return render(request, record.partial(request, "accounts/list.html", "accounts/partials/table.html"), context)


def _narrowed(accounts: AccountQuerySet, wanted: dict[str, str], request: HttpRequest, at: datetime) -> AccountQuerySet:
    accounts = accounts.archived() if wanted.get("archived") else accounts.current()
    if wanted.get("q"):
        accounts = accounts.filter(dossier__title_key__contains=search_key(wanted["q"]))
    if wanted.get("kind"):
        accounts = accounts.filter(kind=wanted["kind"])
    if wanted.get("tier"):
        accounts = accounts.filter(dossier__tier__code=wanted["tier"])
    if wanted.get("answers") == "mine":
        accounts = accounts.filter(is_held_by(pocs_of(request.user)))
    if wanted.get("answers") == "nobody":
        accounts = accounts.filter(unanswered(at, kind="account"))
    if wanted.get("touch") == "losing":
        accounts = accounts.filter(keeping_in_touch.is_overdue(at))
    return accounts


@login_required
@permission_required("accounts.view_account", raise_exception=True)
@require_safe
def account(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one account: who answers, what is owed, what happened."""
    shown = get_object_or_404(Account.objects.visible_to(request.user).for_list(), pk=pk)
    if is_merged(shown.dossier):
        return redirect("record", shown.dossier.home_id)
    if record.wants_older(request):
        return render(request, "partials/timeline_entries.html", record.timeline(request, shown.dossier))
    projects = Project.objects.running().filter(account=shown).for_list().order_by("dossier__title_key", "pk")
    theirs = Contact.objects.filter(account=shown).current()
    is_current = shown.dossier.archived_at is None
    context = record.context(request, shown.dossier, projects=projects[:SHOWN]) | {
        "account": shown,
        "theirs": theirs.for_rows().order_by("dossier__title_key", "pk")[:SHOWN],
        "mix": record.channel_mix(shown.dossier, at=clock.of(request)),
        "may_change": request.user.has_perm("accounts.change_account"),
        "may_add_contact": is_current and request.user.has_perm("contacts.add_contact"),
        "may_add_project": is_current and request.user.has_perm("projects.add_project"),
    }
    return render(request, "accounts/account.html", context)


@login_required
@permission_required("accounts.add_account", raise_exception=True)
@require_http_methods(["GET", "HEAD", "POST"])
def account_new(request: HttpRequest) -> HttpResponse:
    """Open an account."""
    form, like = AccountForm(request.POST or None, user=request.user), []
    if request.method == "POST" and form.is_valid():
        act = form.values() | {"by": Actor.of(request), "at": clock.of(request)}
        asked = {"told": request.POST.get(twins.TOLD, ""), "user": request.user, "at": act["at"]}
        like = twins.of_account(name=act["name"], website=act["website"], **asked)
        opened = None if like else attempt(form, lambda: actions.open_account(**act))
        if opened:
            messages.success(request, _("Saved."), extra_tags="saved:account-new")
            return redirect(opened)
    return render(
        request, "accounts/form.html", {"form": form, "draft": "account-new", "twins": like}, status=_status(form, like)
    )


@login_required
@permission_required("accounts.change_account", raise_exception=True)
@require_http_methods(["GET", "HEAD", "POST"])
def account_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change an account."""
    changed = get_object_or_404(Account.objects.visible_to(request.user).for_list(), pk=pk)
    form = AccountForm(request.POST or None, instance=changed, user=request.user)
    if request.method == "POST" and form.is_valid():
        saved = attempt(
            form,
            lambda: actions.change_account(
                account=changed, **form.values(), by=Actor.of(request), at=clock.of(request)
            ),
        )
        if saved:
            messages.success(request, _("Saved."))
            return redirect(saved)
    return render(request, "accounts/form.html", {"form": form, "account": changed}, status=_status(form))


@login_required
@require_safe
def account_names(request: HttpRequest) -> HttpResponse:
    """Suggest accounts while a name is typed."""
    rows = Account.objects.visible_to(request.user).current().select_related("dossier")
    return render(request, "partials/names.html", {"names": suggested(rows, request.GET.get("q", ""))})


def _status(form: AccountForm, like: Sequence[Match] = ()) -> int:
    return 422 if form.errors or like else 200
