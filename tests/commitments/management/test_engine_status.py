"""The engine's state on a shell: lines, one object, an exit code."""

import json
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import OperationalError

from crm.commitments.management.commands import engine_status
from crm.outbox import turns
from crm.outbox.models import Heartbeat
from tests.factories import AT
from tests.factories.commitments import CommitmentFactory
from tests.factories.outbox import DeliveryAttemptFactory, MessageFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def status(clock, capsys):
    """Return what the command says and ends with, while every part was heard at `AT`."""
    clock.freeze(AT)
    for component in ("planner", "sender", "auditor", "guard"):
        turns.beat(component)

    def status(*options):
        with pytest.raises(SystemExit) as ended:
            call_command("engine_status", *options)
        return capsys.readouterr().out, int(ended.value.code)

    return status


def test_all_well_ends_with_zero(status):
    out, code = status()
    assert code == 0
    assert out.splitlines()[0] == "ok    All is well."
    assert "ok    planner: 0 s ago" in out and "ok    mails to send: 0" in out


def test_something_late_ends_with_one_and_says_what(status):
    CommitmentFactory(next_action_at=AT - timedelta(minutes=7))
    out, code = status()
    assert code == 1
    assert out.startswith("warn  Reminders are worked out late.")
    assert "warn  reminders to work out: 1, the first for 420 s" in out


def test_a_silent_sender_ends_with_two(status):
    Heartbeat.objects.filter(component="sender").update(last_ok_at=AT - timedelta(minutes=10))
    out, code = status()
    assert code == 2
    assert out.startswith("bad   Nobody sends mails.") and "bad   sender: 600 s ago" in out


@pytest.mark.parametrize(("component", "code"), [("planner", 2), ("sender", 2), ("auditor", 1), ("guard", 1)])
def test_who_is_silent_decides_what_it_ends_with(status, component, code):
    Heartbeat.objects.filter(component=component).update(last_ok_at=AT - timedelta(minutes=10))
    assert status()[1] == code


def test_it_is_said_why_mails_are_held_back(status):
    Heartbeat.objects.filter(component="sender").update(paused_until=AT + timedelta(seconds=30))
    assert "warn  mail server: away\n" in status()[0]
    Heartbeat.objects.filter(component="sender").update(paused_because="its certificate is not trusted")
    assert "warn  mail server: away: its certificate is not trusted" in status()[0]
    for message in MessageFactory.create_batch(3, available_at=AT + timedelta(minutes=1)):
        DeliveryAttemptFactory(message=message, outcome="ambiguous", intent_at=AT, ended_at=AT)
    out, code = status()
    assert code == 1
    assert "warn  mail server: breaks off" in out and out.startswith("warn  The mail server takes mails to their end")


def test_as_json_it_is_one_object(status):
    CommitmentFactory(quarantined_at=AT)
    out, code = status("--json")
    said = json.loads(out)
    assert (said["level"], code, said["quarantined"]) == (1, 1, 1)
    assert said["heartbeats"] == {"planner": 0, "sender": 0, "auditor": 0, "guard": 0}
    assert said["rung_by"] == "bell" and said["due"] == {"looks": 0, "notices": 0, "mails": 0}


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_a_database_that_is_away_ends_with_two_and_a_plain_sentence(status, monkeypatch, options):
    def away():
        raise OperationalError("connection refused\nIs the server running?")

    monkeypatch.setattr(engine_status, "snapshot", away)
    out, code = status(*options)
    assert code == 2
    assert "The database cannot be reached: connection refused" in out and "Is the server" not in out
