"""What apps above know about a thing owed, for the mails about it: with whom it is, and what was said last.

Mails are written down here, where nothing of contacts and conversations is known. The app that knows
registers what it tells when it is ready, as kinds of notices register their words.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from crm.commitments.models import Commitment


@dataclass(frozen=True, slots=True)
class Background:
    """With whom it is, and what was said last, in the language and zone that are active; what is not known is ""."""

    account: str = ""  # where the record itself is not the account
    contact: str = ""
    contact_id: int | None = None
    roles: Sequence[str] = ()  # what the contact is at their firm
    phone: str = ""  # the number to call
    zone: str = ""  # whose clock they live by
    text: str = ""  # what is to be done, in more words
    place: str = ""
    last: str = ""  # the last touch, in a sentence: who, when, how it went
    note: str = ""  # what was said then


NOTHING = Background()
Provider = Callable[[Sequence[Commitment]], Mapping[int, Background]]
_providers: list[Provider] = []


def register(provider: Provider) -> None:
    """Ask `provider` from now on; it answers for many in a constant number of queries, by the ids of what is owed."""
    _providers.append(provider)


def of(commitments: Sequence[Commitment]) -> dict[int, Background]:
    """Return what is known about each; `dossier` must be loaded."""
    known = dict.fromkeys((c.pk for c in commitments), NOTHING)
    for provider in _providers if commitments else ():
        known |= provider(commitments)
    return known
