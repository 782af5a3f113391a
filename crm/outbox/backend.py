"""How mails go that Django sends itself: invitations and new passwords."""

from __future__ import annotations

import ssl

from django.core.mail.backends import smtp
from django.utils.functional import cached_property

from crm.outbox import post


class EmailBackend(smtp.EmailBackend):
    """Django's own; it believes the certificates that the sender believes."""

    @cached_property
    def ssl_context(self) -> ssl.SSLContext:
        return post.tls()
