"""Mails that really leave, to a sink; and what they know about what is owed."""

import pytest

from crm.commitments.mail import background
from crm.commitments.mail.background import Background
from crm.outbox import sender


@pytest.fixture
def post(house, sink, settings):
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", sink.port
    settings.PUBLIC_URL = "https://crm.example"
    return sink


@pytest.fixture
def known(monkeypatch):
    """Let the mails know this about everything that is owed."""

    def know(**values):
        monkeypatch.setattr(background, "_providers", [lambda rows: {c.pk: Background(**values) for c in rows}])

    return know


def bodies(mail) -> tuple[str, str]:
    message = mail.message
    return message.get_body(["plain"]).get_content(), message.get_body(["html"]).get_content()


def first_mail(house, post, text="Tue 10:00"):
    house.sweep_at(text)
    sender.sweep()
    return post.mails[0].message
