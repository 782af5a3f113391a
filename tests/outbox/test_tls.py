"""Over TLS a mail goes only to the server that it is meant for: its certificate is looked at."""

import logging
import shutil
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.mail import send_mail

from crm.outbox import sender
from crm.outbox.models import Heartbeat
from tests.factories import AT
from tests.factories.outbox import MessageFactory
from tests.services.sink import Sink

DJANGO = "crm.outbox.backend.EmailBackend"


@pytest.fixture(scope="session")
def certificate(tmp_path_factory) -> tuple[Path, Path]:
    """Return a certificate for this machine that signed itself, and its key."""
    if shutil.which("openssl") is None:
        pytest.skip("no openssl on this machine")
    folder = tmp_path_factory.mktemp("tls")
    pem, key = folder / "pem", folder / "key"
    made = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    who = ["-subj", "/CN=mail", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2"]
    subprocess.run([*made, *who, "-out", pem, "-keyout", key], check=True, capture_output=True)
    return pem, key


@pytest.fixture(params=["from the start", "STARTTLS"])
def over_tls(request, clock, settings, certificate, kind) -> Iterator[Sink]:
    """Return a sink that speaks TLS, which the sender and Django are turned to."""
    clock.freeze(AT)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*certificate)
    is_from_the_start = request.param == "from the start"
    sink = Sink(**{"ssl_context" if is_from_the_start else "tls_context": context})
    settings.EMAIL_BACKEND = DJANGO
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", sink.port, 5
    settings.EMAIL_USE_SSL, settings.EMAIL_USE_TLS = is_from_the_start, not is_from_the_start
    yield sink
    sink.stop()


def test_a_server_that_nobody_vouches_for_gets_no_mail_and_the_reason_is_said(db, over_tls, caplog):
    message = MessageFactory()
    with caplog.at_level(logging.WARNING):
        sender.sweep()
    assert over_tls.mails == []
    assert "its certificate is not trusted: self-signed certificate" in caplog.text
    assert "its certificate is not trusted" in Heartbeat.objects.get(component="sender").paused_because
    message.refresh_from_db()
    assert (message.state, message.n_attempts) == ("ready", 0)


def test_one_that_the_firms_own_authority_vouches_for_gets_it(db, over_tls, settings, certificate):
    settings.EMAIL_CA_FILE = str(certificate[0])
    message = MessageFactory()
    sender.sweep()
    assert over_tls.recipients == [message.address]


def test_one_under_another_name_gets_none(db, over_tls, settings, certificate):
    settings.EMAIL_CA_FILE, settings.EMAIL_HOST = str(certificate[0]), "localhost"
    MessageFactory()
    sender.sweep()
    assert over_tls.mails == []
    assert "ostname mismatch" in Heartbeat.objects.get(component="sender").paused_because


def test_mails_of_djangos_own_ask_for_the_same(db, over_tls, settings, certificate):
    mail = ("Welcome", "Choose a password", "crm@firm.example", ["ann@firm.example"])
    with pytest.raises(ssl.SSLCertVerificationError):
        send_mail(*mail)
    settings.EMAIL_CA_FILE = str(certificate[0])
    send_mail(*mail)
    assert over_tls.recipients == ["ann@firm.example"]
