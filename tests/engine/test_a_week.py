"""A week of promises under four workers and two beats: everybody is told exactly what they should be, once."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from crm.commitments import actions
from crm.commitments.models import Commitment, Kind
from crm.core.actor import Actor
from crm.poc.models import PointOfContact
from tests.engine.rig import Rig, end_is_clean, moment
from tests.factories.dossiers import DossierFactory, topic
from tests.factories.poc import AbsenceFactory, AssignmentFactory, PersonFactory, TeamFactory

pytestmark = [pytest.mark.process, pytest.mark.postgres]  # with four workers; one at a time writes on SQLite
DUE = "Due Wed 4 Mar, 10:00"
BY = Actor.system()


@dataclass
class Case:
    """One promise with people of its own; `acts` happen right after the engine has settled at their moment."""

    commitment: Commitment
    acts: dict[str, Callable[[Commitment], object]]
    expected: list[tuple[str, str]]  # (who, subject)


def case(title: str, expected: list[tuple[str, str]], *, one_person: bool = False, **acts: Callable) -> Case:
    """Open a promise due on Wednesday at 10 on a record with a POC, a backup and a lead."""
    lead = PersonFactory(name=f"{title} lead", email=f"lead@{slug(title)}.example")
    team = TeamFactory(name=f"{title} team", lead=lead)
    poc = PersonFactory(name=f"{title} poc", email=f"poc@{slug(title)}.example", home_team=team)
    backup = PersonFactory(name=f"{title} backup", email=f"backup@{slug(title)}.example")
    record = DossierFactory(title=f"Record of {title}")
    AssignmentFactory(dossier=record, poc=poc)
    AssignmentFactory(dossier=record, poc=lead if one_person else backup, rank=1)
    commitment = actions.open_commitment(
        dossier=record, topic=topic(), kind=Kind.FOLLOW_UP, title=title, due_at=moment("Wed 10:00"), zone="UTC",
        by=BY, at=moment("Mon 09:00"),
    )  # fmt: skip
    at = {name.replace("_", " ").replace("h", ":"): act for name, act in acts.items()}
    return Case(commitment, at, [(f"{who}@{slug(title)}.example", subject.format(title)) for who, subject in expected])


def slug(title: str) -> str:
    return title.lower().replace(" ", "-")


def poc_of(commitment: Commitment, who: str) -> PointOfContact:
    return PointOfContact.objects.get(email=f"{who}@{slug(commitment.title)}.example")


def done(commitment: Commitment) -> None:
    actions.keep(commitment=commitment, by=BY, at=moment("Tue 12:00"))


def snoozed(commitment: Commitment) -> None:
    actions.snooze(commitment=commitment, until=moment("Fri 09:00"), by=BY, at=moment("Tue 12:00"))


def acknowledged(commitment: Commitment) -> None:
    actions.acknowledge(commitment=commitment, by=BY, at=moment("Wed 12:00"))


def given_to_the_backup(commitment: Commitment) -> None:
    actions.reassign(commitment=commitment, poc=poc_of(commitment, "backup"), by=BY, at=moment("Tue 12:00"))


def away_covered_by_the_lead(commitment: Commitment) -> None:
    AbsenceFactory(
        poc=poc_of(commitment, "poc"), cover=poc_of(commitment, "lead"),
        starts_at=moment("Tue 11:00"), ends_at=moment("Mon+ 09:00"),
    )  # fmt: skip


REMINDED = [("poc", DUE + ": {}")]
DUE_NOW = [("poc", "Due now: {}")]
TO_BACKUP, TO_LEAD = [("backup", "Escalated: {}")], [("lead", "Escalated: {}")]
MOMENTS = [
    "Mon 09:00",
    "Tue 10:00",
    "Tue 12:00",
    "Wed 10:00",
    "Wed 12:00",
    "Wed 14:00",
    "Thu 12:00",
    "Thu 14:00",
    "Fri 09:00",
]


def cases() -> list[Case]:
    return [
        case("Nobody acts", REMINDED + DUE_NOW + TO_BACKUP + TO_LEAD),
        case("One person twice", REMINDED + DUE_NOW + TO_LEAD, one_person=True),
        case("Done", REMINDED, Tue_12h00=done),
        case("Snoozed", [*REMINDED, ("poc", "Overdue since Wed 4 Mar, 10:00: {}")], Tue_12h00=snoozed),
        case("Acknowledged", REMINDED + DUE_NOW + TO_BACKUP, Wed_12h00=acknowledged),
        case(
            "Given away",
            [*REMINDED, ("backup", "Yours now: {}"), ("backup", "Due now: {}")],
            Tue_12h00=given_to_the_backup,
        ),
        case("Away", [*REMINDED, ("lead", "Due now: {}"), *TO_BACKUP], Tue_12h00=away_covered_by_the_lead),
    ]


def test_everybody_is_told_what_they_should_be_and_once(database, rig: Rig, clock):
    """Reminders, escalations in order, one person in two slots, done, snoozed, taken on, given away, covered."""
    clock.freeze(moment("Mon 09:00"))
    week = cases()
    rig.start(workers=4, beats=2)
    for text in MOMENTS:
        rig.move_to(moment(text))
        for each in week:
            if text in each.acts:
                each.acts[text](each.commitment)
    told = rig.subjects()
    for each in week:
        domain = f"@{slug(each.commitment.title)}.example"
        reached = Counter({key: n for key, n in told.items() if key[0].endswith(domain)})
        assert reached == Counter(each.expected), each.commitment.title
    assert set(rig.copies().values()) == {1}
    end_is_clean(rig)
