"""Policies in words: what they match, what they ask for, who is told when, and what a new version changed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from crm.commitments import ladder
from crm.commitments.models import Policy, Priority, Step
from crm.commitments.policy.policy_checks import StepTerms, Terms
from crm.commitments.policy.spans import span


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that two versions ask for differently; empty where one of them does not."""

    label: str
    old: str
    new: str


def match_words(policy: Policy) -> str:
    """Say what a policy is for: "priority urgent, about billing"."""
    found = [
        _("priority: %(value)s") % {"value": Priority(policy.priority).label} if policy.priority else "",
        _("reason: %(value)s") % {"value": policy.purpose.label} if policy.purpose else "",
        _("tier: %(value)s") % {"value": policy.tier.label} if policy.tier else "",
        _("about: %(value)s") % {"value": policy.topic.label} if policy.topic else "",
        _("channel: %(value)s") % {"value": policy.channel.label} if policy.channel else "",
    ]
    return ", ".join(text for text in found if text) or _("whatever no other one matches")


def due_words(terms: Terms) -> str:
    if terms.target_amount is None:
        return _("when whoever promises it says, or the tier")
    return _("%(span)s after it is promised") % {"span": span(terms.target_amount, terms.target_unit)}


def terms_words(terms: Terms) -> list[tuple[str, str]]:
    """Return what the terms ask for beside their steps: each with its label."""
    calendar = _("of “%(name)s”") % {"name": terms.calendar} if terms.calendar else _("of whoever answers")
    return [
        (_("Due"), due_words(terms)),
        (_("Working hours"), calendar),
        (_("Taking it on holds the next step off for"), span(terms.ack_amount, terms.ack_unit)),
        (_("Waiting for the customer is asked about after"), span(terms.wait_amount, terms.wait_unit)),
    ]


def when_words(step: StepTerms | Step | ladder.Step) -> str:
    """Say when a step runs."""
    if step.anchor == Step.Anchor.HAND_OFF and step.kind == Step.Kind.ESCALATION:
        return _("%(span)s after the step before") % {"span": span(step.amount, step.unit)}
    if step.amount == 0:
        return _("when it falls due")
    words = _("%(span)s before it is due") if step.amount < 0 else _("%(span)s after it was due")
    return words % {"span": span(abs(step.amount), step.unit)}


def slot_words(slot: str) -> str:
    """Say who a slot is; nothing for somebody named, who has a name."""
    return str(Step.Slot(slot).label) if slot in Step.Slot.values else ""


def step_words(step: StepTerms) -> str:
    """Say a step in a line: when, whom, and what is special about it."""
    return ", ".join(_step_words(step))


def _step_words(step: StepTerms) -> Iterator[str]:
    who = step.poc.name if step.poc else slot_words(step.slot)
    yield f"{when_words(step)}: {who}"
    if not step.by_email:
        yield _("in the inbox only")
    if step.urgent:
        yield _("urgent")
    if step.max_repeats:
        again = span(step.repeat_amount, step.repeat_unit)
        words = ngettext("again after %(span)s, %(n)s time", "again after %(span)s, %(n)s times", step.max_repeats)
        yield words % {"span": again, "n": step.max_repeats}


def differences(old: Terms, new: Terms) -> list[Difference]:
    """Return what a version asks for otherwise than the one before."""
    before, after = (dict(_told(terms)) for terms in (old, new))
    labels = list(dict.fromkeys([*before, *after]))
    found = [Difference(label, before.get(label, ""), after.get(label, "")) for label in labels]
    return [each for each in found if each.old != each.new]


def _told(terms: Terms) -> Iterator[tuple[str, str]]:
    yield from terms_words(terms)
    for n, step in enumerate(terms.steps, 1):
        yield _("Step %(n)s") % {"n": n}, step_words(step)
