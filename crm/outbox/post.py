"""One conversation with the mail server, and what its answers mean."""

from __future__ import annotations

import io
import re
import ssl
from smtplib import SMTP, SMTP_SSL, SMTPException, SMTPResponseException, SMTPServerDisconnected
from socket import socket
from time import monotonic
from typing import Any, NamedTuple

from django.conf import settings

from crm.core import failpoints

CLOSING = 421  # the server hangs up, whatever was asked
GO_AHEAD = 354
ABOUT_US = frozenset({503, 530, 534, 535, 538})  # RFC 4954: we are not signed in; nobody is to blame but us
DOTS = re.compile(rb"(?m)^\.")  # RFC 5321: a line that begins with a dot gets another
END_OF_DATA = b"\r\n.\r\n"
PIECE = 1 << 16  # octets sent at a time: over TLS, each of them may take as long as a time-out says
ENHANCED = re.compile(r"5\.(\d{1,3})\.\d{1,3}\b")  # RFC 3463: class.subject.detail
OF_ADDRESS, OF_MAILBOX, OF_POLICY = "1", "2", "7"  # subjects of RFC 3463


class Unreachable(Exception):
    """The mail server cannot be reached, or does not want us at all; no message is to blame."""


class Interrupted(Exception):
    """The conversation broke off where nothing can have been taken."""


class Ambiguous(Exception):
    """The conversation broke off where the mail may have been taken."""


class Reply(NamedTuple):
    """A line of the mail server."""

    code: int
    text: str

    def __str__(self) -> str:
        return f"{self.code or ''} {self.text}".strip()[:500]

    @property
    def is_yes(self) -> bool:
        return 200 <= self.code < 300

    @property
    def is_for_good(self) -> bool:
        """True of a refusal that asking again will not change."""
        return self.code >= 500

    @property
    def blames_address(self) -> bool:
        """True where nothing can arrive at this address. A policy refuses a mail, not the address."""
        found = ENHANCED.match(self.text)
        return self.is_for_good and (found is None or found[1] != OF_POLICY)

    @property
    def names_address(self) -> bool:
        """True where the reply itself says that it is the address; of one to the content, nothing else does."""
        found = ENHANCED.match(self.text)
        return self.is_for_good and found is not None and found[1] in (OF_ADDRESS, OF_MAILBOX)


class Post:
    """A connection to the mail server, opened when it is needed and again after it broke."""

    def __init__(self) -> None:
        self._smtp: SMTP | None = None
        self._is_clean = True  # no envelope is begun

    def open(self) -> None:
        """Connect, unless connected.

        :raises Unreachable: nobody answers, or we are sent away.
        """
        if self._smtp is not None:
            return
        try:
            self._smtp, self._is_clean = _connect(), True
        except ssl.SSLCertVerificationError as error:
            raise Unreachable(f"its certificate is not trusted: {error.verify_message}") from error
        except SMTPResponseException as error:
            raise Unreachable(str(Reply(*_text((error.smtp_code, error.smtp_error))))) from error
        except (OSError, SMTPException) as error:
            raise Unreachable(str(error)) from error

    def probe(self, sender: str) -> None:
        """Find out whether the server is there and takes mail from us, without naming a recipient.

        :raises Unreachable: it does not.
        """
        self._name_sender(sender)
        self._is_clean = False

    def envelope(self, sender: str, recipient: str) -> Reply:
        """Name sender and recipient, and return what is said of the recipient; nothing can be delivered by this.

        :raises Unreachable: nobody answers, or it is us who are refused.
        :raises Interrupted: the connection went meanwhile, or the server hung up.
        """
        smtp = self._name_sender(sender)
        self._is_clean = False
        try:
            reply = Reply(*_text(smtp.rcpt(recipient)))
        except (OSError, SMTPException) as error:
            self.close()
            raise Interrupted(str(error)) from error
        if reply.code in ABOUT_US:
            self.close()
            raise Unreachable(str(reply))
        if reply.code == CLOSING:
            self.close()
            raise Interrupted(str(reply))
        return reply

    def data(self, content: bytes, until: float) -> Reply:
        """Hand over the mail after its envelope, and return the answer.

        Nothing of it is sent or waited for after `until`, of `monotonic`: by then it is another's.

        :raises Interrupted: the connection went before any content did.
        :raises Ambiguous: it may have been taken, or not.
        """
        smtp = self._smtp
        try:
            if smtp is None or smtp.sock is None:
                raise SMTPServerDisconnected("the connection is closed")
            smtp.file = io.BufferedReader(_Timed(smtp.sock, min(until, monotonic() + settings.EMAIL_TIMEOUT)))
            reply = Reply(*_text(smtp.docmd("DATA")))
            _left(until)
        except (OSError, SMTPException) as error:
            self.close()
            raise Interrupted(str(error)) from error
        if reply.code == GO_AHEAD:
            reply = self._content(smtp, content, until)
        smtp.file = None
        smtp.sock.settimeout(settings.EMAIL_TIMEOUT)  # from here on as long as usual
        if reply.code == CLOSING:
            self.close()
        return reply

    def _content(self, smtp: SMTP, content: bytes, until: float) -> Reply:
        sock: socket = smtp.sock  # type: ignore[assignment]  # `data` has looked
        octets = memoryview(DOTS.sub(b"..", content) + END_OF_DATA)
        try:
            for start in range(0, len(octets), PIECE):
                sock.settimeout(_left(until))
                sock.sendall(octets[start : start + PIECE])
            failpoints.reach("sender.dot")
            smtp.file = io.BufferedReader(_Timed(sock, until))
            reply = Reply(*_text(smtp.getreply()))
        except (OSError, SMTPException) as error:
            self.close()
            raise Ambiguous(str(error)) from error
        self._is_clean = True
        return reply

    def _name_sender(self, sender: str) -> SMTP:
        """Begin an envelope; on a connection that the server closed meanwhile, once more on another."""
        is_used = self._smtp is not None
        self.open()
        smtp: SMTP = self._smtp  # type: ignore[assignment]
        try:
            if not self._is_clean:
                smtp.rset()
            reply = Reply(*_text(smtp.mail(sender)))
        except (OSError, SMTPException) as error:
            self.close()
            if is_used:
                return self._name_sender(sender)
            raise Unreachable(str(error)) from error
        if reply.is_yes:
            return smtp
        self.close()
        if is_used and reply.code == CLOSING:  # enough mails for one connection
            return self._name_sender(sender)
        raise Unreachable(str(reply))

    def close(self) -> None:
        """Hang up; politely if that works."""
        smtp, self._smtp = self._smtp, None
        if smtp is not None:
            try:
                if smtp.sock is not None:
                    smtp.sock.settimeout(1)
                smtp.quit()
            except (OSError, SMTPException):
                smtp.close()


class _Timed(io.RawIOBase):
    """What a server says until a moment, of `monotonic`: smtplib would wait anew for each drop of it."""

    def __init__(self, sock: socket, until: float) -> None:
        self.sock = sock
        self.until = until

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self.sock.settimeout(_left(self.until))
        return self.sock.recv_into(buffer)


def _left(until: float) -> float:
    """Return the seconds that are left.

    :raises TimeoutError: none.
    """
    left = until - monotonic()
    if left <= 0:
        raise TimeoutError("timed out")
    return left


def tls() -> ssl.SSLContext:
    """Return how a mail server must show who it is: to the system's authorities, or to the firm's own."""
    context = ssl.create_default_context()
    if settings.EMAIL_CA_FILE:
        context.load_verify_locations(settings.EMAIL_CA_FILE)
    return context


def _connect() -> SMTP:
    host, port, timeout = settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT
    is_ssl = settings.EMAIL_USE_SSL
    smtp = SMTP_SSL(host, port, timeout=timeout, context=tls()) if is_ssl else SMTP(host, port, timeout=timeout)
    try:
        if settings.EMAIL_USE_TLS:
            smtp.starttls(context=tls())
        if settings.EMAIL_HOST_USER:
            smtp.login(settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD)
        smtp.ehlo_or_helo_if_needed()
    except (OSError, SMTPException):
        smtp.close()
        raise
    return smtp


def _text(answer: tuple[int, bytes | str]) -> tuple[int, str]:
    code, text = answer
    if code == -1:  # smtplib's way to say that nothing came
        raise SMTPServerDisconnected("no answer")
    said = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    return code, said.replace("\0", "")[:500]  # which no database takes
