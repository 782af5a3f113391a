"""The guard: quiet while others sweep, at work when they do not."""

from datetime import timedelta

from django.core.management import call_command

from crm.commitments.management.commands import engine_guard
from crm.commitments.models import Notification
from crm.commitments.planning import holidays
from crm.core.clock import now
from crm.outbox import turns
from crm.outbox.models import Heartbeat
from crm.poc import public_holidays
from tests.factories.poc import CalendarFactory


def test_it_steps_in_where_nobody_ever_swept(house_alone):
    house_alone.promise()
    house_alone.at("Tue 10:00")
    call_command("engine_guard", "--once")
    assert Notification.objects.planned().exists()


def test_it_stays_quiet_while_the_last_sweep_is_fresh(house_alone, settings):
    turns.beat("planner")
    turns.beat("sender")
    house_alone.promise()
    house_alone.clock.freeze(now() + timedelta(seconds=settings.GUARD_AFTER))
    engine_guard.look()
    assert not Notification.objects.exists()
    house_alone.clock.freeze(now() + timedelta(seconds=1))
    engine_guard.look()
    assert turns.is_silent("planner", after=timedelta(0)) is False


def test_what_fails_in_one_part_does_not_keep_the_other_from_running(house_alone, monkeypatch):
    ran = []
    sweeps = {"planner": lambda: 1 / 0, "sender": lambda: ran.append("sender")}
    monkeypatch.setattr(engine_guard, "SWEEPS", sweeps)
    engine_guard.look()
    assert ran == ["sender"]


def test_once_it_stood_in_it_goes_on_until_somebody_else_sweeps(house_alone, monkeypatch):
    ran = []

    def sweep():
        ran.append("planner")
        turns.beat("planner")

    monkeypatch.setattr(engine_guard, "SWEEPS", {"planner": sweep})
    mine = {}
    for text in ("Tue 10:00", "Tue 10:01", "Tue 10:01"):
        house_alone.at(text)
        engine_guard.look(mine)
    assert len(ran) == 3
    house_alone.clock.freeze(now() + timedelta(seconds=1))
    turns.beat("planner")  # a worker is back
    engine_guard.look(mine)
    engine_guard.look(mine)
    assert len(ran) == 3


def test_it_waits_longer_for_the_auditor_which_is_rung_less_often(house_alone, settings):
    for component in ("planner", "sender", "auditor"):
        turns.beat(component)
    at = now() + timedelta(seconds=settings.GUARD_AFTER + settings.AUDIT_EVERY)
    house_alone.clock.freeze(at)
    engine_guard.look()
    heard = dict(Heartbeat.objects.values_list("component", "last_ok_at"))
    assert heard["planner"] == heard["guard"] == heard["guard_stood_in"] == at
    assert heard["auditor"] < at
    house_alone.clock.freeze(at + timedelta(seconds=1))
    engine_guard.look()
    assert Heartbeat.objects.get(component="auditor").last_ok_at == at + timedelta(seconds=1)


def test_while_others_do_the_work_it_says_only_that_it_is_there(house_alone):
    for component in ("planner", "sender", "auditor"):
        turns.beat(component)
    engine_guard.look()
    assert Heartbeat.objects.filter(component="guard").exists()
    assert not Heartbeat.objects.filter(component="guard_stood_in").exists()


def follow_portugal(house):
    """Let a calendar follow Portugal; a year later there are new holidays to import."""
    at = house.clock.freeze(now())
    calendar = CalendarFactory(nine_to_six=True)
    public_holidays.follow(calendar=calendar, country="PT", by=house.by, at=at)
    turns.beat(holidays.COMPONENT)
    return calendar


def test_where_nobody_rings_it_imports_the_public_holidays_and_that_is_no_emergency(house_alone):
    calendar = follow_portugal(house_alone)
    house_alone.clock.freeze(now() + timedelta(days=365))
    for component in ("planner", "sender", "auditor"):
        turns.beat(component)
    engine_guard.look()
    assert calendar.exceptions.filter(day__year=now().year + 1).exists()
    assert not Heartbeat.objects.filter(component=engine_guard.STOOD_IN).exists()


def test_it_leaves_the_public_holidays_to_the_bell_while_that_rings(house_alone, settings):
    follow_portugal(house_alone)
    at = now()
    house_alone.clock.freeze(at + holidays.EVERY + timedelta(seconds=settings.GUARD_AFTER))
    engine_guard.look()
    assert turns.last_beat(holidays.COMPONENT) == at
    house_alone.clock.freeze(now() + timedelta(seconds=1))
    engine_guard.look()
    assert turns.last_beat(holidays.COMPONENT) == now()
