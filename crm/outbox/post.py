"""One conversation with the mail server, and what its answers mean."""

from __future__ import annotations

import re
from smtplib import SMTP, SMTP_SSL, SMTPException, SMTPServerDisconnected
from typing import NamedTuple

from django.conf import settings

from crm.core import failpoints

CLOSING = 421  # the server hangs up, whatever was asked
GO_AHEAD = 354
ABOUT_US = frozenset({503, 530, 534, 535, 538})  # RFC 4954: we are not signed in; nobody is to blame but us
DOTS = re.compile(rb"(?m)^\.")  # RFC 5321: a line that begins with a dot gets another
END_OF_DATA = b"\r\n.\r\n"
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

    def data(self, content: bytes) -> Reply:
        """Hand over the mail after its envelope, and return the answer; patient with its end.

        :raises Interrupted: the connection went before any content did.
        :raises Ambiguous: it may have been taken, or not.
        """
        smtp = self._smtp
        try:
            if smtp is None or smtp.sock is None:
                raise SMTPServerDisconnected("the connection is closed")
            reply = Reply(*_text(smtp.docmd("DATA")))
        except (OSError, SMTPException) as error:
            self.close()
            raise Interrupted(str(error)) from error
        if reply.code == GO_AHEAD:
            reply = self._content(smtp, content)
        if reply.code == CLOSING:
            self.close()
        return reply

    def _content(self, smtp: SMTP, content: bytes) -> Reply:
        try:
            smtp.sock.settimeout(settings.MAIL_LEASE * 3 / 4)  # type: ignore[union-attr]  # `data` has looked
            smtp.send(DOTS.sub(b"..", content) + END_OF_DATA)
            failpoints.reach("sender.dot")
            reply = Reply(*_text(smtp.getreply()))
            smtp.sock.settimeout(settings.EMAIL_TIMEOUT)  # type: ignore[union-attr]
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


def _connect() -> SMTP:
    kind = SMTP_SSL if settings.EMAIL_USE_SSL else SMTP
    smtp = kind(settings.EMAIL_HOST, settings.EMAIL_PORT, timeout=settings.EMAIL_TIMEOUT)
    try:
        if settings.EMAIL_USE_TLS:
            smtp.starttls()
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
    return code, (text.decode("utf-8", "replace") if isinstance(text, bytes) else text)[:500]
