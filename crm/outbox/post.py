"""One conversation with the mail server, and what its answers mean."""

from __future__ import annotations

import re
from smtplib import SMTP, SMTP_SSL, SMTPException, SMTPServerDisconnected
from typing import NamedTuple

from django.conf import settings

CLOSING = 421  # the server hangs up, whatever was asked
GO_AHEAD = 354
DOTS = re.compile(rb"(?m)^\.")  # RFC 5321: a line that begins with a dot gets another
END_OF_DATA = b"\r\n.\r\n"


class Unreachable(Exception):
    """The mail server cannot be reached, or does not want us at all; no message is to blame."""


class Ambiguous(Exception):
    """The conversation broke off where the mail may have been taken."""


class Reply(NamedTuple):
    """A line of the mail server."""

    code: int
    text: str

    @property
    def is_yes(self) -> bool:
        return 200 <= self.code < 300

    @property
    def is_for_good(self) -> bool:
        """True of a refusal that asking again will not change."""
        return self.code >= 500


class Post:
    """A connection to the mail server, opened when it is needed and again after it broke."""

    def __init__(self) -> None:
        self._smtp: SMTP | None = None

    def open(self) -> None:
        """Connect, unless connected.

        :raises Unreachable: nobody answers, or we are sent away.
        """
        if self._smtp is not None:
            return
        try:
            self._smtp = _connect()
        except (OSError, SMTPException) as error:
            raise Unreachable(str(error)) from error

    def envelope(self, sender: str, recipient: str) -> Reply:
        """Name sender and recipient, and return the answer; nothing can be delivered by this.

        :raises Unreachable: the connection is gone, or it is us who are refused.
        """
        smtp = self._fresh()
        try:
            reply = Reply(*_text(smtp.mail(sender)))
            if reply.is_for_good:
                raise Unreachable(f"{reply.code} {reply.text}")
            if reply.is_yes:
                reply = Reply(*_text(smtp.rcpt(recipient)))
        except (OSError, SMTPException) as error:
            self.close()
            raise Unreachable(str(error)) from error
        if reply.code == CLOSING:
            self.close()
        return reply

    def data(self, content: bytes) -> Reply:
        """Hand over the mail after its envelope, and return the answer; patient with its end.

        :raises Unreachable: the connection went before any content did.
        :raises Ambiguous: it may have been taken, or not.
        """
        smtp = self._smtp
        try:
            if smtp is None or smtp.sock is None:
                raise SMTPServerDisconnected("the connection is closed")
            reply = Reply(*_text(smtp.docmd("DATA")))
        except (OSError, SMTPException) as error:
            self.close()
            raise Unreachable(str(error)) from error
        if reply.code == GO_AHEAD:
            try:
                smtp.sock.settimeout(settings.MAIL_LEASE * 3 / 4)
                smtp.send(DOTS.sub(b"..", content) + END_OF_DATA)
                reply = Reply(*_text(smtp.getreply()))
                smtp.sock.settimeout(settings.EMAIL_TIMEOUT)
            except (OSError, SMTPException) as error:
                self.close()
                raise Ambiguous(str(error)) from error
        if reply.code == CLOSING:
            self.close()
        return reply

    def _fresh(self) -> SMTP:
        """Return a connection without an envelope; one that the server closed meanwhile is opened again."""
        self.open()
        try:
            self._smtp.rset()  # type: ignore[union-attr]
        except (OSError, SMTPException):
            self.close()
            self.open()
        return self._smtp  # type: ignore[return-value]

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
