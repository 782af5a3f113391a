"""A kind of message of the tests' own, and a sender that posts to the sink."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from crm.outbox import kinds, sender
from crm.outbox.letters import Letter
from crm.outbox.models import Message
from tests.factories import AT


@dataclass
class TestKind:
    """Says what is asked of it. `said`: what may be sent; `ended`: (message, state); `news`: refused addresses."""

    __test__ = False
    said: Any = "Hello"
    broken: bool = False
    holds: bool = True
    news: list[str] = field(default_factory=list)
    ended: list[tuple[int, str]] = field(default_factory=list)

    def may_send(self, message: Message) -> Any:
        return self.said

    def compose(self, message: Message, said: Any, prepared: Any) -> Letter:
        if self.broken:
            raise KeyError("a template with a mistake")
        return Letter(f"Subject {message.pk}", f"{said}\n.a dot\n..two\n", f"<p>{said}</p>")

    def end(self, message: Message, at: Any) -> None:
        self.ended.append((message.pk, message.state))

    def refused(self, message: Message, at: Any) -> None:
        self.news.append(message.address)


@pytest.fixture
def kind() -> Iterator[TestKind]:
    kind = TestKind()
    answers = kinds.Kind(kind.may_send, kind.compose, kind.end, lambda message: kind.holds, kind.refused)
    kinds.register("test", answers)
    yield kind
    kinds._kinds.pop("test")


@pytest.fixture
def post(db: None, clock: Any, sink: Any, settings: Any, kind: TestKind) -> Any:
    """Return the sink, with the clock at `AT` and the sender turned to it: `sender.sweep()`."""
    clock.freeze(AT)
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", sink.port
    settings.EMAIL_TIMEOUT = 5
    sink.sweep = sender.sweep
    return sink
