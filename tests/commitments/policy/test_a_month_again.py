"""A month of acts under the real planner, then a dry run of the very version that was in force: it says what happened.

Whatever it would have told otherwise, to somebody else or at another moment is a defect of the dry run.
"""

from datetime import datetime, timedelta
from functools import partial
from random import Random
from typing import Any

import pytest
from django.db.models import Min

from crm.commitments import actions, filing, moving, waiting
from crm.commitments.models import Commitment, Kind
from crm.commitments.planning import planner
from crm.commitments.policy import dry_run, writing_policies
from crm.commitments.policy.policy_checks import StepTerms, Terms
from crm.outbox.models import Message
from tests.commitments.conftest import MONDAY, House
from tests.factories.commitments import shipped
from tests.factories.dossiers import DossierFactory, topic
from tests.factories.poc import (
    AbsenceFactory,
    AssignmentFactory,
    CalendarFactory,
    MembershipFactory,
    PersonFactory,
    TeamFactory,
)
from tests.factories.users import UserFactory, actor

pytestmark = pytest.mark.django_db

END = MONDAY + timedelta(days=30)
EACH = 5  # promises of a seed
ACTS = 9  # on each, at most
DUE = StepTerms()
BEFORE = StepTerms(amount=-1, unit="working_days")


def escalation(slot: str, amount: int, unit: str = "working_hours", **values: Any) -> StepTerms:
    return StepTerms(kind="escalation", slot=slot, amount=amount, unit=unit, **values)


def ladders(named: Any) -> list[tuple[StepTerms, ...]]:
    """Ladders of all sorts: of one step, that repeat, that count from the due moment or from the step before."""
    after = {"anchor": "hand_off"}
    return [
        (BEFORE, DUE, escalation("backup", 4, **after), escalation("lead", 1, "working_days", **after)),
        (
            StepTerms(amount=-90, unit="minutes"), escalation("poc", 0, urgent=True),
            escalation("backup", 3), escalation("lead", 2, "working_days"), escalation("house", 30, "hours", **after),
        ),
        (
            StepTerms(repeat_amount=5, repeat_unit="hours", max_repeats=3),
            escalation("named", 0, "minutes", poc=named, **after), escalation("leads_lead", 600, "working_minutes"),
        ),
        (escalation("house", 2, "hours", repeat_amount=1, repeat_unit="working_days", max_repeats=2),),
    ]  # fmt: skip


class Month:
    """A house in which much is done, by chance but always the same for a seed."""

    def __init__(self, house: House, seed: int) -> None:
        self.house, self.random = house, Random(seed)
        self.people()
        self.write_policies()
        self.owed = [self.promise(n) for n in range(EACH)]

    def people(self) -> None:
        house, tokyo = self.house, CalendarFactory(zone="Asia/Tokyo", nine_to_six=True)
        zoe = PersonFactory(name="Zoe", calendar=tokyo)
        tia = PersonFactory(name="Tia", signs_in=True)
        team = TeamFactory(name="Support", members=[zoe, tia, house.ben], lead=zoe)
        MembershipFactory(team=house.team, member=house.ann)
        other = DossierFactory(title="Boreal")
        AssignmentFactory(dossier=other, poc=team, ends_at=self.some_time())
        child = DossierFactory(title="Below", parent=house.record)
        self.records, self.pocs = [house.record, other, child], [house.ann, house.lea, zoe, team, None]
        self.zoe, self.actors = zoe, [actor(), actor(house.ann.user), actor(tia.user), actor(house.lea.user)]
        for poc, cover in ((house.ann, house.ben), (house.ben, None), (tia, None)):
            since = self.some_time()
            AbsenceFactory(poc=poc, cover=cover, starts_at=since, ends_at=since + timedelta(days=3, hours=5))

    def write_policies(self) -> None:
        sorts = ladders(self.zoe)
        for kind, target in ((Kind.FOLLOW_UP, {}), (Kind.FIRST_ANSWER, {"target_amount": 9})):
            terms = Terms(
                steps=self.random.choice(sorts), target_unit="working_hours" if target else "", **target,
                ack_amount=self.random.choice((2, 7)), ack_unit="working_hours", wait_amount=self.random.choice((1, 3)),
                calendar=self.random.choice((None, None, CalendarFactory(zone="Europe/Lisbon", nine_to_six=True))),
            )  # fmt: skip
            policy = shipped(kind).policy
            writing_policies.write_version(policy=policy, terms=terms, by=self.house.by, at=MONDAY)

    def promise(self, n: int) -> Commitment:
        chosen: dict[str, Any] = {"dossier": self.random.choice(self.records), "topic": topic(), "title": f"Call {n}"}
        chosen |= {"poc": self.random.choice([None, None, *self.pocs])}
        chosen |= {"kind": Kind.FIRST_ANSWER} if n % 2 else {"kind": Kind.FOLLOW_UP, "zone": "UTC"}
        if not n % 2:
            chosen |= {"due_at": MONDAY + timedelta(hours=self.random.randint(-2, 200))}
        if not n % 4:
            chosen |= {"recur_every": 4, "recur_unit": "days"}
        return actions.open_commitments([actions.Promise(**chosen)], by=self.house.by, at=MONDAY)[0]

    def some_time(self) -> datetime:
        """A moment of the month that nothing else falls on."""
        return MONDAY + timedelta(seconds=self.random.randint(60, 28 * 86400), microseconds=self.random.randint(1, 999))

    def act(self, c: Commitment, at: datetime) -> None:
        """Do something to it that can be done to it as it is now."""
        c.refresh_from_db()
        pick, later = self.random.choice, at + timedelta(hours=self.random.randint(1, 90))
        one = {"commitment": c, "by": pick(self.actors), "at": at}
        many = {"commitments": [c], "by": one["by"], "at": at}
        always = [
            partial(actions.redue, due_at=pick((later, at - timedelta(hours=30))), **one),
            partial(actions.reassign, poc=pick(self.pocs), **one),
            partial(moving.move_many, to=pick(self.pocs), tell=False, **many),
            partial(filing.put_many, to=pick(self.records), **many),
            partial(pick((actions.keep, actions.keep, actions.cancel)), **one),
        ]
        if c.is_closed:
            pick([partial(actions.reopen, **one)] * 3 + [int])()
        elif c.state == c.State.WAITING:
            pick([*always, *[partial(waiting.resume, **one), partial(self.wait_again, **one)] * 2])()
        else:
            put_off = [partial(actions.snooze, until=later, **one), partial(waiting.wait, **one)]
            pick([*always, *[partial(actions.acknowledge, **one), *put_off] * 2])()

    def wait_again(self, *, commitment: Commitment, by: Any, at: datetime) -> None:
        """It goes on, and at once that turns out to have been a mistake."""
        was = waiting.Paused.of(commitment)
        waiting.resume(commitment=commitment, by=by, at=at)
        waiting.wait_again(was=was, by=by, at=at + timedelta(microseconds=1))

    def live(self) -> None:
        """Go through the month: each act at its moment, the planner whenever something is due for a look."""
        acts = []
        for c in self.owed:
            acts += [(self.some_time(), c.pk, c) for _n in range(self.random.randint(2, ACTS))]
        for at, _pk, c in sorted(acts):
            self.plan_until(at)
            self.house.clock.freeze(at)
            self.act(c, at)
            self.plan_until(at + timedelta(microseconds=1))
        self.plan_until(END)
        self.house.clock.freeze(END)

    def plan_until(self, until: datetime) -> None:
        while True:
            at = Commitment.objects.aggregate(at=Min("next_action_at"))["at"]
            if at is None or at > until:
                return
            self.house.clock.freeze(at)
            planner.sweep()
            Message.objects.filter(state="ready").update(state="sent", ended_at=at)


@pytest.mark.parametrize("seed", [1, 4, 7, 14])  # between them they do all that can be done
def test_a_dry_run_of_what_was_in_force_says_what_happened(house, seed):
    month = Month(house, seed)
    month.live()
    user, n_told = UserFactory(superuser=True), 0
    for kind in (Kind.FOLLOW_UP, Kind.FIRST_ANSWER):
        version = shipped(kind)
        ran = dry_run.dry_run(version.policy, writing_policies.terms_of(version), user=user, at=END)
        assert len(ran.rows) == sum(c.kind == kind for c in month.owed)
        for row in ran.rows:
            assert list(row.would) == list(row.really), (kind, row.commitment.pk)
            assert row.due_at == row.commitment.due_at
            n_told += len(row.really)
    assert n_told > EACH
