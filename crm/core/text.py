"""How text is compared: one normalised key, never a collation."""

import re
import unicodedata

NOT_DIGITS = re.compile(r"\D+")


def search_key(text: str) -> str:
    """Return `text` for comparing and sorting: lower case, without accents, single spaces."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return " ".join(plain.casefold().split())


def digits(text: str) -> str:
    """Return only the digits of a phone number as it was written, whatever script they are in, as 0 to 9."""
    return "".join(str(unicodedata.digit(c)) for c in NOT_DIGITS.sub("", text))
