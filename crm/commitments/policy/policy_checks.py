"""What a policy may ask for: the terms of a version, and why some are refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import combinations, pairwise
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from crm.commitments import ladder
from crm.commitments.models import Kind, Step, Unit
from crm.core.refusals import Refused
from crm.poc.calendars import Known, by_id, origin, working_times
from crm.poc.models import PointOfContact, WorkingCalendar

MOST = {  # of each unit: about a year
    Unit.MINUTES: 525_600, Unit.HOURS: 8_760, Unit.WORKING_MINUTES: 120_000, Unit.WORKING_HOURS: 2_000,
    Unit.WORKING_DAYS: 250,
}  # fmt: skip
MOST_STEPS = 20
MOST_REPEATS = 20
BY_TARGET = frozenset({Kind.FIRST_ANSWER, Kind.RESOLUTION, Kind.NEXT_UPDATE, Kind.HANDOVER})  # need a target
SAMPLES = [datetime(2026, 6, 1, tzinfo=UTC) + timedelta(hours=7 * n) for n in range(48)]  # two weeks, at all hours


@dataclass(frozen=True, slots=True, kw_only=True)
class StepTerms:
    """One escalation step; see `Step`. `poc` is somebody named, where `slot` says so."""

    kind: str = Step.Kind.REMINDER.value
    amount: int = 0
    unit: str = Unit.WORKING_HOURS.value
    anchor: str = Step.Anchor.DUE.value
    slot: str = Step.Slot.POC.value
    poc: PointOfContact | None = None
    by_email: bool = True
    urgent: bool = False
    repeat_amount: int = 0
    repeat_unit: str = Unit.WORKING_HOURS.value
    max_repeats: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a version of a policy asks for; see `PolicyVersion`. `calendar` None: that of whoever answers."""

    target_amount: int | None = None
    target_unit: str = ""
    calendar: WorkingCalendar | None = None
    ack_amount: int = 1
    ack_unit: str = Unit.WORKING_DAYS.value
    wait_amount: int = 5
    wait_unit: str = Unit.WORKING_DAYS.value
    is_for_open: bool = False
    steps: Sequence[StepTerms] = ()


class TargetRequired(Refused):
    field = "target_amount"
    code = "target_required"
    default_message = _("Say after how long it is due: nobody else does.")


class BadAmount(Refused):
    code = "bad_amount"
    default_message = _("An amount is at least 1, and at most a year: %(most)s of these.")


class CalendarNeverOpens(Refused):
    field = "calendar"
    code = "calendar_never_opens"
    default_message = _("This calendar never opens. Give it working hours, or choose another.")


class NoSteps(Refused):
    field = "steps"
    code = "no_steps"
    default_message = _("Nobody would be told. Add at least one step.")


class TooManySteps(Refused):
    field = "steps"
    code = "too_many_steps"
    default_message = _("At most %(most)s steps.")


class NobodyMailed(Refused):
    field = "steps"
    code = "nobody_mailed"
    default_message = _("Nobody would get a mail: an inbox alone may stay unread. Tell somebody by e-mail.")


class NobodyAtDue(Refused):
    field = "steps"
    code = "nobody_at_due"
    default_message = _("Nobody would be told when it falls due. Add a step at the due moment or after it.")


class BadStep(Refused):
    """One step cannot be so: `row` is its place (from 0), `column` what is wrong with it."""

    field = "steps"
    code = "bad_step"

    def __init__(self, row: int, column: str, message: Any) -> None:
        self.row, self.column = row, column
        super().__init__(message)


def refuse_bad(terms: Terms, *, kind: str, at: datetime) -> None:
    """Refuse terms that could not be kept, could not end, or would tell nobody. Two queries, one for each one named.

    :raises TargetRequired, BadAmount, CalendarNeverOpens, NoSteps, TooManySteps, BadStep, NobodyMailed, NobodyAtDue:
        see there.
    """
    if terms.target_amount is None and kind in BY_TARGET:
        raise TargetRequired
    for name in ("target", "ack", "wait"):
        amount, unit = getattr(terms, f"{name}_amount"), getattr(terms, f"{name}_unit")
        if amount is not None and not _is_sensible(amount, unit):
            raise BadAmount(_amounts(unit), field=f"{name}_amount")
    calendar = calendar_of(terms)
    if (terms.calendar is not None or _counts_in_hours(terms)) and not ladder.opens(calendar.working, at):
        raise CalendarNeverOpens
    if not terms.steps:
        raise NoSteps
    if len(terms.steps) > MOST_STEPS:
        raise TooManySteps(TooManySteps.default_message % {"most": MOST_STEPS})
    for row, step in enumerate(terms.steps):
        _refuse_step(row, step)
    _refuse_disorder(terms.steps, calendar)
    if not any(step.by_email for step in terms.steps):
        raise NobodyMailed
    if terms.steps[-1].amount < 0:
        raise NobodyAtDue


def calendar_of(terms: Terms, poc: PointOfContact | None = None) -> Known:
    """Return the calendar the terms name, else the one `poc` works by, else the house's. Two queries, three for it."""
    if terms.calendar is not None:
        pk = terms.calendar.pk
    elif poc is not None:
        pk, _version = origin(working_times([poc.pk])[poc.pk])
    else:
        pk = WorkingCalendar.objects.values_list("pk", flat=True).get(is_default=True)
    return by_id([pk])[pk]


def _is_sensible(amount: int, unit: str) -> bool:
    return unit in MOST and 1 <= amount <= MOST[Unit(unit)]


def _amounts(unit: str) -> Any:
    return BadAmount.default_message % {"most": MOST.get(unit, MOST[Unit.HOURS])}  # type: ignore[call-overload]


def _counts_in_hours(terms: Terms) -> bool:
    units = [terms.target_unit, terms.ack_unit, terms.wait_unit]
    units += [unit for step in terms.steps for unit in (step.unit, step.repeat_unit if step.max_repeats else "")]
    return not {*units, ""} <= {*ladder.ELAPSED, ""}


def _refuse_step(row: int, step: StepTerms) -> None:
    """Refuse a step that could not be by itself, whatever stands beside it.

    :raises BadStep: see there.
    """
    known = {"kind": Step.Kind, "unit": Unit, "anchor": Step.Anchor, "slot": Step.Slot}
    for column, choices in known.items():
        if getattr(step, column) not in choices.values:
            raise BadStep(row, column, _("Choose one of those offered."))
    if step.amount and not _is_sensible(abs(step.amount), step.unit):
        raise BadStep(row, "amount", _amounts(step.unit))
    if step.kind == Step.Kind.ESCALATION and not step.by_email:
        raise BadStep(row, "by_email", _("An escalation goes by e-mail too: an inbox alone may stay unread."))
    if step.kind == Step.Kind.ESCALATION and step.amount < 0:
        raise BadStep(row, "amount", _("An escalation comes at the due moment or after it. Before it, remind."))
    if step.kind == Step.Kind.REMINDER and (step.amount > 0 or step.anchor != Step.Anchor.DUE):
        raise BadStep(row, "amount", _("A reminder comes before the due moment or at it. After it, escalate."))
    if step.anchor == Step.Anchor.HAND_OFF and row == 0:
        raise BadStep(row, "anchor", _("There is no step before the first one. Count it from the due moment."))
    _refuse_recipient(row, step)
    _refuse_repeats(row, step)


def _refuse_recipient(row: int, step: StepTerms) -> None:
    if (step.slot == Step.Slot.NAMED) is not (step.poc is not None):
        raise BadStep(row, "poc", _("Name somebody where “somebody named” is told, and nowhere else."))
    if step.poc is not None and step.poc.deactivated_at is not None:
        raise BadStep(row, "poc", _("They no longer answer. Choose somebody else."))
    if step.poc is not None:
        _refuse_unreachable(row, step, step.poc)


def _refuse_unreachable(row: int, step: StepTerms, poc: PointOfContact) -> None:
    """Refuse to name somebody whom nothing would ever reach; whoever is away comes back. One query."""
    told = PointOfContact.objects.filter(pk=poc.pk)
    if poc.is_team and poc.delivery != PointOfContact.Delivery.MAILBOX:
        told = PointOfContact.objects.filter(teams__team=poc, deactivated_at=None)
        if not told.exists():
            raise BadStep(row, "poc", _("Nobody is in this team. Choose somebody else."))
    ways = Q(user__isnull=False) if not step.by_email else Q(user__isnull=False) | ~Q(email="")
    if not told.filter(ways).exists():
        if not step.by_email and told.exclude(email="").exists():
            raise BadStep(row, "by_email", _("They do not sign in: only an e-mail reaches them."))
        raise BadStep(row, "poc", _("They have neither an address nor a way to sign in: nothing would reach them."))


def _refuse_repeats(row: int, step: StepTerms) -> None:
    if not 0 <= step.max_repeats <= MOST_REPEATS:
        raise BadStep(row, "max_repeats", _("A step is repeated at most %(most)s times.") % {"most": MOST_REPEATS})
    if step.max_repeats and not step.repeat_amount:
        raise BadStep(row, "repeat_amount", _("Say after how long it is repeated: without a wait it would never end."))
    if step.repeat_amount and not step.max_repeats:
        raise BadStep(row, "max_repeats", _("Say how often it is repeated, or it would never end."))
    if step.repeat_amount and not _is_sensible(step.repeat_amount, step.repeat_unit):
        raise BadStep(row, "repeat_amount", _amounts(step.repeat_unit))
    if step.max_repeats and not _is_sensible(step.repeat_amount * step.max_repeats, step.repeat_unit):
        raise BadStep(row, "max_repeats", _("All in all it is repeated for a year at most: make it fewer times."))


def _refuse_disorder(steps: Sequence[StepTerms], calendar: Known) -> None:
    """Refuse steps in another order than their moments', for what falls due in two weeks' working hours.

    :raises BadStep: see there.
    """
    samples = [at for at in SAMPLES if calendar.working.is_open(at)] or SAMPLES
    counted = [
        (row, step, [ladder.shift(at, step.amount, step.unit, calendar.working) for at in samples])
        for row, step in enumerate(steps)
        if step.anchor == Step.Anchor.DUE
    ]
    for (_above, _earlier, firsts), (row, _later, seconds) in pairwise(counted):
        if any(second < first for first, second in zip(firsts, seconds, strict=True)):
            message = _("This step would come before the one above it. Put the steps in the order of their moments.")
            raise BadStep(row, "amount", message)
    for (_above, one, ones), (row, other, others) in combinations(counted, 2):
        if (one.slot, one.poc) == (other.slot, other.poc) and ones == others:
            raise BadStep(row, "amount", _("A step further up tells the same people at the same moment."))
    for row, step, moments in counted:
        _refuse_endless_reminder(row, step, moments, samples, calendar)
    _refuse_mixed(steps)


def _refuse_endless_reminder(
    row: int, step: StepTerms, moments: Sequence[datetime], samples: Sequence[datetime], calendar: Known
) -> None:
    """Refuse one before the due moment that is still repeated then: the steps after it wait for its end."""
    lasts = step.repeat_amount * step.max_repeats
    ends = [ladder.shift(at, lasts, step.repeat_unit, calendar.working) for at in moments]
    if step.amount < 0 and any(end > due for end, due in zip(ends, samples, strict=True)):
        raise BadStep(row, "max_repeats", _("It would still be repeated when it falls due: make it fewer times."))


def _refuse_mixed(steps: Sequence[StepTerms]) -> None:
    """Refuse a reminder after an escalation, and an escalation that follows a reminder before the due moment."""
    for row, (before, step) in enumerate(pairwise(steps), 1):
        if step.kind == Step.Kind.REMINDER and before.kind == Step.Kind.ESCALATION:
            raise BadStep(row, "amount", _("Reminders come before escalations: put this step further up."))
        if step.anchor == Step.Anchor.HAND_OFF and before.amount < 0:
            message = _(
                "The step before comes before the due moment, and this one might too: count it from that moment."
            )
            raise BadStep(row, "anchor", message)


def tidy(terms: Terms) -> Terms:
    """Return the terms with what goes without saying: the unit of no repeat, the unit of no target."""
    steps = tuple(
        step if step.max_repeats else replace(step, repeat_amount=0, repeat_unit=Unit.WORKING_HOURS.value)
        for step in terms.steps
    )
    return replace(terms, steps=steps, target_unit=terms.target_unit if terms.target_amount is not None else "")
