"""Whom to tell when a POC is told: a person itself, a team as it wants to be told."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from crm.dossiers.models import Firm
from crm.poc.calendars import working_times
from crm.poc.models import Absence, Membership, PointOfContact


@dataclass(frozen=True, slots=True)
class Recipient:
    """One person (or a team's shared mailbox) to tell, and in which words.

    `language` is never empty; `zone` is an IANA name; `address` may be empty: only the inbox then.
    """

    poc_id: int
    user_id: int | None
    name: str
    address: str
    language: str
    zone: str


def recipients(poc_ids: Iterable[int], *, at: datetime) -> dict[int, list[Recipient]]:
    """Return whom to tell for each POC at `at`; absent and inactive people are left out. At most nine queries.

    A team that tells whoever is on duty tells all members who are not absent when nobody is.
    """
    wanted = list(dict.fromkeys(poc_ids))
    members = _members(wanted)
    everybody = {pk for ids in members.values() for pk in ids} | set(wanted)
    pocs = PointOfContact.objects.select_related("user").in_bulk(list(everybody))
    away = set(Absence.objects.at(at).filter(topic=None, poc__one_of=list(everybody)).values_list("poc_id", flat=True))
    firm = Firm.objects.first() or Firm()
    present = {pk for pk, poc in pocs.items() if pk not in away and poc.deactivated_at is None}
    on_duty = _on_duty({pk for ids in members.values() for pk in ids} & present, at) if members else set()
    told: dict[int, list[Recipient]] = {}
    for pk in wanted:
        poc = pocs.get(pk)
        ids = _told(poc, members.get(pk, []), present, on_duty) if poc else []
        told[pk] = [_recipient(pocs[i], firm) for i in ids]
    return told


def reach(poc_ids: Iterable[int]) -> dict[int, Recipient]:
    """Return how each POC itself is reached, whether it is there now or not. Two queries."""
    firm = Firm.objects.first() or Firm()
    pocs = PointOfContact.objects.select_related("user").filter(pk__one_of=list(poc_ids))
    return {poc.pk: _recipient(poc, firm) for poc in pocs}


def _members(team_ids: list[int]) -> dict[int, list[int]]:
    members: dict[int, list[int]] = defaultdict(list)
    rows = Membership.objects.filter(team__one_of=team_ids).order_by("member__name_key", "member_id")
    for team, member in rows.values_list("team_id", "member_id"):
        members[team].append(member)
    return members


def _on_duty(poc_ids: set[int], at: datetime) -> set[int]:
    return {pk for pk, working in working_times(poc_ids).items() if working.is_open(at)}


def _told(poc: PointOfContact, members: list[int], present: set[int], on_duty: set[int]) -> list[int]:
    """The POCs told for one: itself, or its members, or its own mailbox. The front desk is never away."""
    if poc.pk not in present and not poc.is_house:
        return []
    if not poc.is_team or poc.delivery == PointOfContact.Delivery.MAILBOX:
        return [poc.pk]
    there = [pk for pk in members if pk in present]
    if poc.delivery == PointOfContact.Delivery.ON_DUTY:
        return [pk for pk in there if pk in on_duty] or there
    return there


def _recipient(poc: PointOfContact, firm: Firm) -> Recipient:
    user = poc.user
    return Recipient(
        poc_id=poc.pk,
        user_id=user.pk if user else None,
        name=poc.name,
        address=poc.email or (user.email if user else ""),
        language=(user.language if user else "") or firm.language,
        zone=(user.time_zone if user else "") or poc.zone or firm.zone,
    )
