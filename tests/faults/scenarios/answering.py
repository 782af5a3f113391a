"""Covers in a circle, a cover that ends, an emptied team, one person in every place: who answers is not plain."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

from crm.commitments.models import Commitment, Notification
from crm.handovers.actions import end_absence
from crm.poc.actions import remove_member
from crm.poc.models import Absence, Membership, PointOfContact
from tests import clock
from tests.factories.commitments import change_ladder
from tests.factories.poc import AbsenceFactory, PersonFactory, TeamFactory
from tests.faults.registry import POSTGRES, SQLITE, scenario
from tests.faults.rig import Rig
from tests.faults.scenarios._inside import at, mailed, open_front_desk, post_office, promise, record
from tests.faults.world import BY

BOTH = (POSTGRES, SQLITE)
MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)
DUE = MONDAY + timedelta(days=1)
LATER = DUE + timedelta(days=30)
REMINDER = {"kind": "reminder", "amount": 0, "slot": "poc"}
HOUR = timedelta(hours=1)


@scenario(22, "cover circle, cover ends during a retry, team emptied", quick=True, databases=BOTH, copies=1)
def covers(rig: Rig) -> None:
    """However it is, exactly one is told of each: the cover's backup, who is back, or the front desk."""
    clock.freeze(MONDAY)
    change_ladder("follow_up", REMINDER)
    desk = open_front_desk()
    n = rig.size(40, 2)
    wanted: dict[str, str] = {}
    for i in range(n):
        wanted |= _circle(i, desk) | _emptied(i, desk)
    ends = [_covered(i) for i in range(n)]
    for person, cover, title in ends:
        rig.sink.rules[cover.email] = "451"
        wanted[title] = person.email
    with post_office(rig):
        at(DUE)
        early = set(mailed(rig)) & {cover.email for _person, cover, _title in ends}
        rig.demand(not early, f"{early} were told although their mails were refused")
        back = DUE + timedelta(seconds=5)  # before the retry
        clock.freeze(back)
        for person, _cover, _title in ends:
            end_absence(absence=Absence.objects.get(poc=person), by=BY, at=back)
        rig.sink.rules.clear()
        for minutes in (1, 2, 5, 60, 24 * 60):
            at(DUE + timedelta(minutes=minutes))
    _judge(rig, wanted)


def _circle(i: int, desk: PointOfContact) -> dict[str, str]:
    """Two who stand in for each other, both away; one of them has a backup, the other nobody."""
    one, other, backup = PersonFactory(), PersonFactory(), PersonFactory()
    for person, cover in ((one, other), (other, one)):
        AbsenceFactory(poc=person, cover=cover, starts_at=MONDAY, ends_at=LATER)
    promise(record(one, backup, title=f"circle {i}"), f"circle {i}", opened=MONDAY, due=DUE)
    promise(record(other, title=f"bare circle {i}"), f"bare circle {i}", opened=MONDAY, due=DUE)
    return {f"circle {i}": backup.email, f"bare circle {i}": desk.email}


def _emptied(i: int, desk: PointOfContact) -> dict[str, str]:
    """A team that loses its last member without anybody asking, another that loses one of two."""
    gone, stays, left = PersonFactory(), PersonFactory(), PersonFactory()
    empty = TeamFactory(members=[gone])
    half = TeamFactory(members=[stays, left], delivery="all")
    promise(record(empty, title=f"empty {i}"), f"empty {i}", opened=MONDAY, due=DUE)
    promise(record(half, title=f"half {i}"), f"half {i}", opened=MONDAY, due=DUE)
    Membership.objects.filter(team=empty).delete()  # no door does this: the last one cannot be taken out
    remove_member(team=half, member=left, by=BY, at=MONDAY)
    return {f"empty {i}": desk.email, f"half {i}": stays.email}


def _covered(i: int) -> tuple[PointOfContact, PointOfContact, str]:
    """Somebody who is away with a cover, and comes back while the cover's mail is tried again."""
    person, cover = PersonFactory(), PersonFactory()
    AbsenceFactory(poc=person, cover=cover, starts_at=MONDAY, ends_at=LATER)
    promise(record(person, title=f"covered {i}"), f"covered {i}", opened=MONDAY, due=DUE)
    return person, cover, f"covered {i}"


def _judge(rig: Rig, wanted: dict[str, str]) -> None:
    """Compare whom the mail server saw with whom it should have been, by each promise's title in the table."""
    rows = Notification.objects.filter(kind="reminder", channel="email", message__state="sent")
    told = Counter(rows.values_list("commitment__title", "recipient__email"))
    rig.tried(len(wanted))
    for title, address in wanted.items():
        found = {who: n for (about, who), n in told.items() if about == title}
        rig.demand(found == {address: 1}, f"{title}: {found or 'nobody'} told, not {address} once")
    rig.demand(len(mailed(rig)) >= len(set(mailed(rig))), "no mail reached anybody")


# --- One person in every place ---------------------------------------------------------------------------------------

STEPS = (
    REMINDER,
    *({"kind": "escalation", "slot": slot, "amount": 1, "unit": "hours", "anchor": "hand_off"}
      for slot in ("backup", "lead", "leads_lead", "house")),
)  # fmt: skip


@scenario(26, "POC, backup and lead are one person; slots empty", quick=True, databases=BOTH, copies=1)
def one_person(rig: Rig) -> None:
    """Each is told once, the front desk last; each slot that told nobody is on record with its reason."""
    clock.freeze(MONDAY)
    change_ladder("follow_up", *STEPS)
    desk = open_front_desk()
    n = rig.size(40, 2)
    wanted: dict[str, list[str]] = {}
    for i in range(n):
        team = TeamFactory()
        everything = PersonFactory(home_team=team)
        PointOfContact.objects.filter(pk=team.pk).update(lead=everything)
        promise(record(everything, everything, title=f"one {i}"), f"one {i}", opened=MONDAY, due=DUE)
        wanted[f"one {i}"] = [everything.email, desk.email]
        alone = PersonFactory()
        promise(record(alone, title=f"alone {i}"), f"alone {i}", opened=MONDAY, due=DUE)
        wanted[f"alone {i}"] = [alone.email, desk.email]
        promise(record(title=f"nobody {i}"), f"nobody {i}", opened=MONDAY, due=DUE)
        wanted[f"nobody {i}"] = [desk.email]
    with post_office(rig):
        for hours in (0, 1, 2, 3, 4, 5, 30):
            at(DUE + hours * HOUR)
            at(DUE + hours * HOUR + timedelta(minutes=2))
    _judge_ladder(rig, wanted)


def _judge_ladder(rig: Rig, wanted: dict[str, list[str]]) -> None:
    rig.tried(len(wanted))
    mails = Notification.objects.filter(channel="email", message__state="sent").order_by("created_at", "pk")
    skips = Notification.objects.filter(state="skipped").exclude(reason="")
    for title, addresses in wanted.items():
        told = list(mails.filter(commitment__title=title).values_list("recipient__email", flat=True))
        rig.demand(told == addresses, f"{title}: told were {told}, not {addresses}")
        recorded = set(skips.filter(commitment__title=title).values_list("step", flat=True))
        spoken = set(mails.filter(commitment__title=title).values_list("step", flat=True))
        silent = set(range(len(STEPS))) - spoken - recorded
        rig.demand(not silent, f"{title}: the steps {sorted(silent)} told nobody, and say not why")
    unfinished = Commitment.objects.filter(used_up_at=None).count()
    rig.demand(not unfinished, f"{unfinished} ladders are not at their end")
