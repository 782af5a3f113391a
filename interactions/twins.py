"""What may be there already when an account or a contact is opened: whoever opens it is warned once, and decides.

As in the look-up, anybody is told the name, who answers and how to reach them; more only of what they may see.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from django.db.models import Q

from accounts.models import Account
from accounts.websites import host_of
from contacts.actions import BadPhone, firm_country, phone_rows
from contacts.models import Contact, ContactEmail, ContactPhone
from contacts.phones import ways
from crm.core.text import search_key
from crm.dossiers.models import Dossier
from crm.poc.seats import answering
from crm.poc.visibility import visible_homes
from crm.users.models import User
from interactions.look_up import Match

FOUND = 8  # warned of at a time
LOOKED_AT = 50  # accounts with a website alike, or contacts with an address
TOLD = "anyway"  # the field in which a form sends back the records it has warned of


def of_account(*, name: str, website: str = "", told: str = "", user: User, at: datetime) -> list[Match]:
    """Return the accounts of that name, or with a website at the same host.

    Empty where all of them were `told` before (ids with commas). Two queries, three more where there are any.
    """
    named = Q(kind=Dossier.Kind.ACCOUNT, title_key=_key(name))
    return _matches(named | Q(pk__one_of=_hosted(host_of(website))), {}, told, user, at)


def of_contact(
    *,
    name: str,
    account: Account | None = None,
    emails: Sequence[str] = (),
    phones: Sequence[str] = (),
    told: str = "",
    user: User,
    at: datetime,
) -> list[Match]:
    """Return the contacts with one of these addresses or numbers, however it is written, or of that name there.

    Empty where all of them were `told` before. Three queries, three more where there are any.
    """
    reached = _reached(account, emails, phones)
    place = account.dossier if account else None
    named = Q(kind=Dossier.Kind.CONTACT, title_key=_key(name), parent=place)
    return _matches(named | Q(pk__one_of=list(reached)), reached, told, user, at)


def _key(name: str) -> str:
    return search_key(name)[:200]


def _hosted(host: str) -> list[int]:
    if not host:
        return []
    rows = Account.objects.current().filter(website__icontains=host).order_by("pk")
    return [pk for pk, website in rows.values_list("pk", "website")[:LOOKED_AT] if host_of(website) == host]


def _reached(account: Account | None, emails: Iterable[str], phones: Sequence[str]) -> dict[int, str]:
    """Contacts with one of these addresses or numbers, and which. One query, one more where there are numbers."""
    keys = [address.strip().lower() for address in emails]
    if not keys and not phones:
        return {}
    addresses = ContactEmail.objects.filter(address_key__in=keys).order_by()
    numbers = ContactPhone.objects.filter(_dialled(account, phones), is_wrong=False).order_by()
    found = addresses.values_list("contact_id", "address").union(numbers.values_list("contact_id", "number"))
    return dict(found[:LOOKED_AT])


def _dialled(account: Account | None, phones: Sequence[str]) -> Q:
    """True of these numbers, with or without the code of their country."""
    try:
        rows = phone_rows(Contact(account=account), phones, firm_country()) if phones else []
    except BadPhone:  # the action says so
        return Q(pk__in=[])
    written = {row.digits for row in rows}
    for row in rows:
        written.update([row.digits.removeprefix("00"), *ways(row.e164)])
    return Q(e164__in=[row.e164 for row in rows if row.e164]) | Q(digits__in=sorted(written))


def _matches(found: Q, reached: Mapping[int, str], told: str, user: User, at: datetime) -> list[Match]:
    rows = Dossier.objects.current().filter(found).select_related("parent").order_by("title_key", "pk")
    dossiers = list(rows[:FOUND])
    if {str(dossier.pk) for dossier in dossiers} <= set(told.split(",")):
        return []
    homes, seats = visible_homes(user), answering([dossier.pk for dossier in dossiers], at=at)
    seen = {dossier.pk for dossier in dossiers if homes is None or dossier.home_id in homes}
    return sorted(
        (
            Match(dossier, True, dossier.parent.title if dossier.parent else "", reached.get(dossier.pk, ""), seat)
            if dossier.pk in seen
            else Match(dossier, False, seat=seat)
            for dossier, seat in ((dossier, seats[dossier.pk]) for dossier in dossiers)
        ),
        key=lambda match: not match.is_visible,
    )
