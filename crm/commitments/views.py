"""Act on something owed: thin doors to the acts, from My day, a record or the thing's own page."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from crm.commitments import actions, arithmetic, waiting
from crm.commitments.forms import CancelForm, HandBackForm, PassOnForm, ReassignForm, SnoozeForm, WaitForm
from crm.commitments.last_act import last_act
from crm.commitments.mail import background
from crm.commitments.models import Commitment, Kind
from crm.commitments.planning.steps import Coming, steps_of
from crm.commitments.telling import told
from crm.core import clock
from crm.core.actor import Actor
from crm.core.forms import refuse
from crm.core.refusals import Refused
from crm.core.templatetags.moments import moment_words
from crm.desk.record import with_owners
from crm.poc.calendars import house_working_time, working_times
from crm.poc.models import PointOfContact
from interactions import due, passing, updates

Act = Callable[[Commitment], Commitment]


@login_required
@permission_required("commitments.view_commitment", raise_exception=True)
@require_safe
def item(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one thing owed, with everything that can be done about it; a handover is decided on its own page."""
    owed = _owed(request, pk)
    return redirect("handovers:of_owed", pk) if owed.kind == Kind.HANDOVER else _item_page(request, owed)


@login_required
@permission_required("commitments.change_commitment", raise_exception=True)
@require_POST
def done(request: HttpRequest, pk: int) -> HttpResponse:
    """Say that it is done; what recurs is owed for the next time, unless it was the last.

    `due` is which time of it the page showed, so that a page left open does not skip one.
    """
    meant = {"for_good": "for_good" in request.POST, "due_at": _shown(request.POST.get("due", ""))}

    def said(kept: Commitment) -> str:
        if kept.is_closed:
            return _("Done.")
        return _("Done. Owed again %(moment)s.") % {"moment": moment_words(kept.due_at, clock.of(request))}

    return _perform(request, pk, lambda c: actions.keep(commitment=c, **meant, **_by(request)), said)


@login_required
@permission_required("commitments.change_commitment", raise_exception=True)
@require_POST
def acknowledge(request: HttpRequest, pk: int) -> HttpResponse:
    """Say that one is on it."""
    return _perform(request, pk, lambda c: actions.acknowledge(commitment=c, **_by(request)), _("You are on it."))


@login_required
@permission_required("commitments.change_commitment", raise_exception=True)
@require_POST
def snooze(request: HttpRequest, pk: int) -> HttpResponse:
    """Be quiet until a moment, said in plain words."""
    form = SnoozeForm(request.POST)
    until = _moment(request, form)
    if until is None:
        return _item_page(request, _owed(request, pk), snooze_form=form)
    said = _("Quiet until %(moment)s.") % {"moment": moment_words(until, clock.of(request))}
    return _perform(
        request, pk, lambda c: actions.snooze(commitment=c, until=until, **_by(request)), said, snooze_form=form
    )


@login_required
@permission_required("commitments.change_commitment", raise_exception=True)
@require_POST
def wait(request: HttpRequest, pk: int) -> HttpResponse:
    """Stop its clock until the customer answers."""
    form = WaitForm(request.POST)
    if not form.is_valid():
        return _item_page(request, _owed(request, pk), wait_form=form)
    said = _("Waiting for the customer: its time stands still until they answer.")
    reason = form.cleaned_data["reason"]
    return _perform(request, pk, lambda c: waiting.wait(commitment=c, reason=reason, **_by(request)), said)


@login_required
@permission_required("commitments.change_commitment", raise_exception=True)
@require_POST
def resume(request: HttpRequest, pk: int) -> HttpResponse:
    """Let it go on with the time that was left."""

    def said(resumed: Commitment) -> str:
        return _("It goes on, due %(moment)s.") % {"moment": moment_words(resumed.due_at, clock.of(request))}

    return _perform(request, pk, lambda c: waiting.resume(commitment=c, **_by(request)), said)


@login_required
@permission_required("commitments.change_commitment", raise_exception=True)
@require_POST
def reassign(request: HttpRequest, pk: int) -> HttpResponse:
    """Give it to somebody else by name."""
    form = ReassignForm(request.POST)
    if not form.is_valid():
        return _item_page(request, _owed(request, pk), reassign_form=form)
    poc = form.cleaned_data["poc"]
    said = _("%(name)s has it now, and is told.") % {"name": poc.name}
    return _perform(
        request, pk, lambda c: actions.reassign(commitment=c, poc=poc, **_by(request)), said, reassign_form=form
    )


@login_required
@permission_required("commitments.change_commitment", raise_exception=True)
@require_POST
def pass_on(request: HttpRequest, pk: int) -> HttpResponse:
    """Let a specialist solve it, while whoever answers keeps talking to the customer."""
    form = PassOnForm(request.POST)
    if not form.is_valid():
        return _item_page(request, _owed(request, pk), pass_on_form=form)
    values = form.cleaned_data
    said = _("%(name)s has it now. They and whoever answers are told.") % {"name": values["to"].name}
    return _perform(
        request, pk, lambda c: passing.pass_on(commitment=c, **values, **_by(request)), said, pass_on_form=form
    )


@login_required
@permission_required("commitments.change_commitment", raise_exception=True)
@require_POST
def hand_back(request: HttpRequest, pk: int) -> HttpResponse:
    """Bring it back solved to whoever answers."""
    form = HandBackForm(request.POST)
    if not form.is_valid():
        return _item_page(request, _owed(request, pk), hand_back_form=form)
    said = _("Handed back. Whoever answers is told, and tells the customer.")
    return _perform(
        request, pk, lambda c: passing.hand_back(commitment=c, **form.cleaned_data, **_by(request)), said,
        hand_back_form=form,
    )  # fmt: skip


@login_required
@permission_required("commitments.change_commitment", raise_exception=True)
@require_POST
def cancel(request: HttpRequest, pk: int) -> HttpResponse:
    """Say that it is not owed any more."""
    form = CancelForm(request.POST)
    if not form.is_valid():
        return _item_page(request, _owed(request, pk), cancel_form=form)
    reason = form.cleaned_data["reason"]
    return _perform(
        request, pk, lambda c: actions.cancel(commitment=c, reason=reason, **_by(request)), _("No longer owed.")
    )


def _updated(owed: Commitment) -> list[tuple[str, bool]]:
    """To whom an update was promised, and whether they have been reached since."""
    if owed.kind != Kind.NEXT_UPDATE:
        return []
    reached = updates.reached_since([owed])[owed.pk]
    people = owed.addressees.order_by("title_key", "pk")
    return [(person.title, person.pk in reached) for person in people]


def _owed(request: HttpRequest, pk: int) -> Commitment:
    rows = Commitment.objects.visible_to(request.user).for_list()
    return get_object_or_404(rows.select_related("follow_up__channel", "follow_up__contact__dossier"), pk=pk)


def _shown(text: str) -> datetime | None:
    """Read the moment that a page wrote into its form."""
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _by(request: HttpRequest) -> dict[str, object]:
    return {"by": Actor.of(request), "at": clock.of(request)}


def _moment(request: HttpRequest, form: SnoozeForm) -> datetime | None:
    """Read the words in the working time of whoever acts; what cannot be read is the field's error."""
    if not form.is_valid():
        return None
    mine = PointOfContact.objects.of_user(request.user).values_list("pk", flat=True).first()
    working = working_times([mine])[mine] if mine else house_working_time()
    try:
        return due.read(form.cleaned_data["until"], at=clock.of(request), working=working)
    except due.TooFar:
        form.add_error("until", _("That moment is too far away."))
    except due.Unreadable:
        form.add_error("until", _("Say it as: tomorrow 9, in 3 working days, fri 14:00, or 2026-12-24."))
    return None


def _perform(
    request: HttpRequest, pk: int, act: Act, said: str | Callable[[Commitment], str], **forms: Form
) -> HttpResponse:
    """Do it; htmx gets the row as it is now, others go back to where they came from."""
    owed = _owed(request, pk)
    try:
        done = act(owed)
    except Refused as error:
        if forms and not request.htmx:
            for form in forms.values():
                refuse(form, error)
            return _item_page(request, owed, **forms)
        messages.error(request, " ".join(error.messages))
    else:
        messages.success(request, said if isinstance(said, str) else said(done))
    if request.htmx:
        context = {
            "item": with_owners([_owed(request, pk)], at=clock.of(request))[0],
            "shown": request.POST.get("shown"),
        }
        return render(request, "commitments/partials/acted.html", context)
    return redirect(_next(request) or owed.dossier.get_absolute_url())


def _next(request: HttpRequest) -> str:
    """Return the page the act was done on, when it is one of ours."""
    wanted = request.POST.get("next", "")
    return wanted if url_has_allowed_host_and_scheme(wanted, allowed_hosts=None) and wanted.startswith("/") else ""


def _coming(owed: Commitment, at: datetime) -> list[Coming]:
    """Return the steps ahead; those behind stand among what was told."""
    if owed.is_closed or owed.state == Commitment.State.WAITING:
        return []
    return [step for step in steps_of(owed, at=at) if not step.is_done and step.at > at]


def _item_page(request: HttpRequest, owed: Commitment, **forms: Form) -> HttpResponse:
    at = clock.of(request)
    context = {
        "item": with_owners([owed], at=at)[0],
        "last_act": None if owed.state == Commitment.State.OPEN else last_act(owed),
        "background": background.of([owed])[owed.pk],
        "arithmetic": arithmetic.lines(owed, at),
        "coming": _coming(owed, at),
        "told": told.so_far(owed),
        "updated": _updated(owed),
        "snooze_form": SnoozeForm(),
        "wait_form": WaitForm(),
        "reassign_form": ReassignForm(),
        "pass_on_form": PassOnForm(),
        "hand_back_form": HandBackForm(),
        "cancel_form": CancelForm(),
        "passing": passing.passings([owed]).get(owed.pk),
        "stray_errors": [error for form in forms.values() for error in form.non_field_errors()],
    }
    return render(request, "commitments/item.html", context | forms, status=422 if forms else 200)
