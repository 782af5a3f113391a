"""Contacts: the list, the record, and its form."""

from __future__ import annotations

from collections.abc import Sequence

from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.db.models import CharField, DateTimeField, Exists, OuterRef, Q
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import Account
from contacts import actions
from contacts.forms import ContactFilter, ContactForm, EmployerForm
from contacts.models import Contact, ContactEmail, ContactPhone, ContactQuerySet, ContactRole
from crm.core import clock
from crm.core.actor import Actor
from crm.core.forms import attempt, suggested
from crm.core.paging import LONG_AGO, Order, page
from crm.core.text import digits, search_key
from crm.desk import record
from crm.poc.seats import answering
from interactions import employers, twins
from interactions.look_up import Match
from projects.models import Project

LEAST_DIGITS = 3  # from which on a search looks among phone numbers
ORDERS = {
    "name": Order("dossier__title_key", CharField()),
    "account": Order(Coalesce("account__dossier__title_key", "dossier__title_key"), CharField()),
    "touch": Order(Coalesce("last_touch_at", LONG_AGO), DateTimeField()),
}


@login_required
@permission_required("contacts.view_contact", raise_exception=True)
@require_safe
def contact_list(request: HttpRequest) -> HttpResponse:
    """Show the contacts one may see; the address holds what narrows and sorts them."""
    form = ContactFilter(request.GET, roles=list(ContactRole.objects.in_use()))
    form.is_valid()
    contacts = _narrowed(Contact.objects.visible_to(request.user), form.cleaned_data)
    sort = request.GET.get("sort", "name")
    sort = sort if sort.removeprefix("-") in ORDERS else "name"
    found = page(contacts.for_rows(), orders=ORDERS, sort=sort, query=request.GET)
    ids = [contact.pk for contact in found]
    context = {
        "page": found,
        "filter": form,
        "sort": sort,
        "seats": answering(ids, at=clock.of(request)),
        "owed": record.next_owed(dossiers=ids),
        "is_narrowed": any(form.cleaned_data.values()),
    }
    return render(request, record.partial(request, "contacts/list.html", "contacts/partials/table.html"), context)


def _narrowed(contacts: ContactQuerySet, wanted: dict[str, str]) -> ContactQuerySet:
    contacts = contacts.archived() if wanted.get("archived") else contacts.current()
    if wanted.get("role"):
        contacts = contacts.filter(Exists(ContactRole.contacts.through.objects.filter(
            contact_id=OuterRef("pk"), contactrole__code=wanted["role"])))  # fmt: skip
    text = wanted.get("q", "")
    if text:
        found = Q(dossier__title_key__contains=search_key(text))
        if "@" in text:
            found |= Exists(ContactEmail.objects.filter(contact=OuterRef("pk"), address_key__contains=text.lower()))
        if len(digits(text)) >= LEAST_DIGITS:
            found |= Exists(ContactPhone.objects.filter(contact=OuterRef("pk"), digits__contains=digits(text)))
        contacts = contacts.filter(found)
    return contacts


@login_required
@permission_required("contacts.view_contact", raise_exception=True)
@require_safe
def contact(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one contact: how to reach them, who answers, what is owed, what happened."""
    shown = get_object_or_404(Contact.objects.visible_to(request.user).for_page(), pk=pk)
    if record.wants_older(request):
        return render(request, "partials/timeline_entries.html", record.timeline(request, shown.dossier))
    stakes = Project.objects.filter(stakeholders__contact=shown).visible_to(request.user).for_list()
    context = record.context(request, shown.dossier) | {
        "contact": shown,
        "stakes": stakes.distinct().order_by("dossier__title_key", "pk")[:12],
        "may_change": request.user.has_perm("contacts.change_contact"),
    }
    return render(request, "contacts/contact.html", context)


@login_required
@permission_required("contacts.add_contact", raise_exception=True)
@require_http_methods(["GET", "HEAD", "POST"])
def contact_new(request: HttpRequest) -> HttpResponse:
    """Open a contact; `?account=` names where."""
    account = record.preset(Account.objects.visible_to(request.user), request.GET.get("account"))
    form, like = ContactForm(request.POST or None, user=request.user, initial={"account": account}), []
    if request.method == "POST" and form.is_valid():
        act = form.values() | {"by": Actor.of(request), "at": clock.of(request)}
        asked = {"told": request.POST.get(twins.TOLD, ""), "user": request.user, "at": act["at"]}
        who = {name: act[name] for name in ("name", "account", "emails", "phones")}
        like = twins.of_contact(**who, **asked)
        opened = None if like else attempt(form, lambda: actions.open_contact(**act))
        if opened:
            messages.success(request, _("Saved."), extra_tags="saved:contact-new")
            return redirect(opened)
    return render(
        request, "contacts/form.html", {"form": form, "draft": "contact-new", "twins": like}, status=_status(form, like)
    )


@login_required
@permission_required("contacts.change_contact", raise_exception=True)
@require_http_methods(["GET", "HEAD", "POST"])
def contact_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change a contact."""
    changed = get_object_or_404(Contact.objects.visible_to(request.user).for_list(), pk=pk)
    form = ContactForm(request.POST or None, instance=changed, user=request.user)
    if request.method == "POST" and form.is_valid():
        saved = attempt(
            form,
            lambda: actions.change_contact(
                contact=changed, **form.values(), by=Actor.of(request), at=clock.of(request)
            ),
        )
        if saved:
            messages.success(request, _("Saved."))
            return redirect(saved)
    return render(request, "contacts/form.html", {"form": form, "contact": changed}, status=_status(form))


@login_required
@permission_required("contacts.change_contact", raise_exception=True)
@require_http_methods(["GET", "HEAD", "POST"])
def contact_employer(request: HttpRequest, pk: int) -> HttpResponse:
    """Let a contact be at another account from now on."""
    rows = Contact.objects.visible_to(request.user).current().for_list()
    changed = get_object_or_404(rows, pk=pk)
    owed, parts = employers.owed_about(changed), employers.parts_at(changed)
    given = {"user": request.user, "contact": changed, "n_owed": len(owed), "n_parts": len(parts)}
    form = EmployerForm(request.POST if request.method == "POST" else None, **given)
    if request.method == "POST" and form.is_valid():
        act = {"contact": changed, **form.values(), "by": Actor.of(request), "at": clock.of(request)}
        moved = attempt(form, lambda: employers.change_employer(**act))
        if moved:
            messages.success(
                request, _("%(name)s has moved. What happened so far stays where it was.") % {"name": moved}
            )
            return redirect(moved if _is_seen(request, moved) else "contacts:list")
    context = {"form": form, "contact": changed, "owed": owed, "parts": parts}
    return render(request, "contacts/employer.html", context, status=422 if form.errors else 200)


def _is_seen(request: HttpRequest, moved: Contact) -> bool:
    return Contact.objects.visible_to(request.user).filter(pk=moved.pk).exists()


@login_required
@require_safe
def contact_names(request: HttpRequest) -> HttpResponse:
    """Suggest contacts while a name is typed."""
    rows = Contact.objects.visible_to(request.user).current().select_related("dossier")
    return render(request, "partials/names.html", {"names": suggested(rows, request.GET.get("q", ""))})


def _status(form: ContactForm, like: Sequence[Match] = ()) -> int:
    return 422 if form.errors or like else 200
