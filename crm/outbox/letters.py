"""A mail as it is written, and as the bytes that go over the wire."""

from __future__ import annotations

import re
from base64 import encodebytes
from binascii import b2a_qp
from collections.abc import Mapping
from dataclasses import dataclass, field
from email import policy
from email.header import Header
from email.headerregistry import Address, BaseHeader
from email.utils import format_datetime, parseaddr
from functools import lru_cache
from typing import TYPE_CHECKING

from django.conf import settings

if TYPE_CHECKING:
    from crm.outbox.models import Message

ADDRESS = re.compile(r"""[^\x00-\x20\x7f-\U0010ffff<>()\[\],;:\\"@]+@[A-Za-z0-9._-]+""")
NOBODYS = ".invalid"  # RFC 2606: nobody can ever receive there
LONGEST_LINE = 1000  # octets with its end: RFC 5321
SHORT = 60  # characters of a subject that stands on one line
BASE64 = 78 / 57  # octets of base64 for each
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


def can_be_anybodys(address: str) -> bool:
    """Say whether anybody could ever receive a mail there."""
    return not address.lower().endswith(NOBODYS)


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
    headers = [
        _further(letter),
        _from(settings.DEFAULT_FROM_EMAIL),
        f"To: {message.address}\r\n",
        _subject(" ".join(letter.subject.split())),
        f"Date: {format_datetime(message.created_at)}\r\n",
        f"Message-ID: {message_id(message)}\r\n",
        "Auto-Submitted: auto-generated\r\n",  # RFC 3834: answering machines keep quiet
        "X-Auto-Response-Suppress: All\r\n",
        f"Content-Language: {letter.language}\r\nMIME-Version: 1.0\r\n",
    ]
    parts = [_part("plain", letter.text)]
    if letter.html:
        boundary = f"=_{message.msgid.hex}"  # by chance, two copies of one mail would differ
        headers.append(f'Content-Type: multipart/alternative; boundary="{boundary}"\r\n\r\n')
        between = f"--{boundary}\r\n".encode()
        parts = [between, parts[0], b"\r\n", between, _part("html", letter.html), f"\r\n--{boundary}--\r\n".encode()]
    return "".join(headers).encode("ascii") + b"".join(parts)


@lru_cache(maxsize=8)
def _from(sender: str) -> str:
    name, address = parseaddr(sender)
    return _folded("From", str(Address(name, addr_spec=address)))


def _subject(subject: str) -> str:
    """Write what is short and plain as it is: words are found and folded only where they must be, for it is slow."""
    is_plain = subject.isascii() and subject.isprintable() and "=?" not in subject
    if is_plain:
        return f"Subject: {subject}\r\n" if len(subject) <= SHORT else _folded("Subject", subject)
    words = Header(subject, "utf-8", header_name="Subject").encode(linesep="\r\n")
    return f"Subject: {words}\r\n"


def _folded(name: str, value: str) -> str:
    header: BaseHeader = WIRE.header_factory(name, value)
    return header.fold(policy=WIRE)


def _part(subtype: str, text: str) -> bytes:
    """Return a body with its headers, in the shortest way of writing it that any server takes."""
    content = b"\r\n".join(text.encode().splitlines()) + b"\r\n"
    way = "7bit"
    if not content.isascii() or max(map(len, content.splitlines()), default=0) > LONGEST_LINE - 2:
        way, content = "quoted-printable", b2a_qp(plain := content, istext=True)
        if len(content) > len(plain) * BASE64:
            way, content = "base64", encodebytes(plain).replace(b"\n", b"\r\n")
    head = f'Content-Type: text/{subtype}; charset="utf-8"\r\nContent-Transfer-Encoding: {way}\r\n\r\n'
    return head.encode() + content


def _further(letter: Letter) -> str:
    """Return headers as they are: a long address would be encoded as words, and no program would find it.

    One that cannot be written so is left out: better than no mail.
    """
    headers = dict(letter.headers)
    if letter.thread:
        headers["In-Reply-To"] = headers["References"] = f"<{letter.thread}@{domain()}>"
    lines = [f"{name}: {' '.join(value.split())}\r\n" for name, value in headers.items() if value.isascii()]
    return "".join(line for line in lines if len(line) <= LONGEST_LINE)
