"""Whom to tell when a POC is told: a person itself, a team as it wants to be told."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, time
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, Subquery, Value
from django.db.models.functions import Coalesce

from crm.core.query import ListOf
from crm.dossiers.models import Firm
from crm.poc.calendars import working_times
from crm.poc.models import Absence, Membership, PointOfContact, PointOfContactQuerySet

WISHES = ("by_email", "digest_at")


@dataclass(frozen=True, slots=True)
class Recipient:
    """One person (or a team's shared mailbox) to tell, and in which words.

    `language` is never empty; `zone` is an IANA name; `address` may be empty: only the inbox then.
    The rest is how they want their mails, in their zone; see `NoticePreference`.
    """

    poc_id: int
    user_id: int | None
    name: str
    address: str
    language: str
    zone: str
    by_email: Mapping[str, str] = field(default_factory=dict, hash=False)
    digest_at: time = time(8)


def recipients(poc_ids: Iterable[int], *, at: datetime) -> dict[int, list[Recipient]]:
    """Return whom to tell for each POC at `at`; absent and inactive people are left out.

    A team that tells whoever is on duty tells all members who are not absent when nobody is.
    One query; two more where there are teams, once their calendars are known.
    """
    wanted = list(dict.fromkeys(poc_ids))
    pocs = {poc.pk: poc for poc in _with_members(wanted, at)}
    members: dict[int, list[int]] = defaultdict(list)
    for pk, poc in pocs.items():
        for team_id in poc.in_teams:
            members[team_id].append(pk)
    present = {pk for pk, poc in pocs.items() if not (poc.is_away or poc.is_gone)}
    on_duty = _on_duty({pk for ids in members.values() for pk in ids} & present, at) if members else set()
    told: dict[int, list[Recipient]] = {}
    for pk in wanted:
        found = pocs.get(pk)
        ids = whom(found, members.get(pk, []), present, on_duty) if found else []
        told[pk] = [_recipient(pocs[i]) for i in ids]
    return told


def reach(poc_ids: Iterable[int]) -> dict[int, Recipient]:
    """Return how each POC itself is reached, whether it is there now or not. One query."""
    pocs = _with_firm(PointOfContact.objects.filter(pk__one_of=list(poc_ids)))
    return {poc.pk: _recipient(poc) for poc in pocs}


def _with_members(wanted: list[int], at: datetime) -> Iterable[Any]:
    """Those wanted and the members of the teams among them by name: which of these teams, and whether they are away."""
    member = Membership.objects.filter(member=OuterRef("pk"), team__one_of=wanted)
    away = Absence.objects.at(at).filter(topic=None, poc=OuterRef("pk"))
    rows = PointOfContact.objects.filter(Q(pk__one_of=wanted) | Exists(member)).order_by("name_key", "pk")
    gone = Q(deactivated_at__isnull=False, deactivated_at__lte=at)
    return _with_firm(rows.annotate(in_teams=ListOf(member, "team_id"), is_away=Exists(away), is_gone=gone))


def _with_firm(rows: PointOfContactQuerySet) -> Iterable[Any]:
    """With their user, how they want their mails, and the firm's words and zone for those who have none."""
    language = Coalesce(Subquery(Firm.objects.values("language")), Value("en"))
    zone = Coalesce(Subquery(Firm.objects.values("zone")), Value("UTC"))
    wishes = {f"wants_{name}": F(f"preference__{name}") for name in WISHES}
    return rows.select_related("user").annotate(firm_language=language, firm_zone=zone, **wishes)


def _on_duty(poc_ids: set[int], at: datetime) -> set[int]:
    return {pk for pk, working in working_times(poc_ids).items() if working.is_open(at)}


def whom(poc: PointOfContact, members: list[int], present: set[int], on_duty: set[int]) -> list[int]:
    """The POCs told for one: itself, or its members, or its own mailbox. The front desk is never away."""
    if poc.pk not in present and not poc.is_house:
        return []
    if not poc.is_team or poc.delivery == PointOfContact.Delivery.MAILBOX:
        return [poc.pk]
    there = [pk for pk in members if pk in present]
    if poc.delivery == PointOfContact.Delivery.ON_DUTY:
        return [pk for pk in there if pk in on_duty] or there
    return there


def _recipient(poc: Any) -> Recipient:
    user = poc.user
    wishes = {name: getattr(poc, f"wants_{name}") for name in WISHES} if poc.wants_by_email is not None else {}
    return Recipient(
        poc_id=poc.pk,
        user_id=user.pk if user else None,
        name=poc.name,
        address=poc.email or (user.email if user else ""),
        language=(user.language if user else "") or poc.firm_language,
        zone=(user.time_zone if user else "") or poc.zone or poc.firm_zone,
        **wishes,
    )
