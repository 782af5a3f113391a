"""A mail as it is written, and as the bytes that go over the wire."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from email import policy
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from typing import TYPE_CHECKING

from django.conf import settings

if TYPE_CHECKING:
    from crm.outbox.models import Message

ADDRESS = re.compile(r"""[^\x00-\x20\x7f-\U0010ffff<>()\[\],;:\\"@]+@[A-Za-z0-9._-]+""")
LONGEST_LINE = 1000  # octets with its end: RFC 5321
WIRE = policy.SMTP.clone(cte_type="7bit")  # any server takes it, whatever it announces


@dataclass(frozen=True, slots=True)
class Letter:
    """What a mail says, in the words of its reader. `html` may be empty.

    Mails of the same `thread` are shown together by mail programs. `headers` are further ones, in ASCII.
    """

    subject: str
    text: str
    html: str = ""
    language: str = "en"
    thread: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


def is_address(address: str) -> bool:
    """Say whether a mail can be addressed so, to any server: plain ASCII, nothing quoted."""
    return ADDRESS.fullmatch(address) is not None


def sender() -> str:
    """Return the bare address that mails come from."""
    return parseaddr(settings.DEFAULT_FROM_EMAIL)[1]


def domain() -> str:
    """Return the domain that mails come from."""
    return sender().rpartition("@")[2] or "localhost"


def message_id(message: Message) -> str:
    """Return the Message-ID header: the same for every copy of `message`."""
    return f"<{message.msgid}@{domain()}>"


def to_bytes(message: Message, letter: Letter) -> bytes:
    """Return the mail for the wire: the same bytes for the same letter."""
    mail = EmailMessage(policy=WIRE)
    name, address = parseaddr(settings.DEFAULT_FROM_EMAIL)
    mail["From"] = Address(name, addr_spec=address)
    mail["To"] = message.address
    mail["Subject"] = " ".join(letter.subject.split())
    mail["Date"] = format_datetime(message.created_at)
    mail["Message-ID"] = message_id(message)
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: answering machines keep quiet
    mail["X-Auto-Response-Suppress"] = "All"
    mail.set_content(letter.text)
    if letter.html:
        mail.add_alternative(letter.html, subtype="html")
        mail.set_boundary(f"=_{message.msgid.hex}")  # by chance, two copies of one mail would differ
    mail["Content-Language"] = letter.language
    return _further(letter) + mail.as_bytes()


def _further(letter: Letter) -> bytes:
    """Return headers as they are: a long address would be encoded as words, and no program would find it.

    One that cannot be written so is left out: better than no mail.
    """
    headers = dict(letter.headers)
    if letter.thread:
        headers["In-Reply-To"] = headers["References"] = f"<{letter.thread}@{domain()}>"
    lines = [f"{name}: {' '.join(value.split())}\r\n" for name, value in headers.items() if value.isascii()]
    return "".join(line for line in lines if len(line) <= LONGEST_LINE).encode("ascii")
