"""Organisations, with what they belong to and who answers for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import time
from typing import Any

from django.utils.translation import gettext as _

from accounts.actions import NewAccount, change_account, open_accounts
from accounts.models import Account
from crm.desk.imports.report import Result, Verdict
from crm.desk.imports.rows import AccountRow, BadRow
from crm.desk.imports.target import Target, Wanted, differing, let_answer, refuse_long, said
from crm.dossiers.models import Dossier
from crm.poc.models import PointOfContact


def write(rows: Sequence[AccountRow], target: Target) -> list[Verdict]:
    """Open accounts of one level, or change them; their parents are there already."""
    known = target.accounts([row.external_id for row in rows])
    parents = target.accounts([row.parent for row in rows])
    new = [row for row in rows if row.external_id not in known]
    opened = open_accounts(accounts=[_new(row, parents, target) for row in new], by=target.by, at=target.at)
    there = known | {row.external_id: account for row, account in zip(new, opened, strict=True)}
    merged = {pk for pk, account in known.items() if account.external_id != pk}
    own = [row for row in rows if row.external_id not in merged]
    changed = {pk: _change(row, known[pk], parents, target) for row in own if (pk := row.external_id) in known}
    pocs = target.known(PointOfContact.objects.all(), [row.poc for row in rows])
    answering = let_answer([_wanted(row, there[row.external_id], pocs, target) for row in own if row.poc], target)
    return [
        _merged(row, there[row.external_id])
        if row.external_id in merged
        else answering.verdict(row.origin, _("account"), there[row.external_id].pk, changed.get(row.external_id))
        for row in rows
    ]


def _merged(row: AccountRow, survivor: Account) -> Verdict:
    """What was merged by hand says nothing about the account it was merged into."""
    note = _("merged into %(name)s, which stays as it is") % {"name": survivor.name}
    return Verdict(row.origin, _("account"), Result.UNCHANGED, notes=(note,))


def _new(row: AccountRow, parents: Mapping[str, Account], target: Target) -> NewAccount:
    refuse_long(Dossier, title=row.name)
    refuse_long(Account, external_id=row.external_id, **_written(row))
    given = {name: value for name, value in (_fields(row) | {"kind": row.kind}).items() if value}
    own = {"source": target.source, "external_id": row.external_id}
    return NewAccount(row.name, _parent(row, parents), fields=own | given)


def _fields(row: AccountRow) -> dict[str, str]:
    return _written(row) | {"country": row.country}


def _written(row: AccountRow) -> dict[str, str]:
    """What is text of any length in the input."""
    return {name: getattr(row, name) for name in ("industry", "street", "postal_code", "city", "region")}


def _parent(row: AccountRow, parents: Mapping[str, Account]) -> Account | None:
    if row.parent and row.parent not in parents:
        raise BadRow(_("What it belongs to was not brought in: %(parent)s.") % {"parent": row.parent})
    return parents.get(row.parent)


def _change(row: AccountRow, account: Account, parents: Mapping[str, Account], target: Target) -> list[str]:
    """Change what differs; return what it was."""
    refuse_long(Dossier, title=row.name)
    refuse_long(Account, **_written(row))
    parent = _parent(row, parents)
    changes = differing(account, _fields(row))
    filed: dict[str, Any] = {"title": row.name, "parent": parent.dossier if parent else None}
    moved = differing(account.dossier, filed)
    if changes or moved:
        change_account(
            account=account,
            name=row.name,
            parent=parent or _account_of(account.dossier.parent),
            tier=account.dossier.tier,
            by=target.by,
            at=target.at,
            **{name: new for name, (_old, new) in changes.items()},
        )
    return said(moved | changes)


def _account_of(dossier: Dossier | None) -> Account | None:
    return dossier.account if dossier else None


def _wanted(row: AccountRow, account: Account, pocs: Mapping[str, PointOfContact], target: Target) -> Wanted:
    if row.poc not in pocs:
        raise BadRow(_("Who answers was not brought in: %(name)s.") % {"name": row.poc})
    since = target.moment(row.since, time(0)) if row.since else None
    return Wanted(account.dossier, pocs[row.poc], since)
