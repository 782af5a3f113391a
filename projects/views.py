"""Projects: the list, the record, its form and its stakeholders."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.db.models import CharField, DateField, Q, Value
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import Account
from crm.core import clock
from crm.core.actor import Actor
from crm.core.forms import attempt
from crm.core.paging import FAR_AWAY, Order, page
from crm.core.text import search_key
from crm.desk import matrix, record
from crm.poc.held import is_held_by
from crm.poc.seats import answering
from crm.poc.unanswered import unanswered
from crm.poc.visibility import pocs_of
from projects import actions
from projects.forms import ProjectFilter, ProjectForm, StakeholderForm
from projects.models import Project, ProjectQuerySet, Stakeholder

ORDERS = {
    "name": Order("dossier__title_key", CharField()),
    "account": Order("account__dossier__title_key", CharField()),
    "phase": Order("phase", CharField()),
    "ends": Order(Coalesce("ends_on", Value(FAR_AWAY, output_field=DateField())), DateField()),
}


@login_required
@permission_required("projects.view_project", raise_exception=True)
@require_safe
def project_list(request: HttpRequest) -> HttpResponse:
    """Show the projects one may see; the address holds what narrows and sorts them."""
    form = ProjectFilter(request.GET)
    form.is_valid()
    projects = _narrowed(Project.objects.visible_to(request.user), form.cleaned_data, request)
    sort = request.GET.get("sort", "name")
    sort = sort if sort.removeprefix("-") in ORDERS else "name"
    found = page(projects.for_list(), orders=ORDERS, sort=sort, query=request.GET)
    ids = [project.pk for project in found]
    context = {
        "page": found,
        "filter": form,
        "sort": sort,
        "seats": answering(ids, at=clock.of(request)),
        "owed": record.next_owed(dossiers=ids),
        "is_narrowed": any(form.cleaned_data.values()),
    }
    return render(request, record.partial(request, "projects/list.html", "projects/partials/table.html"), context)


def _narrowed(projects: ProjectQuerySet, wanted: dict[str, str], request: HttpRequest) -> ProjectQuerySet:
    projects = projects.archived() if wanted.get("archived") else projects.current()
    if wanted.get("q"):
        key = search_key(wanted["q"])
        named = Q(dossier__title_key__contains=key) | Q(account__dossier__title_key__contains=key)
        projects = projects.filter(named)
    phase = wanted.get("phase")
    if phase in Project.Phase.values:
        projects = projects.filter(phase=phase)
    elif phase != "all" and not wanted.get("archived"):
        projects = projects.running()
    if wanted.get("answers") == "mine":
        projects = projects.filter(is_held_by(pocs_of(request.user)))
    if wanted.get("answers") == "nobody":
        projects = projects.filter(unanswered(clock.of(request), kind="project"))
    return projects


@login_required
@permission_required("projects.view_project", raise_exception=True)
@require_safe
def project(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one project: who answers for what on both sides, what is owed, what happened."""
    shown = get_object_or_404(Project.objects.visible_to(request.user).for_list(), pk=pk)
    if record.wants_older(request):
        return render(request, "partials/timeline_entries.html", record.timeline(request, shown.dossier))
    stakeholders = list(Stakeholder.objects.filter(project=shown).for_list().order_by("pk"))
    context = record.context(request, shown.dossier, all_topics=True)
    context |= matrix.context(
        shown, seats=context["seats"], stakeholders=stakeholders, items=context["items"], at=clock.of(request)
    )
    context |= {
        "stakeholders": stakeholders,
        "may_change": request.user.has_perm("projects.change_project"),
        "may_add_stakeholder": shown.dossier.archived_at is None and request.user.has_perm("projects.add_stakeholder"),
    }
    return render(request, "projects/project.html", context)


@login_required
@permission_required("projects.add_project", raise_exception=True)
@require_http_methods(["GET", "HEAD", "POST"])
def project_new(request: HttpRequest) -> HttpResponse:
    """Open a project; `?account=` names for whom."""
    account = record.preset(Account.objects.visible_to(request.user), request.GET.get("account"))
    form = ProjectForm(request.POST or None, user=request.user, initial={"account": account})
    if request.method == "POST" and form.is_valid():
        opened = attempt(
            form, lambda: actions.open_project(**form.values(), by=Actor.of(request), at=clock.of(request))
        )
        if opened:
            messages.success(request, _("Saved."), extra_tags="saved:project-new")
            return redirect(opened)
    return render(request, "projects/form.html", {"form": form, "draft": "project-new"}, status=_status(form))


@login_required
@permission_required("projects.change_project", raise_exception=True)
@require_http_methods(["GET", "HEAD", "POST"])
def project_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change a project."""
    changed = get_object_or_404(Project.objects.visible_to(request.user).for_list(), pk=pk)
    form = ProjectForm(request.POST or None, instance=changed, user=request.user)
    if request.method == "POST" and form.is_valid():
        saved = attempt(
            form,
            lambda: actions.change_project(
                project=changed, **form.values(), by=Actor.of(request), at=clock.of(request)
            ),
        )
        if saved:
            messages.success(request, _("Saved."))
            return redirect(saved)
    return render(request, "projects/form.html", {"form": form, "project": changed}, status=_status(form))


@login_required
@permission_required("projects.add_stakeholder", raise_exception=True)
@require_http_methods(["GET", "HEAD", "POST"])
def stakeholder_new(request: HttpRequest, pk: int) -> HttpResponse:
    """Give a contact a part in the project."""
    changed = get_object_or_404(Project.objects.visible_to(request.user).for_list(), pk=pk)
    form = StakeholderForm(request.POST or None, user=request.user)
    if request.method == "POST" and form.is_valid():
        added = attempt(
            form,
            lambda: actions.add_stakeholder(
                project=changed, **form.cleaned_data, by=Actor.of(request), at=clock.of(request)
            ),
        )
        if added:
            messages.success(request, _("Saved."))
            return redirect(changed)
    return render(request, "projects/stakeholder.html", {"form": form, "project": changed}, status=_status(form))


@login_required
@permission_required("projects.change_stakeholder", raise_exception=True)
@require_POST
def stakeholder_remove(request: HttpRequest, pk: int, stakeholder_pk: int) -> HttpResponse:
    """Take a contact's part in the project away; a second time nothing happens."""
    changed = get_object_or_404(Project.objects.visible_to(request.user), pk=pk)
    found = Stakeholder.objects.filter(project=changed, pk=stakeholder_pk).select_related(
        "role", "contact__dossier", "project__dossier"
    )
    for stakeholder in found:
        actions.remove_stakeholder(stakeholder=stakeholder, by=Actor.of(request), at=clock.of(request))
        messages.success(request, _("Removed."))
    return redirect(changed)


def _status(form: ProjectForm | StakeholderForm) -> int:
    return 422 if form.errors else 200
