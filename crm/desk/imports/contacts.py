"""People outside, with their numbers as they are written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.utils.translation import gettext as _

from accounts.models import Account
from contacts.actions import NewContact, change_contact, open_contacts
from contacts.models import Contact
from crm.desk.imports.report import Result, Verdict
from crm.desk.imports.rows import BadRow, ContactRow
from crm.desk.imports.target import Target, differing, refuse_long, said
from crm.dossiers.models import Dossier


def write(rows: Sequence[ContactRow], target: Target) -> list[Verdict]:
    """Open contacts at their accounts, or change them; a number somebody added by hand stays."""
    accounts = target.accounts([row.account for row in rows])
    contacts = Contact.objects.select_related("dossier__tier", "account__dossier").prefetch_related("phones")
    known = target.known(contacts, [row.external_id for row in rows])
    for row in rows:
        _refuse(row, accounts)
    new = [row for row in rows if row.external_id not in known]
    open_contacts(contacts=[_new(row, accounts, target) for row in new], by=target.by, at=target.at)
    return [_verdict(row, known.get(row.external_id), target) for row in rows]


def _refuse(row: ContactRow, accounts: Mapping[str, Account]) -> None:
    if row.account not in accounts:
        raise BadRow(_("Its account was not brought in: %(name)s.") % {"name": row.account})
    refuse_long(Dossier, title=row.name)
    refuse_long(Contact, external_id=row.external_id, position=row.position)


def _new(row: ContactRow, accounts: Mapping[str, Account], target: Target) -> NewContact:
    own = {"source": target.source, "external_id": row.external_id, "position": row.position}
    return NewContact(row.name, accounts[row.account], phones=row.phones, fields=own)


def _verdict(row: ContactRow, contact: Contact | None, target: Target) -> Verdict:
    """Change what differs; who has changed employer by hand stays where they are."""
    record = _("contact")
    if contact is None:
        return Verdict(row.origin, record, Result.CREATED)
    changes = differing(contact, {"position": row.position})
    named = differing(contact.dossier, {"title": row.name})
    numbers = [phone.number for phone in contact.phones.all()]
    missing = [number for number in row.phones if number not in numbers]
    if not (changes or named or missing):
        return Verdict(row.origin, record, Result.UNCHANGED)
    change_contact(
        contact=contact, name=row.name, account=contact.account, tier=contact.dossier.tier,
        phones=[*numbers, *missing] if missing else None, by=target.by, at=target.at,
        **{name: new for name, (_old, new) in changes.items()},
    )  # fmt: skip
    what = said(named | changes) + [_("number added: %(number)s") % {"number": number} for number in missing]
    return Verdict(row.origin, record, Result.UPDATED, "; ".join(what))
