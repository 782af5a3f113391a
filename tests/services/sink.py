"""An SMTP server for the tests: takes mails, refuses them or behaves badly, and remembers everything."""

import asyncio
import hashlib
import json
import re
import time
from dataclasses import dataclass, field, replace
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.parser import BytesHeaderParser
from pathlib import Path
from ssl import SSLContext
from typing import Any, Literal

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from crm.core import child

Mode = Literal[
    "accept", "451", "550", "reset", "mail-451", "mail-550", "data-451", "data-550", "drop", "stall", "refuse"
]
STALL = 600  # seconds of silence after the end of the data: longer than any client waits


@dataclass(frozen=True)
class Mail:
    """One mail as it reached the end of its data, for one recipient; `accepted`: the client was told 250."""

    message_id: str
    recipient: str
    digest: str  # SHA-256 of the content
    at: float  # seconds, of time.time()
    accepted: bool
    content: bytes = field(repr=False)

    @property
    def message(self) -> EmailMessage:
        message = message_from_bytes(self.content, policy=policy.default)
        assert isinstance(message, EmailMessage)
        return message

    @property
    def text(self) -> str:
        body = self.message.get_body(("plain",))
        return str(body.get_content()) if body is not None else ""


class Sink:
    """`url` is what goes into EMAIL_URL; `mode` may be changed at any time:

    accept   250, and remembered
    451      every recipient is refused for now
    550      every recipient is refused for good; `refused` narrows it (and 451) to some addresses
    drop     the data is taken to its end and remembered, then the connection is cut: nobody is told
    stall    the data is taken to its end and remembered, then silence
    refuse   connections are refused

    `tls`: an `ssl_context` to speak TLS from the start, or a `tls_context` to offer STARTTLS.
    With a `log`, each mail is a line of JSON there, and its content is not kept; of its text, what `noted` finds.
    """

    def __init__(self, log: Path | None = None, **tls: SSLContext) -> None:
        self.tls: dict[str, Any] = dict(tls)
        self.mails: list[Mail] = []
        self.log = log
        self.noted: re.Pattern[str] | None = None
        self.refused: set[str] = set()
        self.rules: dict[str, Mode] = {}
        self.replies: dict[str, str] = {}
        self.port = child.free_port()
        self.url = f"smtp://127.0.0.1:{self.port}"
        self._mode: Mode = "accept"
        self._controller: Controller | None = None
        self._listen()

    @property
    def mode(self) -> Mode:
        return self._mode

    @mode.setter
    def mode(self, mode: Mode) -> None:
        self._mode = mode
        if mode == "refuse":
            self.stop()
        elif self._controller is None:
            self._listen()

    @property
    def recipients(self) -> list[str]:
        return [mail.recipient for mail in self.mails]

    def to(self, address: str) -> list[Mail]:
        return [mail for mail in self.mails if mail.recipient == address]

    def wait_for(self, count: int, *, seconds: float = 30) -> list[Mail]:
        """Return the mails once there are `count`, failing after `seconds`."""
        deadline = time.monotonic() + seconds
        while len(self.mails) < count:
            assert time.monotonic() < deadline, f"{len(self.mails)} mails of {count} came within {seconds} s"
            time.sleep(0.05)
        return self.mails

    def remember(self, mail: Mail) -> None:
        self.mails.append(mail if self.log is None else replace(mail, content=b""))
        if self.log is not None:
            line = {key: value for key, value in vars(mail).items() if key != "content"}
            if self.noted is not None:
                line["said"] = sorted(set(self.noted.findall(mail.text)))
            with self.log.open("a") as log:
                log.write(json.dumps(line) + "\n")

    def stop(self) -> None:
        if self._controller is not None:
            self._controller.stop(no_assert=True)
            self._controller = None

    def _listen(self) -> None:
        at: dict[str, Any] = {"hostname": "127.0.0.1", "port": self.port}
        self._controller = Controller(_Handler(self), enable_SMTPUTF8=True, **at, **self.tls)
        self._controller.start()


class _Handler:
    def __init__(self, sink: Sink) -> None:
        self.sink = sink

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.sink.mode in {"mail-451", "mail-550"}:
            return f"{self.sink.mode[5:]} No mail from you"
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        mode = self._mode(address)
        if mode == "reset":
            server.transport.abort()
        if mode == "451":
            return self.sink.replies.get(address, "451 Try again later")
        if mode == "550":
            return self.sink.replies.get(address, "550 No such user")
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        content: Any = envelope.content
        mail = BytesHeaderParser(policy=policy.default).parsebytes(content)
        digest = hashlib.sha256(content).hexdigest()
        mode: Mode = "accept"
        for recipient in envelope.rcpt_tos:
            mode = self._mode(recipient)
            if mode in {"data-451", "data-550"}:
                return self.sink.replies.get(recipient, f"{mode[5:]} Not this")
            accepted = mode not in {"drop", "stall"}
            self.sink.remember(Mail(str(mail["Message-ID"] or ""), recipient, digest, time.time(), accepted, content))
        if mode == "drop":
            server.transport.abort()
        elif mode == "stall":
            await asyncio.sleep(STALL)
        return "250 OK"

    def _mode(self, address: str) -> Mode:
        """Return what this recipient gets now."""
        if address in self.sink.rules:
            return self.sink.rules[address]
        concerned = not self.sink.refused or address in self.sink.refused
        return self.sink.mode if concerned or self.sink.mode not in {"451", "550"} else "accept"
