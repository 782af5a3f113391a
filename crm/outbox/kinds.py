"""What the outbox must be told about each kind of message, by the app that owns the kind.

The outbox knows nothing of what its messages are about. An app registers its kinds when it is
ready; the outbox asks back at the three moments where it matters.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from crm.outbox.letters import Letter
from crm.outbox.models import Message


@dataclass(frozen=True, slots=True)
class Kind:
    """How one kind of message is checked, written and taken leave of.

    `may_send(message)` runs inside the intent transaction, before the message is locked: it
    locks what the message is about, and returns what may still be said; None: nothing.
    `compose(message, said)` makes the letter of it, outside any transaction.
    `ended(message, at)` runs in the transaction in which the message ended, however it did.
    """

    may_send: Callable[[Message], Any | None]
    compose: Callable[[Message, Any], Letter]
    ended: Callable[[Message, datetime], None]


_kinds: dict[str, Kind] = {}


def register(name: str, kind: Kind) -> None:
    """Make `kind` the one that answers for messages of kind `name`."""
    _kinds[name] = kind


def of(message: Message) -> Kind:
    """Return the kind of `message`; a kind nobody registered is a KeyError."""
    return _kinds[message.kind]
