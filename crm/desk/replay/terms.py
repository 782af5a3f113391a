"""By when an incident is to be answered and solved, for each priority; and the policies made of that."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.commitments.models import Kind, Policy, PolicyVersion, Priority, Step, Unit
from crm.commitments.policy.spans import span
from crm.core.refusals import Refused
from crm.desk.replay.fit import Fit

UNITS = {
    "m": Unit.MINUTES, "h": Unit.HOURS,
    "wm": Unit.WORKING_MINUTES, "wh": Unit.WORKING_HOURS, "wd": Unit.WORKING_DAYS,
}  # fmt: skip
TERM = re.compile(rf"({'|'.join(Priority.values)})=(\d{{1,6}})({'|'.join(UNITS)})", re.ASCII)
STEP = (
    "ordinal", "kind", "amount", "unit", "anchor", "slot", "poc_id", "urgent", "repeat_amount", "repeat_unit",
    "max_repeats",
)  # fmt: skip


class BadTarget(Refused):
    code = "bad_target"
    default_message = gettext_lazy("A target is written as urgent=4h, high=30m, normal=154wh or low=10wd.")


@dataclass(frozen=True, slots=True)
class Target:
    """An amount of time, elapsed or working; `is_found`: the log implies it."""

    amount: int
    unit: Unit
    is_found: bool = False

    def __str__(self) -> str:
        return span(self.amount, self.unit)


Targets = Mapping[str, Target]

ANSWER: Targets = {  # the log does not tell whether an answer was in time
    Priority.URGENT: Target(30, Unit.MINUTES),
    Priority.HIGH: Target(2, Unit.WORKING_HOURS),
    Priority.NORMAL: Target(8, Unit.WORKING_HOURS),
    Priority.LOW: Target(2, Unit.WORKING_DAYS),
}
SOLUTION: Targets = {  # where no incident of a priority says whether its target was made
    Priority.URGENT: Target(4, Unit.HOURS),
    Priority.HIGH: Target(8, Unit.WORKING_HOURS),
    Priority.NORMAL: Target(3, Unit.WORKING_DAYS),
    Priority.LOW: Target(10, Unit.WORKING_DAYS),
}


@dataclass(frozen=True, slots=True)
class Terms:
    """The targets that the replay promises by."""

    answer: Targets
    solution: Targets


def terms_of(fit: Fit, *, answer: Iterable[str] = (), solution: Iterable[str] = ()) -> Terms:
    """Return the targets: those given (as `urgent=4h`), else those the log implies, else the usual ones.

    :raises BadTarget: one of them is no target.
    """
    found = {p: Target(cut.minutes, Unit.WORKING_MINUTES, is_found=True) for p, cut in fit.cuts.items()}
    return Terms(dict(ANSWER) | _given(answer), dict(SOLUTION) | found | _given(solution))


def _given(written: Iterable[str]) -> dict[str, Target]:
    given = {}
    for text in written:
        match = TERM.fullmatch(text)
        if match is None or int(match[2]) == 0:
            raise BadTarget
        given[match[1]] = Target(int(match[2]), UNITS[match[3]])
    return given


def promise_by(terms: Terms) -> None:
    """Write a policy for each kind and priority, with the steps that come with the product, told in the inbox alone."""
    for kind, targets in ((Kind.FIRST_ANSWER, terms.answer), (Kind.RESOLUTION, terms.solution)):
        shipped = PolicyVersion.objects.newest().get(policy__kind=kind, policy__retired_at=None)
        steps = list(shipped.steps.order_by("ordinal").values(*STEP))
        for position, (priority, target) in enumerate(targets.items(), 1):
            name = _("%(kind)s, %(priority)s") % {"kind": Kind(kind).label, "priority": Priority(priority).label}
            policy = Policy.objects.create(kind=kind, name=name, position=position, priority=priority)
            version = PolicyVersion.objects.create(
                policy=policy, target_amount=target.amount, target_unit=target.unit,
                ack_amount=shipped.ack_amount, ack_unit=shipped.ack_unit,
            )  # fmt: skip
            Step.objects.bulk_create(Step(version=version, by_email=False, **step) for step in steps)
