"""Rows that cannot be planned, in the midst of others that can."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.db.models import F

from crm.commitments.auditing import auditor
from crm.commitments.models import Commitment, Finding, Notification, Step
from crm.commitments.planning import quarantine
from crm.commitments.planning.quarantine import MAX_ERRORS
from crm.poc.models import WorkingCalendar
from tests import clock
from tests.factories.commitments import change_ladder
from tests.factories.poc import CalendarFactory, PersonFactory
from tests.faults.registry import POSTGRES, SQLITE, scenario
from tests.faults.rig import Rig
from tests.faults.scenarios._inside import administrator, at, mailed, post_office, promise, quietly, record
from tests.faults.world import BY

BOTH = (POSTGRES, SQLITE)
MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)
DUE = MONDAY + timedelta(hours=1)
MINUTE = timedelta(minutes=1)
REMINDER = {"kind": "reminder", "amount": 0, "unit": "working_hours", "slot": "poc"}
ASIDE = "SELECT COUNT(*) FROM commitments_commitment WHERE quarantined_at IS NOT NULL"
TOLD_ONCE = """
SELECT COUNT(*) FROM (SELECT dossier_id FROM commitments_notification
WHERE kind = 'set_aside' AND channel = 'inbox' GROUP BY dossier_id HAVING COUNT(*) = 1) AS once"""


@scenario(17, "50 rows whose planning raises", quick=True, databases=BOTH, copies=1)
def broken_rows(rig: Rig) -> None:
    """Half stand in a zone that is none, half under a step in no unit: the others are told in time, these set aside."""
    clock.freeze(MONDAY)
    n, others = 50 if not rig.quick else 6, rig.size(3000, 40)
    change_ladder("follow_up", REMINDER)
    change_ladder("resolution", REMINDER | {"amount": 1, "kind": "escalation"})
    ada = administrator()
    nowhere = CalendarFactory(nine_to_six=True)
    staff = [PersonFactory() for _ in range(10)]
    records = [record(poc, title=poc.name) for poc in staff]
    sound = [promise(records[i % 10], f"sound {i}", opened=MONDAY, due=DUE) for i in range(others)]
    broken = [_broken(i, nowhere) for i in range(n)]
    WorkingCalendar.objects.filter(pk=nowhere.pk).update(zone="Nowhere/None", version=F("version") + 1)
    Step.objects.filter(version__policy__kind="resolution").update(unit="fortnights")
    with post_office(rig), quietly():
        for minutes in (0, 1, 2, 6, 14, 30, 62, 126):  # each time twice as late
            at(DUE + minutes * MINUTE)
            _judge_sound(rig, sound) if not minutes else None
        _judge_broken(rig, broken, n)
        auditor.sweep()
        found = Finding.objects.standing().filter(code="quarantined").count()
        rig.demand(found == min(n, found) > 0, "the auditor does not list what is set aside")
        WorkingCalendar.objects.filter(pk=nowhere.pk).update(zone="UTC", version=F("version") + 1)
        Step.objects.filter(version__policy__kind="resolution").update(unit="working_hours")
        mended = clock.freeze(DUE + timedelta(hours=3))
        for c in broken:
            quarantine.release(commitment=c, by=BY, at=mended)
        for hours in (3, 4, 5):
            at(DUE + timedelta(hours=hours))
        auditor.sweep()
    told = Notification.objects.filter(commitment__in=broken, state="planned", channel="email", step__isnull=False)
    rig.demand(told.count() == n, f"{told.count()} of {n} were told of, once they were mended")
    rig.demand(mailed(rig).count(ada.email) > 0, "no administrator got a mail")
    rig.tried(n + others)


def _broken(i: int, nowhere: WorkingCalendar) -> Commitment:
    if i % 2:
        poc = PersonFactory(calendar=nowhere)
        return promise(record(poc, title=f"nowhere {i}"), f"nowhere {i}", opened=MONDAY, due=DUE)
    dossier = record(PersonFactory(), title=f"no unit {i}")
    return promise(dossier, f"no unit {i}", opened=MONDAY, due=DUE, kind="resolution")


def _judge_sound(rig: Rig, sound: list[Commitment]) -> None:
    """At the first look already."""
    told = Notification.objects.filter(commitment__in=sound, state="planned", channel="email", message__state="sent")
    rig.demand(told.count() == len(sound), f"{told.count()} of {len(sound)} others were told in time")
    failed = Commitment.objects.filter(pk__in=[c.pk for c in sound]).exclude(plan_errors=0).count()
    rig.demand(not failed, f"{failed} others were backed off")


def _judge_broken(rig: Rig, broken: list[Commitment], n: int) -> None:
    aside, once = rig.ask(ASIDE), rig.ask(TOLD_ONCE)
    rig.demand(aside == n, f"{aside} of {n} are set aside")
    rig.demand(once == n, f"administrators were told once of {once}, not of {n}")
    errors = set(Commitment.objects.filter(pk__in=[c.pk for c in broken]).values_list("plan_errors", flat=True))
    rig.demand(errors == {MAX_ERRORS}, f"tried {errors} times, not {MAX_ERRORS}")
    told = Notification.objects.filter(commitment__in=broken, step__isnull=False).count()
    rig.demand(not told, f"{told} notices of what cannot be planned")
