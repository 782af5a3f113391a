"""Phone numbers: as they are written, and in E.164 where they can be read so."""

from __future__ import annotations

import phonenumbers

MAX_DIGITS = 15  # ITU-T E.164, country code included


def e164(number: str, *, country: str = "") -> str:
    """Return `number` in E.164 with its plus, or "" where it cannot be read so.

    `country` (ISO 3166, two letters) is where a number without country code is dialled.
    """
    try:
        parsed = phonenumbers.parse(number, country.upper() or None)
    except phonenumbers.NumberParseException:
        return ""
    if not phonenumbers.is_possible_number(parsed):
        return ""
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def ways(number: str, *, country: str = "") -> list[str]:
    """Return the digits of a whole number with its country code, and without it; none where it cannot be read so."""
    try:
        parsed = phonenumbers.parse(number, country.upper() or None)
    except phonenumbers.NumberParseException:
        return []
    national = phonenumbers.national_significant_number(parsed)
    return [f"{parsed.country_code}{national}", national] if phonenumbers.is_possible_number(parsed) else []


def extension(number: str, *, country: str = "") -> str:
    """Return the extension written behind `number`, or ""."""
    try:
        return phonenumbers.parse(number, country.upper() or None).extension or ""
    except phonenumbers.NumberParseException:
        return ""


def readable(number: str) -> str:
    """Return a number in E.164 as people write it; whatever else it is, as it is."""
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return number
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
