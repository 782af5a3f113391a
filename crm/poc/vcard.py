"""A contact card as a file: vCard 4.0 (RFC 6350), and 3.0 (RFC 2426), which telephones and Outlook like best.

The one module that knows vobject, whose writer escapes alike for both versions.
"""

from __future__ import annotations

import re
import sys
import unicodedata
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import phonenumbers
from django.conf import settings

from crm.core.text import language_code, language_names, printable
from crm.dossiers.models import Firm
from crm.poc.models import PointOfContact

CONTENT_TYPE = "text/vcard; charset=utf-8"
VERSIONS = ("4.0", "3.0")
OCTETS = 75  # of one line; RFC 6350, 3.2


@dataclass(frozen=True, slots=True)
class Contact:
    """What a card says; what is empty is left out. `key` makes it the same contact when it is read again.

    `country` (ISO 3166, two letters) is where a phone number without country code is dialled; `languages` are
    names of languages, as people write them.
    """

    key: str
    name: str
    is_team: bool = False
    firm: str = ""
    phone: str = ""
    country: str = ""
    email: str = ""
    languages: str = ""
    zone: str = ""
    url: str = ""


def key_of(poc_id: int) -> str:
    """Return what makes a POC the same contact in every address book: the address of the card."""
    return f"{settings.PUBLIC_URL}/pocs/{poc_id}/"


def contact_of(poc: PointOfContact, *, firm: Firm) -> Contact:
    """Return the whole card of a POC."""
    return Contact(
        key=key_of(poc.pk), name=poc.name, is_team=poc.is_team, firm=firm.name, phone=poc.phone,
        country=str(firm.country.code or ""), email=poc.email, languages=poc.languages, zone=poc.zone,
    )  # fmt: skip


def write(contact: Contact, *, at: datetime, version: str = "4.0") -> str:
    """Return the file: lines end in CRLF and are folded at 75 octets."""
    import vobject  # noqa: PLC0415  # slow to load

    card = vobject.vCard()
    card.add("version").value = version
    _say(card, "fn", printable(contact.name))
    _name(card, contact)
    if contact.firm:
        card.add("org").value = [printable(contact.firm)] + ([printable(contact.name)] if contact.is_team else [])
    if contact.phone:
        _phone(card, contact, version)
    if contact.email:
        card.add("email").value = printable(contact.email)
        card.email.type_param = "work" if version == "4.0" else ["INTERNET", "WORK"]
    if version == "4.0":
        _say(card, "kind", "group" if contact.is_team else "individual")
        for code in filter(None, map(language_code, language_names(contact.languages))):
            _say(card, "lang", code)
    _zone(card, contact.zone, version)
    if contact.url:
        _raw(card, "url", contact.url)
    _raw(card, "uid", uuid.uuid5(uuid.NAMESPACE_URL, contact.key).urn)
    moment = at.astimezone(UTC)
    _raw(card, "rev", moment.strftime("%Y%m%dT%H%M%SZ" if version == "4.0" else "%Y-%m-%dT%H:%M:%SZ"))
    return _file(card)


def write_all(contacts: Iterable[Contact], *, at: datetime, version: str = "4.0") -> str:
    """Return several cards in one file."""
    return "".join(write(contact, at=at, version=version) for contact in contacts)


def compact(contact: Contact) -> str:
    """Return the little that fits into a picture a telephone reads easily: a vCard 3.0 of name, firm and reach."""
    import vobject  # noqa: PLC0415  # slow to load

    card = vobject.vCard()
    _name(card, contact)
    _say(card, "fn", printable(contact.name))
    if contact.firm:
        card.add("org").value = [printable(contact.firm)]
    if contact.phone:
        _say(card, "tel", printable(contact.phone))
    if contact.email:
        _say(card, "email", printable(contact.email))
    return _file(card)


def version_of(text: str) -> str:
    """Return the version asked for, 4.0 where it is none of ours."""
    return text if text in VERSIONS else VERSIONS[0]


def file_name(name: str) -> str:
    """Return a name for the file that every system takes: plain letters, digits and hyphens."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return (re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")[:60] or "contact") + ".vcf"


def dialled(phone: str, country: str) -> str:
    """Return a number as a `tel:` address (RFC 3966), its extension included, or "" where it cannot be read so."""
    try:
        parsed = phonenumbers.parse(phone, country.upper() or None)
    except phonenumbers.NumberParseException:
        return ""
    if not phonenumbers.is_possible_number(parsed):
        return ""
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.RFC3966)


def _name(card: Any, contact: Contact) -> None:
    """A person's family name is taken to be the last word; a team has one name."""
    import vobject  # noqa: PLC0415  # slow to load

    given, _space, family = (
        ("", "", printable(contact.name)) if contact.is_team else printable(contact.name).rpartition(" ")
    )
    card.add("n").value = vobject.vcard.Name(family=family, given=given)


def _phone(card: Any, contact: Contact, version: str) -> None:
    uri = dialled(contact.phone, contact.country) if version == "4.0" else ""
    line = _raw(card, "tel", uri) if uri else _say(card, "tel", printable(contact.phone))
    if uri:
        line.value_param = "uri"
    line.type_param = ["work", "voice"] if version == "4.0" else ["WORK", "VOICE"]


def _zone(card: Any, zone: str, version: str) -> None:
    if zone:
        line = _say(card, "tz", zone)
        if version == "3.0":
            line.value_param = "text"  # an offset would be wrong in half the year


def _say(card: Any, name: str, value: str) -> Any:
    line = card.add(name)
    line.value = value
    return line


def _raw(card: Any, name: str, value: str) -> Any:
    """A value that is no text: an address or a moment is not escaped."""
    line = _say(card, name, value)
    line.encoded = True
    return line


def _file(card: Any) -> str:
    """Serialize, folded by octets: vobject leaves a line alone that is short only in characters."""
    lines = str(card.serialize(validate=False, lineLength=sys.maxsize)).split("\r\n")
    return "\r\n".join(_folded(line) for line in lines)


def _folded(line: str) -> str:
    """Break one line so that none has more than 75 octets, and no character is torn apart."""
    folded, width = [""], 0
    for char in line:
        octets = len(char.encode())
        if width + octets > OCTETS:
            folded.append(" ")
            width = 1
        folded[-1] += char
        width += octets
    return "\r\n".join(folded)
