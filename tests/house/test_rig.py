"""The rig of the other tests does what it says."""

import smtplib

import psycopg
import pytest
import redis

from crm.core import clock as product_clock
from crm.dossiers.models import Topic
from tests.browser import chromium
from tests.services import databases
from tests.services.postgres import Postgres
from tests.services.processes import wait_until

MAIL = b"From: a@example.com\r\nTo: b@example.com\r\nMessage-ID: <1@example.com>\r\nSubject: Hello\r\n\r\nHello\r\n"


def send(sink):
    with smtplib.SMTP("127.0.0.1", sink.port, timeout=5) as client:
        client.sendmail("a@example.com", ["b@example.com"], MAIL)


def test_a_database_of_ones_own_has_the_shipped_rows(database):
    assert Topic.objects.exists()
    Topic.objects.update(name="changed")


def test_a_database_of_ones_own_leaves_nothing_to_the_next(database):
    assert not Topic.objects.filter(name="changed").exists()


@pytest.mark.postgres
def test_the_server_is_the_one_the_database_lives_on(postgres, database):
    assert databases.url_of(database).startswith(postgres)


@pytest.mark.postgres
def test_where_the_system_brings_no_postgresql_the_package_does():
    server = Postgres(from_package=True)
    try:
        with psycopg.connect(f"{server.url}/postgres") as connection:
            connection.execute("CREATE EXTENSION btree_gist")
    finally:
        server.stop()
    assert not server.folder.exists()


@pytest.mark.process
def test_a_process_sees_the_same_database_and_clock(processes, clock):
    clock.shift(3600)
    code = "from crm.core.clock import now; from crm.dossiers.models import Topic; print(now(), Topic.objects.count())"
    process = processes.manage("shell", "--no-imports", "-c", code)
    assert process.wait() == 0, process.output()
    seen, count = process.output().rsplit(maxsplit=1)
    assert seen[:13] == str(product_clock.now())[:13]
    assert int(count) == Topic.objects.count()


@pytest.mark.process
def test_a_worker_connects_to_the_broker_and_ends_when_asked(processes, valkey):
    worker = processes.worker(REDIS_URL=valkey.url)
    wait_until(lambda: "ready." in worker.output() or not worker.is_running())
    assert worker.end() == 0, worker.output()


def test_the_broker_forgets_refuses_and_comes_back(valkey):
    client = redis.Redis.from_url(valkey.url, socket_timeout=0.2, retry=None)
    client.set("a", "1")
    valkey.flush()
    assert client.get("a") is None
    valkey.freeze()
    with pytest.raises(redis.TimeoutError):
        client.ping()
    valkey.thaw()
    valkey.stop()
    with pytest.raises(redis.ConnectionError):
        client.ping()
    valkey.start()
    assert client.ping()
    client.close()


def test_the_sink_remembers_what_it_accepted(sink):
    send(sink)
    [mail] = sink.wait_for(1)
    assert (mail.message_id, mail.recipient, mail.accepted) == ("<1@example.com>", "b@example.com", True)
    assert mail.message["Subject"] == "Hello"


@pytest.mark.parametrize(
    ("mode", "error"),
    [
        ("451", smtplib.SMTPRecipientsRefused),
        ("550", smtplib.SMTPRecipientsRefused),
        ("drop", smtplib.SMTPServerDisconnected),
        ("refuse", ConnectionRefusedError),
    ],
)
def test_the_sink_behaves_as_badly_as_asked(sink, mode, error):
    sink.mode = mode
    with pytest.raises(error):
        send(sink)
    sink.mode = "accept"
    send(sink)
    assert [mail.accepted for mail in sink.mails] == ([False, True] if mode == "drop" else [True])


@pytest.mark.browser
def test_a_page_opens_in_chromium(page, phone):
    assert chromium()
    page.goto("/auth/login/")
    assert page.title()
    phone.goto("/auth/login/")
    assert phone.evaluate("window.innerWidth") == 360
