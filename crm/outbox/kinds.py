"""What the outbox must be told about each kind of message, by the app that owns the kind.

The outbox knows nothing of what its messages are about. An app registers its kinds when it is
ready; the outbox asks back wherever that matters.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from crm.outbox.letters import Letter
from crm.outbox.models import Message


@dataclass(frozen=True, slots=True)
class Kind:
    """How one kind of message is checked, written and taken leave of.

    `may_send(message)` runs inside the intent transaction, before the message is locked: it
    locks what the message is about, and returns what may still be said; None: nothing.
    `prepare(messages)` reads at once what several letters need; no message is locked then.
    `compose(message, said, prepared)` makes the letter of it, outside any transaction; without what
    was prepared it reads that itself.
    `holds(message)` runs before a message is locked that may end undelivered: it locks what the
    message is about, and says whether any of it is still to be said.
    `ended(message, at)` runs in the transaction in which the message ended, however it did.
    `address_refused(message, at)` does where a mail server refused the address, and that is news.
    `span(message)` is how long it is tried when somebody sends it again.
    """

    may_send: Callable[[Message], Any | None]
    compose: Callable[[Message, Any, Any], Letter]
    ended: Callable[[Message, datetime], None]
    holds: Callable[[Message], bool] = lambda message: True
    address_refused: Callable[[Message, datetime], None] = lambda message, at: None
    prepare: Callable[[Sequence[Message]], Any] = lambda messages: None
    span: Callable[[Message], timedelta] = lambda message: timedelta(days=3)


_kinds: dict[str, Kind] = {}


def register(name: str, kind: Kind) -> None:
    """Make `kind` the one that answers for messages of kind `name`."""
    _kinds[name] = kind


def of(message: Message) -> Kind:
    """Return the kind of `message`; a kind nobody registered is a KeyError."""
    return _kinds[message.kind]


def find(message: Message) -> Kind | None:
    """Return the kind of `message`, or None where nobody registered it."""
    return _kinds.get(message.kind)
