"""Undo a merge of accounts within thirty days: what has not changed since is as it was."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext_lazy as _

from accounts.actions import change_account
from accounts.models import Account
from contacts.models import Contact
from crm.commitments.actions import Telling, notify_many
from crm.commitments.filing import follow, move_grants
from crm.commitments.models import Commitment
from crm.core.actor import Actor
from crm.core.refusals import Refused
from crm.desk.merging import is_merged, stored, values_of
from crm.dossiers.actions import Happening, record_many
from crm.dossiers.models import MAX_PARENTS, Dossier, Event, EventDossier, Tier
from crm.handovers.restoring import bring_back
from crm.poc.models import Assignment, Grant, ShareLink
from interactions.models import Interaction
from projects.models import Project

UNDO_WITHIN = timedelta(days=30)


class TooLate(Refused):
    code = "too_late"
    default_message = _("A merge can be undone for thirty days.")


class UndoneAlready(Refused):
    code = "undone_already"
    default_message = _("This merge has been undone already.")


class MergedOn(Refused):
    code = "merged_on"
    default_message = _("The account it was merged into is archived, or was merged itself. Undo that first.")


@dataclass(frozen=True, slots=True)
class Unmerged:
    """What came back, and what stays with the survivor because it has changed since."""

    account: Account
    fields: Sequence[str]  # names of the survivor's fields
    records: Sequence[Dossier]
    owed: Sequence[Commitment]
    gone: Sequence[Assignment]  # places of those who answer for nothing any more


@transaction.atomic
def unmerge(*, event: Event, by: Actor, at: datetime) -> Unmerged:
    """Undo a merge. What was changed since stays with the survivor and is listed. Constant queries.

    :raises TooLate: more than thirty days have passed.
    :raises UndoneAlready: it was undone.
    :raises MergedOn: the survivor is archived, or was merged itself.
    """
    facts = event.facts
    kept, merged = facts["into"], facts["merged"]
    list(Dossier.objects.select_for_update(no_key=True).filter(pk__in=[kept, merged]).order_by("pk").values_list("pk"))
    accounts = Account.objects.select_related("dossier__tier", "dossier__parent").in_bulk([kept, merged])
    keep, drop = accounts[kept], accounts[merged]
    _refuse(event, keep, drop, at)
    Dossier.objects.filter(pk=drop.pk).update(archived_at=None, home=drop.pk)
    drop.dossier.archived_at, drop.dossier.home_id = None, drop.pk
    fields = _give_back(keep, facts["fields"], by, at)
    back, records = _move_back(facts, keep, drop)
    owed = _owe_back(facts, keep, drop)
    ShareLink.objects.filter(pk__one_of=facts.get("links", []), dossier=keep.pk, revoked_at=None).update(
        dossier=drop.pk
    )
    _part_timelines(event, keep, drop)
    _set_touch_clock(keep, drop)
    again, gone = bring_back([(pk, until) for pk, until in facts["ended"]], by=by, at=at)
    stays = {"fields": fields, "records": [d.pk for d in records], "owed": [c.pk for c in owed]}
    said = {
        "into": kept, "merged": merged, "moved": {str(d.pk): [kept, merged] for d in back}, "names": facts["names"],
        "merge": event.pk, "stays": stays,
    }  # fmt: skip
    touched = ([keep.dossier], [drop.dossier, *back])
    _first, second = record_many([Happening(Event.Kind.UNMERGED, t, at, said) for t in touched], by=by, at=at)
    people = sorted({a.poc_id for a in again})
    telling = Telling(f"e:{second.pk}:restored", "restored", people, drop.dossier, {"by": str(by.user or "")})
    notify_many(tellings=[telling], by=by, at=at)
    return Unmerged(drop, fields, records, owed, gone)


def merged_by(account: Account) -> Event | None:
    """Return the event by which an account was merged into another, None where it is not. One query."""
    rows = EventDossier.objects.filter(
        dossier=account.pk, event__kind=Event.Kind.MERGED, event__facts__merged=account.pk
    )
    row = rows.select_related("event").order_by("-event_id").first() if is_merged(account.dossier) else None
    return row.event if row else None


def may_undo(event: Event, at: datetime) -> bool:
    return at - event.happened_at <= UNDO_WITHIN


def _refuse(event: Event, keep: Account, drop: Account, at: datetime) -> None:
    later = EventDossier.objects.filter(dossier=drop.pk, event__kind=Event.Kind.MERGED, event_id__gt=event.pk)
    if not is_merged(drop.dossier) or later.exists():
        raise UndoneAlready
    if not may_undo(event, at):
        raise TooLate
    if keep.dossier.archived_at is not None or drop.dossier.home_id != keep.pk:
        raise MergedOn


def _give_back(keep: Account, taken: Mapping[str, Sequence[Any]], by: Actor, at: datetime) -> list[str]:
    """Give the survivor its own values back where they are still the other's; return the names of the others."""
    now = values_of(keep)
    same = {name: old for name, (old, new) in taken.items() if stored(now[name]) == new}
    if same:
        back = {name: _value(name, old) for name, old in same.items()}
        change_account(account=keep, **(now | back), by=by, at=at)
    return [name for name in taken if name not in same]


def _value(name: str, kept: Any) -> Any:
    """A field's value from what the event kept."""
    if name == "parent":
        return Account.objects.select_related("dossier").filter(pk=kept).first()
    if name == "tier":
        return Tier.objects.filter(pk=kept).first()
    return kept if name == "name" else Account._meta.get_field(name).to_python(kept)  # type: ignore[union-attr]


def _move_back(facts: Mapping[str, Any], keep: Account, drop: Account) -> tuple[list[Dossier], list[Dossier]]:
    """Put back what is still with the survivor; return that, and what has gone elsewhere since."""
    above = _above(drop.dossier)
    accounts = Dossier.objects.filter(pk__one_of=[pk for pk in facts["accounts"] if pk not in above], parent=keep.pk)
    contacts = Contact.objects.filter(pk__one_of=facts["contacts"], account=keep)
    projects = Project.objects.filter(pk__one_of=facts["projects"], account=keep)
    back = [list(rows.values_list("pk", flat=True)) for rows in (accounts, contacts, projects)]
    accounts.update(parent=drop.pk)
    contacts.update(account=drop)
    projects.update(account=drop)
    below = [*back[1], *back[2]]
    Dossier.objects.filter(pk__one_of=below).update(parent=drop.pk, home=drop.pk)
    Dossier.objects.filter(pk__one_of=facts["homes"], home=keep.pk).update(home=drop.pk)
    touches = Interaction.objects.filter(home=keep.pk, account__in=[drop.pk, *facts["homes"]])
    touches.exclude(pk__in=facts["apart"]).update(home=drop.pk)
    follow(dossier_ids=below, home_id=drop.pk)
    came_back = {pk for ids in back for pk in ids}
    were = list(Dossier.objects.filter(pk__one_of=[int(pk) for pk in facts["moved"]]).order_by("pk"))
    return [d for d in were if d.pk in came_back], [d for d in were if d.pk not in came_back]


def _above(dossier: Dossier) -> set[int]:
    """The ids above a record: what has been put there since cannot be put below it."""
    above: set[int] = set()
    place = dossier.parent_id
    while place is not None and len(above) <= MAX_PARENTS:
        above.add(place)
        place = Dossier.objects.values_list("parent_id", flat=True).get(pk=place)
    return above


def _owe_back(facts: Mapping[str, Any], keep: Account, drop: Account) -> list[Commitment]:
    """Put back what is still owed on the survivor; return what was settled or moved since."""
    were = list(Commitment.objects.filter(pk__one_of=facts["owed"]).order_by("pk"))
    back = [c for c in were if not c.is_closed and c.dossier_id == keep.pk]
    Commitment.objects.filter(pk__one_of=[c.pk for c in back]).update(dossier=drop.pk, home=drop.pk)
    move_grants(back, to_home=drop.pk)
    Grant.objects.filter(pk__one_of=facts["grants"], home=keep.pk).update(home=drop.pk)
    return [c for c in were if c not in back]


def _part_timelines(event: Event, keep: Account, drop: Account) -> None:
    """Take what happened to the other account off the survivor's timeline, but for what stood on both before."""
    theirs = EventDossier.objects.filter(dossier=drop.pk, event_id__lt=event.pk).exclude(
        event__in=event.facts["shared"]
    )
    EventDossier.objects.filter(dossier=keep.pk, event__in=theirs.values("event_id")).delete()


def _set_touch_clock(keep: Account, drop: Account) -> None:
    """Set the survivor's clock back to its own last touch, where the other's had moved it."""
    if keep.last_touch_at is not None and keep.last_touch_at == drop.last_touch_at:
        touches = Interaction.objects.current().touches().filter(account=keep.pk)
        Account.objects.filter(pk=keep.pk).update(last_touch_at=touches.aggregate(last=Max("occurred_at"))["last"])
