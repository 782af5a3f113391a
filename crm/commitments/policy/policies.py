"""The policy for a promise, and a version's ladder as the pure function wants it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from django.db.models import Subquery, Value
from django.db.models.functions import Coalesce

from crm.commitments import ladder
from crm.commitments.models import Policy, PolicyVersion, Step
from crm.dossiers.models import Firm


class Case(NamedTuple):
    """What a promise is matched by; ids, None or empty where it has none."""

    kind: str
    priority: str = ""
    purpose: int | None = None
    tier: int | None = None
    topic: int | None = None
    channel: int | None = None


@dataclass(frozen=True, slots=True)
class Book:
    """The newest version of each policy in use, by kind, in the order in which they are asked."""

    versions: Mapping[str, Sequence[PolicyVersion]]

    @property
    def asks_for_tiers(self) -> bool:
        return any(v.policy.tier_id is not None for versions in self.versions.values() for v in versions)

    def version_for(self, case: Case) -> PolicyVersion:
        """Return the version of the first policy that matches."""
        return next(version for version in self.versions[case.kind] if matches(version.policy, case))


def matches(policy: Policy, case: Case) -> bool:
    """Say whether a policy of the case's kind is one for it: what it leaves empty matches anything."""
    return (
        policy.priority in ("", case.priority)
        and policy.purpose_id in (None, case.purpose)
        and policy.tier_id in (None, case.tier)
        and policy.topic_id in (None, case.topic)
        and policy.channel_id in (None, case.channel)
    )


def book(kinds: Iterable[str]) -> Book:
    """Load what promises of these kinds come under, each version with the `firm_zone`. One query."""
    firm_zone = Coalesce(Subquery(Firm.objects.values("zone")), Value("UTC"))
    rows = PolicyVersion.objects.newest().filter(policy__kind__in=set(kinds), policy__retired_at=None)
    rows = rows.annotate(firm_zone=firm_zone).select_related("policy")
    versions: dict[str, list[PolicyVersion]] = defaultdict(list)
    for version in rows.order_by("policy__position", "policy_id"):
        versions[version.policy.kind].append(version)
    return Book(versions)


def current(cases: Iterable[Case]) -> dict[Case, PolicyVersion]:
    """Return the version that a new promise comes under, for each case. One query, however many."""
    asked = dict.fromkeys(cases)
    found = book({case.kind for case in asked})
    return {case: found.version_for(case) for case in asked}


def ladders(version_ids: Iterable[int]) -> dict[int, ladder.Ladder]:
    """Return the ladder of each version. Two queries."""
    ids = list(set(version_ids))
    steps: dict[int, list[ladder.Step]] = defaultdict(list)
    for row in Step.objects.filter(version__one_of=ids).order_by("version_id", "ordinal"):
        steps[row.version_id].append(as_step(row))
    versions = PolicyVersion.objects.filter(pk__one_of=ids)
    return {
        v.pk: ladder.Ladder(
            tuple(steps[v.pk]), v.ack_amount, v.ack_unit, v.wait_amount, v.wait_unit, v.calendar_id
        )
        for v in versions
    }  # fmt: skip


def as_step(row: Step) -> ladder.Step:
    """Return a step as the pure function wants it."""
    return ladder.Step(
        ordinal=row.ordinal,
        kind=row.kind,
        amount=row.amount,
        unit=row.unit,
        slot=ladder.named(row.poc_id) if row.poc_id else row.slot,
        anchor=row.anchor,
        repeat_amount=row.repeat_amount,
        repeat_unit=row.repeat_unit,
        max_repeats=row.max_repeats,
        by_email=row.by_email,
        urgent=row.urgent,
    )
