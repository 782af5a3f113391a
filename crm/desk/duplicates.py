"""Which accounts may be one firm: they bear the same name, or the same website."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db.models import Count

from accounts.models import Account, AccountQuerySet
from accounts.websites import host_of
from crm.users.models import User

MOST = 50  # groups shown at once


@dataclass(frozen=True, slots=True)
class Group:
    """Accounts that may be one firm, and what they have in common: a name, or a website."""

    same: str
    accounts: Sequence[Account]


def groups(user: User) -> list[Group]:
    """Return the groups among the accounts a user sees, those of the same name first. Three queries."""
    rows = Account.objects.visible_to(user).current()
    names = rows.order_by().values("dossier__title_key").annotate(n=Count("pk")).filter(n__gt=1)
    keys = list(names.order_by("dossier__title_key").values_list("dossier__title_key", flat=True)[:MOST])
    hosts: dict[str, list[int]] = {}
    for pk, website in rows.exclude(website="").order_by("pk").values_list("pk", "website"):
        hosts.setdefault(host_of(website), []).append(pk)
    shared = {host: ids for host, ids in hosts.items() if host and len(ids) > 1}
    return _groups(rows, keys, dict(list(shared.items())[:MOST]))


def _groups(rows: AccountQuerySet, keys: Sequence[str], shared: dict[str, list[int]]) -> list[Group]:
    ids = [pk for found in shared.values() for pk in found]
    found = rows.filter(dossier__title_key__in=keys) | rows.filter(pk__one_of=ids)
    accounts = list(found.for_list().order_by("dossier__title_key", "pk"))
    by_key: dict[str, list[Account]] = {key: [a for a in accounts if a.dossier.title_key == key] for key in keys}
    by_id = {account.pk: account for account in accounts}
    told = [_ids(of) for of in by_key.values()]
    named = [Group(of[0].name, of) for of in by_key.values()]
    hosted = [Group(host, [by_id[pk] for pk in ids]) for host, ids in shared.items()]
    return (named + [group for group in hosted if _ids(group.accounts) not in told])[:MOST]


def _ids(accounts: Iterable[Account]) -> set[int]:
    return {account.pk for account in accounts}


def like(account: Account, user: User) -> list[Account]:
    """Return the accounts that may be the same firm as this one. One query."""
    rows = Account.objects.visible_to(user).current().exclude(pk=account.pk)
    host = host_of(account.website)
    same = rows.filter(dossier__title_key=account.dossier.title_key)
    if host:
        same |= rows.filter(website__contains=host)
    return [
        other
        for other in same.for_list().order_by("dossier__title_key", "pk")[:MOST]
        if other.dossier.title_key == account.dossier.title_key or host_of(other.website) == host
    ]
