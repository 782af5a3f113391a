"""Open and change contacts, with their addresses and numbers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator, validate_email
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import Account
from contacts.models import Contact, ContactEmail, ContactPhone, ContactRole
from contacts.phones import e164, extension
from crm.commitments.filing import follow
from crm.core.actor import Actor
from crm.core.refusals import Refused
from crm.core.text import digits
from crm.dossiers.actions import Filing, Happening, change_fields, file_many, record, record_many, refile
from crm.dossiers.models import Dossier, Event, Firm, Tier

MAX_EMAIL, MAX_PHONE, MAX_EXTENSION = 254, 60, 10  # characters, as the columns


class BadEmail(Refused):
    field = "emails"
    code = "bad_email"
    default_message = _("This is not an e-mail address: %(value)s")


class BadPhone(Refused):
    field = "phones"
    code = "bad_phone"
    default_message = _("A phone number needs at least three digits: %(value)s")


@dataclass(slots=True)
class NewContact:
    """One contact to open; `fields` are the contact's own columns; addresses and numbers in the order preferred."""

    name: str
    account: Account | None = None
    tier: Tier | None = None
    emails: Sequence[str] = ()
    phones: Sequence[str] = ()
    roles: Sequence[ContactRole] = ()
    fields: dict[str, Any] = field(default_factory=dict)


@transaction.atomic
def open_contact(
    *,
    name: str,
    account: Account | None = None,
    tier: Tier | None = None,
    emails: Sequence[str] = (),
    phones: Sequence[str] = (),
    roles: Sequence[ContactRole] = (),
    by: Actor,
    at: datetime,
    **fields: Any,
) -> Contact:
    """Open a contact with its dossier, e-mails and phones, in the order they prefer.

    :raises NameRequired: `name` is blank.
    :raises BadEmail: an address is none.
    :raises BadPhone: a number has hardly a digit.
    """
    new = NewContact(name, account, tier, emails, phones, roles, fields)
    return open_contacts(contacts=[new], by=by, at=at)[0]


@transaction.atomic
def open_contacts(*, contacts: Iterable[NewContact], by: Actor, at: datetime) -> list[Contact]:
    """Open contacts in bulk; nine statements a thousand."""
    new = list(contacts)
    dossiers = file_many(
        Filing(Dossier.Kind.CONTACT, n.name, n.account.dossier if n.account else None, n.tier) for n in new
    )
    opened = [Contact(dossier=d, account=n.account, **n.fields) for d, n in zip(dossiers, new, strict=True)]
    Contact.objects.bulk_create(opened, batch_size=1000)
    country = firm_country()
    pairs = list(zip(opened, new, strict=True))
    ContactEmail.objects.bulk_create([e for c, n in pairs for e in email_rows(c, n.emails)], batch_size=1000)
    ContactPhone.objects.bulk_create([p for c, n in pairs for p in phone_rows(c, n.phones, country)], batch_size=1000)
    through = Contact.roles.through
    through.objects.bulk_create([through(contact_id=c.pk, contactrole_id=r.pk) for c, n in pairs for r in n.roles])
    record_many([Happening(Event.Kind.CREATED, [d], at, {"kind": "contact"}) for d in dossiers], by=by, at=at)
    return opened


@transaction.atomic
def change_contact(
    *,
    contact: Contact,
    name: str,
    account: Account | None = None,
    tier: Tier | None = None,
    emails: Sequence[str] | None = None,
    phones: Sequence[str] | None = None,
    roles: Sequence[ContactRole] | None = None,
    by: Actor,
    at: datetime,
    **fields: Any,
) -> Contact:
    """Change a contact; `emails`, `phones` and `roles` replace what is there, None leaves them.

    What happened so far stays on the old account's timeline; what is owed on the contact goes with them.
    (`interactions.employers.change_employer` asks what else changes with the account.)

    :raises NameRequired: `name` is blank.
    :raises BadEmail: an address is none.
    :raises BadPhone: a number has hardly a digit.
    """
    locked = Contact.objects.select_for_update(of=("self",), no_key=True).get(pk=contact.pk)
    parent = account.dossier if account else None
    dossier = refile(dossier=locked.dossier, title=name, parent=parent, tier=tier, by=by, at=at)
    changes = change_fields(locked, fields | {"account": account})
    if changes:
        locked.save(update_fields=list(changes))
    if "account" in changes:
        follow(dossier_ids=[dossier.pk], home_id=dossier.home_id)
    changes |= _replace_addresses(locked, emails, phones)
    changes |= _replace_roles(locked, roles)
    changes.pop("account", None)  # said by refile already
    if changes:
        personal = {name: changes.pop(name) for name in ("emails", "phones") if name in changes}
        facts = {"changes": changes | {name: ["", ""] for name in personal}}
        values = {"changes": personal} if personal else None
        record(kind=Event.Kind.CHANGED, dossiers=[dossier], by=by, at=at, facts=facts, personal=values)
    locked.dossier = dossier
    return locked


def _replace_roles(contact: Contact, roles: Sequence[ContactRole] | None) -> dict[str, list[str]]:
    """Write the roles given where they differ; return old → new."""
    old = list(contact.roles.order_by("position", "pk")) if roles is not None else []
    if roles is None or {r.pk for r in old} == {r.pk for r in roles}:
        return {}
    contact.roles.set(roles)
    return {"roles": [", ".join(r.name for r in old), ", ".join(r.name for r in roles)]}


def _replace_addresses(
    contact: Contact, emails: Sequence[str] | None, phones: Sequence[str] | None
) -> dict[str, list[str]]:
    """Write the addresses given where they differ; return old → new."""
    changes: dict[str, list[str]] = {}
    if emails is not None:
        change = _replace(list(contact.emails.all()), email_rows(contact, emails), "address")
        changes |= {"emails": change} if change else {}
    if phones is not None:
        change = _replace(list(contact.phones.all()), phone_rows(contact, phones, firm_country()), "number")
        changes |= {"phones": change} if change else {}
    return changes


def _replace(old: Sequence[Any], new: Sequence[Any], key: str) -> list[str]:
    """Let `new` rows take the place of `old` ones; what stays keeps what is known of it. Return old → new."""
    before, after = [getattr(row, key) for row in old], [getattr(row, key) for row in new]
    if before == after:
        return []
    model, known = type((old or new)[0]), {getattr(row, key): row for row in old}
    staying = [known[value] for value in after if value in known]
    for row in staying:
        row.position = after.index(getattr(row, key))
    model.objects.filter(pk__in=[row.pk for row in old if row not in staying]).delete()
    model.objects.bulk_update(staying, ["position"])
    model.objects.bulk_create([row for row in new if getattr(row, key) not in known])
    return [", ".join(before), ", ".join(after)]


def firm_country() -> str:
    """Where numbers without a country code are dialled: the account's country first, then the firm's."""
    firm = Firm.objects.first()
    return str(firm.country.code or "") if firm else ""


def email_rows(contact: Contact, addresses: Iterable[str]) -> list[ContactEmail]:
    """Make rows of addresses, each once.

    :raises BadEmail: one is none, or longer than any address.
    """
    rows: dict[str, ContactEmail] = {}
    for address in (a.strip() for a in addresses):
        if not address or address.lower() in rows:
            continue
        try:
            validate_email(address)
            MaxLengthValidator(MAX_EMAIL)(address)
        except ValidationError as error:
            raise BadEmail(BadEmail.default_message % {"value": address}) from error
        rows[address.lower()] = ContactEmail(
            contact=contact, address=address, address_key=address.lower(), position=len(rows)
        )
    return list(rows.values())


def phone_rows(contact: Contact, numbers: Iterable[str], country: str) -> list[ContactPhone]:
    """Make rows of numbers, each once, as written and in E.164 where they can be read so.

    :raises BadPhone: one has hardly a digit, or is too long.
    """
    rows: dict[str, ContactPhone] = {}
    dialled_in = str(contact.account.country.code or "") if contact.account else ""
    for number in (" ".join(n.split()) for n in numbers):
        if not number or number in rows:
            continue
        if len(digits(number)) < 3:  # emergency and short numbers have three
            raise BadPhone(BadPhone.default_message % {"value": number})
        if len(number) > MAX_PHONE:
            raise BadPhone(_("A phone number may have at most 60 characters."))
        where = dialled_in or country
        rows[number] = ContactPhone(
            contact=contact, number=number, e164=e164(number, country=where),
            extension=extension(number, country=where)[:MAX_EXTENSION], digits=digits(number), position=len(rows),
        )  # fmt: skip
    return list(rows.values())
