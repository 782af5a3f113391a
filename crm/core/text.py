"""How text is compared: one normalised key, never a collation."""

import re
import unicodedata
from functools import cache

from django.conf.locale import LANG_INFO

NOT_DIGITS = re.compile(r"\D+")
LINE_BREAKS = re.compile(r"\r\n?|[\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
BETWEEN_NAMES = re.compile(r"\s*[,;/·]\s*")


def search_key(text: str) -> str:
    """Return `text` for comparing and sorting: lower case, without accents, single spaces."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return " ".join(plain.casefold().split())


def printable(text: str) -> str:
    """Return `text` as cards and calendars may hold it: a line ends in \\n, and no other control character stays."""
    lines = LINE_BREAKS.sub("\n", text)
    return "".join(c for c in lines if c == "\n" or unicodedata.category(c) != "Cc").strip()


def digits(text: str) -> str:
    """Return only the digits of a phone number as it was written, whatever script they are in, as 0 to 9."""
    return "".join(str(unicodedata.digit(c)) for c in NOT_DIGITS.sub("", text))


def language_code(name: str) -> str:
    """Return the code (RFC 5646) of a language by its code, its English or its own name; "" where it is unknown."""
    return _codes().get(search_key(name), "")


def language_names(text: str) -> list[str]:
    """Return the languages somebody speaks, each by its own name where it is known: "de, Latin" → Deutsch, Latin."""
    said = [part for part in BETWEEN_NAMES.split(text.strip()) if part]
    own = (str(LANG_INFO.get(language_code(name), {}).get("name_local", name)) for name in said)
    return list(dict.fromkeys(name[:1].upper() + name[1:] for name in own))


@cache
def _codes() -> dict[str, str]:
    named = {code: info for code, info in LANG_INFO.items() if "name" in info}
    return {search_key(word): code for code, info in named.items() for word in (info["name"], info["name_local"], code)}
