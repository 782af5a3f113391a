"""Whose number or address is this? Exactly, in any way of writing it; for telephony and forms."""

from __future__ import annotations

from django.db.models import Q

from contacts.actions import firm_country
from contacts.models import Contact, ContactPhone
from contacts.phones import e164
from crm.core.text import digits

MOST = 20  # candidates named for one caller
SURE = 7  # digits that make the end of a number worth comparing


def match(*, phone: str = "", email: str = "") -> list[Contact]:
    """Return the contacts with this number and this address, oldest first; whoever has both, where somebody has.

    They are not narrowed to anybody's view: the caller tells strangers no more than name and who answers.
    """
    by_phone = _by_phone(phone) if phone else []
    by_email = _by_email(email) if email else []
    both = [pk for pk in by_phone if pk in set(by_email)]
    found = both or [*by_phone, *by_email]
    rows = Contact.objects.current().select_related("dossier", "account__dossier")
    return list(rows.filter(pk__one_of=found).order_by("pk")[:MOST]) if found else []


def _by_phone(phone: str) -> list[int]:
    """Those with this number: read as a number in full, else as it was written, else by its end."""
    number = digits(phone)[:40]
    if len(number) < 3:  # the shortest number anybody has
        return []
    full = e164(phone[:60], country=firm_country())
    exact = Q(digits__in={number, number.removeprefix("00"), full.removeprefix("+")})
    rows = ContactPhone.objects.order_by("contact_id").values_list("contact_id", flat=True)
    found = list(rows.filter(exact | Q(e164=full) if full else exact)[:MOST])
    end = number.lstrip("0")
    if not found and len(end) >= SURE:
        found = list(rows.filter(e164__endswith=end)[:MOST])
    return list(dict.fromkeys(found))


def _by_email(email: str) -> list[int]:
    rows = Contact.objects.filter(emails__address_key=email.strip().lower()[:254]).order_by("pk")
    return list(rows.values_list("pk", flat=True)[:MOST])
