"""What is owed, in a few words: as somebody typed it, or as the product says it in the language of whoever reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from django.utils.translation import gettext

LONGEST = 200


@dataclass(frozen=True, slots=True)
class Title:
    """One that the product gives. `text` is marked for translation where it is made, and has places for the rest."""

    text: str
    values: Mapping[str, str]  # names, as they are
    words: Mapping[str, str] = field(default_factory=dict)  # shipped words, translated too and small in the sentence

    def __str__(self) -> str:
        words = {key: gettext(word).lower() for key, word in self.words.items() if word}
        return tidy(gettext(self.text) % (dict.fromkeys(self.words, "") | dict(self.values) | words))

    def kept(self) -> dict[str, Any]:
        """Return what a row keeps of it, for `said`."""
        return asdict(self)


def tidy(text: str) -> str:
    """Return a title as it is kept and shown: on one line, and no longer than a row takes."""
    return " ".join(text.split())[:LONGEST]


def said(typed: str, made_of: Mapping[str, Any] | None) -> str:
    """Return a title in the language that is active; `made_of` is what a row kept where the product gave it."""
    return str(Title(**made_of)) if made_of else typed
