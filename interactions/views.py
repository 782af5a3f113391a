"""Touches: the quick-log, the list, one of them, callers to sort, follow-ups to plan."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.core.exceptions import PermissionDenied
from django.db.models import DateTimeField
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_htmx.http import HttpResponseClientRedirect

from contacts.models import Contact
from crm.commitments.forms import PassOnForm
from crm.core import clock
from crm.core.actor import Actor
from crm.core.forms import attempt
from crm.core.paging import Order, page
from crm.core.refusals import Refused
from crm.core.templatetags.moments import moment_words
from crm.desk.record import partial, with_owners
from crm.dossiers import timeline
from crm.dossiers.models import Channel, Topic
from crm.poc import words
from crm.poc.models import PointOfContact
from crm.poc.visibility import visible_dossiers
from interactions import correcting, corrections, due, passing, quick_log, updates
from interactions.follow_ups import NewFollowUp, plan
from interactions.forms import CorrectForm, FollowUpForm, InteractionFilter, SortForm, UpdateForm
from interactions.log_request import LogRequest, place_to_return
from interactions.look_up import find
from interactions.models import Interaction
from interactions.reasons import answer_of

ORDERS = {"when": Order("occurred_at", DateTimeField())}
NUMBER = 18  # digits of an id


@login_required
@permission_required("interactions.add_interaction", raise_exception=True)
@require_http_methods(["GET", "HEAD", "POST"])
def log(request: HttpRequest) -> HttpResponse:
    """Log a touch: who, how it went, what follows. `?record=` is whom it is about; `?caller=` somebody new."""
    asked = LogRequest(request)
    if request.method != "POST":
        return _log_page(request, asked)
    logged = asked.save()
    if logged is None:
        return _log_page(request, asked, status=422)
    toast = render_to_string("interactions/partials/saved.html", {"logged": logged, "back": asked.back}, request)
    key = logged.interaction.client_key
    messages.success(request, toast, extra_tags=f"saved:{key}" if key else "")
    return HttpResponseClientRedirect(asked.back) if request.htmx else redirect(asked.back)


@login_required
@permission_required("interactions.add_interaction", raise_exception=True)
@require_POST
def log_form(request: HttpRequest) -> HttpResponse:
    """Show the same form for another channel, direction, contact, project or topic. Saves nothing."""
    return _log_page(request, LogRequest(request, checked=False))


def _log_page(request: HttpRequest, asked: LogRequest, status: int = 200) -> HttpResponse:
    template = "log" if asked.has_somebody else "who"
    found = [] if asked.has_somebody else find(asked.asked, user=request.user, at=asked.at)
    part = f"interactions/partials/{template}.html"
    context = asked.context() | {"matches": found, "asked": asked.asked, "part": part}
    return render(request, part if request.htmx else "interactions/log.html", context, status=status)


@login_required
@permission_required("interactions.add_interaction", raise_exception=True)
@require_safe
def log_who(request: HttpRequest) -> HttpResponse:
    """Find who is on the line while somebody types."""
    asked = request.GET.get("q", "")[:200]
    matches = find(asked, user=request.user, at=clock.of(request))
    context = {"matches": matches, "asked": asked, "direction": quick_log.OUT, "back": place_to_return(request)}
    if request.GET.get("direction") == quick_log.IN:
        context["direction"] = quick_log.IN
    return render(request, "interactions/partials/found.html", context)


@login_required
@require_safe
def log_due(request: HttpRequest) -> HttpResponse:
    """Say which moment plain words mean, and who will answer then."""
    asked = LogRequest(request, checked=False)
    text = " ".join(request.GET.get("due", "").split())
    context: dict[str, Any] = {"empty": not text}
    if text:
        try:
            said = asked.read_due(text[: due.LONGEST])
            context |= {"moment": said.moment, "poc": said.poc, "past": said.moment < asked.at, "recurs": said.recurs}
        except (due.Unreadable, due.TooFar):
            context["unreadable"] = True
    return render(request, "interactions/partials/due_line.html", context)


@login_required
@permission_required("interactions.view_interaction", raise_exception=True)
@require_safe
def interaction_list(request: HttpRequest) -> HttpResponse:
    """Show the touches one may see, newest first; the address holds what narrows them."""
    channels = list(Channel.objects.in_use())
    form = InteractionFilter(request.GET, channels=channels)
    form.is_valid()
    wanted = {name: value for name, value in form.cleaned_data.items() if value}
    rows = Interaction.objects.visible_to(request.user).current()
    rows = rows.filter(**{FILTERS[name]: value for name, value in wanted.items() if name in FILTERS})
    if wanted.get("within"):
        rows = rows.filter(occurred_at__gte=clock.of(request) - timedelta(days=wanted["within"]))
    if wanted.get("by"):
        rows = rows.filter(logged_by=request.user)
    found = page(rows.for_list(), orders=ORDERS, sort="-when", query=request.GET)
    context = {"page": found, "filter": form, "is_narrowed": bool(wanted)}
    return render(request, partial(request, "interactions/list.html", "interactions/partials/table.html"), context)


FILTERS = {"channel": "channel__code", "direction": "direction"}


@login_required
@permission_required("interactions.view_interaction", raise_exception=True)
@require_safe
def to_sort(request: HttpRequest) -> HttpResponse:
    """Show the touches of callers nobody knew, newest first."""
    rows = Interaction.objects.visible_to(request.user).current().to_sort().for_list()
    found = page(rows, orders=ORDERS, sort="-when", query=request.GET)
    return render(request, "interactions/to_sort.html", {"page": found})


@login_required
@permission_required("interactions.view_interaction", raise_exception=True)
@require_safe
def interaction(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one touch: what was said, with whom, who answered then and why, what followed."""
    shown = get_object_or_404(Interaction.objects.visible_to(request.user).for_list(), pk=pk)
    return _interaction_page(request, shown)


@login_required
@permission_required("commitments.change_commitment", raise_exception=True)
@require_POST
def pass_on(request: HttpRequest, pk: int) -> HttpResponse:
    """Let a specialist solve what a touch is about, while whoever answers keeps talking to the customer."""
    rows = Interaction.objects.visible_to(request.user).current().for_list()
    shown = get_object_or_404(rows.filter(dossier__in=visible_dossiers(request.user)), pk=pk)
    form = PassOnForm(request.POST)
    if form.is_valid():
        act = {"interaction": shown, **form.cleaned_data, "by": Actor.of(request), "at": clock.of(request)}
        passed = attempt(form, lambda: passing.pass_on_touch(**act))
        if passed:
            name = form.cleaned_data["to"].name
            messages.success(request, _("%(name)s has it now. They and whoever answers are told.") % {"name": name})
            return redirect("owed:item", passed.pk)
    return _interaction_page(request, shown, form)


def _interaction_page(request: HttpRequest, shown: Interaction, form: PassOnForm | None = None) -> HttpResponse:
    at = clock.of(request)
    answer = answer_of(shown)
    seen = visible_dossiers(request.user).filter(pk=shown.dossier_id).exists()
    context = {
        "interaction": shown,
        "path": words.path(answer, words.load([answer])) if seen else [],
        "is_seen": seen,
        "follow_ups": shown.follow_ups.for_list() if seen else [],
        "owed": with_owners(passing.opened_by(shown), at=at) if seen else [],
        "pass_on_form": form or PassOnForm(),
        "may_pass_on": seen and shown.withdrawn_at is None and request.user.has_perm("commitments.change_commitment"),
        "may_undo": corrections.may_undo(shown, request.user, at),
        "may_correct": correcting.may_correct(shown, request.user),
        "corrected": correcting.told(shown),
        "is_late": shown.logged_at - shown.occurred_at > timeline.LATE,
        "to_sort": not any((shown.contact_id, shown.account_id, shown.project_id)),
    }
    return render(request, "interactions/interaction.html", context, status=422 if form else 200)


@login_required
@permission_required("interactions.add_interaction", raise_exception=True)
@require_POST
def undo(request: HttpRequest, pk: int) -> HttpResponse:
    """Take back what was just logged."""
    shown = get_object_or_404(Interaction.objects.visible_to(request.user), pk=pk)
    try:
        corrections.undo(interaction=shown, by=Actor.of(request), at=clock.of(request))
        messages.success(request, _("Undone. What it settled is owed again."))
    except Refused as error:
        messages.error(request, " ".join(error.messages))
    return redirect(place_to_return(request))


@login_required
@permission_required("interactions.add_interaction", raise_exception=True)
@require_http_methods(["GET", "HEAD", "POST"])
def correct(request: HttpRequest, pk: int) -> HttpResponse:
    """Let a touch say what it should have said, and lie where it belongs."""
    shown = get_object_or_404(Interaction.objects.visible_to(request.user).current().for_list(), pk=pk)
    if not correcting.may_correct(shown, request.user):
        raise PermissionDenied
    data = request.POST if request.method == "POST" else None
    form = CorrectForm(data, interaction=shown, user=request.user)
    if request.method == "POST" and form.is_valid():
        act = {"interaction": shown, **form.values(), "by": Actor.of(request), "at": clock.of(request)}
        if attempt(form, lambda: correcting.correct(**act)):
            messages.success(request, _("Corrected. What it said before is kept below."))
            return redirect(shown)
    context = {"form": form, "interaction": shown}
    return render(request, "interactions/correct.html", context, status=422 if form.errors else 200)


@login_required
@permission_required("interactions.add_interaction", raise_exception=True)
@require_http_methods(["GET", "HEAD", "POST"])
def put(request: HttpRequest, pk: int) -> HttpResponse:
    """Put the touch of a caller nobody knew to a record."""
    shown = get_object_or_404(Interaction.objects.visible_to(request.user).current().to_sort().for_list(), pk=pk)
    form = SortForm(request.POST if request.method == "POST" else None, user=request.user)
    if request.method == "POST" and form.is_valid():
        done = attempt(
            form,
            lambda: corrections.put_to_record(
                interaction=shown, **form.cleaned_data, by=Actor.of(request), at=clock.of(request)
            ),
        )
        if done:
            messages.success(request, _("Sorted."))
            return redirect("interactions:to_sort")
    matches = [m for m in find(shown.caller, user=request.user, at=clock.of(request)) if m.is_visible]
    context = {"interaction": shown, "form": form, "matches": [m for m in matches if m.dossier.kind != "project"]}
    return render(request, "interactions/put.html", context, status=422 if form.errors else 200)


@login_required
@permission_required("interactions.add_followup", raise_exception=True)
@require_http_methods(["GET", "HEAD", "POST"])
def follow_up_new(request: HttpRequest) -> HttpResponse:
    """Plan what is to be done next on a record, `?record=`."""
    dossier = _named(visible_dossiers(request.user).current().select_related("parent"), request)
    at = clock.of(request)
    general = Topic.objects.get(code=Topic.GENERAL)
    contacts = Contact.objects.filter(dossier__home=dossier.home_id).current().select_related("dossier")

    def reader(text: str) -> quick_log.When:
        return quick_log.read_due(text, place=dossier, topic=general, at=at)

    initial = {"topic": general, "contact": dossier.pk if dossier.kind == "contact" else None}
    data = request.POST if request.method == "POST" else None
    form = FollowUpForm(data, reader=reader, contacts=contacts, initial=initial)
    if request.method == "POST" and form.is_valid():
        done = attempt(form, lambda: _plan(request, form, dossier))
        if done:
            messages.success(request, _("Planned."), extra_tags=f"saved:follow-up-{dossier.pk}")
            return redirect(dossier)
    context = {"form": form, "record": dossier}
    return render(request, "interactions/follow_up.html", context, status=422 if form.errors else 200)


def _named(rows: Any, request: HttpRequest) -> Any:
    number = request.GET.get("record", "")
    if not (number.isascii() and number.isdigit() and len(number) <= NUMBER):
        raise Http404
    return get_object_or_404(rows, pk=number)


def _plan(request: HttpRequest, form: FollowUpForm, dossier: Any) -> Any:
    values = form.cleaned_data
    poc: PointOfContact | None = values["poc"]
    new = NewFollowUp(
        due_at=values["due"].moment, title=values["what"], text=values["text"], poc=poc, place=values["place"],
        recurs=values["repeats"] or values["due"].recurs,
    )  # fmt: skip
    return plan(
        new=new, dossier=dossier, topic=values["topic"], contact=values["contact"], channel=values["channel"],
        by=Actor.of(request), at=clock.of(request),
    )  # fmt: skip


@login_required
@permission_required("interactions.add_followup", raise_exception=True)
@require_http_methods(["GET", "HEAD", "POST"])
def update_new(request: HttpRequest) -> HttpResponse:
    """Promise contacts of a record, `?record=`, to tell them how it stands. `?find=` offers those of such a name."""
    dossier = _named(visible_dossiers(request.user).current().select_related("parent"), request)
    at = clock.of(request)
    general = Topic.objects.get(code=Topic.GENERAL)
    contacts = updates.offered_to(dossier).visible_to(request.user)

    def reader(text: str) -> quick_log.When:
        return quick_log.read_due(text, place=dossier, topic=general, at=at)

    data = request.POST if request.method == "POST" else None
    text, ticked = request.GET.get("find", ""), (data or request.GET).getlist("to")
    if data is None and "find" not in request.GET and dossier.kind == "contact":
        ticked = [str(dossier.pk)]
    offer = updates.offer(contacts, ticked=ticked, text=text)
    initial = {"topic": general, "to": ticked}
    form = UpdateForm(data, reader=reader, contacts=contacts, offered=offer.people, initial=initial)
    if form.is_bound and form.is_valid():
        promised = _promise_update(request, form, dossier)
        if promised:
            said = _("Promised by %(moment)s.") % {"moment": moment_words(promised.due_at, at)}
            messages.success(request, said, extra_tags=f"saved:update-{dossier.pk}")
            return redirect(dossier)
    context = {"form": form, "record": dossier, "offer": offer, "find": text}
    if request.htmx.trigger_name == "find":
        return render(request, "interactions/partials/update_to.html", context)
    return _update_page(request, context, general)


def _promise_update(request: HttpRequest, form: UpdateForm, dossier: Any) -> Any:
    values = form.cleaned_data
    new = updates.NewUpdate(values["to"], values["what"], values["due"], values["poc"])
    act = {"new": new, "dossier": dossier, "topic": values["topic"]}
    return attempt(form, lambda: updates.promise(**act, by=Actor.of(request), at=clock.of(request)))


def _update_page(request: HttpRequest, context: dict[str, Any], general: Topic) -> HttpResponse:
    form, record, offer = context["form"], context["record"], context["offer"]
    context |= {
        "usual": updates.usual_moment(record, general, at=clock.of(request)),
        "is_anybody_there": bool(offer.people or context["find"]),
        "home": str(record.home_id),
    }
    return render(request, "interactions/update.html", context, status=422 if form.errors else 200)
