"""Open and change accounts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _t

from accounts.models import Account
from crm.core.actor import Actor, Source
from crm.dossiers.actions import Filing, Happening, change_fields, file_many, record, record_many, refile
from crm.dossiers.models import Dossier, Event, Tier
from crm.handovers.handing_over import propose

BECAME_A_CUSTOMER = [Account.Kind.PROSPECT.value, Account.Kind.CUSTOMER.value]  # old → new of the kind


@dataclass(slots=True)
class NewAccount:
    """One account to open; `fields` are the account's own columns."""

    name: str
    parent: Account | None = None
    tier: Tier | None = None
    fields: dict[str, Any] = field(default_factory=dict)


@transaction.atomic
def open_account(
    *, name: str, parent: Account | None = None, tier: Tier | None = None, by: Actor, at: datetime, **fields: Any
) -> Account:
    """Open an account with its dossier.

    :raises NameRequired: `name` is blank.
    """
    return open_accounts(accounts=[NewAccount(name, parent, tier, fields)], by=by, at=at)[0]


@transaction.atomic
def open_accounts(*, accounts: Iterable[NewAccount], by: Actor, at: datetime) -> list[Account]:
    """Open accounts in bulk; parents must be open already. Six statements a thousand."""
    new = list(accounts)
    dossiers = file_many(
        Filing(Dossier.Kind.ACCOUNT, n.name, n.parent.dossier if n.parent else None, n.tier) for n in new
    )
    opened = [Account(dossier=d, **n.fields) for d, n in zip(dossiers, new, strict=True)]
    Account.objects.bulk_create(opened, batch_size=1000)
    record_many([Happening(Event.Kind.CREATED, [d], at, {"kind": "account"}) for d in dossiers], by=by, at=at)
    return opened


@transaction.atomic
def change_account(
    *,
    account: Account,
    name: str,
    parent: Account | None = None,
    tier: Tier | None = None,
    by: Actor,
    at: datetime,
    **fields: Any,
) -> Account:
    """Change an account, its name, parent and tier included; records old → new of what differs.

    A prospect that becomes a customer is proposed to be handed over to an account manager; not by an import.

    :raises NameRequired: `name` is blank.
    :raises CircularParent: `parent` is the account or belongs to it.
    :raises TooDeep: more than five accounts would stand above it.
    """
    locked = Account.objects.select_for_update(of=("self",), no_key=True).get(pk=account.pk)
    dossier = refile(
        dossier=locked.dossier, title=name, parent=parent.dossier if parent else None, tier=tier, by=by, at=at
    )
    changes = change_fields(locked, fields)
    if changes:
        locked.save(update_fields=list(changes))
        record(kind=Event.Kind.CHANGED, dossiers=[dossier], by=by, at=at, facts={"changes": changes})
    if changes.get("kind") == BECAME_A_CUSTOMER and by.source != Source.IMPORT:
        propose(dossier=dossier, reason=_t("A prospect until now, a customer from now on."), by=by, at=at)
    locked.dossier = dossier
    return locked
