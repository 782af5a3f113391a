"""Write policies: what they match, their order, and their versions, which are never edited.

A new policy begins with what its kind asked for until then, so that nothing changes before its first own version.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, TypedDict, Unpack

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from crm.commitments.models import Policy, PolicyVersion, Step
from crm.commitments.policy.policy_checks import StepTerms, Terms, refuse_bad, tidy
from crm.core.actor import Actor
from crm.core.refusals import Refused
from crm.dossiers.actions import NameRequired, record, text_of
from crm.dossiers.models import Channel, Event, Purpose, Tier, Topic

LAST = 1000  # the place of the one without criteria
MOST = 100  # policies of a kind in use
MAX_NAME = 100


class MatchRequired(Refused):
    field = "priority"
    code = "match_required"
    default_message = _("Say what it is for: choose at least one thing it has to match.")


class MatchTaken(Refused):
    field = "priority"
    code = "match_taken"
    default_message = _("Another policy of this kind matches exactly this: “%(name)s”.")


class MatchesTheRest(Refused):
    field = "priority"
    code = "matches_the_rest"
    default_message = _("This one is for whatever no other policy matches: it matches anything, and stays in use.")


class TooManyPolicies(Refused):
    field = "kind"
    code = "too_many_policies"
    default_message = _("At most %(most)s policies of a kind are in use at a time.")


class RetiredPolicy(Refused):
    code = "retired_policy"
    default_message = _("This policy is no longer used.")


class WrittenMeanwhile(Refused):
    code = "written_meanwhile"
    default_message = _(
        "Version %(n)s was written meanwhile. Nothing of yours was saved: open the page again, and begin with that one."
    )


class Match(TypedDict, total=False):
    """What a policy matches; left out: anything."""

    priority: str
    purpose: Purpose | None
    tier: Tier | None
    topic: Topic | None
    channel: Channel | None


ANYTHING = Match(priority="", purpose=None, tier=None, topic=None, channel=None)


@transaction.atomic
def add_policy(*, kind: str, name: str, by: Actor, at: datetime, **criteria: Unpack[Match]) -> Policy:
    """Add a policy for some promises of a kind; it is asked after those that have criteria already.

    :raises NameRequired: `name` is blank.
    :raises MatchRequired: it would match anything.
    :raises MatchTaken: another in use matches the same.
    :raises TooManyPolicies: there are a hundred of this kind.
    """
    others = _of_kind(kind)
    match = ANYTHING | criteria
    _refuse_match(match, others)
    if len(others) >= MOST:
        raise TooManyPolicies(TooManyPolicies.default_message % {"most": MOST})
    policy = Policy.objects.create(kind=kind, name=_named(name), position=_renumber(others) + 1, **match)
    terms = replace(terms_of(newest_of(others[-1])), is_for_open=False)
    _write(policy, 1, terms, by, at)
    record(kind=Event.Kind.CREATED, dossiers=[], by=by, at=at, facts={"kind": "policy", "policy": policy.pk})
    return policy


@transaction.atomic
def change_policy(*, policy: Policy, name: str, by: Actor, at: datetime, **criteria: Unpack[Match]) -> Policy:
    """Give a policy another name, or let it match something else. Unchanged: nothing happens.

    :raises NameRequired: `name` is blank.
    :raises RetiredPolicy: it is no longer used.
    :raises MatchesTheRest: it is the one without criteria, and would get some.
    :raises MatchRequired, MatchTaken: see `add_policy`.
    """
    others = _of_kind(policy.kind)
    locked = _in_use(policy, others)
    match = ANYTHING | criteria
    new: dict[str, Any] = {"name": _named(name), **match}
    changes = {
        field: [text_of(getattr(locked, field)), text_of(value)]
        for field, value in new.items()
        if getattr(locked, field) != value
    }
    if is_rest(locked) and set(changes) - {"name"}:
        raise MatchesTheRest
    if not is_rest(locked):
        _refuse_match(match, [other for other in others if other != locked])
    return _changed(locked, new, changes, by, at) if changes else locked


@transaction.atomic
def move_policy(*, policy: Policy, up: bool, by: Actor, at: datetime) -> Policy:
    """Let a policy be asked before the one above it, or after the one below. At either end: nothing happens.

    :raises RetiredPolicy: it is no longer used.
    :raises MatchesTheRest: it is the one without criteria: always the last.
    """
    others = _of_kind(policy.kind)
    locked = _in_use(policy, others)
    if is_rest(locked):
        raise MatchesTheRest
    _renumber(others)
    ordered = [other for other in others if not is_rest(other)]
    old = ordered.index(locked)
    new = old - 1 if up else old + 1
    if not 0 <= new < len(ordered):
        return locked
    neighbour = ordered[new]
    places = locked.position, neighbour.position
    neighbour.position = places[0]
    neighbour.save(update_fields=["position"])
    return _changed(locked, {"position": places[1]}, {"position": [str(old + 1), str(new + 1)]}, by, at)


@transaction.atomic
def retire_policy(*, policy: Policy, by: Actor, at: datetime) -> Policy:
    """Use a policy no more: what is promised from now on comes under the next that matches. Repeated: nothing happens.

    :raises MatchesTheRest: it is the one without criteria.
    """
    others = _of_kind(policy.kind)
    locked = next((other for other in others if other == policy), None)
    if locked is None:
        return Policy.objects.get(pk=policy.pk)
    if is_rest(locked):
        raise MatchesTheRest
    return _changed(locked, {"retired_at": at}, {"retired_at": ["", at.isoformat()]}, by, at)


@transaction.atomic
def write_version(
    *, policy: Policy, terms: Terms, began_with: int | None = None, by: Actor, at: datetime
) -> PolicyVersion:
    """Write the next version of a policy, for what is promised from now on; as before: nothing happens.

    `began_with` is the number of the version that was read before these terms were decided.

    :raises RetiredPolicy: it is no longer used.
    :raises WrittenMeanwhile: another version than `began_with` is in force.
    :raises Refused: the terms could not be kept; see `policy_checks.refuse_bad`.
    """
    locked = _in_use(policy, _of_kind(policy.kind))
    refuse_bad(terms, kind=locked.kind, at=at)
    terms = tidy(terms)
    last = newest_of(locked)
    if terms == replace(terms_of(last), is_for_open=terms.is_for_open) and not terms.is_for_open:
        return last
    if began_with is not None and began_with != last.number:
        raise WrittenMeanwhile(WrittenMeanwhile.default_message % {"n": last.number})
    version = _write(locked, last.number + 1, terms, by, at)
    changes = {"version": [str(last.number), str(version.number)]}
    facts = {"kind": "policy", "policy": locked.pk, "version": version.pk, "changes": changes}
    record(kind=Event.Kind.CHANGED, dossiers=[], by=by, at=at, facts=facts)
    return version


def is_rest(policy: Policy) -> bool:
    """Say whether it is its kind's policy without criteria: for whatever no other matches."""
    return not (policy.priority or policy.purpose_id or policy.tier_id or policy.topic_id or policy.channel_id)


def newest_of(policy: Policy) -> PolicyVersion:
    """Return the version in force, with its steps."""
    return versions_of(policy)[0]


def versions_of(policy: Policy) -> QuerySet[PolicyVersion]:
    """Return a policy's versions with all that belongs to them, newest first. Three queries."""
    rows = policy.versions.select_related("calendar", "created_by").prefetch_related("steps__poc")
    return rows.order_by("-number")


def terms_of(version: PolicyVersion) -> Terms:
    """Return what a version asks for, as it was written; one that comes from `versions_of` costs no query."""
    rows = sorted(version.steps.all(), key=lambda row: row.ordinal)
    return Terms(
        **{name: getattr(version, name) for name in Terms.__dataclass_fields__ if name != "steps"},
        steps=tuple(StepTerms(**{name: getattr(row, name) for name in StepTerms.__dataclass_fields__}) for row in rows),
    )


def _of_kind(kind: str) -> list[Policy]:
    """Lock and return the policies of a kind in use, in their order; the one without criteria is the last."""
    rows = Policy.objects.in_use().filter(kind=kind).select_for_update(no_key=True).order_by("pk")
    return sorted(rows, key=lambda policy: (is_rest(policy), policy.position, policy.pk))


def _in_use(policy: Policy, others: list[Policy]) -> Policy:
    found = next((other for other in others if other == policy), None)
    if found is None:
        raise RetiredPolicy
    return found


def _named(name: str) -> str:
    name = " ".join(name.split())[:MAX_NAME]
    if not name:
        raise NameRequired
    return name


def _refuse_match(match: Match, others: list[Policy]) -> None:
    if not any(match.values()):
        raise MatchRequired
    for other in others:
        if all(getattr(other, field) == value for field, value in match.items()):
            raise MatchTaken(MatchTaken.default_message % {"name": other.name})


def _renumber(others: list[Policy]) -> int:
    """Place those with criteria from 1 on and the one without at the end; return how many have criteria."""
    with_criteria = [other for other in others if not is_rest(other)]
    for place, policy in enumerate(others, 1):
        wanted = LAST if is_rest(policy) else place
        if policy.position != wanted:
            policy.position = wanted
            policy.save(update_fields=["position"])
    return len(with_criteria)


def _write(policy: Policy, number: int, terms: Terms, by: Actor, at: datetime) -> PolicyVersion:
    values = {name: getattr(terms, name) for name in Terms.__dataclass_fields__ if name != "steps"}
    version = PolicyVersion.objects.create(
        policy=policy, number=number, created_at=at, created_by_id=by.user_id, **values
    )
    Step.objects.bulk_create(
        Step(
            version=version, ordinal=n, **{name: getattr(step, name) for name in StepTerms.__dataclass_fields__}
        )
        for n, step in enumerate(terms.steps)
    )  # fmt: skip
    return version


def _changed(
    policy: Policy, values: Mapping[str, Any], changes: Mapping[str, list[str]], by: Actor, at: datetime
) -> Policy:
    for name, value in values.items():
        setattr(policy, name, value)
    policy.save()
    facts = {"kind": "policy", "policy": policy.pk, "changes": dict(changes)}
    record(kind=Event.Kind.CHANGED, dossiers=[], by=by, at=at, facts=facts)
    return policy
