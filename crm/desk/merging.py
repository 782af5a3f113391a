"""Merge two accounts that are one firm: the survivor has everything from then on, and it can be undone."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import Exists, F, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from accounts.actions import change_account
from accounts.models import Account
from contacts.models import Contact
from crm.commitments.actions import Telling, notify_many
from crm.commitments.filing import follow, move_grants
from crm.commitments.models import Commitment, Kind
from crm.core.actor import Actor
from crm.core.refusals import Refused
from crm.dossiers.actions import CircularParent, TooDeep, levels_above, levels_below, record, refuse_archived
from crm.dossiers.models import MAX_PARENTS, Dossier, Event, EventDossier, Tier
from crm.handovers.archiving import HandoverWaits, end_all
from crm.poc.models import Assignment, Grant, ShareLink
from interactions.models import Interaction
from projects.models import Project

FIELDS = (
    "name", "kind", "tier", "parent", "industry", "website", "street", "postal_code", "city", "region", "country",
    "zone", "language", "renewal_on",
)  # fmt: skip


class SameAccount(Refused):
    field = "b"
    code = "same_account"
    default_message = _("An account cannot be merged with itself.")


@dataclass(frozen=True, slots=True)
class Belongings:
    """What an account has that goes over to the survivor: ids, as the event keeps them for undoing."""

    accounts: list[int]  # below it
    contacts: list[int]
    projects: list[int]
    homes: list[int]  # accounts that were merged into it before
    owed: list[int]  # on the account itself
    grants: list[int]
    links: list[int]  # shared with somebody outside, who to contact

    @property
    def records(self) -> list[int]:
        """Everything that belonged to it."""
        return [*self.accounts, *self.contacts, *self.projects]

    @property
    def below(self) -> list[int]:
        """The records that were at home with it."""
        return [*self.contacts, *self.projects]


def belongings(account: Account) -> Belongings:
    """Return what an account has, archived ones too. Seven queries."""
    told = Grant.objects.filter(home=account.pk, ended_at=None)
    return Belongings(
        accounts=_ids(Dossier.objects.filter(parent=account.pk, kind=Dossier.Kind.ACCOUNT)),
        contacts=_ids(Contact.objects.filter(account=account)),
        projects=_ids(Project.objects.filter(account=account)),
        homes=_ids(Dossier.objects.filter(home=account.pk, kind=Dossier.Kind.ACCOUNT).exclude(pk=account.pk)),
        owed=_ids(Commitment.objects.open().filter(dossier=account.pk).exclude(kind=Kind.TOUCH)),  # each has its own
        grants=_ids(told),
        links=_ids(ShareLink.objects.valid().filter(dossier=account.pk)),
    )


def _ids(rows: Any) -> list[int]:
    return list(rows.order_by("pk").values_list("pk", flat=True))


@transaction.atomic
def merge(*, keep: Account, drop: Account, take: Collection[str] = (), by: Actor, at: datetime) -> Event:
    """Let `keep` be the firm that `drop` was too, with the values of `take` (names in FIELDS) from `drop`.

    Contacts, projects, accounts below, what is owed and links to who to contact go over; touches
    are at home with the survivor and what happened stands on its timeline too, so that one timeline
    tells all. Who answered for `drop` stays its history: nobody does from now on, those who do for
    `keep` do for both, and all are told. `drop` is archived and leads to `keep`. Constant queries.

    :raises SameAccount: they are one.
    :raises Archived: one of them is archived.
    :raises CircularParent: `keep` belongs to `drop`.
    :raises TooDeep: more than five accounts would stand above something.
    :raises HandoverWaits: somebody is to accept a handover of `drop`.
    """
    keep, drop = _locked(keep, drop)
    _refuse(keep, drop)
    taken = _take(keep, drop, take, by, at)
    moved = belongings(drop)
    apart = _ids(Interaction.objects.filter(home=keep.pk, account__in=[drop.pk, *moved.homes]))
    _move(moved, keep, drop)
    shared = _share_timeline(drop, keep)
    named = list(Assignment.objects.on(drop.dossier).overlapping(at, None).order_by("pk"))
    answered = {a.poc_id for a in [*named, *Assignment.objects.on(keep.dossier).at(at)]}
    ended = end_all(named, at=at).get(drop.pk, [])
    Dossier.objects.filter(pk=drop.pk).update(archived_at=at, home=keep.pk)
    facts = {
        "into": keep.pk, "merged": drop.pk, "names": [keep.name, drop.name], "fields": taken, "ended": ended,
        "moved": {str(pk): [drop.pk, keep.pk] for pk in moved.records}, "accounts": moved.accounts,
        "contacts": moved.contacts, "projects": moved.projects, "homes": moved.homes, "owed": moved.owed,
        "grants": moved.grants, "links": moved.links, "shared": shared, "apart": apart,
    }  # fmt: skip
    touched = [keep.dossier, drop.dossier, *Dossier.objects.filter(pk__one_of=moved.records).order_by("pk")]
    event = record(kind=Event.Kind.MERGED, dossiers=touched, by=by, at=at, facts=facts)
    context = {"merged": drop.name, "by": str(by.user or "")}
    notify_many(
        tellings=[Telling(f"e:{event.pk}:merged", "merged", sorted(answered), keep.dossier, context)], by=by, at=at
    )
    return event


def _locked(keep: Account, drop: Account) -> tuple[Account, Account]:
    """Lock both records and what is below them, ids ascending, and return the accounts as they stand now.

    :raises SameAccount: they are one.
    """
    if keep.pk == drop.pk:
        raise SameAccount
    both = [keep.pk, drop.pk]
    rows = Dossier.objects.select_for_update(no_key=True).filter(Q(pk__in=both) | Q(parent__in=both)).order_by("pk")
    list(rows.values_list("pk"))
    found = Account.objects.select_related("dossier__tier", "dossier__parent").in_bulk(both)
    return found[keep.pk], found[drop.pk]


def _refuse(keep: Account, drop: Account) -> None:
    refuse_archived(keep.dossier, field="a")
    refuse_archived(drop.dossier, field="b")
    place = keep.dossier.parent_id
    for _level in range(MAX_PARENTS):
        if place == drop.pk:
            raise CircularParent(_("It belongs to the other one. Merge them the other way round."), field="a")
        place = Dossier.objects.values_list("parent_id", flat=True).get(pk=place) if place else None
    if levels_above([keep.pk])[keep.pk] + levels_below(drop.dossier) > MAX_PARENTS:
        raise TooDeep(field="a")
    if Commitment.objects.open().filter(dossier=drop.pk, kind=Kind.HANDOVER).exists():
        raise HandoverWaits


def _take(keep: Account, drop: Account, take: Collection[str], by: Actor, at: datetime) -> dict[str, list[Any]]:
    """Give the survivor the values chosen from the other; return old and new of what differed."""
    before, theirs = values_of(keep), values_of(drop)
    taken = {name: theirs[name] for name in FIELDS if name in take and theirs[name] != before[name]}
    if taken:
        change_account(account=keep, **(before | taken), by=by, at=at)
        keep.dossier.title = str((before | taken)["name"])
    return {name: [stored(before[name]), stored(value)] for name, value in taken.items()}


def values_of(account: Account) -> dict[str, Any]:
    """Return what `change_account` takes, as the account has it. The parent costs a query, where there is one."""
    own = {name: getattr(account, name) for name in FIELDS if name not in ("name", "parent", "tier")}
    parent_id = account.dossier.parent_id
    parent = Account.objects.select_related("dossier").get(pk=parent_id) if parent_id else None
    return {"name": account.dossier.title, "parent": parent, "tier": account.dossier.tier} | own


def stored(value: Any) -> Any:
    """A value as the event keeps it: records and words by their id."""
    if isinstance(value, Account | Tier):
        return value.pk
    if isinstance(value, date):
        return value.isoformat()
    return None if value is None else str(value)


def _move(moved: Belongings, keep: Account, drop: Account) -> None:
    """Put what the account has to the survivor; what is owed goes along with whoever was told of it."""
    Dossier.objects.filter(pk__one_of=moved.accounts).update(parent=keep.pk)
    Contact.objects.filter(pk__one_of=moved.contacts).update(account=keep)
    Project.objects.filter(pk__one_of=moved.projects).update(account=keep)
    Dossier.objects.filter(pk__one_of=moved.below).update(parent=keep.pk, home=keep.pk)
    Dossier.objects.filter(pk__one_of=moved.homes).update(home=keep.pk)
    Interaction.objects.filter(home=drop.pk).update(home=keep.pk)
    owed = Commitment.objects.filter(pk__one_of=moved.owed)
    move_grants(owed, to_home=keep.pk)
    owed.update(dossier=keep.pk, home=keep.pk)
    follow(dossier_ids=moved.below, home_id=keep.pk)
    there = Grant.objects.filter(poc=OuterRef("poc"), cause=OuterRef("cause"), home=keep.pk)
    Grant.objects.filter(~Exists(there), pk__one_of=moved.grants, home=drop.pk).update(home=keep.pk)
    ShareLink.objects.filter(pk__one_of=moved.links).update(dossier=keep.pk)
    later = Q(last_touch_at=None) | Q(last_touch_at__lt=drop.last_touch_at)
    if drop.last_touch_at is not None:
        Account.objects.filter(later, pk=keep.pk).update(last_touch_at=drop.last_touch_at)


def _share_timeline(drop: Account, keep: Account) -> list[int]:
    """Let what happened to one account stand on the other's timeline too; return what stood on both already."""
    here = EventDossier.objects.filter(event=OuterRef("event"), dossier=keep.pk)
    shared = EventDossier.objects.filter(Exists(here), dossier=drop.pk).order_by("event_id")
    both = list(shared.values_list("event_id", flat=True))
    table = EventDossier._meta.db_table
    sql = f"""
        INSERT INTO {table} (event_id, dossier_id, happened_at)
        SELECT event_id, %s, happened_at FROM {table} AS theirs
        WHERE dossier_id = %s
          AND NOT EXISTS (SELECT 1 FROM {table} AS ours WHERE ours.event_id = theirs.event_id AND ours.dossier_id = %s)
        """
    with connection.cursor() as cursor:
        cursor.execute(sql, [keep.pk, drop.pk, keep.pk])
    return both


def survivors(accounts: dict[str, Account]) -> dict[str, Account]:
    """Put in the place of accounts that were merged those they were merged into. No query where there is none."""
    gone = {key: account.dossier.home_id for key, account in accounts.items() if is_merged(account.dossier)}
    if not gone:
        return accounts
    rows = Account.objects.select_related("dossier__tier", "dossier__parent").in_bulk(list(set(gone.values())))
    return accounts | {key: rows[home_id] for key, home_id in gone.items()}


def is_merged(dossier: Dossier) -> bool:
    """True of an account that was merged into another: it is at home there."""
    return dossier.kind == Dossier.Kind.ACCOUNT and dossier.home_id != dossier.pk


def merged_away() -> Any:
    """The accounts that were merged into others."""
    return Dossier.objects.filter(kind=Dossier.Kind.ACCOUNT).exclude(archived_at=None).exclude(home=F("pk"))
