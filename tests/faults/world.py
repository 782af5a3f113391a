"""The firm of a scenario: people, records and promises, made by the dozen or by ten thousands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import F

from crm.commitments import actions
from crm.commitments.models import Commitment, Kind
from crm.core.actor import Actor
from crm.core.clock import now
from crm.dossiers.models import Dossier
from crm.poc.models import Absence, Assignment, PointOfContact
from tests.factories import LONG_AGO
from tests.factories.commitments import change_ladder
from tests.factories.dossiers import topic
from tests.factories.poc import CalendarFactory, front_desk
from tests.faults.story import ESCALATION, Away, Promise, Step

PER_TEAM = 20
AT_ONCE = 2000  # promises opened in one transaction
BY = Actor.system()


@dataclass(frozen=True)
class Person:
    """Somebody who answers for a record of their own, with a colleague as its backup, in a team with a lead."""

    poc: PointOfContact
    record: Dossier
    backup: PointOfContact
    lead: PointOfContact


def set_ladder(steps: Sequence[Step], *, kind: str = Kind.FOLLOW_UP, **version: object) -> None:
    """Let follow-ups (or another kind) come under these steps, and no others, with these values of the version."""
    change_ladder(kind, *(_fields(step) for step in steps), **version)


def plain_terms(ack: int, ask: int) -> dict[str, object]:
    """Return a version's values that the referee can count in: minutes, and the hours of a story."""
    calendar = CalendarFactory(nine_to_six=True)
    minutes = {"ack_unit": "minutes", "wait_unit": "minutes"}
    return {"ack_amount": ack, "wait_amount": ask, "calendar": calendar} | minutes


def away(absences: Sequence[Away]) -> None:
    """Have people be away, and covered."""
    by_address = {poc.email: poc for poc in PointOfContact.objects.exclude(email="")}
    Absence.objects.bulk_create(
        Absence(poc=by_address[a.who], starts_at=a.since, ends_at=a.until, cover=by_address.get(a.cover))
        for a in absences
    )


def _fields(step: Step) -> dict[str, object]:
    anchor = "hand_off" if step.kind == ESCALATION else "due"
    return {"kind": step.kind, "slot": step.slot, "amount": step.minutes, "unit": "minutes", "anchor": anchor}


def people(n: int, name: str) -> list[Person]:
    """Make so many people, each with a record; three at least, so that backup and lead are others."""
    teams = max(1, n // PER_TEAM)
    leads = _pocs([f"{name} lead {i:05}" for i in range(teams)], "person")
    groups = _pocs([f"{name} team {i:05}" for i in range(teams)], "team", leads=leads)
    staff = _pocs([f"{name} person {i:05}" for i in range(n)], "person", teams=groups)
    others = _pocs([f"{name} backup {i:05}" for i in range(n)], "person", teams=groups)
    titles = [f"{name} record {i:05}" for i in range(n)]
    records = Dossier.objects.bulk_create(Dossier(kind="account", title=title, title_key=title) for title in titles)
    ids = [record.pk for record in records]
    Dossier.objects.filter(pk__gte=min(ids), pk__lte=max(ids), home=None).update(home=F("pk"))
    general = topic()
    Assignment.objects.bulk_create(
        Assignment(dossier=record, topic=general, poc=poc, rank=rank, starts_at=LONG_AGO)
        for row in zip(records, staff, others, strict=True)
        for record in row[:1]
        for rank, poc in enumerate(row[1:])
    )
    for record in records:
        record.home_id = record.pk
    rows = zip(staff, records, others, strict=True)
    return [Person(poc, record, backup, leads[i % teams]) for i, (poc, record, backup) in enumerate(rows)]


def _pocs(
    names: Sequence[str],
    kind: str,
    *,
    leads: Sequence[PointOfContact] = (),
    teams: Sequence[PointOfContact] = (),
) -> list[PointOfContact]:
    return PointOfContact.objects.bulk_create(
        PointOfContact(
            kind=kind,
            name=name,
            name_key=name.lower(),
            email=f"{name.replace(' ', '-').lower()}@firm.example" if kind == "person" else "",
            lead=leads[i] if leads else None,
            home_team=teams[i % len(teams)] if teams else None,
        )
        for i, name in enumerate(names)
    )


def leads(staff: Sequence[Person]) -> dict[str, str]:
    """Return the addresses of these people and their backups, each with their lead's."""
    return {poc.email: person.lead.email for person in staff for poc in (person.poc, person.backup)}


def desk() -> str:
    """Give the front desk an address, and return it."""
    address = "desk@firm.example"
    PointOfContact.objects.filter(pk=front_desk().pk).update(email=address, delivery="mailbox")
    return address


def promises(
    staff: Sequence[Person], n: int, name: str, *, first: timedelta, over: timedelta, kind: str = Kind.FOLLOW_UP
) -> list[Promise]:
    """Open so many promises, dealt out to everybody in turn, falling due evenly from `first` on over some time."""
    at = now()
    dues = [at + first + over * i / n for i in range(n)]
    told = [_promise(staff[i % len(staff)], f"{name} {i:06}", at, due) for i, due in enumerate(dues)]
    general = topic()
    rows = [
        actions.Promise(
            dossier=staff[i % len(staff)].record, topic=general, kind=kind, title=each.title,
            due_at=each.due, zone="UTC", poc=staff[i % len(staff)].poc,
        )
        for i, each in enumerate(told)
    ]  # fmt: skip
    for start in range(0, n, AT_ONCE):
        actions.open_commitments(rows[start : start + AT_ONCE], by=BY, at=at)
    return told


def _promise(person: Person, title: str, opened: datetime, due: datetime) -> Promise:
    return Promise(title, opened, due, person.poc.email, person.backup.email)


def commitment(title: str) -> Commitment:
    """Return the row of a promise."""
    return Commitment.objects.select_related("dossier", "poc").get(title=title)
