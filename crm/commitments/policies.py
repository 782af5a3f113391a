"""The policy for a promise, and a version's ladder as the pure function wants it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from django.db.models import Subquery, Value
from django.db.models.functions import Coalesce

from crm.commitments import ladder
from crm.commitments.models import PolicyVersion, Step
from crm.dossiers.models import Firm


def current(kinds: Iterable[str]) -> dict[str, PolicyVersion]:
    """Return the version that new promises of each kind come under, with the `firm_zone`. One query."""
    firm_zone = Coalesce(Subquery(Firm.objects.values("zone")), Value("UTC"))
    rows = PolicyVersion.objects.filter(policy__kind__in=set(kinds), policy__retired_at=None)
    rows = rows.annotate(firm_zone=firm_zone)
    return {version.policy.kind: version for version in rows.select_related("policy").order_by("number")}


def ladders(version_ids: Iterable[int]) -> dict[int, ladder.Ladder]:
    """Return the ladder of each version. Two queries."""
    ids = list(set(version_ids))
    steps: dict[int, list[ladder.Step]] = defaultdict(list)
    for row in Step.objects.filter(version__one_of=ids).order_by("version_id", "ordinal"):
        steps[row.version_id].append(_step(row))
    versions = PolicyVersion.objects.filter(pk__one_of=ids)
    return {v.pk: ladder.Ladder(tuple(steps[v.pk]), v.ack_amount, v.ack_unit) for v in versions}


def _step(row: Step) -> ladder.Step:
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
