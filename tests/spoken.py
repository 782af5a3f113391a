"""What is left in English of something that was to be said in another language.

The same thing, said in English, is the measure: no sentence of it may stand in the other, and none of the little
words that no English sentence does without and none of the other languages has.
"""

import html
import re
from collections.abc import Iterable

LANGUAGES = ("es", "it", "pt-br", "ru")
LITTLE = re.compile(
    r"\b(the|you|your|yours|this|that|they|their|with|because|nobody|somebody|whoever|and|was|were|is|it|its|of|by|"
    r"until|from|answers?|told|which|now|what|been|has|not|here|them|again|by)\b"
)
HEAD = re.compile(r"<(head|style)\b.*?</\1>", re.DOTALL)
ADDRESSES = re.compile(r"https?://\S+|\S+@\S+")
BREAKS = re.compile(r"<[^>]*>|[\n·→]|(?<=[.:?!…,])\s")


def sentences(text: str, names: Iterable[str] = ()) -> list[str]:
    """Return what a mail or page says, piece by piece, without tags, addresses and `names`: what people typed."""
    text = HEAD.sub("", text)
    for name in sorted(names, key=len, reverse=True):
        text = text.replace(html.escape(name), "…").replace(name, "…")
    pieces = (html.unescape(piece).strip(" ….,:;?!-\t") for piece in BREAKS.split(ADDRESSES.sub("", text)))
    return [piece for piece in pieces if re.search(r"[^\W\d_]{2}", piece)]


def left_in_english(said: str, in_english: str, names: Iterable[str] = (), same: Iterable[str] = ()) -> list[str]:
    """Return the pieces that are still English; those in `same` are so in the other language too."""
    names = ["Liaison", *names]
    english = set(sentences(in_english, names)) - set(same)
    found = sentences(said, names)
    return [piece for piece in found if piece in english or (LITTLE.search(piece) and piece not in same)]
