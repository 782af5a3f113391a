"""Small houses in which nearly everything that can be odd is: drawn by Hypothesis, written into the database."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import time, timedelta
from typing import Any

from django.db import transaction
from hypothesis import strategies as st

from crm.dossiers.models import Dossier, Topic
from crm.poc import models
from tests.factories import AT
from tests.factories.poc import CalendarFactory, front_desk
from tests.poc import oracle
from tests.poc.oracle import World

HOUR = timedelta(hours=1)
FRONT_DESK, GENERAL, BILLING = 1, 1, 2  # in a house as it is drawn
RECORDS, POCS, TEAMS = range(1, 9), range(1, 9), (1, 2, 3)
PERSON = [poc for poc in POCS if poc not in TEAMS]
MOMENTS = [AT + n * HOUR for n in (-2, -1, 0, 1, 2)]

_who = st.sampled_from(POCS)
_topic = st.sampled_from([GENERAL, BILLING])
_moment = st.sampled_from(MOMENTS)
_period = st.just((AT - 2 * HOUR, AT + 9 * HOUR)) | st.tuples(_moment, _moment).map(lambda pair: tuple(sorted(pair)))
_open_period = st.just((AT - 2 * HOUR, None)) | _period
_gone = st.sampled_from([None, None, None, None, AT - HOUR, AT, AT + HOUR])
_absences = st.lists(st.builds(lambda poc, topic, cover, p: oracle.Absence(poc, topic, cover, *p),
                               _who, st.none() | _topic, st.none() | _who, _period), max_size=10)  # fmt: skip
_assignments = st.lists(
    st.builds(lambda record, topic, rank, poc, p: oracle.Assignment(record, topic, rank, poc, *p),
              st.sampled_from(RECORDS[:6]), _topic, st.sampled_from([0, 0, 1, 2]), _who, _open_period),
    min_size=3, max_size=14,
)  # fmt: skip


@st.composite
def houses(draw: Any) -> World:
    """Eight people and teams, eight records one above the other or in circles, and who answers for what."""
    up = {n: st.sampled_from([n % 8 + 1] * 4 + [None, None, draw(st.sampled_from(RECORDS))]) for n in RECORDS}
    parents = draw(st.fixed_dictionaries(up))
    pocs = {
        poc: oracle.Poc(
            is_team=poc in TEAMS,
            lead=draw(st.none() | _who) if poc in TEAMS else None,
            home_team=None if poc in TEAMS else draw(st.none() | st.sampled_from(TEAMS)),
            gone_at=None if poc == FRONT_DESK else draw(_gone),
            delivery=draw(st.sampled_from(["on_duty", "on_duty", "all", "mailbox"])) if poc in TEAMS else "on_duty",
        )
        for poc in POCS
    }
    members = draw(st.lists(st.tuples(st.sampled_from(TEAMS), st.sampled_from(PERSON)), unique=True, max_size=8))
    return World(
        records={n: parent if parent != n else None for n, parent in parents.items()},
        pocs=pocs,
        memberships=members,
        absences=_without_clash(draw(_absences), lambda a: (a.poc, a.topic), lambda a: a.poc != a.cover),
        assignments=_without_clash(draw(_assignments), lambda a: (a.record, a.topic, a.rank), lambda a: True),
        front_desk=FRONT_DESK,
        general=GENERAL,
    )


def _without_clash(rows: list[Any], place: Any, possible: Any) -> list[Any]:
    """Leave out what the database would refuse: two at one place at one moment."""
    kept: list[Any] = []
    for row in filter(possible, rows):
        clash = (k for k in kept if place(k) == place(row) and (k.ends is None or row.starts < k.ends)
                 and (row.ends is None or k.starts < row.ends))  # fmt: skip
        if not any(clash):
            kept.append(row)
    return kept


@contextmanager
def rolled_back() -> Iterator[None]:
    """Let what is written in the block be gone afterwards: one example must not meet the next."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def write(world: World) -> None:
    """Write a house into the database: the same rows under other keys, the front desk being the shipped one."""
    desk = front_desk()
    key = {poc: desk.pk if poc == FRONT_DESK else 7000 + poc for poc in POCS} | {None: None}
    topics = {None: None} | dict(zip((GENERAL, BILLING), _topics(), strict=True))
    nine_to_six, closed = CalendarFactory(zone="America/Sao_Paulo", nine_to_six=True), CalendarFactory()
    models.Membership.objects.filter(team=desk).delete()
    models.PointOfContact.objects.bulk_create(
        models.PointOfContact(
            pk=key[n], kind="team" if poc.is_team else "person", name=f"Poc {n}", name_key=f"poc {n}",
            email=f"poc{n}@firm.example", deactivated_at=poc.gone_at, delivery=poc.delivery,
            calendar=(None, nine_to_six, closed)[n % 3],
        )
        for n, poc in world.pocs.items() if n != FRONT_DESK
    )  # fmt: skip
    for n in (n for n in POCS if n != FRONT_DESK):
        world_poc = world.pocs[n]
        if world_poc.lead or world_poc.home_team:
            links = {"lead_id": key[world_poc.lead], "home_team_id": key[world_poc.home_team]}
            models.PointOfContact.objects.filter(pk=key[n]).update(**links)
    models.PointOfContact.objects.filter(pk=desk.pk).update(lead_id=key[world.pocs[FRONT_DESK].lead])
    models.Membership.objects.bulk_create(
        models.Membership(team_id=key[t], member_id=key[m]) for t, m in world.memberships
    )
    records = [Dossier(pk=9000 + n, kind="account", title=f"R{n}", title_key=f"r{n}") for n in RECORDS]
    Dossier.objects.bulk_create(records)
    for record in records:
        parent = world.records[record.pk - 9000]
        record.home_id, record.parent_id = record.pk, parent and 9000 + parent
    Dossier.objects.bulk_update(records, ["home", "parent"])
    models.Absence.objects.bulk_create(
        models.Absence(
            poc_id=key[a.poc], topic_id=topics[a.topic], cover_id=key[a.cover], starts_at=a.starts, ends_at=a.ends
        )
        for a in world.absences
    )
    models.Assignment.objects.bulk_create(
        models.Assignment(dossier_id=9000 + a.record, topic_id=topics[a.topic], rank=a.rank, poc_id=key[a.poc],
                          starts_at=a.starts, ends_at=a.ends)
        for a in world.assignments
    )  # fmt: skip


def read() -> World:
    """Read the rows of the database as the oracle wants them."""
    hours: dict[int, list[tuple[int, time, time]]] = {}
    for calendar, *interval in models.CalendarHours.objects.values_list("calendar", "weekday", "starts", "ends"):
        hours.setdefault(calendar, []).append(tuple(interval))
    calendars = {c.pk: (c.zone, hours.get(c.pk, [])) for c in models.WorkingCalendar.objects.all()}
    pocs = {
        p.pk: oracle.Poc(
            is_team=p.kind == "team", lead=p.lead_id, home_team=p.home_team_id, gone_at=p.deactivated_at,
            delivery=p.delivery, hours=calendars.get(p.calendar_id),
        )
        for p in models.PointOfContact.objects.all()
    }  # fmt: skip
    absences = models.Absence.objects.values_list("poc", "topic", "cover", "starts_at", "ends_at")
    assignments = models.Assignment.objects.values_list("dossier", "topic", "rank", "poc", "starts_at", "ends_at")
    return World(
        records=dict(Dossier.objects.values_list("pk", "parent")),
        pocs=pocs,
        memberships=list(models.Membership.objects.values_list("team", "member")),
        absences=[oracle.Absence(*row) for row in absences],
        assignments=[oracle.Assignment(*row) for row in assignments],
        front_desk=front_desk().pk,
        general=Topic.objects.get(code=Topic.GENERAL).pk,
        house_hours=calendars[models.WorkingCalendar.objects.get(is_default=True).pk],
    )


def _topics() -> list[int]:
    codes = dict(Topic.objects.values_list("code", "pk"))
    return [codes[Topic.GENERAL], codes["billing"]]
